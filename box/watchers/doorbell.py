"""The doorbell. The rule: it rings in good time where it can and polls where it cannot, and it always says which.

A folder is polled when the kernel has no watch left for it, when it lies on a file system that other machines change,
or when the configuration wants it; polling is to ring for the whole folder every `poll_seconds`, the walk that follows
finds what is new. The service calls `check` when `next_at` has come: it notices folders that went away, came back or
were replaced, and tries again to watch natively, after a minute and then ever less often, down to once an hour.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from box.paths import to_text
from box.watchers import Problem
from box.watchers.mounts import is_remote

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyFD

    from box.watchers.folder import Tree

Mode = Literal["native", "polling", "missing"]

RETRY_SECONDS: Final = 60.0
RETRY_SECONDS_MAX: Final = 3_600.0
BELL_POLL_SECONDS: Final = 1.0
"""How often the bell is taken for rung where it cannot be watched."""


@dataclass(slots=True)
class _Watched:
    folder: str
    ring: Callable[[str, bool], object]
    recursive: bool
    poll_seconds: float
    mode: Mode = "missing"
    identity: tuple[int, int] | None = None
    tree: Tree | None = None
    reason: str = ""
    """Why it is polled although native watching was wanted."""
    fault: str = ""
    """What went wrong in watchdog's thread, if anything ever did; it was watched afresh."""
    poll_at: float = 0.0
    retry_at: float = float("inf")
    retry_seconds: float = RETRY_SECONDS
    last_event_at: float | None = None
    events: int = 0
    """Of trees before this one."""


