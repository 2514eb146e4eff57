"""The manifest of a destination. The rule: it lies beside the files and says of them what is so, and no more.

It is an SQLite file, `manifest.db`. Before files are written their places are put down as pending; once they are
durable, one commit takes their rows in and the places out. So whatever a power cut leaves is either in a row, or
pending: `pending()` says what has to be looked at again, and a reader must not trust the rows of those places.

Every change of a row gives it the next number, `seq`; who keeps a copy asks for what changed since. All methods read
bounded amounts: by path, by page, by folder.

While it writes, SQLite keeps its lock and its journal open from the first write to the end: it would find the journal
by its path, and after an unmount that path is on the root's disk.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

from box.backup import names
from box.backup.copying import size_of
from box.backup.destination import Destination
from box.backup.rows import Pending, Row
from box.errors import BoxError

NAME: Final = "manifest.db"
DATABASE_DUE: Final = "database_due"
"""This fact is "1" while files came that the copy of the database knows nothing of."""
PAGE_ROWS: Final = 1000
"""So many rows are in memory at a time."""
BUSY_SECONDS: Final = 10

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (
  path TEXT PRIMARY KEY, stored TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL, copied_at TEXT NOT NULL, verified_at TEXT,
  damaged TEXT NOT NULL DEFAULT '', present INTEGER NOT NULL DEFAULT 1, seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_by_size ON files (size, mtime_ns);
CREATE INDEX IF NOT EXISTS files_by_seq ON files (seq);
CREATE INDEX IF NOT EXISTS files_by_verified ON files (verified_at);
CREATE TABLE IF NOT EXISTS gone (path TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gone_by_seq ON gone (seq);
CREATE TABLE IF NOT EXISTS pending (stored TEXT PRIMARY KEY, path TEXT NOT NULL, was TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_PRAGMAS: Final = ("trusted_schema = off", "cache_size = -1024", "temp_store = memory")
"""KiB of cache: what is read and written lies together, by path or by number, so that more only takes memory."""
_TO_WRITE: Final = ("locking_mode = exclusive", "journal_mode = truncate", "synchronous = full")
_FIELDS: Final = "path, stored, size, mtime_ns, digest, copied_at, verified_at, damaged, present, seq"


class ManifestDamaged(BoxError):
    """The manifest of a destination cannot be read."""

    code = "manifest-damaged"


class Manifest:
    """The manifest of an open destination; close it first, or use it in a `with`."""

    def __init__(self, place: Destination, *, make: bool = False, read_only: bool = False) -> None:
        """Open it, or make it if there is none. `read_only` takes back only what a crash left half written.

        Raises FileNotFoundError if there is none and none is to be made, BackupAway, ManifestDamaged.
        """
        self.place = place
        self._has_written = False
        self._aside: TemporaryDirectory[str] | None = None
        path = place.at(NAME)
        if make and not os.path.lexists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        elif not os.path.exists(path):
            raise FileNotFoundError(path)
        if size_of(path) is None:
            raise ManifestDamaged(f"{place.path}/{NAME} is no file")
        place.check()
        if read_only and size_of(path + "-journal") and not os.access(path, os.W_OK):
            path = self._copy_aside(path)
        try:
            # Never "create": between the check and here it may have been unmounted.
            mode = "ro" if read_only and not size_of(path + "-journal") else "rw"
            self._connection = sqlite3.connect(
                f"file:{path}?mode={mode}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise self._translated(error) from error
        try:
            for pragma in (*_PRAGMAS, *(() if read_only else _TO_WRITE)):
                self._execute(f"PRAGMA {pragma}")
            if not read_only and not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                self._make()
            place.check()
        except BaseException:
            self.close()
            raise

    def _copy_aside(self, path: str) -> str:
        """Where a copy is in which a crash's half can be taken back: of a drive that is write-protected."""
        self._aside = TemporaryDirectory(prefix="box-")
        for ending in ("", "-journal"):
            shutil.copyfile(path + ending, f"{self._aside.name}/{NAME}{ending}")
        return f"{self._aside.name}/{NAME}"

    def _make(self) -> None:
        with self._transaction():
            for statement in filter(str.strip, _TABLES.split(";")):
                self._execute(statement)
            self._set("uuid", self.place.uuid)
            self._set("seq", "0")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let it go; its journal, which is empty by then, goes too."""
        self._connection.close()
        if self._aside is not None:
            self._aside.cleanup()
        journal = self.place.at(NAME + "-journal")
        with suppress(OSError):  # it is not there, or the destination is not
            if self._has_written and os.stat(journal).st_size == 0:
                os.unlink(journal)

    # --- reading ------------------------------------------------------------------------------------------------------

    def row(self, path: str) -> Row | None:
        """The row of a source."""
        return next(iter(self._some("WHERE path = ?", (path,))), None)

    def at(self, stored: str) -> Row | None:
        """The row of what stands at a place of the destination, or would be the same file there."""
        folded = names.folded(stored, portable=self.place.portable)
        return next(iter(self._some("WHERE folded = ?", (folded,))), None)

    def below(self, folder: str = "", after: str = "") -> Iterator[Row]:
        """The rows of the files below a folder (path text), behind `after`, in the order of their paths."""
        start, end = (f"{folder}/", f"{folder}0") if folder else ("", "\U0010ffff")  # "0" follows "/"
        start = max(start, after)
        while page := self._some(f"WHERE path > ? AND path < ? ORDER BY path LIMIT {PAGE_ROWS}", (start, end)):
            yield from page
            start = page[-1].path

    def alike(self, size: int, mtime_ns: int, limit: int = 16) -> list[Row]:
        """Rows of that size and time: what a file may have been called before it was moved."""
        return self._some("WHERE size = ? AND mtime_ns = ? LIMIT ?", (size, mtime_ns, limit))

    def to_verify(self, before: str, limit: int = PAGE_ROWS, copied_before: str = "Z") -> list[Row]:
        """Rows that were never verified, then those verified before that time (RFC 3339), the longest ago first.

        Of the former only those that were copied before that other time.
        """
        return self._some(
            "WHERE verified_at IS NULL AND copied_at < ? OR verified_at < ? ORDER BY verified_at, path LIMIT ?",
            (copied_before, before, limit),
        )

    def verified_since(self, since: str) -> int:
        """How many rows were verified at or after that time."""
        return int(self._rows("SELECT count(*) FROM files WHERE verified_at >= ?", (since,))[0][0])

    def changed(self, seq: int, limit: int = PAGE_ROWS) -> list[Row]:
        """Rows that changed since number `seq`, the oldest change first."""
        return self._some("WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))

    def forgotten(self, seq: int, limit: int = PAGE_ROWS) -> list[tuple[str, int]]:
        """(path, seq) of sources that have no row any more since number `seq`, the oldest change first."""
        return self._rows("SELECT path, seq FROM gone WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))

    def last_seq(self) -> int:
        """The number of the last change."""
        return int(self.meta("seq") or 0)

    def counts(self) -> tuple[int, int, int, int]:
        """(files, bytes, verified, damaged) of all rows."""
        sums = "count(*), coalesce(sum(size), 0), count(verified_at), coalesce(sum(damaged <> ''), 0)"
        ((files, size, verified, damaged),) = self._rows(f"SELECT {sums} FROM files")
        return files, size, verified, damaged

    def pending(self) -> list[Pending]:
        """What was about to be written; a batch at most. While somebody else writes, or after a crash."""
        return [Pending(*row) for row in self._rows("SELECT stored, path, was FROM pending ORDER BY stored")]

    def meta(self, key: str) -> str | None:
        """A fact about the whole."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    # --- writing ------------------------------------------------------------------------------------------------------

    def begin(self, places: Iterable[Pending]) -> None:
        """These are about to be written; durable when this returns. What was pending is not any more."""
        with self._transaction():
            self._execute("DELETE FROM pending")
            for each in places:
                self._execute(
                    "INSERT OR REPLACE INTO pending (stored, path, was) VALUES (?, ?, ?)",
                    (each.stored, each.path, each.was),
                )

    def write(self, rows: Iterable[Row] = (), forget: Iterable[str] = (), **meta: str) -> int:
        """Take rows in, paths out, nothing is pending any more; the number of the last change.

        A row replaces the one of its path; the `seq` in it is not looked at. Durable when this returns.
        """
        with self._transaction():
            seq = self.last_seq()
            for path in forget:
                seq += 1
                self._execute("DELETE FROM files WHERE path = ?", (path,))
                self._execute("INSERT OR REPLACE INTO gone (path, seq) VALUES (?, ?)", (path, seq))
            for row in rows:
                seq += 1
                self._execute("DELETE FROM gone WHERE path = ?", (row.path,))
                self._put(row, seq)
            self._execute("DELETE FROM pending")
            self._set("seq", str(seq))
            for key, value in meta.items():
                self._set(key, value)
        return seq

    def _put(self, row: Row, seq: int) -> None:
        folded = names.folded(row.stored, portable=self.place.portable)
        self._execute("DELETE FROM files WHERE path = ?", (row.path,))
        self._execute(
            "INSERT INTO files (folded, path, stored, size, mtime_ns, digest, copied_at, verified_at, damaged, present,"
            " seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                folded, row.path, row.stored, row.size, row.mtime_ns, row.digest, row.copied_at, row.verified_at,
                row.damaged, row.present, seq,
            ),
        )  # fmt: skip

    # --- the database -------------------------------------------------------------------------------------------------

    def _set(self, key: str, value: str) -> None:
        self._execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def _some(self, where: str, values: Sequence[Any]) -> list[Row]:
        return [_row(found) for found in self._rows(f"SELECT {_FIELDS} FROM files {where}", values)]

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._execute(sql, values).fetchall()

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if not self._has_written:
            self.place.check()  # now SQLite opens its journal, by its path
        self._has_written = True
        self._execute("BEGIN EXCLUSIVE")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            with suppress(BoxError):  # the first error says what is wrong
                if self._connection.in_transaction:
                    self._execute("ROLLBACK")
            raise

    def _translated(self, error: sqlite3.Error) -> BoxError:
        text = str(error)
        if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
            return ManifestDamaged(f"{self.place.path}/{NAME}: {text}")
        is_full = "disk is full" in text
        return self.place.failure(OSError(errno.ENOSPC if is_full else errno.EIO, f"{NAME}: {text}"))


def _row(found: Sequence[Any]) -> Row:
    path, stored, size, mtime_ns, digest, copied_at, verified_at, damaged, present, seq = found
    return Row(
        path=path, stored=stored, size=size, mtime_ns=mtime_ns, digest=digest, copied_at=copied_at,
        verified_at=verified_at, damaged=damaged, present=bool(present), seq=seq,
    )  # fmt: skip
