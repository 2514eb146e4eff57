"""Restoring. The rule: what arrives has the digest that was copied, and nothing that stands there is written over.

Each file is copied into a scratch folder and hashed on the way, gets its time, is made durable, and takes its place by
rename. So a restore that ends anywhere is gone on with by doing it again: what is there already is skipped. The
database comes last: a root without it is not whole yet, and says so by a file of its own.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from box import disk
from box.backup.batches import BATCH
from box.backup.copying import Copier, Left
from box.backup.destination import Destination
from box.backup.manifest import Manifest
from box.backup.rows import Row
from box.backup.selecting import Wanted, refusal
from box.backup.walking import CONFIG, DATABASE
from box.errors import BoxError, OutOfSpace
from box.paths import to_os

UNFINISHED: Final = ".restoring"
"""Stands in a root (absolute: below it) as long as its database has not been restored yet."""

SCRATCH: Final = "temp/job-restore"
"""Below the target; the service empties it at its next start, as the scratch of every job."""

_SIDES: Final = (DATABASE + "-wal", DATABASE + "-shm")

type_verdict = Literal["take", "same", "kept", "left"]


@dataclass(slots=True)
class Tally:
    """What was found, or done."""

    files: int = 0
    bytes: int = 0
    room: int = 0
    same: int = 0
    """They are there already."""
    kept: int = 0
    """Another one is there, and is meant to be."""
    failed: int = 0
    gone: int = 0
    """They were not asked for: the box itself did not have them any more."""
    database: bool = False


@dataclass(slots=True)
class Restore:
    """One restore from an open destination into a folder (absolute)."""

    place: Destination
    manifest: Manifest
    target: str
    wanted: Wanted
    free_bytes_min: int
    check: Callable[[int], object]
    """Told how many bytes were read since it was last called; may raise to end this."""
    tell: Callable[[str, str], object]
    """Told what could not be restored, and why."""
    tally: Tally = field(default_factory=Tally)
    _copier: Copier = field(init=False)
    _folders: set[str] = field(default_factory=set)
    _asked: tuple[str, bool] = ("", False)

    def __post_init__(self) -> None:
        self._copier = Copier(self.check)

    def count(self, tell: Callable[[str, str], object] = lambda _path, _why: None) -> Tally:
        """What there is to do. Nothing is written. Raises BackupAway, ManifestDamaged."""
        found = Tally()
        for row in self._rows(found):
            verdict, why = self._judge(row)
            if verdict == "take":
                found.files += 1
                found.bytes += row.size
                found.room += -(-row.size // 4096) * 4096
                found.database |= row.path == DATABASE
            else:
                _count(found, verdict)
                if verdict == "left":
                    tell(row.path, why)
        return found

    def check_room(self, found: Tally) -> None:
        """Raise OutOfSpace unless all of it fits."""
        folder = self.target
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        room = os.statvfs(folder)
        free = room.f_bavail * room.f_frsize
        if found.room and found.room + self.free_bytes_min > free:
            raise OutOfSpace(
                f"{found.room} bytes are to be restored, and {free} are free in {folder}, of which"
                f" {self.free_bytes_min} stay free (storage.free_bytes_min)"
            )

    def carry_out(self) -> Tally:
        """Restore. Raises BackupAway, ManifestDamaged, OutOfSpace, and what `check` raises."""
        disk.make_folder(self.target)
        alone = self._be_alone()
        try:
            return self._carry_out()
        finally:
            os.close(alone)

    def _be_alone(self) -> int:
        """What to close at the end: two at once would write to one file of the scratch folder."""
        opened = os.open(self.target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            raise BoxError(f"another restore into {self.target} is at work: wait until it has ended") from None
        return opened

    def _carry_out(self) -> Tally:
        if self.wanted.whole:
            self._refuse_leftovers()
            disk.write_whole(f"{self.target}/{UNFINISHED}", f"being restored from {self.place.uuid}\n")
        disk.make_folder(f"{self.target}/{SCRATCH}")
        try:
            database = None
            for row in self._rows(self.tally):
                if row.path == DATABASE:
                    database = row
                else:
                    self._restore(row)
            self._sync()
            if database is not None:
                self._restore(database)
                self._sync()
            if self.wanted.whole:
                os.unlink(f"{self.target}/{UNFINISHED}")
                disk.sync_folder(self.target)
        finally:
            for folder in (SCRATCH, os.path.dirname(SCRATCH)):
                with suppress(OSError):  # somebody else's files are in it
                    os.rmdir(f"{self.target}/{folder}")
        return self.tally

    def _rows(self, tally: Tally) -> Iterator[Row]:
        """The rows of what is wanted."""
        for number, row in enumerate(self.manifest.below()):
            self.check(0)
            if number % BATCH == 0:
                self.place.check()
            if not self.wanted.names(str(row.path)):
                continue
            if row.present or self.wanted.gone or row.path == DATABASE:
                yield row
            else:
                tally.gone += 1

    def _refuse_leftovers(self) -> None:
        for name in _SIDES:
            path = f"{self.target}/{name}"
            if os.path.lexists(path) and not os.path.lexists(f"{self.target}/{DATABASE}"):
                raise BoxError(
                    f"{path} belongs to a database that is gone, and would be taken for a part of this one:"
                    " move it away"
                )

    # --- one file -----------------------------------------------------------------------------------------------------

    def _judge(self, row: Row) -> tuple[type_verdict, str]:
        """What is to be done about a row, and why it is left."""
        why = refusal(row)
        final = "" if why else self._final(row)
        if final and self._is_linked(os.path.dirname(final)):
            why = "its folder is a link, or lies behind one"
        if why:
            return "left", why
        try:
            there = os.lstat(final)
        except (FileNotFoundError, NotADirectoryError):
            return "take", ""
        except OSError as error:
            return "left", error.strerror or str(error)
        if self._is_same(row, final, there):
            return "same", ""
        # A database that is there came from an earlier attempt: what opens it writes to it.
        return ("kept", "") if row.path in (CONFIG, DATABASE) else ("left", "another file stands there, and stays")

    def _is_same(self, row: Row, final: str, there: os.stat_result) -> bool:
        if not stat.S_ISREG(there.st_mode) or there.st_size != row.size:
            return False
        if disk.mtime_ns(there) == row.mtime_ns:
            return True
        with suppress(Left):
            return self._copier.digest(final, (there.st_size, disk.mtime_ns(there))) == row.digest
        return False

    def _is_linked(self, folder: str) -> bool:
        """Whether a folder (absolute) would lead out of the target; asked once for all files of a folder."""
        if self._asked[0] != folder:
            above, is_linked = folder, False
            while len(above) > len(self.target) and not is_linked:
                is_linked, above = os.path.islink(above), os.path.dirname(above)
            self._asked = folder, is_linked
        return self._asked[1]

    def _final(self, row: Row) -> str:
        return f"{self.target}/{to_os(row.path)}"

    def _restore(self, row: Row) -> None:
        verdict, why = self._judge(row)
        if verdict == "take":
            try:
                self._take(row)
            except (Left, FileExistsError) as error:
                self.place.check()  # where the drive has gone, the file is not to blame
                verdict, why = "left", str(error) if isinstance(error, Left) else "another file came there meanwhile"
            except OSError as error:
                if disk.is_full(error):
                    raise OutOfSpace(f"{self.target} is full: make room, and do the same again") from error
                verdict, why = "left", error.strerror or str(error)
        _count(self.tally, verdict)
        if verdict == "left":
            self.tell(row.path, why)

    def _take(self, row: Row) -> None:
        copy, final = self.place.at(row.stored), self._final(row)
        part = f"{self.target}/{SCRATCH}/{os.path.basename(final)}"
        try:
            status = os.lstat(copy)
        except OSError as error:
            raise Left(f"its copy cannot be read: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode) or status.st_size != row.size:
            raise Left("its copy is not the file that was copied: it has another size")
        try:
            if self._copier.copy(copy, (status.st_size, disk.mtime_ns(status)), part) != row.digest:
                raise Left("its copy is damaged: it has other bytes than were copied")
            if self.place.portable:
                os.chmod(part, disk.READABLE)  # there all files have one mode, and may be executed
            if disk.mtime_ns(status) != row.mtime_ns:
                os.utime(part, ns=(row.mtime_ns, row.mtime_ns))
                disk.sync_files([part])
            disk.make_folder(os.path.dirname(final))
            disk.move_new(part, final, f"{os.path.dirname(final)}/.box-restore.part")
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)
        self._folders.add(os.path.dirname(final))
        self.tally.files += 1
        self.tally.bytes += row.size
        self.tally.database |= row.path == DATABASE
        if self.tally.files % BATCH == 0:
            self._sync()

    def _sync(self) -> None:
        disk.sync_folders(self._folders)
        self._folders.clear()


def _count(tally: Tally, verdict: type_verdict) -> None:
    tally.same += verdict == "same"
    tally.kept += verdict == "kept"
    tally.failed += verdict == "left"


def is_whole(root: str) -> bool:
    """Whether a restore that has begun in a root has come to its end; True where none has."""
    return not os.path.lexists(f"{root}/{UNFINISHED}")
