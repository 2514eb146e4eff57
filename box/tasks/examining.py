"""Examining items for claims. The rule: one transaction replaces the claims of an item, also by none, and says so.

The items that were examined longest ago come first, of each user in turn. What came of several small ones is recorded
together; what was begun and not recorded is done again. Who examines is asked for claims chunk by chunk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Any, Final, Protocol

from box.engine import Engine, Transaction
from box.events import ClaimsExtracted
from box.library import claiming
from box.library.normal import digest, normalised
from box.models import chunks, claims_found, model_answers
from box.models.base import Store
from box.models.claims_found import Due, Wanted, type_claim

CLAIMS_MAX: Final = 50_000
"""Of one item; of a dump that states more the best are kept."""

BATCH_ITEMS: Final = 100
BATCH_CLAIMS: Final = 2000
BATCH_SECONDS: Final = 1.0
"""What is examined is recorded after so many items, claims, or seconds."""

_PAGE_ITEMS: Final = 100
_PAGE_CHUNKS: Final = 200


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of an item."""

    item: Due
    claims: list[type_claim]
    chunks: int
    extractor: str
    extractor_version: int
    fallback: str = ""
    cut: int = 0
    """How many claims more there were than are kept."""
    answers: tuple[str, ...] = ()
    """Digests of texts whose answers are no longer needed."""


class Examiner(Protocol):
    """Who examines."""

    @property
    def extractor(self) -> str:
        """Its name, as the items remember it."""

    @property
    def extractor_version(self) -> int:
        """Its version."""

    def examine(self, item: Due) -> Examined | None:
        """Examine an item; None if it is better left as it is for now. Raises Stopped."""


@dataclass(slots=True)
class Collected:
    """The claims of an item while it is examined: the best of them, so that the largest item does not fill memory."""

    count_max: int = CLAIMS_MAX
    count: int = 0
    _best: list[tuple[float, int, type_claim]] = field(default_factory=list)

    def add(self, chunk: chunks.Row, found: Iterable[claiming.Claim]) -> None:
        """Claims of a chunk; their offsets become those of the note."""
        for claim in found:
            text = normalised(chunk.text[claim.start : claim.end])
            row = (
                chunk.start + claim.start, chunk.start + claim.end, chunk.number, claim.score,
                " ".join(claim.reasons), text, digest(text),
            )  # fmt: skip
            entry = (claim.score, -row[0], row)
            if len(self._best) < self.count_max:
                heappush(self._best, entry)
            else:
                heappushpop(self._best, entry)
            self.count += 1

    def rows(self) -> list[type_claim]:
        """In the order of the text."""
        return sorted(row for _, _, row in self._best)


@dataclass(frozen=True, slots=True)
class ByRules:
    """Examines by words and numbers."""

    store: Store
    per_chunk_max: int
    min_score: float
    check: Callable[[], None]
    extractor: str = claiming.NAME
    extractor_version: int = claiming.VERSION

    def examine(self, item: Due, fallback: str = "") -> Examined:
        """Examine an item; `fallback` says why it is not done by somebody else."""
        collected, count, end = Collected(), 0, 0
        for chunk in chunks_of(self.store, item):
            self.check()
            found = claiming.claims_of(
                chunk.text, score_min=self.min_score, count_max=self.per_chunk_max, language=item.language,
                begun=end - chunk.start,
            )  # fmt: skip
            collected.add(chunk, found)
            count, end = count + 1, chunk.end
        rows = collected.rows()
        return Examined(
            item, rows, count, self.extractor, self.extractor_version, fallback, collected.count - len(rows)
        )


@dataclass(frozen=True, slots=True)
class Nobody:
    """Finds nothing: what was found in a text that is gone goes, where no claims are wanted."""

    extractor: str = ""
    extractor_version: int = 0

    def examine(self, item: Due) -> Examined:
        """It holds no claims, and waits for somebody to examine it."""
        return Examined(item, [], 0, self.extractor, self.extractor_version)


