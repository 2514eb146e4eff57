"""Indexing. The rule: a text is found with all its chunks or with those that it had; a job may end anywhere.

Small texts go in together, so many chunks to a commit. A large one is written as an edition that nobody sees yet, in
several commits; then it is shown, and what was there before goes. What a killed job left is removed when its item
comes again, and it does, because the event that says that it is done comes last.

A note that changes while it is read is left alone: that it changed asks for the next job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from box.engine import Engine, Transaction
from box.events import DocumentIndexed
from box.library.chunking import CHUNKER_VERSION
from box.models import chunks as rows
from box.models import files, texts
from box.models.chunks import type_piece
from box.models.texts import Text
from box.paths import join
from box.tasks import cutting
from box.tasks.child import Child
from box.tasks.chore import Reporter
from box.tasks.handler import Request

BATCH: Final = 500
"""So many chunks are written, or removed, in a commit."""

_LEFT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class _Read:
    """A note as it was read."""

    text: Text
    known: tuple[int, int] | None
    """What was known of its file then."""
    digest: str
    pieces: tuple[type_piece, ...] = ()


@dataclass(slots=True)
class Indexing:
    """Puts texts into the index."""

    engine: Engine
    root: str
    reporter: Reporter
    bytes_max: int
    """A note that somebody made larger than that is in no index."""
    ahead: Child | None = None
    """Cuts notes while others are written."""
    total: int = 0
    """How many items there are to take."""
    done: int = 0
    items: int = 0
    chunks: int = 0
    left: dict[str, str] = field(default_factory=dict)
    """Path of a note -> why it is not in the index; so many are told."""
    _small: list[_Read] = field(default_factory=list)
    _small_chunks: int = 0

    @property
    def percent(self) -> float:
        """How far the job is."""
        return min(100.0, 100 * self.done / self.total) if self.total else 0.0

    def take(self, numbers: Sequence[int]) -> None:
        """Items whose chunks should be those of their notes; done when it returns."""
        asked: dict[int, tuple[Text, tuple[int, int] | None]] = {}
        for number in numbers:
            self.reporter.check()
            text = texts.text(self.engine.store, number)
            if text is None:
                self.done += 1
            elif text.replaced_by or not text.note:
                self._told()
                self._add_small(_Read(text, None, text.note_digest if text.replaced_by else ""))
            else:
                known = files.find(self.engine.store, text.note)
                if self.ahead and known and known[0] <= cutting.NOTE_BYTES_MAX:
                    asked[number] = text, known
                else:
                    self._take(text, known)
        if self.ahead:
            for request, found in self.ahead.perform(cutting.KIND, [self._request(text) for text, _ in asked.values()]):
                text, known = asked[request.job]
                cut = cutting.answered(found)
                if cut is None:
                    self._take(text, known)
                else:
                    self._told()
                    self._add_small(_Read(text, known, *cut))
        self.flush()

    def _told(self) -> None:
        self.done += 1
        self.reporter.progress(self.percent, f"{self.items} texts, {self.chunks} passages")

    def _request(self, text: Text) -> Request:
        path = join(self.root, text.note)
        return Request(text.id, text.user, path, size=0, mtime_ns=0, inode=0, scratch="", args={"title": text.title})

    def _take(self, text: Text, known: tuple[int, int] | None) -> None:
        """Read a note here and now."""
        self._told()
        try:
            self._read(text, known)
        except OSError as error:
            self._leave(text, error.strerror or type(error).__name__)
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                self._add_small(_Read(text, known, ""))

    def flush(self) -> None:
        """Write what waits for company."""
        small, self._small, self._small_chunks = self._small, [], 0
        if small:
            for read in self.engine.at_once(lambda transaction: self._write(transaction, small)):
                self._finish(read, len(read.pieces))

    def clear(self, item: int) -> None:
        """Remove what nobody sees of an item: somebody was stopped while writing it."""
        while not self.engine.at_once(lambda transaction: rows.remove_unseen(transaction.store, item, BATCH)):
            self.reporter.check()

    def _read(self, text: Text, known: tuple[int, int] | None) -> None:
        edition = count = 0
        with (
            cutting.opened(join(self.root, text.note), self.bytes_max) as fd,
            cutting.text_of(fd, self.reporter.check) as (digest, note),
        ):
            pieces = cutting.pieces(note, text.title)
            read = _Read(text, known, digest, tuple(islice(pieces, BATCH)))
            if len(read.pieces) == BATCH:
                self.flush()
                edition, count = self._write_unseen(read, pieces)
        if edition:
            self._finish(read, count, edition)
        else:
            self._add_small(read)

    # --- writing ------------------------------------------------------------------------------------------------------

    def _add_small(self, read: _Read) -> None:
        self._small.append(read)
        self._small_chunks += max(1, len(read.pieces))
        if self._small_chunks >= BATCH:
            self.flush()

    def _write(self, transaction: Transaction, small: list[_Read]) -> list[_Read]:
        """Small texts, each as a whole; of which of them more has to go than fits into a commit."""
        same = [read for read in small if _is_same(transaction, read)]
        begun = [(read, rows.begin(transaction.store, read.text.id)) for read in same]
        rows.add(transaction.store, [(read.text.id, edition, each) for read, edition in begun for each in read.pieces])
        return [read for read, edition in begun if not self._conclude(transaction, read, len(read.pieces), edition)]

    def _write_unseen(self, read: _Read, more: Iterator[type_piece]) -> tuple[int, int]:
        """A large text, in parts that nobody sees yet: the number of the edition, and how many chunks there are."""
        item, count = read.text.id, 0
        self.clear(item)
        edition = self.engine.at_once(lambda transaction: rows.begin(transaction.store, item))
        batch = read.pieces
        while batch:
            self.engine.at_once(partial(_add, item, edition, batch))
            count += len(batch)
            self.reporter.progress(self.percent, f"{read.text.title}: {count} passages")
            batch = tuple(islice(more, BATCH))
        return edition, count

    def _finish(self, read: _Read, count: int, edition: int = 0) -> None:
        """Show what is written, remove what was there before, and say so."""
        while not self.engine.at_once(lambda transaction: self._conclude(transaction, read, count, edition)):
            self.reporter.check()

    def _conclude(self, transaction: Transaction, read: _Read, count: int, edition: int) -> bool:
        """In the transaction with its last rows; False if there is more to remove."""
        store, item = transaction.store, read.text.id
        if not _is_same(transaction, read):
            return rows.remove_unseen(store, item, BATCH)
        if edition:
            rows.show(store, item, edition)
        if not rows.remove_unseen(store, item, BATCH):
            return False
        transaction.record(
            DocumentIndexed(
                user=read.text.user, item=item, note_digest=read.digest, chunks=count, chunker_version=CHUNKER_VERSION
            )
        )
        self.items, self.chunks = self.items + 1, self.chunks + count
        return True

    def _leave(self, text: Text, why: str) -> None:
        if len(self.left) < _LEFT_MAX:
            self.left[text.note] = why


def _is_same(transaction: Transaction, read: _Read) -> bool:
    """Whether nothing was heard of the note since it was read."""
    now = texts.text(transaction.store, read.text.id)
    return now == read.text and (read.known is None or files.find(transaction.store, read.text.note) == read.known)


def _add(item: int, edition: int, pieces: tuple[type_piece, ...], transaction: Transaction) -> None:
    rows.add(transaction.store, [(item, edition, each) for each in pieces])
