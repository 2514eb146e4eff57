"""The box's own copy of a manifest. The rule: it follows the numbers of the changes; one that is ahead is made anew."""

from __future__ import annotations

from box.backup.manifest import PAGE_ROWS, Manifest
from box.backup.rows import Row
from box.models import backed
from box.models.base import Store


def follow(store: Store, manifest: Manifest) -> None:
    """Take over what changed in a manifest since the last time, a page in a transaction."""
    destination, last = manifest.place.uuid, manifest.last_seq()
    known = backed.upto(store, destination)
    if known > last:  # the manifest was lost and made again, or put back from somewhere
        with store.transaction():
            backed.forget(store, destination)
        known = 0
    while known < last:
        rows, gone = manifest.changed(known), manifest.forgotten(known)
        # Of two full pages only what is below the end of both is known to be all there is.
        ends = [page[-1] for page in (_numbers(rows), [seq for _, seq in gone]) if len(page) == PAGE_ROWS]
        upto = min(ends, default=last)
        with store.transaction():
            copies = [_copy(row) for row in rows if row.seq <= upto]
            backed.put(store, destination, copies, [path for path, seq in gone if seq <= upto], upto)
        known = upto


def _numbers(rows: list[Row]) -> list[int]:
    return [row.seq for row in rows]


def _copy(row: Row) -> backed.Copy:
    return backed.Copy(
        path=row.path, size=row.size, mtime_ns=row.mtime_ns, digest=row.digest, copied_at=row.copied_at,
        verified_at=row.verified_at, damaged=row.damaged, present=row.present, seq=row.seq,
    )  # fmt: skip