def chunks_of(store: Store, item: Due) -> Iterator[chunks.Row]:
    """The chunks of an item, a page at a time; none of one that was replaced."""
    after = -1
    while not item.is_replaced and (page := chunks.of_item(store, item.id, after, _PAGE_CHUNKS)):
        yield from page
        after = page[-1].number


@dataclass(slots=True)
class Examining:
    """One run over all that is to be examined."""

    engine: Engine
    wanted: Wanted
    users: tuple[str, ...]
    examiner: Examiner
    progress: Callable[[int, int], None]
    """Told how many of how many are done. Raises Stopped."""
    told: dict[str, Any] = field(
        default_factory=lambda: {"items": 0, "claims": 0, "chunks": 0, "fallback": 0, "left": 0, "cut": 0}
    )
    reasons: set[str] = field(default_factory=set)
    """Of fallbacks."""
    _batch: list[Examined] = field(default_factory=list)
    _began: float = 0.0
    _early: set[int] = field(default_factory=set)
    """What was examined before it was asked for, as the clock says: it was set back, and would offer it again."""

    def run(self) -> dict[str, Any]:
        """Examine; how many items and claims there were."""
        store = self.engine.store
        total, done = claims_found.count_due(store, self.wanted, self.users), 0
        self._began = time.monotonic()
        try:
            for item in in_turn([self._of(user) for user in self.users]):
                self.progress(done, max(total, done))
                examined = self.examiner.examine(item)
                done += 1
                if examined is None:
                    self.told["left"] += 1
                    continue
                self._batch.append(examined)
                if self._is_full():
                    self._record()
        finally:
            self._record()
        return self.told

    def _of(self, user: str) -> Iterator[Due]:
        """What is to be examined of a user, a page at a time."""
        after = ("", 0)
        while page := claims_found.due(self.engine.store, self.wanted, user, after, _PAGE_ITEMS):
            for item in page:
                if item.id not in self._early:
                    yield item
            after = (page[-1].examined_at, page[-1].id)

    def _is_full(self) -> bool:
        return (
            len(self._batch) >= BATCH_ITEMS
            or sum(len(each.claims) for each in self._batch) >= BATCH_CLAIMS
            or time.monotonic() - self._began >= BATCH_SECONDS
        )

    def _record(self) -> None:
        """Make what was found durable; in one commit, in which each item is whole."""
        batch, self._batch = self._batch, []
        if batch:
            self.engine.transact(lambda transaction: self._replace(transaction, batch), events=len(batch))
        self._began = time.monotonic()

    def _replace(self, transaction: Transaction, batch: list[Examined]) -> None:
        for each in batch:
            current = claims_found.digest_of(transaction.store, each.item.id)
            if current != (None if each.item.is_replaced else each.item.digest):
                continue  # it was indexed anew meanwhile, which asks for it again
            record(transaction, each)
            if transaction.at < self.wanted.before:
                self._early.add(each.item.id)
            self.told["items"] += 1
            self.told["claims"] += len(each.claims)
            self.told["chunks"] += each.chunks
            self.told["cut"] += each.cut
            self.told["fallback"] += each.fallback != ""
            self.reasons |= {each.fallback} - {""}


def record(transaction: Transaction, examined: Examined) -> None:
    """These are the claims of the item now."""
    claims_found.replace(transaction.store, examined.item.id, examined.claims)
    model_answers.forget(transaction.store, examined.answers)
    transaction.record(
        ClaimsExtracted(
            user=examined.item.user, item=examined.item.id, note_digest=examined.item.digest,
            claims=len(examined.claims), chunks=examined.chunks, extractor=examined.extractor,
            extractor_version=examined.extractor_version, fallback=examined.fallback,
        )
    )  # fmt: skip


def in_turn(queues: list[Iterator[Due]]) -> Iterator[Due]:
    """One of each, then the next of each: who has much does not keep others waiting."""
    while queues:
        left = []
        for queue in queues:
            item = next(queue, None)
            if item is not None:
                yield item
                left.append(queue)
        queues = left
