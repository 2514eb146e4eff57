"""Native watching, by watchdog (here only). The rule: a ring says where something happened and nothing more.

watchdog's reader (`InotifyFD`) is used without its observer. Measured with 7.1: the observer holds back *every* event
for 0.5 s whenever a file leaves the folder (it waits for the other half of the move, and Box moves every photo out),
has three threads, two unbounded queues and warnings of 31 KB, and costs 220 µs of CPU a dropped file; the reader calls
back from one thread within 0.2 ms for 85 µs, and its queue is the kernel's.

What watchdog's observer does for directory trees is done here: a folder that appears is watched first, with all that is
in it, and rung for after that, so what was put into it before the watch is found by the walk that the ring causes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Final

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

Ring = Callable[[str, bool], object]
"""Called with an absolute path and whether it is a folder (then: it and all below), from watchdog's thread."""

Skips = Callable[[str], bool]
"""Whether a folder (absolute path) is not worth a watch, because nothing in it is ever taken."""

_IN: Final = InotifyConstants
_APPEARED: Final = _IN.IN_CREATE | _IN.IN_MOVED_TO
_SELF: Final = _IN.IN_DELETE_SELF | _IN.IN_MOVE_SELF | _IN.IN_UNMOUNT
_MASK: Final = Mask(
    _APPEARED
    | _IN.IN_DELETE
    | _IN.IN_MOVED_FROM
    | _IN.IN_CLOSE_WRITE
    | _IN.IN_ATTRIB
    | _IN.IN_DELETE_SELF
    | _IN.IN_MOVE_SELF
    | _IN.IN_ONLYDIR
)
"""Not opened and closed_no_write: Box reads the files itself. Not modified: a photo of 1.5 MB makes a dozen of them
(250 µs of CPU, not 85), and what is being written was rung for when it appeared and will be when it is closed; between
the two the settle rule looks after it."""
_BELL_MASK: Final = Mask(_MASK | _IN.IN_MODIFY)
_PLACES_MAX: Final = 50_000
"""Folders watched below one; the kernel's own limit on a small Pi is 8,192 for all programs of a user."""

_ids = count(1)


class WatchLimitError(OSError):
    """The kernel has no watch, or no descriptor, left to give."""


def open_reader() -> InotifyFD:
    """Start watchdog's reading thread. Raises WatchLimitError when there are no descriptors or instances left."""
    spare: list[int] = []
    try:
        # InotifyFD loses a descriptor for good when it gets one but not the two of its pipe: see that there are three.
        while len(spare) < 3:
            spare.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        while spare:
            os.close(spare.pop())
        reader = InotifyFD()
    except OSError as error:
        raise WatchLimitError(error.errno, error.strerror) from error
    finally:
        for descriptor in spare:
            os.close(descriptor)
    reader.start()
    return reader


