"""After a crash. The rule: what was under way on a destination is looked at again, and recorded as it is.

A part is removed: it was Box's own. What stands under a final name was whole before it got that name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from box import disk
from box.backup import names
from box.backup.copying import Copier, Left, size_of
from box.backup.manifest import DATABASE_DUE, Manifest
from box.backup.rows import Pending, Row
from box.backup.walking import Sources


def recover(manifest: Manifest, sources: Sources, copier: Copier, now: Callable[[], str]) -> int:
    """Record what became of all that was pending; how much there was. Raises as writing does."""
    pending = manifest.pending()
    rows: list[Row] = []
    forget: set[str] = set()
    folders: set[str] = set()
    place = manifest.place
    try:
        for each in pending:
            with suppress(FileNotFoundError):
                os.unlink(place.at(names.part(each.stored)))
            old = manifest.at(each.was or each.stored)
            row = _renamed(manifest, each, old) if each.was else _copied(manifest, each, old, sources, copier, now)
            if row != old:
                rows += [row] if row else []
                forget |= {old.path} if old else set()
            folders |= {place.at(os.path.dirname(at)) for at in (each.stored, each.was) if at}
        if pending:
            disk.sync_folders(folders)
            manifest.write(rows, forget, **{DATABASE_DUE: "1"})
    except OSError as error:
        raise place.failure(error) from error
    return len(pending)


def _renamed(manifest: Manifest, pending: Pending, old: Row | None) -> Row | None:
    """The row of what was to be renamed on the destination."""
    place = manifest.place
    if old is None or os.path.lexists(place.at(pending.was)):
        return old
    is_there = size_of(place.at(pending.stored)) == old.size
    return replace(old, path=pending.path, stored=pending.stored, present=True) if is_there else None


def _copied(
    manifest: Manifest, pending: Pending, old: Row | None, sources: Sources, copier: Copier, now: Callable[[], str]
) -> Row | None:  # fmt: skip
    """The row of what was to be copied."""
    final = manifest.place.at(pending.stored)
    if size_of(final) is None:
        return None
    try:
        digest, status = copier.digest_at(final), os.lstat(final)
    except Left:  # it cannot be read: nothing but another copy helps
        return replace(old, damaged="there") if old else None
    if old is not None and (old.size, old.digest) == (status.st_size, digest):
        return old
    disk.sync_files([final])
    mtime_ns = None
    with suppress(Left, OSError):  # a source that is another one by now is copied again
        source = os.lstat(sources.at(pending.path))
        if copier.digest(sources.at(pending.path), (source.st_size, disk.mtime_ns(source))) == digest:
            mtime_ns = disk.mtime_ns(source)
    if mtime_ns is None and old is not None and old.size == status.st_size:
        return replace(old, damaged="there")  # what was to be replaced has decayed: it is no copy of anything
    return Row(
        path=pending.path, stored=pending.stored, size=status.st_size, digest=digest, copied_at=now(),
        mtime_ns=disk.mtime_ns(status) if mtime_ns is None else mtime_ns,
    )  # fmt: skip
