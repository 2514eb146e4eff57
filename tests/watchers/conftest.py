"""A small service around the watchers: the test drives them as `box run` does, and folds what they say."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from box.events import Event, FileNoticed, FileSettled, FileVanished
from box.paths import split
from box.watchers.doorbell import Doorbell
from box.watchers.scan import Inboxes

SETTLE_SECONDS = 0.05
TIMEOUT_SECONDS = 60.0


def sniff(_: str, head: bytes) -> str:
    """JPEG or nothing."""
    return "image/jpeg" if head.startswith(b"\xff\xd8") else ""


@dataclass
class Projection:
    """What a fold of the events knows: the files, by path text."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    def folder(self, folder: str) -> dict[str, tuple[int, int]]:
        """The files directly in a folder."""
        return {split(path)[1]: seen for path, seen in self.files.items() if split(path)[0] == folder}

    def folders(self, top: str) -> set[str]:
        """The folders at or below `top` that hold files."""
        return {f for f in (split(path)[0] for path in self.files) if f == top or f.startswith(top + "/")}

    def fold(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, FileSettled | FileNoticed):
            self.files[event.path] = (event.size, event.mtime_ns)
        elif isinstance(event, FileVanished):
            del self.files[event.path]


@dataclass
class Box:
    """Doorbell and inboxes over a root, driven by the test."""

    root: Path
    known: Projection
    inboxes: Inboxes
    doorbell: Doorbell | None = None
    events: list[Event] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)

    def ring(self, path: str, is_dir: bool) -> None:
        """What the doorbell calls."""
        if self.inboxes.ring(path, is_dir):
            self.woken.set()

    def step(self) -> None:
        """One turn of the service's loop, without waiting."""
        now = time.monotonic()
        if self.doorbell is not None and self.doorbell.next_at() <= now:
            self.doorbell.check(now)
        for event in self.inboxes.look(now):
            self.events.append(event)
            self.known.fold(event)

    def run(self, done: Callable[[], bool]) -> None:
        """Drive until `done()`; waits only for the doorbell and for what is due."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while not done():
            now = time.monotonic()
            assert now < end, f"not done; {len(self.events)} events, {self.inboxes.waiting()} wait: {self.events[-5:]}"
            due = self.inboxes.next_at()
            if self.doorbell is not None:
                due = min(due, self.doorbell.next_at())
            self.woken.wait(max(0.0, min(due, end) - now))
            self.woken.clear()
            self.step()

    def sweep(self) -> None:
        """Sweep and drive until everything there has been judged."""
        self.inboxes.sweep(time.monotonic())
        self.run(lambda: self.inboxes.undecided() == 0)

    def settled(self) -> list[str]:
        """Path texts of all `FileSettled` so far, below the first inbox."""
        return [e.path.removeprefix("users/me/inbox/") for e in self.events if isinstance(e, FileSettled)]

    def vanished(self) -> list[str]:
        """The same of `FileVanished`."""
        return [e.path.removeprefix("users/me/inbox/") for e in self.events if isinstance(e, FileVanished)]

    @property
    def inbox(self) -> Path:
        """The first user's inbox."""
        return self.root / "users/me/inbox"


def make_inbox(root: Path, user: str = "me") -> Path:
    """An inbox with its marker."""
    inbox = root / "users" / user / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / ".box").touch()
    return inbox


Make = Callable[..., Box]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes boxes: `make(watch=True, settle_seconds=..., ...)`."""
    running: list[Doorbell] = []

    def build(
        *,
        watch: bool = True,
        mode: str = "auto",
        users: tuple[str, ...] = ("me",),
        root: Path = tmp_path / "root",
        **options: object,
    ) -> Box:
        for user in users:
            make_inbox(root, user)
        known = Projection()
        inboxes = Inboxes(
            str(root),
            [(user, f"users/{user}/inbox") for user in users],
            **{
                "settle_seconds": SETTLE_SECONDS,
                "known": known.folder,
                "known_folders": known.folders,
                "sniff": sniff,
                "check_seconds": 0.2,
                **options,
            },
        )
        box = Box(root, known, inboxes)
        if watch:
            box.doorbell = Doorbell(inboxes.folders, box.ring, mode=mode, poll_seconds=0.2, skips=inboxes.skips)
            box.doorbell.start(time.monotonic())
            running.append(box.doorbell)
        return box

    yield build
    for doorbell in running:
        doorbell.stop()


@pytest.fixture
def box(make: Make) -> Box:
    """A watched box with one user, `me`."""
    return make()


@pytest.fixture
def unwatched(make: Make) -> Box:
    """A box without a doorbell: only sweeps."""
    return make(watch=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below which anybody may look (pytest's own are closed to others)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


@contextmanager
def _nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Without the rights of root, to whom no file is closed."""
    return _nobody
