"""Sweeps of the library. The rule: the disk is compared with the projections, and the difference becomes events.

At the start only folders whose mtime changed since they were last compared are listed; once a day all files are. A
sweep has a thread of its own, records what it finds in small batches and stops when the service does.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from box import logs
from box.engine import Engine, Transaction
from box.events import Event, FileNoticed, FileVanished
from box.models import files, live
from box.models.base import Store
from box.paths import join, owner
from box.photos.formats import sniff
from box.watchers import Problem
from box.watchers.library import FolderSeen, library_changes
from box.watchers.look import Unreadable, inspect

FULL: Final = ""
"""Stands among the folder times for "all of them": when the last full sweep ended."""

BATCH: Final = 200
"""How many changes are recorded together."""

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

    def _sweep_user(self, user: str, full: bool, problems: dict[str, str]) -> int:  # noqa: FBT001
        store = self.engine.store
        base = f"users/{user}"
        changes = 0
        events: list[Event] = []
        seen: list[FolderSeen] = []

        def known_folders() -> Iterable[tuple[str, int | None]]:
            times: dict[str, int | None] = dict.fromkeys(files.folders(store, base))
            return {**times, **live.folder_times(store, base)}.items()

        for found in library_changes(self.root, user, known_folders, lambda f: files.known(store, f), full=full):
            if isinstance(found, Problem):
                problems[found.path] = found.message
            elif isinstance(found, FolderSeen):
                seen.append(found)
            else:
                events.append(found)
            if len(events) >= BATCH or len(seen) >= BATCH:
                changes += self._keep(events, seen)
                events, seen = [], []
            if self.stopped.is_set():
                break
        return changes + self._keep(events, seen)

    def _keep(self, events: list[Event], seen: list[FolderSeen]) -> int:
        """Record a batch. A file that is there after all landed between the listing and the look at the projections."""
        true: list[FileNoticed | FileVanished] = [
            self._sniffed(event) if isinstance(event, FileNoticed) else event
            for event in events
            if isinstance(event, FileNoticed | FileVanished)
            and not (isinstance(event, FileVanished) and os.path.lexists(join(self.root, event.path)))
        ]
        changed = [s for s in seen if s.gone or s.mtime_ns != live.folder_time(self.engine.store, s.folder)]
        if not true and not changed:
            return 0

        def work(transaction: Transaction) -> None:
            on_the_way = live.on_the_way(transaction.store)
            transaction.record(*(e for e in true if e.path not in on_the_way and _is_news(transaction.store, e)))
            for each in changed:
                live.set_folder_time(transaction.store, each.folder, None if each.gone else each.mtime_ns)

        self.engine.transact(work, events=len(true))
        return len(true)

    def _sniffed(self, event: FileNoticed) -> FileNoticed:
        """With what its first bytes say it is, if it lies among the photos."""
        if owner(event.path)[1] != "photos":
            return event
        try:
            sight = inspect(join(self.root, event.path), 0.0, None)
        except Unreadable:
            return event
        if sight.look is None:
            return event
        return replace(event, inode=sight.look.inode, media_type=sniff(sight.head))


def _is_news(store: Store, event: FileNoticed | FileVanished) -> bool:
    """Whether it is still unknown: a job may have moved the file meanwhile, and recorded it."""
    known = files.seen(store, event.path)
    return known is not None if isinstance(event, FileVanished) else known != (event.size, event.mtime_ns)
