"""Texts. The rule: the notes are real files of words as often as in a language, and the real program indexes them.

A question is made of words that stand near each other somewhere, as often as texts have them: one, two or three but for
the hundred that are everywhere, as people leave them out; and one of those hundred alone, the worst case.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

from bench import machine, roots
from bench.tables import Table, verdict
from box import config as configuration
from box import search
from box.beside import Beside, beside
from box.events import DocumentRead, Event, FilePlaced
from box.models import chunks
from box.models.base import PRAGMAS
from box.tasks.indexing import BATCH

SEARCH_MS: Final = 20.0
CHUNKS_A_SECOND: Final = 5000.0
ALONE: Final = 100_000
QUESTIONS: Final = 200
A_NOTE: Final = 100
"""Passages of a note, about."""
BYTES_EACH: Final = 6000
"""Of a passage: in its note, its row, the index, and the WAL."""
VOCABULARY: Final = 200_000
EVERYWHERE: Final = 100
COLUMNS = ("question", "passages", "p50 ms", "p95 ms", "max ms")


def searched(folder: str, passages: int, seed: int, patience_seconds: float) -> Table:
    """Index that many passages, and ask."""
    roots.need_room(folder, passages * BYTES_EACH)
    root = os.path.join(folder, "texts")
    path = roots.make(root, claims={"mode": "off"})  # which would be looked for beside it
    words = Words(seed)
    _write(root, path, words, max(1, passages // A_NOTE))
    machine.wait_for_quiet(patience_seconds)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(roots.command(path, "once"), cwd=machine.REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    gc.freeze()  # millions of words of this bench are not to be gone through while a question is answered
    table = Table("search", f"Searching {passages:,} passages", COLUMNS)
    with beside(configuration.load(path, {})) as box:
        count, seconds = _indexed(box)
        if not search.search(words.all[0], box=box).results:
            raise roots.WrongOutcome("the word that is said most is not found")
        for name, ask in words.questions().items():
            took = [_asked(box, ask()) for _ in range(QUESTIONS)]
            p50, p95, most = (sorted(took)[int(share * (QUESTIONS - 1))] * 1e3 for share in (0.5, 0.95, 1))
            table.rows.append((name, count, p50, p95, most))
            table.raw[name] = took
        size = box.store.file_bytes() / 1e6
        alone = _alone(
            os.path.join(folder, "alone.db"), box.store.rows(f"SELECT heading, text FROM chunks LIMIT {ALONE}")
        )
    p95 = max(float(row[3] or 0) for row in table.rows[:3])
    table.verdicts = [
        verdict(f"{count:,} passages: a search, p95", p95, SEARCH_MS, " ms"),
        verdict("passages indexed a second", count / seconds, CHUNKS_A_SECOND, least=True),
    ]
    table.notes = [
        f"{QUESTIONS} questions of each kind, by `search.search`, ten results with passages, the database open",
        f"indexed by `box once` in {seconds:,.0f} s, of which every commit is durable; the database has {size:,.0f} MB",
        f"{count / seconds / alone:.0%} of FTS5 alone: {alone:,.0f} a second ({ALONE:,} of them, {BATCH} to a commit)",
        f"resident at most {resident / 1024:.0f} MB{' (or less)' if resident == before else ''}",
    ]
    shutil.rmtree(root)
    return table


class Words:
    """A language: few of its words are said very often, most of them hardly ever."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        letters = "aeioubcdfghklmnprst"
        self.all = ["".join(self.rng.choices(letters, k=self.rng.randint(3, 11))) for _ in range(VOCABULARY)]
        weights = list(itertools.accumulate(1 / (rank + 2.7) ** 1.05 for rank in range(VOCABULARY)))
        self.said = self.rng.choices(self.all, cum_weights=weights, k=4_000_000)
        self.everywhere = set(self.all[:EVERYWHERE])

    def note(self, number: int) -> str:
        """A text of about `A_NOTE` passages."""
        parts = [f"---\nid: {number}\n---\n\n# {self.title()}\n"]
        for part in range(A_NOTE * 13 // 15):
            if part % 20 == 10:
                parts.append(f"## {self.title()}\n")
            at = self.rng.randrange(len(self.said) - 200)
            ends = sorted(self.rng.sample(range(1, 190), 12))
            sentences = (self.said[at + a : at + b] for a, b in itertools.pairwise([0, *ends, 190]))
            parts.append(" ".join(f"{' '.join(sentence).capitalize()}." for sentence in sentences) + "\n")
        return "\n".join(parts)

    def title(self) -> str:
        """A few words."""
        return " ".join(self.rng.choices(self.all[EVERYWHERE:20_000], k=4))

    def some(self, count: int, without: set[str]) -> str:
        """So many words that stand near each other somewhere."""
        at = self.rng.randrange(len(self.said) - 200)
        found = [word for word in self.said[at : at + 60] if word not in without]
        return " ".join(self.rng.sample(found, count))

    def questions(self) -> dict[str, Callable[[], str]]:
        """What is asked."""
        return {
            "a word": lambda: self.some(1, self.everywhere),
            "two words": lambda: self.some(2, self.everywhere),
            "three words": lambda: self.some(3, self.everywhere),
            "any two words": lambda: self.some(2, set()),
            "a word that is everywhere": lambda: self.rng.choice(self.all[:EVERYWHERE]),
        }


def _write(root: str, path: str, words: Words, notes: int) -> None:
    """The notes, and what the log says of them."""
    os.makedirs(os.path.join(root, "users/me/notes"), exist_ok=True)
    subprocess.run(roots.command(path, "once"), cwd=machine.REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    with beside(configuration.load(path, {})) as box:
        facts = _facts(root, words, notes)
        while batch := list(itertools.islice(facts, 1000)):
            box.engine.record(*batch)


def _facts(root: str, words: Words, notes: int) -> Iterator[Event]:
    for number in range(notes):
        note, text = f"users/me/notes/{number:06}.md", words.note(number)
        with open(os.path.join(root, note), "w", encoding="utf-8") as out:
            out.write(text)
        status = os.stat(os.path.join(root, note))
        yield FilePlaced(user="me", path=note, size=status.st_size, mtime_ns=status.st_mtime_ns, job=0)
        yield DocumentRead(
            user="me", source=f"users/me/inbox/{number}.txt", path=f"users/me/media/{number}.txt", size=0, mtime_ns=0,
            digest=f"{number:064}", media_type="text/plain", note=note, note_digest="", item_kind="document",
            title=words.title(), chars=len(text),
        )  # fmt: skip


def _indexed(box: Beside) -> tuple[int, float]:
    """How many passages the job has indexed, and how long it took."""
    count: int = box.store.value("SELECT sum(chunks) FROM library_counts")
    if not count or count != box.store.value("SELECT count(*) FROM chunks"):
        raise roots.WrongOutcome(f"{count} passages are said to be indexed")
    seconds = box.store.value(
        "SELECT sum((julianday(ended.at) - julianday(began.at)) * 86400) FROM events began JOIN events ended"
        " ON ended.kind = 'JobSucceeded' AND json_extract(ended.data, '$.job') = json_extract(began.data, '$.job')"
        " WHERE began.kind = 'JobStarted'"
    )
    return count, float(seconds)


def _alone(path: str, passages: list[tuple[str, str]]) -> float:
    """How many passages a second SQLite's index of words takes, with a table beside it, and nothing else done."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for name, value in PRAGMAS.items():
            db.execute(f"PRAGMA {name} = {value}")
        db.execute("CREATE TABLE passages (id INTEGER PRIMARY KEY, heading TEXT, text TEXT)")
        db.execute(
            f"CREATE VIRTUAL TABLE words USING fts5 (heading, text, content = 'passages', content_rowid = 'id',"
            f' tokenize = "{chunks.TOKENIZERS[chunks.WORDS]}")'
        )
        db.execute(
            "CREATE TRIGGER came AFTER INSERT ON passages BEGIN"
            " INSERT INTO words (rowid, heading, text) VALUES (new.id, new.heading, new.text); END"
        )
        began = time.perf_counter()
        for first in range(0, len(passages), BATCH):
            some = passages[first : first + BATCH]
            db.execute("BEGIN")
            values = ", ".join(["(?, ?)"] * len(some))
            db.execute(f"INSERT INTO passages (heading, text) VALUES {values}", list(itertools.chain(*some)))
            db.execute("COMMIT")
        seconds = time.perf_counter() - began
    os.remove(path)
    return len(passages) / seconds


def _asked(box: Beside, question: str) -> float:
    began = time.perf_counter()
    search.search(question, limit=10, box=box)
    return time.perf_counter() - began
