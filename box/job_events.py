"""Events of jobs: from the request to the end. The rule: as in `box.events`; names and fields are for ever."""

from __future__ import annotations

from dataclasses import dataclass

from box.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequested(Event):
    """Work is wanted. The position of this event is the number of the job."""

    kind: str
    source: str = ""
    """Path of the file that it is about, empty for none."""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    """What the source was when it settled; another file under its name is not this job's."""
    args: str = ""
    """JSON object of arguments, empty for none."""
    priority: int = 0
    not_before: str = ""
    key: str = ""
    """Idempotency key: a second request with this key is that job, however it ended."""
    reserve_bytes: int = 0
    """Set aside in the user's quota until the job ends."""
    exclusive: str = ""
    """Jobs that bear the same text here never run at the same time."""
    after: tuple[int, ...] = ()
    """Jobs that have to be completed first; it is cancelled when one of them is not."""
    answer: str = ""
    """Path of the file that asked for it: what came of it is written beside that file."""
    periodic: str = ""
    """Name of the entry of `jobs.periodic` that asked for it."""
    slot: str = ""
    """Which of its slots."""
    undoes: int = 0
    """Number of the cancelled job whose steps it takes back, 0 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAskedAgain(Event):
    """A dropped file asked, by its key, for a job that was there already; it is told what comes of that one."""

    job: int
    answer: str
    """Path of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDue(Event):
    """The time that a queued job waited for has come."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """A worker claimed the job; its attempt counts from here, a crash too."""

    job: int
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReleased(Event):
    """A claimed job went back to the queue: its lease expired, its worker died, or the service stopped."""

    job: int
    lease: str
    reason: str
    counted: bool = True
    """Whether the attempt stays counted; a stop or a full disk is not the job's fault."""
    not_before: str = ""
    """When it may be claimed again; empty for at once."""
    code: str = ""
    """What ended the attempt, for programs; the same one too often in a row takes the job to quarantine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSucceeded(Event):
    """The job did what it was for."""

    job: int
    lease: str
    result: str = ""
    """JSON object, empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(Event):
    """An attempt failed; with `retry_at` the job waits until then, without it the job has failed."""

    job: int
    lease: str
    code: str
    message: str
    retry_at: str = ""
    error_class: str = ""
    traceback: str = ""
    """Where it was raised, innermost last; cut to a few kilobytes."""
    needs_bytes: int = 0
    """Of a job that found out that it would write more than fits: so much had to fit beside the drop itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelRequested(Event):
    """Somebody asked a running job to stop."""

    job: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(Event):
    """The job will not be done: somebody, or a change of its file, ended it."""

    job: int
    reason: str
    lease: str = ""
    """The worker's lease when a running job ends so; empty for a queued one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuarantined(Event):
    """The job cannot be done with this file; a rule takes the file to quarantine."""

    job: int
    code: str
    message: str
    lease: str = ""
    error_class: str = ""
    traceback: str = ""
    source: str = ""
    """Which of its files is to blame, where it has several; empty: the one that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetried(Event):
    """Somebody started a finished job afresh, its attempts at zero."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStepped(Event):
    """A running job is about to do something that would stand even if the job were cancelled afterwards."""

    job: int
    lease: str
    what: str
    undo: str = ""
    """JSON of `[function, arguments]` that takes it back, and does nothing where it never came about; empty: nothing
    can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindHeld(Event):
    """Of a kind of job only those up to a number are begun from now on: 0 pauses it, the newest number drains it."""

    kind: str
    """Empty for all kinds."""
    until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KindResumed(Event):
    """A kind of job (all, if empty) is no longer held."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicPlanned(Event):
    """A job by the clock was seen first, or with another plan, or the clock was found wrong: it counts from `slot`."""

    name: str
    plan: str
    slot: str
    ahead: str = ""
    """The newest slot that was asked for before the clock was found wrong; it is not asked for again."""
