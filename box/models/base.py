"""The database. The rule: one connection and one lock a process; whoever holds a transaction holds the lock.

One connection keeps its page cache warm (SQLite drops it whenever another connection wrote) and makes a thread that
reads wait for the commit of a thread that writes, so nobody in the process ever sees half a transaction. Other
processes have their own: the write lock of SQLite stands between them.

Statements that run for each file are plain SQL with `?`; peewee declares the tables, opens the file and builds the
queries of lists and reports. This module and the others in `models/` are the only ones that know which database it is.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import peewee

from box.errors import DatabaseBusy, DatabaseDamaged, OutOfSpace

BUSY_SECONDS: Final = 30
"""How long to wait for another process's transaction; theirs are short, but a card's fsync can take seconds."""

PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": "full",  # NORMAL loses with the power whatever was not checkpointed
    "cache_size": -4096,  # KiB
    "wal_autocheckpoint": 1000,  # pages: the WAL stays around 4 MB
    "journal_size_limit": 16 * 1024 * 1024,
    "temp_store": "memory",
}

type_any_row = tuple[Any, ...]


class Table(peewee.Model):
    """Base of every table; bound to no database: each query names its store."""


class Store:
    """An open database with its lock."""

    def __init__(self, path: str, *, durable: bool = True) -> None:
        """Open or make the file at `path`; `durable=False` is for copies that a crash may lose."""
        self.path = path
        self.lock = threading.RLock()
        pragmas = dict(PRAGMAS) if durable else {"journal_mode": "off", "synchronous": "off", "cache_size": -16384}
        self.peewee = peewee.SqliteDatabase(
            path, pragmas=pragmas, timeout=BUSY_SECONDS, thread_safe=False, check_same_thread=False
        )
        try:
            self.peewee.connect()
            self._connection: sqlite3.Connection = self.peewee.connection()  # type: ignore[no-untyped-call]
        except peewee.DatabaseError as error:
            raise _translated(error, path) from error
        except sqlite3.DatabaseError as error:
            raise _translated(error, path) from error

    def close(self) -> None:
        """Close the connection; SQLite then folds the WAL back into the file if nobody else has it open."""
        with self.lock:
            self.peewee.close()

    def create(self, models: Sequence[type[Table]], *statements: str) -> None:
        """Make the tables that are not there yet, then run further DDL: all with one commit where tables are new."""
        is_new = not all(self.columns(model._meta.table_name) for model in models)
        with (
            self.lock,
            self.transaction() if is_new and not self._connection.in_transaction else nullcontext(),
            self.peewee.bind_ctx(models, bind_refs=False, bind_backrefs=False),
        ):
            self.peewee.create_tables(models)
            for statement in statements:
                self._connection.execute(statement)

    # --- statements ---------------------------------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement that changes something; the number of rows that it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def execute_each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that changes something once for each of the rows."""
        self._connection.executemany(sql, rows)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> type_any_row | None:
        """The first row, or None."""
        with self.lock:
            row: type_any_row | None = self._connection.execute(sql, parameters).fetchone()
            return row

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, parameters)
        return row[0] if row else None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[type_any_row]:
        """All rows; for what is bounded. Page through what grows with the library."""
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    def dicts(self, query: Any) -> list[dict[str, Any]]:
        """All rows of a peewee query, as dictionaries."""
        with self.lock:
            return list(query.dicts().execute(self.peewee))

    def columns(self, table: str) -> set[str]:
        """The names of a table's columns; none if there is no such table."""
        return {row[1] for row in self.rows(f"PRAGMA table_info({table})")}

    # --- transactions -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One write transaction, begun IMMEDIATE so that it never fails half way for a lock. Raises OutOfSpace."""
        with self.lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    self._rollback()
                    raise
                try:
                    self._connection.execute("COMMIT")
                except BaseException:
                    self._rollback()
                    raise
            except sqlite3.Error as error:
                raise _translated(error, self.path) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can be taken back by itself."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have rolled everything back already
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads that belong together see one state of the database."""
        with self.lock:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._rollback()

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    # --- the file -----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise DatabaseDamaged unless the whole file passes SQLite's quick check."""
        try:
            answer = self.value("PRAGMA quick_check(1)")
        except sqlite3.DatabaseError as error:
            raise _translated(error, self.path) from error
        if answer != "ok":
            raise DatabaseDamaged(f"{self.path}: {answer}")

    def checkpoint(self) -> None:
        """Fold the WAL back into the file and cut it to nothing, if nobody is reading just now."""
        with self.lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_to(self, path: str) -> None:
        """Write a consistent copy of the whole database to `path`, which must not exist; writers go on meanwhile."""
        try:
            source, copy = sqlite3.connect(self.path), sqlite3.connect(path)
            try:
                copy.execute("PRAGMA synchronous = off")  # the caller makes the whole file durable at the end
                source.backup(copy)
            finally:
                source.close()
                copy.close()
        except sqlite3.Error as error:
            raise _translated(error, path) from error

    def file_bytes(self) -> int:
        """Bytes of the database file and its WAL."""
        return sum(os.stat(name).st_size for name in (self.path, self.path + "-wal") if os.path.exists(name))

    def other_commits(self) -> int:
        """A number that changes whenever another process commits; reading it costs no disk access to speak of."""
        number: int = self.value("PRAGMA data_version")
        return number


def _translated(error: Exception, path: str) -> Exception:
    text = str(error)
    if "disk is full" in text or ("disk I/O error" in text and _is_full(path)):
        return OutOfSpace(f"no space left for the database {path}: free some and the work goes on")
    if "database is locked" in text:
        return DatabaseBusy(f"{path} was locked by another process for {BUSY_SECONDS} s")
    if "malformed" in text or "not a database" in text:
        return DatabaseDamaged(f"{path}: {text}")
    return error


def _is_full(path: str) -> bool:
    try:
        status = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < 1024 * 1024
