"""The lock of a root. The rule: one process at a time does the work of a root, and the second one can say who it is."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from datetime import UTC, datetime
from typing import Final

from box.errors import AlreadyRunning

NAME: Final = "box.lock"

LOOKS: Final = 5
LOOK_SECONDS: Final = 0.02
"""`is_held` holds the lock for microseconds; whoever wants it looks again before it believes that it is taken."""


class RootLock:
    """Held from `take` until `release` or the end of the process, however it ends."""

    def __init__(self, root: str) -> None:
        self._path = os.path.join(root, NAME)
        self._descriptor = -1

    def take(self) -> None:
        """Become the one. Raises AlreadyRunning, naming the holder."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(descriptor):
            who = os.read(descriptor, 300).decode(errors="replace").strip() or "another process"
            os.close(descriptor)
            raise AlreadyRunning(f"{os.path.dirname(self._path)} is held by {who}: stop it first")
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"box, process {os.getpid()} on {socket.gethostname()}, since {now}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another one have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _locked(descriptor: int) -> bool:
    for _ in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return True
    return False


def is_held(root: str) -> bool:
    """Whether some process does the work of this root just now."""
    try:
        descriptor = os.open(os.path.join(root, NAME), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
