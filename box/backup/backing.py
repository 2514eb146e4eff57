"""One run to one destination. The rule: count first; if there is nothing to do, nothing is written.

Both passes compare the sources with the manifest. The first only counts: what will be copied, and whether there is room
for it. The second copies, batch by batch. What cannot be backed up is left, and told; all else goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final

from box import disk
from box.backup import names, recovery
from box.backup.batches import BATCH, Item, Writer
from box.backup.comparing import Difference, differences
from box.backup.copying import Copier, Left, size_of
from box.backup.destination import BackupFull, Destination
from box.backup.manifest import DATABASE_DUE, Manifest
from box.backup.rows import Row
from box.backup.walking import DATABASE, Sources

BATCH_BYTES: Final = 256 << 20
"""A batch ends here too: before each the destination is looked at again."""
NOTES_MAX: Final = 1000
"""Rows of which only what is said changes, in one commit."""
ROW_BYTES: Final = 1000
"""What a row of the manifest takes at most, its indexes included, if its path is not a very long one."""
POSITION: Final = "position"
"""Under this key the manifest holds up to where the log goes that is in the copy of the database."""


@dataclass(slots=True)
class Need:
    """What there is to do."""

    files: int = 0
    bytes: int = 0
    """To be copied."""
    room: int = 0
    """What that takes on the destination."""
    moves: int = 0
    notes: int = 0
    read_files: int = 0
    read_bytes: int = 0
    """Only to be read and compared."""
    held: int = 0
    held_bytes: int = 0
    """What is there already."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing would be written."""
        return not (self.files or self.moves or self.notes)


@dataclass(frozen=True, slots=True)
class Database:
    """What is needed to copy the database."""

    bytes: int
    """About how large it is."""
    position: Callable[[int], int | None]
    """Up to where its log goes, if a copy that goes to that position is out of date; else None."""
    copy: Callable[[], AbstractContextManager[str]]
    """Makes a consistent copy, for as long as it is needed; where it is (absolute)."""


