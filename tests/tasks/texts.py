"""A library of texts that are indexed already: items, their chunks, and claims found in them by the chore itself."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from box.beside import policy_of
from box.config import Config
from box.engine import Engine, create, log_time
from box.events import DocumentIndexed, DocumentRead, JobRequested, NoteRewritten
from box.library.chunking import chunks_of
from box.models import chunks
from box.models.base import Store
from box.models.jobs import Claimed
from box.tasks import by_kind, by_request
from box.tasks.asking import wanted
from box.tasks.at_work import AtWork
from box.tasks.chore import Chore, Inside, Reporter


@dataclass(slots=True)
class Problems:
    """What is wrong, as the status would have it."""

    told: dict[str, str] = field(default_factory=dict)

    def put(self, code: str, subject: str, message: str) -> None:
        self.told[code] = f"{subject}: {message}"

    def clear(self, code: str, _subject: str) -> None:
        self.told.pop(code, None)


@dataclass(slots=True)
class Texts:
    """Texts of a box that nobody else serves, and what is done with them."""

    config: Config
    store: Store
    engine: Engine = field(init=False)
    notes: dict[int, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    at_work: AtWork = field(default_factory=AtWork)
    seconds: float = 1_700_000_000.0
    """What time it is there; it goes on with each event."""
    count: int = 0

    def __post_init__(self) -> None:
        self.engine = Engine(self.store, policy_of(self.config), commit_seconds=0, now=self.now)

    def now(self) -> str:
        self.seconds += 0.01
        return log_time(self.seconds)

    def add(
        self, text: str, user: str = "me", *, source: str = "", kind: str = "document", indexed: bool = True
    ) -> int:
        """A text is read, and indexed; its number."""
        self.count += 1
        name = f"{self.count}.txt"
        (read,) = (
            each
            for each in self.engine.record(
                DocumentRead(
                    user=user, source=source or f"users/{user}/inbox/{name}", path=f"users/{user}/media/2024/{name}",
                    size=1, mtime_ns=1, digest=f"{self.count:064d}", media_type="text/plain",
                    note=f"users/{user}/notes/{self.count}.md", note_digest=digest(text), item_kind=kind, title=name,
                )
            )
            if isinstance(each.event, DocumentRead)
        )  # fmt: skip
        if indexed:
            self.index(read.position, user, text)
        return read.position

    def index(self, item: int, user: str, text: str) -> None:
        """The index holds that text of the item from now on."""
        self.notes[item] = text
        pieces = [(c.number, c.start, c.end, c.place, c.heading, c.text, "", False) for c in chunks_of(text)]

        def show(transaction: Any) -> None:
            edition = chunks.begin(self.store, item)
            chunks.add(self.store, [(item, edition, piece) for piece in pieces])
            chunks.show(self.store, item, edition)
            chunks.remove_unseen(self.store, item, 10**9)
            transaction.record(
                DocumentIndexed(
                    user=user, item=item, note_digest=digest(text) if text else "", chunks=len(pieces),
                    chunker_version=1,
                )
            )  # fmt: skip

        self.engine.transact(show)

    def rewrite(self, item: int, user: str, text: str) -> None:
        """Its note holds another text, which is indexed."""
        self.engine.record(
            NoteRewritten(
                user=user, item=item, note=f"users/{user}/notes/{item}.md", size=1, mtime_ns=2,
                note_digest=digest(text), reader="speech", reader_version=1,
            )
        )  # fmt: skip
        self.index(item, user, text)

    def examine(self, *, check: Callable[[int], None] | None = None, **args: object) -> dict[str, Any]:
        """Have the chore done; its result. `check` is called with the number of the job once it is at work."""
        asked = wanted(by_request(), "claims", args)
        number = self.engine.request(asked)
        return self.do(number, asked, check)

    def do(self, number: int, asked: JobRequested, check: Callable[[int], None] | None = None) -> dict[str, Any]:
        job = Claimed(number, "claims", asked.user, "", 0, 0, 0, dict(json.loads(asked.args or "{}")), 1, "lease")
        chore = by_kind("claims")
        assert isinstance(chore, Chore)
        inside = Inside(self.config, self.engine, self.problems, lambda _path, _is_folder: None)
        self.at_work.claimed("lease", [number])
        self.at_work.began(number)
        try:
            if check:
                check(number)
            return dict(chore.run(inside, job, Reporter(self.at_work, number)))
        finally:
            self.at_work.ended("lease", [number])

    def quotes(self, item: int) -> list[str]:
        """What was found in an item, cut out of its note."""
        rows = self.store.rows("SELECT start, stop FROM claims WHERE item = ? ORDER BY start", (item,))
        return [self.notes[item][start:stop] for start, stop in rows]

    def examined(self) -> list[int]:
        """The items in the order in which they were examined last."""
        rows = self.store.rows(
            "SELECT json_extract(data, '$.item') FROM events WHERE kind = 'ClaimsExtracted' ORDER BY position"
        )
        return [item for (item,) in rows]

    def row(self, item: int) -> tuple[Any, ...]:
        """(claims, extractor, version, digest of what was examined)."""
        row = self.store.row(
            "SELECT claims, extractor, extractor_version, examined_digest FROM items WHERE id = ?", (item,)
        )
        assert row
        return row


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def opened(config: Config) -> Iterator[Texts]:
    """The library of a root."""
    store = Store(os.path.join(config.box.root, "box.db"))
    create(store)
    try:
        yield Texts(config, store)
    finally:
        store.close()
