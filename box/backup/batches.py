"""Some files to a destination. The rule: pending, copied, durable, recorded; killed anywhere, `recovery` looks again.

Nothing is deleted, and no file that is not of the manifest is replaced: one that has the same bytes is taken over, else
the new one gets another name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from box import disk
from box.backup import names
from box.backup.copying import Copier, Left, size_of
from box.backup.manifest import Manifest
from box.backup.rows import Pending, Row
from box.backup.walking import Sources
from box.errors import BoxError

BATCH: Final = 64
"""Files that share two commits of the manifest, and the syncs of the folders that they have in common."""

NUMBERS_MAX: Final = 1000

_TIME_NS: Final = 2_000_000_000
"""FAT knows times to two seconds."""

_ABOUT_ITS_NAME: Final = frozenset({
    errno.EEXIST, errno.EFBIG, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOENT,
    errno.ENOTDIR, errno.ENOTEMPTY,
})  # fmt: skip
"""What a destination says that has nothing against other files."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that is to be copied, or renamed there."""

    path: str
    size: int
    mtime_ns: int
    row: Row | None = None
    """What the manifest says of it so far; of what is to be renamed, under its old path."""
    is_move: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    item: Item
    at: str
    digest: str = ""
    """Set, if a file with the same bytes stands there already."""


@dataclass(slots=True)
class Done:
    """What has been done so far."""

    files: int = 0
    bytes: int = 0
    moved: int = 0
    adopted: int = 0


