"""A repository of restic that is open. The rule: a folder is reached by what was opened, as destinations are.

A repository in a folder is given to restic as a descriptor: after an unmount nothing can land on the disk below the
mount point. A lock that a restic left that is gone does not count: `restic unlock` removes those, and only those.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from types import TracebackType
from typing import Final, Self

from box import backup_keys, logs
from box.backup import restic
from box.backup.destination import BackupAway, BackupFailed
from box.backup.restic import RepositoryLocked
from box.errors import BoxError, UsageError
from box.paths import to_text
from box.sections import Backup
from box.tasks.programs import Program

_READING: Final = ("--no-lock",)
"""For what only reads what never changes."""

_log = logs.get(__name__)


class Repository:
    """A way to run restic on the repository of the configuration; use it in a `with`."""

    def __init__(self, backup: Backup, cache: str, temp: str, check: Callable[[], object]) -> None:
        """`cache` and `temp` are folders (absolute) for restic; `check` raises Stopped when this should end.

        Raises ResticMissing, UsageError, BackupAway.
        """
        if not backup.repository:
            raise UsageError("there is no repository: backup.repository says none")
        self.shown = to_text(backup.places[0])
        self._program = restic.program()
        self._check = check
        self._secrets = restic.read_environment(backup.environment_file) if backup.environment_file else {}
        if not backup.password_file and not any(name.startswith("RESTIC_PASSWORD") for name in self._secrets):
            raise UsageError("backup.password_file: expected the file with the repository's password")
        self._descriptor: int | None = None
        self._location = location = backup.repository
        self._options: tuple[str, ...] = ()
        if not backup_keys.is_remote(location):
            try:
                self._descriptor = os.open(location, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                raise BackupAway(f"{location} cannot be opened: {error.strerror}; is its drive mounted?") from None
            location = f"/proc/self/fd/{self._descriptor}"
            self._options = ("--no-cache",)  # that is for what is far away
        self._inside = location
        self._environment = restic.environment(
            restic.current_environment(), self._secrets, location, backup.password_file, cache, temp
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def identity(self) -> str:
        """Its ID. Raises BoxError as all of these do."""
        return str(json.loads("".join(self._run(("cat", "config", *_READING))))["id"])

    def make(self) -> None:
        """Make it, where there is none."""
        for _ in self._run(("init",)):
            pass

    def has(self, snapshot: str) -> bool:
        """Whether it still holds a snapshot."""
        try:
            found = json.loads("".join(self._run(("snapshots", "--json", *_READING, snapshot))) or "null")
        except BackupFailed as error:
            if "no matching id" in str(error).lower():
                return False
            raise
        return any(each.get("id") == snapshot for each in found or ())

    def files(self, snapshot: str) -> Iterator[str]:
        """What is in a snapshot, a line of JSON each."""
        return self._run(("ls", "--json", *_READING, snapshot))

    def back_up(self, arguments: Collection[str], folder: str) -> Iterator[str]:
        """Make a snapshot of what is in a folder; what restic says on the way, a line of JSON each."""
        return self._locking(("backup", "--json", "--tag", restic.TAG, *arguments), folder, (0, restic.INCOMPLETE))

    def check(self, arguments: Collection[str]) -> Iterator[str]:
        """Read back; what restic says on the way. Raises RepositoryDamaged."""
        return self._locking(("check", *arguments))

    def _locking(
        self, arguments: Collection[str], folder: str = "/", good: Collection[int] = (0,)
    ) -> Iterator[str]:  # fmt: skip
        """Run what takes a lock; where somebody left one who is gone, a second time."""
        try:
            yield from self._run(arguments, folder, good)
        except RepositoryLocked as error:
            _log.warning("locks that nobody holds any more are removed", repository=self.shown, reason=str(error))
            for _ in self._run(("unlock",)):
                pass
            yield from self._run(arguments, folder, good)

    def _run(
        self, arguments: Collection[str], folder: str = "/", good: Collection[int] = (0,)
    ) -> Iterator[str]:  # fmt: skip
        command = (self._program, *self._options, *arguments)
        descriptors = () if self._descriptor is None else (self._descriptor,)
        try:
            program = Program(command, self._environment, folder, self._check, descriptors)
        except OSError as error:
            raise BoxError(f"restic cannot be started: {error.strerror}") from error
        with program:
            yield from program.lines()
            code = program.wait()
            self.said = [self._told(line) for line in program.complaints]
        if code not in good:
            failure = restic.failure(code, self.said, self.shown)
            if self._descriptor is not None and isinstance(failure, BackupAway):
                failure.retryable = False  # a drive is not back in a few minutes, as a server may be
            raise failure

    def _told(self, line: str) -> str:
        """What it complained about, as others may read it."""
        return restic.without_secrets(line.replace(self._inside, self._location), self._secrets)
