"""Handlers. The rule: a handler is a plain function with a frozen record about it; it sees files and returns data.

It gets a source to read, an empty scratch folder on the library's file system and tools for progress; what it returns
says which files should stand where and what was found. Where they land under which free name, what is a duplicate, what
is recorded: not its business. It never learns that there is a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from box.events import Event


@dataclass(frozen=True, slots=True)
class Member:
    """Another file of the group that a job is about; fields as those of `Request`."""

    path: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Request:
    """One piece of work as a handler sees it."""

    job: int
    user: str
    source: str
    """Absolute path of the file to read, as `os` wants it; empty when the job is about no file."""
    size: int
    mtime_ns: int
    inode: int
    """What the source was when it settled; a handler that finds another file raises `SourceChanged`."""
    scratch: str
    """Absolute path of an empty folder for this job alone; not made yet: the first to write makes it."""
    args: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    """What goes with the source: for kinds that take groups."""

    @property
    def files(self) -> tuple[Member, ...]:
        """All files that it is about, the source first."""
        return Member(self.source, self.size, self.mtime_ns, self.inode), *self.members


@dataclass(frozen=True, slots=True)
class Placement:
    """A file that should stand in the library, in `users/<user>/<area>/<folder>` (os path pieces)."""

    area: str
    folder: str
    """Relative to the area, may be empty."""
    name: str = ""
    """The wanted name of the main file; it gets another one if something stands there."""
    suffix: str = ""
    """Of a file that goes with the main one: its name is that one's, as it landed, with this behind it."""
    made: str = ""
    """Name of the file in the scratch folder; empty: the source itself."""
    renews: bool = False
    """It takes the place of the note of the item that the job is told of (`args["known"]["note"]`), if that one still
    has the bytes that it is told of (`note_digest` there); else it gets a name of its own beside it."""
    stays: bool = False
    """The source stands where it belongs already: it is not moved, and never taken for a duplicate."""
    file: int = 0
    """Which of the request's files it is, or is made of."""
    base_length: int | None = None
    """Characters of the name before the place where a number goes if the name is taken; None: before the ending.

    All files of a group get the same number, but those that are `apart`.
    """
    apart: bool = False
    """It gets a number of its own, if it needs one: the main file stands already, or somewhere else."""
    counted: bool = False
    """There always is a number at that place, of four digits."""
    digest: str = ""
    """blake3 of a file that goes with the source, when content that is already in the library should be kept once."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of a file that goes with the source, what `Found.facts` is for that."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a handler found out. The first placement is the main one; the others take its name."""

    placements: tuple[Placement, ...] = ()
    digest: str = ""
    """blake3 of the source, when content that is already in the library should be kept once."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able; the fields of the event that `Handler.report` makes."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able; what the job answers to who asked for it, beside the path of its main file."""


@dataclass(frozen=True, slots=True)
class Landed:
    """Where a placement came to stand."""

    path: str
    """Path text."""
    size: int
    mtime_ns: int
    source: str = ""
    """Where it was before (path text); for a file that Box made, the one in the scratch folder."""
    is_kept: bool = False
    """Its bytes stand there already, under the name that they got then: the drop goes, and that was recorded."""


class Tools(Protocol):
    """What a handler may ask for while it works."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The section of the configuration that bears the name of the handler's field (for example `photos`)."""

    def progress(
        self, percent: float | None = None, message: str = "", *,
        done: int | None = None, total: int | None = None, size_bytes: int | None = None,
    ) -> None:  # fmt: skip
        """Tell how far it is: percent, or `done` of `total`. Cheap: call it often. Raises Stopped as the next does."""

    def check_cancelled(self) -> None:
        """Raise Stopped if the job should end. One that does not ask is ended from outside, half a second later."""

    def turn(self, host: str) -> float:
        """Ask for the turn at a host elsewhere: 0 if it is this job's until it says `left`, else in how many seconds.

        One job at a host at a time, whatever it wants there: see `box.web.turns`.
        """

    def left(self, host: str, rest_seconds: float) -> None:
        """Say that it is done there, and that nobody should come for so long."""

    def step(self, what: str, undo: tuple[str, Sequence[Any]] | None = None) -> None:
        """Say that something is about to be done that will stand even if the job is cancelled afterwards.

        It is durable when this returns. `undo` is a function ("module:name") and JSON-able arguments: when the job is
        cancelled it is called, the last step first. It may be called for a step that never came about, and twice.
        """

    def reserve(self, size_bytes: int) -> None:
        """Set so much more aside in the quota of the user, before it is written: what the drop is as large as, is.

        It is durable when this returns, and given back when the attempt ends; by then what lands is charged. Raises
        OverQuota: a handler that lets it pass ends so, and its drop waits until there is room for all that it asked
        for. Each asking is a commit: ask for much at once.
        """


@dataclass(frozen=True, slots=True)
class Argument:
    """Something that a kind of job takes by name."""

    read: Callable[[str, object], Any]
    """Takes the name and what somebody wrote; a JSON-able value. Raises ConfigError (see `box.units`)."""
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """A kind of job. A new kind is one module with one of these, and one line in `box.tasks.ALL`."""

    kind: str
    run: Callable[[Request, Tools], Found]
    report: Callable[[Request, Found, tuple[Landed, ...]], tuple[Event, ...]]
    """Pure: what to record once the placements have landed (in their order)."""
    media_types: tuple[str, ...] = ()
    """Drops of these types become jobs of this kind."""
    isolated: bool = True
    """Run in a child process with limits; False only for handlers that parse nothing that came from outside."""
    options: str = ""
    """Name of the section of the configuration that it is given."""
    in_place: bool = False
    """Also reads files of these types that people put into `photos/` by hand: `args["stays"]` says so."""
    batch: bool = False
    """Many small ones may share a lease and its commits."""
    groups: bool = False
    """It takes all files of a group, and what joins one later: `args["joins"]` says of what then."""
    companions: bool = False
    """It takes what joined its file, though it knows no groups."""
    told: str = ""
    """What it is told, when it is begun, of what its arguments name: see `box.tasks.gather`."""
    steps: bool = False
    """It may use `Tools.step`."""
    reserves: bool = False
    """It may use `Tools.reserve`."""
    heavy: bool = False
    """It takes so much memory that `workers.heavy` of all that say so are at work at the same time, no more.

    Its child is replaced after each job: what such a one has loaded would count against the limits of the next.
    """
    limits: Mapping[str, float] = field(default_factory=dict)
    """What its child may use, by the names of `box.tasks.limits.ChildLimits`, unless `jobs.kinds` says otherwise."""
    helpers: Callable[[], tuple[int, ...]] = tuple
    """Processes that it keeps for the next file, by their numbers; any other that it leaves ends with its batch."""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    """What it takes by name when somebody asks for it; see `box.tasks.asking`."""
    by_request: bool = False
    """Somebody may ask for it: `box do`, a file, the clock, Python."""
