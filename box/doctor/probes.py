"""Probes of a file system. The rule: it is asked to do the thing; what it says it can do does not count."""

from __future__ import annotations

import ctypes
import fcntl
import os
import sqlite3
import time


def sync_seconds(path: str) -> float:
    """How long it takes to make a small file durable."""
    began = time.monotonic()
    with open(path, "wb") as file:
        file.write(b"box" * 1000)
        file.flush()
        os.fsync(file.fileno())
    return time.monotonic() - began


def has_lease(path: str) -> bool:
    """Whether it can say who has a file open for writing."""
    with open(path, "rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError:
            return False
    return True


def has_rename(path: str, other: str) -> bool:
    """Whether the kernel can rename without replacing, or at least link, which comes to the same."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(path), -100, os.fsencode(other), 1) == 0:
        return True
    try:
        os.link(path, other)
    except OSError:
        return False
    return True


def has_wal(path: str) -> bool:
    """Whether SQLite can keep a WAL there."""
    connection = sqlite3.connect(path)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = wal").fetchone()
        connection.execute("CREATE TABLE probe (x)")
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return bool(mode == "wal")