@dataclass(slots=True)
class Writer:
    """Writes to one destination."""

    manifest: Manifest
    sources: Sources
    copier: Copier
    check: Callable[[], object]
    """Raises Stopped when this should end."""
    leave: Callable[[str, str], object]
    """Told what could not be backed up, and why."""
    now: Callable[[], str]
    done: Done = field(default_factory=Done)
    _folders: set[str] = field(default_factory=set)
    """Places of folders in which names have changed."""
    _made: set[str] = field(default_factory=set)

    def write(self, items: Sequence[Item], notes: Sequence[Row] = (), meta: Mapping[str, str] | None = None) -> None:
        """Do all of a batch, and record it together with `notes`: rows of which only what is said changed.

        Raises BackupAway, BackupFull, BackupFailed, Stopped; what was done before that is recorded.
        """
        self.manifest.place.check()
        planned = self._planned(items)
        if planned:
            self.manifest.begin(Pending(each.at, each.item.path, _was(each.item, each.at)) for each in planned)
        rows: dict[str, Row] = {row.path: row for row in notes}
        forget: set[str] = set()
        ended = self._each(planned, rows, forget)
        try:
            self._sync()
            self.manifest.write([row for path, row in rows.items() if path not in forget], forget, **(meta or {}))
        except (OSError, BoxError) as error:
            raise ended or self._failure(error) from error
        if ended is not None:
            raise ended

    def _each(self, planned: Sequence[_Planned], rows: dict[str, Row], forget: set[str]) -> BoxError | None:
        """Do them one after the other, until one of them says that all has to end."""
        for each in planned:
            item = each.item
            try:
                self.check()
                rows[item.path] = self._rename(item, each.at) if item.is_move else self._copy(each)
            except Left as error:
                self.leave(item.path, str(error))
            except (OSError, BoxError) as error:
                if not isinstance(error, OSError) or error.errno not in _ABOUT_ITS_NAME:
                    return self._failure(error)
                self.leave(item.path, f"the destination refuses {each.at}: {error.strerror}")
            else:
                if item.is_move and item.row is not None:
                    forget.add(item.row.path)
        return None

    def _failure(self, error: OSError | BoxError) -> BoxError:
        return self.manifest.place.failure(error) if isinstance(error, OSError) else error

    # --- one file -----------------------------------------------------------------------------------------------------

    def _copy(self, planned: _Planned) -> Row:
        place, item, at = self.manifest.place, planned.item, planned.at
        final = place.at(at)
        row = Row(
            path=item.path, stored=at, size=item.size, mtime_ns=item.mtime_ns, digest=planned.digest,
            copied_at=self.now(),
        )  # fmt: skip
        self._make_folder(os.path.dirname(at))
        if planned.digest:
            disk.sync_files([final])  # whoever put it there may not have
            self._folders.add(os.path.dirname(at))
            self.done.adopted += 1
            return row
        part = place.at(names.part(at))
        digest = self.copier.copy(self.sources.at(item.path), (item.size, item.mtime_ns), part)
        try:
            self._refuse_bitrot(item, digest)
            if item.row is not None and item.row.stored == at:
                os.rename(part, final)
            else:
                disk.rename_new(part, final)
        except BaseException:
            with suppress(OSError):  # as above
                os.unlink(part)
            raise
        self._folders.add(os.path.dirname(at))
        self.done.files += 1
        self.done.bytes += item.size
        return replace(row, digest=digest)

    def _refuse_bitrot(self, item: Item, digest: str) -> None:
        """A source that has the size and time of its copy and other bytes has decayed: it replaces nothing."""
        row = item.row
        if row and (row.size, row.mtime_ns) == (item.size, item.mtime_ns) and row.digest != digest:
            raise Left(f"{item.path} is not what it was when it was copied, though its size and time are")

    def _rename(self, item: Item, at: str) -> Row:
        assert item.row is not None, "a file that has moved has a row"  # noqa: S101 - `moving` made it so
        place, row = self.manifest.place, replace(item.row, path=item.path, stored=at, present=True)
        if at != item.row.stored:
            self._make_folder(os.path.dirname(at))
            disk.rename_new(place.at(item.row.stored), place.at(at))
            self._folders |= {os.path.dirname(item.row.stored), os.path.dirname(at)}
        self.done.moved += 1
        return row

    # --- places -------------------------------------------------------------------------------------------------------

    def _planned(self, items: Sequence[Item]) -> list[_Planned]:
        """Where each is to stand; what finds no place is left."""
        taken: set[str] = set()
        found = []
        for item in items:
            planned = self._plan(item, taken)
            if planned is None:
                self.leave(item.path, "every name that it could have on the destination is taken")
                continue
            taken.add(names.folded(planned.at, portable=self.manifest.place.portable))
            found.append(planned)
        return found

    def _plan(self, item: Item, taken: set[str]) -> _Planned | None:
        place, manifest, row = self.manifest.place, self.manifest, item.row
        if row is not None and not item.is_move and self._is_ours(row):
            return _Planned(item, row.stored)
        wanted = names.stored(item.path, portable=place.portable)
        for number in range(1, NUMBERS_MAX):
            at = names.numbered(wanted, number)
            folded = names.folded(at, portable=place.portable)
            if row is not None and item.is_move and folded == names.folded(row.stored, portable=place.portable):
                return _Planned(item, row.stored)
            if folded in taken or manifest.at(at) is not None:
                continue
            if not os.path.lexists(place.at(at)):
                return _Planned(item, at)
            if not item.is_move and (digest := self._same(item, place.at(at))):
                return _Planned(item, at, digest)
        return None

    def _is_ours(self, row: Row) -> bool:
        """Whether what stands where a row says may be replaced: it is what was copied there, or nothing."""
        final = self.manifest.place.at(row.stored)
        if not os.path.lexists(final):
            return True
        if size_of(final) != row.size:
            return False
        if row.damaged == "there" or abs(disk.mtime_ns(os.lstat(final)) - row.mtime_ns) <= _TIME_NS:
            return True  # or it is the half of a batch that a crash cut off: no copy of anything
        with suppress(Left):
            return self.copier.digest_at(final) == row.digest
        return False

    def _same(self, item: Item, final: str) -> str:
        """The digest of a source, if a file that nobody knows has the same bytes; else empty."""
        if size_of(final) != item.size:
            return ""
        with suppress(Left):  # who copies it tells what is wrong with the source
            digest = self.copier.digest(self.sources.at(item.path), (item.size, item.mtime_ns))
            return digest if self.copier.digest_at(final) == digest else ""
        return ""

    def _make_folder(self, folder: str) -> None:
        if folder not in self._made:
            if self.manifest.place.is_linked(folder):
                raise Left(f"its folder on the destination, {folder}, is a link, or lies behind one")
            disk.make_folder(self.manifest.place.at(folder))
            self._made.add(folder)

    def _sync(self) -> None:
        disk.sync_folders(self.manifest.place.at(folder) for folder in self._folders)
        self._folders.clear()
        self._made.clear()


def _was(item: Item, at: str) -> str:
    return item.row.stored if item.is_move and item.row and item.row.stored != at else ""