class Doorbell:
    """Watches folders and rings. Everything belongs to one thread; the rings come from watchdog's and from `check`."""

    def __init__(
        self,
        folders: Sequence[str],
        ring: Callable[[str, bool], object],
        *,
        mode: Literal["auto", "native", "polling"] = "auto",
        poll_seconds: float = 10.0,
        skips: Callable[[str], bool] | None = None,
        bell: str = "",
        on_bell: Callable[[], object] | None = None,
    ) -> None:
        """Touch nothing yet.

        `folders`: absolute paths, watched with all below them. `ring(path, is a folder)` gets absolute paths as `os`
        gives them and must neither block nor raise. `skips(absolute path)`: folders that need no watch. `bell`: a
        folder (absolute) in which other processes touch a file to have `on_bell` called. mode "native" trusts inotify
        on network file systems too.
        """
        self._mode, self._poll_seconds, self._skips, self._ring = mode, poll_seconds, skips, ring
        self._reader: InotifyFD | None = None
        self._watched = [_Watched(folder, ring, recursive=True, poll_seconds=poll_seconds) for folder in folders]
        self._bell: _Watched | None = None
        if bell and on_bell is not None:
            every = min(poll_seconds, BELL_POLL_SECONDS)
            self._bell = _Watched(bell, lambda _path, _is_dir: on_bell(), recursive=False, poll_seconds=every)
        self._aside = [self._bell] if self._bell else []
        self._check_at = 0.0

    def start(self, at: float) -> None:
        """Watch what can be watched. Does not ring: a sweep at the start is the caller's."""
        for watched in self._all():
            self._begin(watched, at)
        self._check_at = at + self._poll_seconds

    def watch_names(self, folder: str, on_change: Callable[[], object]) -> None:
        """Before the start: have `on_change` called when something comes or goes directly in that folder (absolute)."""
        every = self._poll_seconds
        self._aside.append(_Watched(folder, lambda _path, _is_dir: on_change(), recursive=False, poll_seconds=every))

    def add(self, folder: str, at: float | None) -> None:
        """Watch one more folder; with None as the time, from the start on."""
        watched = _Watched(folder, self._ring, recursive=True, poll_seconds=self._poll_seconds)
        self._watched.append(watched)
        if at is not None:
            self._begin(watched, at)
            self._ring(folder, True)  # noqa: FBT003 - what came into it before it was watched

    def remove(self, folder: str) -> None:
        """Watch that folder no more."""
        for watched in [each for each in self._watched if each.folder == folder]:
            self._end(watched)
            self._watched.remove(watched)

    def stop(self) -> None:
        """End all watching and the thread; may be started again."""
        for watched in self._all():
            self._end(watched)
        if self._reader is not None:
            self._reader.stop()
            self._reader.join()
            self._reader = None

    def next_at(self) -> float:
        """When to call `check`; in the past when a watch was lost."""
        times = [self._check_at]
        for watched in self._all():
            if watched.tree is not None and watched.tree.lost is not None:
                return float("-inf")
            if watched.mode == "polling":
                times += (watched.poll_at, watched.retry_at)
        return min(times)

    def check(self, at: float) -> None:
        """See whether the folders are still the watched ones; poll and retry what is due."""
        if at >= self._check_at:
            self._check_at = at + self._poll_seconds
        dead = self._bury()
        for watched in self._all():
            lost = watched.tree is not None and (dead or watched.tree.lost is not None)
            if watched.tree is not None and watched.tree.lost is not None and watched.tree.lost.errno == errno.EIO:
                watched.fault = str(watched.tree.lost)
            retry = watched.mode == "polling" and at >= watched.retry_at
            if lost or retry or watched.identity != _identity(watched.folder):
                was = (watched.mode, watched.identity)
                self._end(watched)
                self._begin(watched, at)
                if lost or was != (watched.mode, watched.identity):
                    watched.ring(watched.folder, True)  # noqa: FBT003 - the signature of a ring
            elif watched.mode == "polling" and at >= watched.poll_at:
                watched.poll_at = at + watched.poll_seconds
                watched.ring(watched.folder, True)  # noqa: FBT003

    def modes(self) -> dict[str, Mode]:
        """How each folder is watched now; "missing" when it is not there."""
        return {watched.folder: watched.mode for watched in self._watched}

    def bell_mode(self) -> Mode | None:
        """The same of the bell; None without one."""
        return self._bell.mode if self._bell else None

    def last_event_at(self, folder: str) -> float | None:
        """Unix time of the last native event in that folder; None before the first."""
        for watched in self._watched:
            if watched.folder == folder:
                return (watched.tree and watched.tree.last_event_at) or watched.last_event_at
        raise KeyError(folder)

    def events(self, folder: str) -> int:
        """How many native events there were in that folder; never fewer than before."""
        return sum(w.events + (w.tree.events if w.tree else 0) for w in self._watched if w.folder == folder)

    def problems(self) -> list[Problem]:
        """Folders that are polled although they should be watched, and how to change that; watches that failed."""
        problems = []
        for watched in self._all():
            path = to_text(watched.folder)
            if watched.mode == "polling" and watched.reason:
                message = f"{path} is polled every {watched.poll_seconds:g} s: {watched.reason}"
                problems.append(Problem("watch-limit", path, message))
            if watched.fault:
                message = f"The watch of {path} failed once and was made again: {watched.fault}; please report it."
                problems.append(Problem("watch-fault", path, message))
        return problems

    def _all(self) -> list[_Watched]:
        return [*self._watched, *self._aside]

    def _begin(self, watched: _Watched, at: float) -> None:
        watched.identity = _identity(watched.folder)
        if watched.mode != "polling":
            watched.poll_at = at + watched.poll_seconds
        watched.mode, watched.reason, watched.retry_at = "polling", "", float("inf")
        if watched.identity is None:
            watched.mode = "missing"
        elif self._mode == "native" or (self._mode == "auto" and not is_remote(watched.folder)):
            self._watch(watched, at)

    def _watch(self, watched: _Watched, at: float) -> None:
        from box.watchers.folder import Tree, WatchLimitError, open_reader  # noqa: PLC0415 - 6 MB, only for who watches

        try:
            if self._reader is None:
                self._reader = open_reader()
            skips = self._skips if watched.recursive else None  # the bell lies in no inbox
            tree = Tree(self._reader, watched.folder, watched.ring, recursive=watched.recursive, skips=skips)
            tree.start()
        except (FileNotFoundError, NotADirectoryError):
            watched.mode, watched.identity = "missing", None
        except OSError as error:
            watched.reason = _advice(error) if isinstance(error, WatchLimitError) else f"{error.strerror or error}."
            watched.retry_at = at + watched.retry_seconds
            watched.retry_seconds = min(2 * watched.retry_seconds, RETRY_SECONDS_MAX)
        else:
            watched.mode, watched.tree, watched.retry_seconds = "native", tree, RETRY_SECONDS

    def _bury(self) -> bool:
        """Whether watchdog's thread died; then there will be another."""
        if self._reader is None or self._reader.is_alive():
            return False
        self._reader.stop()  # gives its descriptors back
        self._reader = None
        return True

    def _end(self, watched: _Watched) -> None:
        if watched.tree is not None:
            watched.tree.stop()
            watched.last_event_at = watched.tree.last_event_at or watched.last_event_at
            watched.events += watched.tree.events
            watched.tree = None


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder + "/")
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _advice(error: OSError) -> str:
    if error.errno == errno.EMFILE:
        return "too many open files or inotify instances; raise `ulimit -n` or `sysctl fs.inotify.max_user_instances`."
    if error.errno == errno.ENFILE:
        return "the system has too many open files; raise `sysctl fs.file-max`."
    return "the limit on watched folders is reached; raise it: `sysctl fs.inotify.max_user_watches=65536`."
