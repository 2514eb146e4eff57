"""The tables of a manifest. The rule: what older versions have written is read; nothing in it is code."""

from __future__ import annotations

from typing import Final

TABLES: Final = """
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
PRAGMAS: Final = ("trusted_schema = off", "cache_size = -4096", "temp_store = memory")
TO_WRITE: Final = ("locking_mode = exclusive", "journal_mode = truncate", "synchronous = full")
"""What who writes says besides."""