class Tree:
    """One folder and (`recursive`) all folders below it, watched by a reader. Create, `start`, `stop`; not reusable."""

    def __init__(
        self, reader: InotifyFD, folder: str, ring: Ring, *, recursive: bool = True, skips: Skips | None = None
    ) -> None:
        self.folder = folder
        self.last_event_at: float | None = None
        """Unix time of the last event."""
        self.events = 0
        self.lost: OSError | None = None
        """Set from watchdog's thread when the watch cannot be relied on any more; it has rung for the folder then."""
        self._reader, self._ring, self._recursive, self._skips = reader, ring, recursive, skips
        self._mask = _MASK if recursive else _BELL_MASK
        self._lock = threading.RLock()
        self._paths: dict[WatchDescriptor, tuple[str, CallbackId]] = {}
        self._watches: dict[str, WatchDescriptor] = {}

    def start(self) -> None:
        """Watch. Raises FileNotFoundError, NotADirectoryError, WatchLimitError, or PermissionError for the folder."""
        with self._lock:
            try:
                self._watch(self.folder)
            except OSError:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop watching; rings that are under way may still come."""
        with self._lock:
            watches, self._paths, self._watches = self._paths, {}, {}
        self._reader.remove_callbacks([(watch, id_) for watch, (_, id_) in watches.items()])

    # --- called by watchdog's thread; an exception would end that thread without a word ------------------------------

    def on_event(self, event: InotifyEvent) -> None:
        """Something happened to a name in a watched folder, or to the folder itself."""
        try:
            with self._lock:
                place = self._paths.get(event.wd)
                if place is not None:
                    self._happened(event, place[0])
        except Exception as error:  # noqa: BLE001  kept in `lost`: the doorbell watches afresh and reports it
            self._lose(error if isinstance(error, OSError) else OSError(errno.EIO, f"{type(error).__name__}: {error}"))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The kernel dropped a watch: its folder was removed or unmounted."""
        with self._lock:
            path, _ = self._paths.pop(wd, ("", 0))
            if self._watches.get(path) == wd:
                del self._watches[path]

    def on_queue_overflow(self) -> None:
        """The kernel dropped events, maybe of new folders: watch afresh and have everything walked."""
        self._lose(OSError(errno.EOVERFLOW, "the kernel dropped events"))

    # -----------------------------------------------------------------------------------------------------------------

    def _happened(self, event: InotifyEvent, folder: str) -> None:
        self.last_event_at = time.time()
        self.events += 1
        mask = event.mask
        if mask & _SELF:
            if folder == self.folder:
                self._lose(FileNotFoundError(errno.ENOENT, "the folder was moved, removed or unmounted"))
            return  # of a folder below, its parent tells
        name = os.fsdecode(event.name)
        path = f"{folder}/{name}" if name else folder
        is_dir = bool(mask & _IN.IN_ISDIR)
        if is_dir and self._recursive and name:
            if mask & _IN.IN_DELETE:
                self._forget(self._watches.pop(path, None))
            elif mask & _IN.IN_MOVED_FROM:
                self._unwatch(path)
            elif mask & _APPEARED or path not in self._watches:
                self._watch_below(path)
        self._ring(path, is_dir)

    def _lose(self, error: OSError) -> None:
        self.lost = error
        self._ring(self.folder, True)  # noqa: FBT003 - the signature of a ring

    def _watch_below(self, path: str) -> None:
        # Gone again, or not for us: the walk that follows the ring says so.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            self._watch(path)

    def _watch(self, top: str) -> None:
        """Watch a folder and all below it; a folder that appears meanwhile is seen by the listing or by the watch."""
        waiting = [top]
        while waiting:
            path = waiting.pop()
            if self._skips is not None and self._skips(path):
                continue
            try:
                self._add(path)
                if self._recursive:
                    with os.scandir(path) as entries:
                        waiting.extend(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                if path == top:
                    raise

    def _add(self, path: str) -> None:
        if len(self._paths) >= _PLACES_MAX:
            raise WatchLimitError(errno.ENOSPC, f"more than {_PLACES_MAX} folders")
        id_ = CallbackId(next(_ids))
        try:
            watch = self._reader.add_callback(os.fsencode(path), self._mask, self, id_)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM):
                raise WatchLimitError(error.errno, error.strerror) from error
            raise
        if watch == -1:  # what add_callback returns for EACCES
            self._reader.remove_callbacks([(watch, id_)])
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        # The kernel gives one watch to one inode: a folder met again, under whatever name, has its old one.
        former_path, former_id = self._paths.get(watch, ("", None))
        former_watch = self._watches.get(path)
        self._paths[watch], self._watches[path] = (path, id_), watch
        if former_id is not None:
            self._reader.remove_callbacks([(watch, former_id)])
            if former_path != path and self._watches.get(former_path) == watch:
                del self._watches[former_path]
        if former_watch is not None and former_watch != watch:
            self._forget(former_watch)

    def _unwatch(self, top: str) -> None:
        """A folder left: what happens in it elsewhere is not ours."""
        below = top + "/"
        for path in [p for p in self._watches if p == top or p.startswith(below)]:
            self._forget(self._watches.pop(path))

    def _forget(self, watch: WatchDescriptor | None) -> None:
        if watch is not None and (place := self._paths.pop(watch, None)) is not None:
            self._reader.remove_callbacks([(watch, place[1])])
