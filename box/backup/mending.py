"""Repairing. The rule: only a file that was read whole and has the right digest takes the place of a damaged one.

It is written beside, made durable, and takes its place by rename: killed at any point, the place holds the damaged file
or the right one. On the destination the place is pending meanwhile, as for a backup.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from box import disk
from box.backup import names
from box.backup.copying import Copier, Left
from box.backup.manifest import Manifest
from box.backup.rows import Pending, Row
from box.backup.walking import Sources


@dataclass(slots=True)
class Mender:
    """Repairs files on a destination, and here."""

    manifest: Manifest
    sources: Sources
    scratch: str
    """A folder (absolute) of this attempt alone, on the file system of the root; made when it is needed."""
    check: Callable[[int], object]
    """Told how many bytes were read since it was last called; raises Stopped when this should end."""
    _pending: list[Pending] = field(default_factory=list)

    def settle(self) -> None:
        """All that was repaired so far is going to be recorded."""
        self._pending = []

    def mend_copy(self, row: Row) -> None:
        """Copy the source over its damaged copy. Raises Left; BoxError for what the destination refuses."""
        place = self.manifest.place
        place.check()
        if place.is_linked(os.path.dirname(row.stored)):
            raise Left("its folder on the destination is a link, or lies behind one")
        self._pending.append(Pending(row.stored, row.path))
        self.manifest.begin(self._pending)
        final, part = place.at(row.stored), place.at(names.part(row.stored))
        try:
            digest = Copier(self.check).copy(self.sources.at(row.path), (row.size, row.mtime_ns), part)
            if digest != row.digest:
                os.unlink(part)
                raise Left("the source has changed meanwhile")
            os.rename(part, final)
            disk.sync_folder(os.path.dirname(final))
        except OSError as error:
            raise place.failure(error) from error

    def mend_source(self, row: Row) -> None:
        """Copy the copy over its damaged source, with the source's time and mode. Raises Left, Stopped."""
        place, target = self.manifest.place, self.sources.at(row.path)
        copy = place.at(row.stored)
        part = f"{self.scratch}/{os.path.basename(target)}"
        try:
            disk.make_folder(self.scratch)
            status = os.lstat(copy)
            digest = Copier(self.check).copy(copy, (status.st_size, disk.mtime_ns(status)), part)
            if digest != row.digest:
                raise Left("the copy has changed meanwhile")
            self._take_place(part, target, row)
        except OSError as error:
            raise Left(str(error.strerror or error)) from error
        finally:
            with suppress(OSError):
                os.unlink(part)

    def _take_place(self, part: str, target: str, row: Row) -> None:
        was = os.lstat(target)
        _like(part, was, row.mtime_ns)
        if (was.st_size, disk.mtime_ns(was)) != (row.size, row.mtime_ns):
            raise Left("the file here has changed meanwhile")
        try:
            os.rename(part, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = os.path.join(os.path.dirname(target), names.part(os.path.basename(target)))
            disk.copy_verified(part, beside)
            os.rename(beside, target)
        disk.sync_folder(os.path.dirname(target))


def _like(part: str, was: os.stat_result, mtime_ns: int) -> None:
    """Give it the owner, mode and time of the file that it replaces; durable."""
    with suppress(PermissionError):  # only root gives files away
        os.chown(part, was.st_uid, was.st_gid)
    os.chmod(part, was.st_mode & 0o7777)
    os.utime(part, ns=(mtime_ns, mtime_ns))
    disk.sync_files([part])
