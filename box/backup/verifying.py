"""Reading back. The rule: the copy is read from its medium, the source from its own, and who differs is told.

What was copied is a digest; both sides are held against it. A side that does not match, or cannot be read, is damaged,
and nothing takes bytes from it any more. Repairing copies the good side over the bad one, whole and by rename, after it
was read and has matched. What each file is found to be is recorded batch by batch, once the destination was looked at
again: a drive that was pulled has no damaged files.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from box.backup import medium, recovery
from box.backup.backing import BATCH_BYTES, POSITION
from box.backup.batches import BATCH
from box.backup.copying import Copier, Left
from box.backup.destination import BackupAway, Destination
from box.backup.manifest import Manifest
from box.backup.mending import Mender
from box.backup.rows import Row
from box.backup.walking import DATABASE, Sources

type_copy = Literal["right", "wrong", "missing", "foreign"]
type_source = Literal["right", "wrong", "another"]
"""another: it is gone, or has changed since; then it says nothing about its copy."""


@dataclass(slots=True)
class Tally:
    """What was found so far."""

    files: int = 0
    bytes: int = 0
    """Of copies."""
    missing: int = 0
    """They are not there, or something else is."""
    damaged: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """How much is to be read."""

    since: str
    """What was verified at or after that time (RFC 3339) is not read again."""
    files: int
    """So many, those first that were never verified, then the longest ago."""
    overdue: str = ""
    """And all that was copied or verified last before that time."""


@dataclass(slots=True)
class Verification:
    """One reading of an open destination."""

    place: Destination
    manifest: Manifest
    sources: Sources
    mender: Mender | None
    """Repairs; None: only tell."""
    check: Callable[[int], object]
    """Told how many bytes were read since it was last called; raises Stopped when this should end."""
    counted: Callable[[int], object]
    """Told how many files are done."""
    follow: Callable[[Manifest], object]
    """Told after each batch."""
    tell: Callable[[str, str], object]
    """Told of each file that is not right, and what is wrong; once that is recorded."""
    now: Callable[[], str]
    tally: Tally = field(default_factory=Tally)
    _rows: dict[str, Row] = field(default_factory=dict)
    _forget: set[str] = field(default_factory=set)
    _told: list[tuple[str, str]] = field(default_factory=list)
    _meta: dict[str, str] = field(default_factory=dict)

    def carry_out(self, share: Share) -> None:
        """Read that share. Raises BackupAway, BackupFull, BackupFailed, ManifestDamaged, Stopped."""
        if self.manifest.pending():
            recovery.recover(self.manifest, self.sources, Copier(self.check), self.now)
            self.follow(self.manifest)
        left, most = share.files, self.manifest.counts()[0]
        while self.tally.files < most and (rows := self._next(share, left)):
            self._batch(rows, share.since)
            left -= len(rows)

    def _next(self, share: Share, left: int) -> list[Row]:
        rows = self.manifest.to_verify(share.overdue, BATCH, share.overdue) if share.overdue else []
        if not rows and left > 0:
            rows = self.manifest.to_verify(share.since, min(BATCH, left))
        size = 0
        for number, row in enumerate(rows):
            size += row.size
            if number and size > BATCH_BYTES:
                return rows[:number]
        return rows

    def _batch(self, rows: list[Row], since: str) -> None:
        """Read some, and record what they are."""
        self.place.check()
        medium.let_go(self.place.path)
        try:
            for row in rows:
                self._judge(row, max(self.now(), since))
        finally:  # what was read before this ended is not read in vain
            self._record()

    def _record(self) -> None:
        if not (self._rows or self._forget):
            return
        self.place.check()
        if self.mender is not None:
            self.mender.settle()
        self.manifest.write(self._rows.values(), self._forget, **self._meta)
        for path, what in self._told:
            self.tell(path, what)
        self._rows, self._forget, self._told, self._meta = {}, set(), [], {}
        self.follow(self.manifest)

    # --- one file -----------------------------------------------------------------------------------------------------

    def _judge(self, row: Row, at: str) -> None:
        copy, why = self._copy(row)
        source = self._source(row)
        self.tally.files += 1
        self.tally.bytes += row.size
        self.counted(1)
        verified = replace(row, verified_at=at)
        if copy in ("missing", "foreign") and (source == "right" or (copy, source) == ("missing", "another")):
            self.tally.missing += 1
            self._forget.add(row.path)
            self._told.append(
                (row.path, f"{why}; {'the next backup copies it' if source == 'right' else 'it is gone'}")
            )
        elif copy == "right" and source != "wrong":
            self._rows[row.path] = replace(verified, damaged="")
        else:
            self._damaged(verified, copy, source, why)
        if row.path == DATABASE and copy != "right":
            self._meta[POSITION] = "-1"  # the next backup takes another copy, whatever the log holds

    def _damaged(self, row: Row, copy: type_copy, source: type_source, why: str) -> None:
        """One side at least is not what was copied."""
        self.tally.damaged += 1
        here = "the file here is not what it was when it was copied, though its size and time are"
        what = " and ".join(each for each, is_so in ((why, copy != "right"), (here, source == "wrong")) if is_so)
        side: Literal["here", "there"] = "there" if copy in ("wrong", "foreign") else "here"
        self._rows[row.path] = replace(row, damaged=side)  # so it stays, if the repair ends all
        mended = self._mended(row, copy, source)
        if mended == "":
            self.tally.repaired += 1
            self._rows[row.path] = replace(row, damaged="")
        self._told.append((row.path, f"{what}: repaired" if mended == "" else f"{what}{mended or ''}"))

    def _mended(self, row: Row, copy: type_copy, source: type_source) -> str | None:
        """Copy the good side over the bad one; empty if that was done, else why not, None if nobody wants it."""
        if self.mender is None:
            return None
        if {copy, source} != {"right", "wrong"}:
            return "; there is no good side to repair it from"
        try:
            if source == "right":
                self.mender.mend_copy(row)
                return "" if self._copy(row)[0] == "right" else "; the new copy is no better"
            self.mender.mend_source(row)
        except Left as error:
            return f"; it cannot be repaired: {error}"
        return ""

    def _copy(self, row: Row) -> tuple[type_copy, str]:
        """What stands on the destination, and what is wrong with it."""
        try:
            if self.place.is_linked(os.path.dirname(row.stored)):
                return "foreign", "a folder above its copy is a link"
            found = medium.digest(self.place.at(row.stored), row.size, None, self.check)
        except FileNotFoundError:
            return "missing", "its copy is missing"
        except OSError as error:
            failure = self.place.failure(error)
            if isinstance(failure, BackupAway):
                raise failure from error
            return "wrong", f"its copy cannot be read ({error.strerror})"
        if found is None:
            return "foreign", "another file stands where its copy was"
        return ("right", "") if found == row.digest else ("wrong", "its copy has other bytes than were copied")

    def _source(self, row: Row) -> type_source:
        """What stands here, if it is still the file that was copied."""
        if row.path == DATABASE:
            return "another"
        try:
            found = medium.digest(self.sources.at(row.path), row.size, row.mtime_ns, self.check)
        except OSError as error:
            return "wrong" if error.errno == errno.EIO else "another"
        if found is None:
            return "another"
        return "right" if found == row.digest else "wrong"