@dataclass(slots=True)
class Run:
    """One run to an open destination."""

    place: Destination
    sources: Sources
    database: Database
    free_bytes_min: int
    check: Callable[[int], object]
    """Told how many bytes were read since it was last called; raises Stopped when this should end."""
    counted: Callable[[int, int], object]
    """Told how many files and bytes there are to do, and with negative numbers that files are done."""
    follow: Callable[[Manifest], object]
    """Told after each batch."""
    leave: Callable[[str, str], object]
    """Told what could not be backed up, and why."""
    now: Callable[[], str]
    is_expected: Callable[[str], bool] = lambda _path: False
    """Whether the log knows a file (path text): if it is not there, its folder may be away, as a disk is."""
    full: bool = False
    """Read and compare what has not changed, too."""
    need: Need = field(default_factory=Need)
    copier: Copier = field(init=False)

    def __post_init__(self) -> None:
        self.copier = Copier(self.check)

    def carry_out(self) -> Writer | None:
        """Back up all that is not there yet; who wrote it, or None if there was nothing to do.

        Raises BackupAway, BackupFull, BackupFailed, ManifestDamaged, Stopped.
        """
        try:
            with Manifest(self.place) as manifest:
                self.follow(manifest)  # what a run that was killed could not tell any more
                self._count(manifest)
                is_pending = bool(manifest.pending())
                is_due = self._is_due(manifest)
        except FileNotFoundError:
            self._count(None)
            is_pending, is_due = False, True
        if self.need.is_nothing and not is_pending and not self.full and not is_due:
            return None
        self._check_room(self.database.bytes if is_due or self.need.files else 0)
        self.counted(self.need.files + self.need.read_files, self.need.bytes + self.need.read_bytes)
        with Manifest(self.place, make=True) as manifest:
            writer = Writer(manifest, self.sources, self.copier, lambda: self.check(0), self.leave, self.now)
            recovery.recover(manifest, self.sources, self.copier, self.now)
            _Pass(self, writer).carry_out()
            if self._is_due(manifest):
                self._write_database(writer)
            self.follow(manifest)
            self.need.held, self.need.held_bytes, _, _ = manifest.counts()
        return writer

    # --- the first pass -----------------------------------------------------------------------------------------------

    def _count(self, manifest: Manifest | None) -> None:
        need, block = self.need, self.place.block_bytes()
        for found in differences(self.sources.files(), self._rows(manifest), full=self.full):
            self.check(0)
            if found.what in ("gone", "back"):
                need.notes += self.is_to_note(found)
            elif found.what == "same":
                need.read_files += 1
                need.read_bytes += found.size
            elif manifest is not None and found.what == "new" and self.before(manifest, found, set()):
                need.moves += 1
            elif self.is_to_copy(found, self.leave):
                need.files += 1
                need.bytes += found.size
                need.room += -(-found.size // block) * block + ROW_BYTES

    def _rows(self, manifest: Manifest | None) -> Iterator[Row]:
        if manifest is not None:
            for row in manifest.below():
                self.need.held += 1
                self.need.held_bytes += row.size
                yield row

    def is_to_copy(self, found: Difference, leave: Callable[[str, str], object]) -> bool:
        """Whether it can be copied; why not is told."""
        limit = names.bytes_max(self.place.file_system)
        if limit is not None and found.size > limit:
            leave(found.path, f"{found.size} bytes are more than a file can have on FAT: format the drive as exFAT")
            return False
        if found.what == "damaged" and found.row and os.path.lexists(self.place.at(found.row.stored)):
            leave(found.path, "its copy is damaged: 'box do verify-backup repair=true' makes it anew")
            return False
        return True

    def is_to_note(self, found: Difference) -> bool:
        """Whether a row is to say that its source is gone, or back. What the log knows is not gone yet."""
        return found.what == "back" or not self.is_expected(found.path)

    def before(self, manifest: Manifest, found: Difference, taken: set[str]) -> list[Row]:
        """The rows of files that are gone from here, and that this one may have been before it was moved."""
        return [
            row
            for row in manifest.alike(found.size, found.mtime_ns)
            if row.path not in taken and row.path != DATABASE and not row.damaged
            and _is_gone(self.sources.at(row.path)) and size_of(self.place.at(row.stored)) == row.size
        ]  # fmt: skip

    def _check_room(self, database_bytes: int) -> None:
        need = self.need.room + database_bytes
        free = self.place.free_bytes()
        if need and need + self.free_bytes_min > free:
            raise BackupFull(
                f"{self.place.path} has {free} bytes left, and {need} are needed, besides the {self.free_bytes_min} of"
                " backup.free_bytes_min: make room there, and the next backup goes on"
            )

    # --- at the end ---------------------------------------------------------------------------------------------------

    def _is_due(self, manifest: Manifest) -> bool:
        """Whether the copy of the database knows less than there is to know."""
        known = int(manifest.meta(POSITION) or 0)
        return manifest.meta(DATABASE_DUE) != "" or self.database.position(known) is not None

    def _write_database(self, writer: Writer) -> None:
        """Copy the database, as it is now."""
        position = self.database.position(-1)
        with self.database.copy() as path:
            status = os.stat(path)
            self.sources.elsewhere[DATABASE] = path
            item = Item(DATABASE, status.st_size, disk.mtime_ns(status), writer.manifest.row(DATABASE))
            writer.write([item], meta={POSITION: str(position), DATABASE_DUE: ""})


@dataclass(slots=True)
class _Pass:
    """The second pass: fills batches, and has them written."""

    run: Run
    writer: Writer
    items: list[Item] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Old paths of what is renamed in this batch."""

    def carry_out(self) -> None:
        manifest = self.writer.manifest
        for found in differences(self.run.sources.files(), manifest.below(), full=self.run.full):
            self.run.check(0)
            try:
                self._take(found)
            except Left as error:
                self.run.leave(found.path, str(error))
            size = sum(item.size for item in self.items if not item.is_move)
            if len(self.items) >= BATCH or size >= BATCH_BYTES or len(self.notes) >= NOTES_MAX:
                self._flush()
        self._flush()

    def _take(self, found: Difference) -> None:
        run, row = self.run, found.row
        if found.what == "same":
            self._compare(found)
        elif found.what in ("gone", "back"):
            row = self.writer.manifest.row(found.path)  # by now it may be another file's
            if row is not None and run.is_to_note(found):
                self.notes.append(replace(row, present=found.what == "back"))
        elif found.what == "new" and (old := self._moved(found)):
            self.taken.add(old.path)
            self.items.append(Item(found.path, found.size, found.mtime_ns, old, is_move=True))
        elif run.is_to_copy(found, lambda _path, _why: None):  # the first pass told it
            self.items.append(Item(found.path, found.size, found.mtime_ns, row))

    def _moved(self, found: Difference) -> Row | None:
        rows = self.run.before(self.writer.manifest, found, self.taken)
        if not rows:
            return None
        digest = self.run.copier.digest(self.run.sources.at(found.path), (found.size, found.mtime_ns))
        return next((row for row in rows if row.digest == digest), None)

    def _compare(self, found: Difference) -> None:
        """Read a file that says that it has not changed."""
        row, run = found.row, self.run
        assert row is not None, "only what has a row can be the same"  # noqa: S101 - `differences` says so
        digest = run.copier.digest(run.sources.at(found.path), (found.size, found.mtime_ns))
        run.counted(-1, 0)
        if digest != row.digest:
            run.leave(found.path, "it is not what it was when it was copied, though its size and time are: bitrot")
            if row.damaged != "here":
                self.notes.append(replace(row, damaged="here"))
            return
        if row.damaged == "here":
            self.notes.append(replace(row, damaged=""))
        if size_of(run.place.at(row.stored)) is None:
            self.items.append(Item(found.path, found.size, found.mtime_ns, row))

    def _flush(self) -> None:
        if self.items or self.notes:
            self.writer.write(self.items, self.notes, {DATABASE_DUE: "1"} if self.items else None)
            self.run.counted(-len(self.items), 0)
            self.run.follow(self.writer.manifest)
            self.items, self.notes, self.taken = [], [], set()


def _is_gone(path: str) -> bool:
    """Whether surely nothing stands at a path."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
