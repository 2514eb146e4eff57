"""Sweeps of the library. The rule: the disk is compared with the projections, and the difference becomes events.

At the start only folders whose mtime changed since they were last compared are listed; once a day all files are. A
sweep has a thread of its own and stops when the service does. What it finds of a user with photos is held back to the
end, so that a photo that is gone from one folder and new in another is known for the same; past `HELD_MAX` what was
found so far is recorded as it is. Then folder times are kept: killed before that, the same folders are listed again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from box import disk, logs
from box.engine import Engine, Transaction
from box.events import Event, FileMoved, FileNoticed, FileVanished
from box.models import files, item_lists, live, photo_lists
from box.models.base import Store
from box.paths import join, owner
from box.photos.formats import media_type
from box.watchers import Problem
from box.watchers.library import FolderSeen, library_changes
from box.watchers.look import Unreadable, inspect
from box.watchers.moves import Kept, joined

FULL: Final = ""
"""Stands among the folder times for "all of them": when the last full sweep ended."""

BATCH: Final = 200
"""How many changes are recorded together."""

HELD_MAX: Final = 100_000
"""So many changes are held back: about 30 MB. A folder with more photos than that was hardly renamed by hand."""

_log = logs.get(__name__)


@dataclass(slots=True)
class LibrarySweep:
    """Compares the library with the projections, one sweep at a time."""

    root: str
    engine: Engine
    users: Callable[[], Iterable[str]]
    on_problem: Callable[[dict[str, str]], None]
    """Told after each sweep: subject -> what could not be compared."""
    timed: Callable[[str, float], object] = lambda _task, _seconds: None
    """Told after each sweep how long it took."""
    record: Callable[[Transaction, Sequence[Event]], object] = lambda transaction, events: transaction.record(*events)
    """Records what is still so."""
    check: Callable[[], None] = lambda: None
    """Called for each folder; may raise to end the sweep."""
    stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, *, full: bool) -> None:
        """Begin a sweep in a thread of its own, unless one is under way."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._guarded, args=(full,), name="library-sweep", daemon=True)
            self._thread.start()

    def join(self, seconds: float) -> None:
        """Stop, and wait for the thread."""
        self.stopped.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def last_full_at(self) -> float:
        """When the whole library was compared last, in seconds since the epoch; 0 if it never was."""
        return (live.folder_time(self.engine.store, FULL) or 0) / 1e9

    def _guarded(self, full: bool) -> None:  # noqa: FBT001
        try:
            self.sweep(full=full)
        except Exception as error:  # noqa: BLE001  the sweep's one place: told, and it comes again
            _log.error("the library sweep failed", error=error)

    def sweep(self, *, full: bool) -> int:
        """Compare now; how many differences were recorded."""
        began, changes = time.monotonic(), 0
        problems: dict[str, str] = {}
        for user in self.users():
            changes += self._sweep_user(user, full, problems)
            if self.stopped.is_set():
                return changes
        self.on_problem(problems)
        self.timed("library-sweep", time.monotonic() - began)
        if full:
            at = time.time_ns()
            self.engine.transact(lambda t: live.set_folder_time(t.store, FULL, at), events=0)
        if changes:
            _log.info("the library was changed by hand", changes=changes)
        return changes

    def sweep_user(self, user: str) -> None:
        """Compare all that one user has now."""
        problems: dict[str, str] = {}
        self._sweep_user(user, True, problems)  # noqa: FBT003
        self.on_problem(problems)

    def _sweep_user(self, user: str, full: bool, problems: dict[str, str]) -> int:  # noqa: FBT001
        store = self.engine.store
        base = f"users/{user}"
        changes = 0
        events: list[Event] = []
        seen: list[FolderSeen] = []
        # Where there are no photos and texts yet none was moved: then nothing has to be held back.
        held_max = HELD_MAX if photo_lists.any_of(store, user) or user in item_lists.users(store) else BATCH

        def known_folders() -> Iterable[tuple[str, int | None]]:
            times: dict[str, int | None] = dict.fromkeys(files.folders(store, base))
            return {**times, **live.folder_times(store, base)}.items()

        for found in library_changes(self.root, user, known_folders, lambda f: files.known(store, f), full=full):
            if isinstance(found, Problem):
                problems[found.path] = found.message
            elif isinstance(found, FolderSeen):
                seen.append(found)
                self.check()
            else:
                events.append(found)
            if len(events) >= held_max or len(seen) >= held_max:
                changes += self._keep(events, seen)
                events, seen = [], []
            if self.stopped.is_set():
                return changes  # the next sweep finds the rest
        return changes + self._keep(events, seen)

    def _keep(self, events: list[Event], seen: list[FolderSeen]) -> int:
        """Record what was found, and then when the folders were seen."""
        found = joined(events, self._kept, self._digest)
        count = 0
        for first in range(0, len(found), BATCH):
            batch = [self._sniffed(e) if isinstance(e, FileNoticed) else e for e in found[first : first + BATCH]]
            count += self.engine.transact(lambda t, b=batch: self._record(t, b), events=len(batch))  # type: ignore[misc]
        store = self.engine.store
        changed = [s for s in seen if s.gone or s.mtime_ns != live.folder_time(store, s.folder)]
        for first in range(0, len(changed), BATCH):
            part = changed[first : first + BATCH]
            self.engine.transact(lambda t, p=part: _remember(t.store, p), events=0)  # type: ignore[misc]
        return count

    def _record(self, transaction: Transaction, events: list[Event]) -> int:
        """Record what is still so: Box itself may have filed or moved the file since it was looked at."""
        on_the_way = live.on_the_way(transaction.store)
        true = [event for event in events if self._is_true(transaction.store, event, on_the_way)]
        self.record(transaction, true)
        return len(true)

    def _is_true(self, store: Store, event: Event, on_the_way: Container[str]) -> bool:
        if getattr(event, "path", "") in on_the_way:  # by a job, which will say so
            return False
        if isinstance(event, FileMoved):
            return files.find(store, event.source) is not None and event.source not in on_the_way
        if isinstance(event, FileNoticed):
            return files.find(store, event.path) != (event.size, event.mtime_ns)
        assert isinstance(event, FileVanished)  # noqa: S101 - a sweep finds nothing else
        return files.find(store, event.path) is not None and not _stands(join(self.root, event.path))

    def _kept(self, path: str) -> Kept | None:
        """What is known of a photo or text that may have vanished, None if it has not, or is none."""
        store = self.engine.store
        seen = files.find(store, path)
        digest = photo_lists.digest_of(store, path) or item_lists.digest_of(store, path)
        return None if seen is None or not digest or _stands(join(self.root, path)) else Kept(seen, digest)

    def _digest(self, path: str) -> str:
        try:
            return disk.digest_of(join(self.root, path))
        except OSError:
            return ""

    def _sniffed(self, event: FileNoticed) -> FileNoticed:
        """With what its first bytes (and its name) say it is, if it lies among the photos."""
        if owner(event.path)[1] != "photos":
            return event
        try:
            sight = inspect(join(self.root, event.path), 0.0, None)
        except Unreadable:
            return event
        if sight.look is None:
            return event
        return replace(event, inode=sight.look.inode, media_type=media_type(event.path, sight.head))


def _stands(path: str) -> bool:
    """Whether a file stands there under just that name: some file systems also answer to it in other letters."""
    if not os.path.lexists(path):
        return False
    folder, name = os.path.split(path)
    return name in os.listdir(folder)


def _remember(store: Store, seen: Iterable[FolderSeen]) -> None:
    for each in seen:
        live.set_folder_time(store, each.folder, None if each.gone else each.mtime_ns)
