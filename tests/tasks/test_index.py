"""index: what is in the index is what the notes say, whatever happened."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box import library_checks, search, verify
from box.beside import beside
from box.config import Config
from box.engine import Engine
from box.errors import Stopped
from box.events import DocumentRead, FileNoticed, FilePlaced, FileVanished
from box.models import chunks, texts
from box.models.base import Store
from box.service import build
from box.tasks import cutting
from box.tasks.at_work import AtWork
from box.tasks.child import Child
from box.tasks.chore import Reporter
from box.tasks.handler import Found
from box.tasks.indexing import BATCH, Indexing
from tests.crashing import WORK
from tests.helpers import inbox, start_box, until

WORDS = ["heron", "nest", "water", "tide", "鳥の巣", "Äpfel", "1999", "gåte"]


def note_of(seed: int, sentences: int) -> str:
    rng = random.Random(seed)
    said = (" ".join(rng.choices(WORDS, k=rng.randint(3, 30))).capitalize() + "." for _ in range(sentences))
    return f"---\nid: x\n---\n\n# Note {seed}\n\n" + "\n\n".join(said) + "\n"


class Library:
    """A user's notes, as the log knows them."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine, self.root = engine, root
        (root / "users/me/notes").mkdir(parents=True)

    def put(self, source: str, text: str) -> int:
        note = f"users/me/notes/{source}-{self.engine.store.value('SELECT count(*) FROM items')}.md"
        size, mtime_ns = self._write(note, text)
        digest = blake3(text.encode()).hexdigest()
        recorded = self.engine.record(
            FilePlaced(user="me", path=note, size=size, mtime_ns=mtime_ns, job=0),
            DocumentRead(
                user="me", source=f"users/me/inbox/{source}", path=f"users/me/media/{source}", size=1, mtime_ns=1,
                digest=digest, media_type="text/plain", note=note, note_digest=digest, item_kind="document",
                title=f"Note {source}",
            ),
        )  # fmt: skip
        return next(each.position for each in recorded if isinstance(each.event, DocumentRead))

    def edit(self, item: int, text: str) -> None:
        text_of = texts.text(self.engine.store, item)
        assert text_of is not None
        if text_of.note:
            size, mtime_ns = self._write(text_of.note, text)
            self.engine.record(FileNoticed(user="me", path=text_of.note, size=size, mtime_ns=mtime_ns))

    def delete(self, item: int) -> None:
        text_of = texts.text(self.engine.store, item)
        assert text_of is not None
        if text_of.note:
            os.unlink(self.root / text_of.note)
            self.engine.record(FileVanished(user="me", path=text_of.note))

    def _write(self, note: str, text: str) -> tuple[int, int]:
        path = self.root / note
        path.write_bytes(text.encode())
        status = path.stat()
        return status.st_size, status.st_mtime_ns

    def index(self, ahead: Child | None = None) -> Indexing:
        at_work = AtWork()
        at_work.began(1)
        work = Indexing(self.engine, str(self.root), Reporter(at_work, 1), 1 << 30)
        for item in chunks.unfinished(self.engine.store):
            work.clear(item)
        work.ahead = ahead
        work.take(texts.unindexed(self.engine.store, "me", 0, 1000))
        return work

    def check(self) -> None:
        store = self.engine.store
        assert texts.unindexed(store, "me", 0, 1000) == []
        assert list(library_checks.row_differences(store)) == []
        assert list(library_checks.index_differences(store, str(self.root), deep=True)) == []
        assert list(library_checks.text_differences(store, str(self.root), lambda: None)) == []
        shown = sum(chunks.count_of(store, item) for item in texts.numbers(store, "me", 0, 1000))
        assert store.value("SELECT count(*) FROM chunks") == shown
        assert (store.value("SELECT chunks FROM library_counts WHERE user = 'me'") or 0) == shown


@pytest.fixture
def library(engine: Engine, tmp_path: Path) -> Library:
    return Library(engine, tmp_path)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["put", "again", "edit", "delete", "index"]),
        st.integers(0, 5),
        st.sampled_from([0, 2, 40, 900]),
    ),
    max_size=12,
)  # fmt: skip


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_the_index_equals_the_notes_after_whatever_was_done_to_them(
    moves: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory, policy: object
):
    from box.engine import create  # noqa: PLC0415 - a store for each example

    root = tmp_path_factory.mktemp("library")
    store = Store(str(root / "box.db"))
    create(store)
    library = Library(Engine(store, policy, commit_seconds=0), root)  # type: ignore[arg-type]
    known: list[int] = []
    for number, (move, which, sentences) in enumerate(moves):
        if move == "put" or (move == "again" and not known):
            known.append(library.put(f"{number}.txt", note_of(number, sentences)))
        elif move == "again":
            known.append(library.put("same.txt", note_of(number, sentences)))
        elif move == "index":
            library.index()
        elif known and move == "edit":
            library.edit(known[which % len(known)], note_of(100 + number, sentences))
        elif known:
            library.delete(known[which % len(known)])
    library.index()
    library.check()
    store.close()


def test_a_large_text_is_found_as_it_was_until_all_of_the_new_one_is_there(library: Library):
    item = library.put("large.txt", note_of(1, 20_000))
    library.index()
    before = chunks.count_of(library.engine.store, item)
    assert before > 2 * BATCH
    library.edit(item, note_of(2, 22_500))
    seen: list[tuple[int, str]] = []
    library.engine.on_commit = lambda _: None
    real = library.engine.at_once

    def looked(work: Callable[..., object]) -> object:
        done = real(work)
        first = chunks.of_item(library.engine.store, item, limit=1)[0]
        seen.append((chunks.count_of(library.engine.store, item), first.text.split("\n")[0]))
        return done

    library.engine.at_once = looked  # type: ignore[method-assign]  # looks after every commit
    library.index()
    after = chunks.count_of(library.engine.store, item)
    assert set(seen) <= {(before, "# Note 1"), (after, "# Note 2")}
    assert len(seen) > 6
    library.engine.at_once = real  # type: ignore[method-assign]
    library.check()


ROW = "SELECT item, number, start, stop, place, heading, text, folded, spaceless FROM chunks ORDER BY item, number"


def filled(library: Library) -> None:
    """Notes of all sorts: what a child cuts, and what is too long for an answer."""
    for number in range(60):
        library.put(f"{number}.txt", note_of(number, 1 + number * 3))
    library.put("empty.txt", "")
    library.put("large.txt", note_of(1, cutting.NOTE_BYTES_MAX // 60))
    library.put(
        "broken.txt",
        "---\nid: x\n---\n\n<!-- page 3 -->\n\nÄ\r\nB\x00\udcff \N{PILE OF POO} 東京。".encode(
            "utf-8", "replace"
        ).decode(),
    )


def test_what_a_child_cuts_ahead_is_what_is_cut_here(library: Library, make_root: Callable[..., Config]):
    filled(library)
    with cutting.ahead(make_root(), cutting.NOTES_MIN) as child:
        assert child is not None, "this test wants two processors"
        work = library.index(child)
        assert child.pid is not None
        library.check()
        text = texts.text(library.engine.store, library.put("elsewhere.txt", "Nothing of it"))
        assert text is not None
        (library.root / text.note).unlink()
        (library.root / text.note).symlink_to("/etc/hostname")
        assert list(library.index(child).left) == [text.note]
    rows = library.engine.store.rows(ROW)
    assert len(rows) > BATCH
    work = Indexing(library.engine, str(library.root), work.reporter, 1 << 30)
    work.take(texts.numbers(library.engine.store, "me", 0, 1000))
    assert library.engine.store.rows(ROW) == rows


@pytest.mark.parametrize("handlers", ["box.tasks.cutting", "no.such.module"])
def test_whatever_becomes_of_the_child_all_notes_are_indexed(
    library: Library, make_root: Callable[..., Config], handlers: str
):
    filled(library)
    with cutting.ahead(make_root(), cutting.NOTES_MIN) as child:
        assert child is not None
        child._handlers = handlers
        real = library.engine.at_once

        def killed(work: Callable[..., object]) -> object:
            child.kill()
            return real(work)

        library.engine.at_once = killed  # type: ignore[method-assign]  # at every commit
        library.index(child)
    library.engine.at_once = real  # type: ignore[method-assign]
    library.check()
    assert library.index().items == 0


def test_a_job_that_should_end_does_so_while_a_child_cuts(library: Library, make_root: Callable[..., Config]):
    filled(library)
    with cutting.ahead(make_root(), cutting.NOTES_MIN) as child:
        assert child is not None
        real = library.engine.at_once
        at_work = AtWork()
        at_work.claimed("lease", [1])
        at_work.began(1)

        def stopped(work: Callable[..., object]) -> object:
            at_work.stop(1, Stopped("cancelled on request"))
            return real(work)

        library.engine.at_once = stopped  # type: ignore[method-assign]
        work = Indexing(library.engine, str(library.root), Reporter(at_work, 1), 1 << 30, child)
        with pytest.raises(Stopped):
            work.take(texts.unindexed(library.engine.store, "me", 0, 1000))
        assert child.pid is None
    library.engine.at_once = real  # type: ignore[method-assign]
    library.index()
    library.check()


@pytest.mark.parametrize("pieces", [None, 1, ["x"], [[1, 2]], [["a", 0, 1, "", "", "t", "", False]], [{"number": 1}]])
def test_what_is_no_answer_of_the_child_is_taken_for_none(pieces: object):
    assert cutting.answered(Found(digest="d", facts={"pieces": pieces})) is None
    assert cutting.answered(Found(digest="d")) is None


def test_for_a_few_notes_and_on_a_small_machine_no_child_is_started(make_root: Callable[..., Config]):
    with cutting.ahead(make_root(), cutting.NOTES_MIN - 1) as child:
        assert child is None
    with cutting.ahead(make_root(name="small", workers__count=1), cutting.NOTES_MIN) as child:
        assert child is None


def test_the_index_writes_what_came_together_at_once(library: Library):
    for number in range(20):
        library.put(f"{number}.txt", note_of(number, 40))
    store = library.engine.store
    with store.transaction():
        store.execute(f"INSERT INTO {chunks.WORDS} ({chunks.WORDS}, rank) VALUES ('automerge', 0)")
    library.index()
    segments = store.value(f"SELECT count(DISTINCT segid) FROM {chunks.WORDS}_idx")
    assert segments == 1, "a piece for each passage has to be merged again and again, which takes half of the time"


def test_a_note_that_changed_meanwhile_is_left_for_the_next_job(library: Library):
    item = library.put("a.txt", note_of(1, 3))
    library.edit(item, note_of(2, 3))
    waiting = texts.text(library.engine.store, item)
    real = library.engine.at_once

    def raced(work: Callable[..., object]) -> object:
        library.engine.at_once = real  # type: ignore[method-assign]
        library.edit(item, note_of(3, 3))
        return real(work)

    library.engine.at_once = raced  # type: ignore[method-assign]
    assert waiting is not None
    assert library.index().items == 0
    assert texts.unindexed(library.engine.store, "me", 0, 10) == [item]
    assert library.index().items == 1
    library.check()


def test_a_note_that_cannot_be_read_is_told_and_holds_up_nobody(library: Library):
    first, second = library.put("a.txt", note_of(1, 3)), library.put("b.txt", note_of(2, 3))
    text = texts.text(library.engine.store, first)
    assert text is not None
    (library.root / text.note).unlink()
    (library.root / text.note).symlink_to("/etc/hostname")
    work = library.index()
    assert list(work.left) == [text.note]
    assert chunks.count_of(library.engine.store, first) == 0
    assert chunks.count_of(library.engine.store, second) > 0


@pytest.mark.parametrize("kills", [3])
def test_a_service_that_is_killed_while_it_indexes_goes_on_where_it_stands(
    make_root: Callable[..., Config], kills: int, run_box: Callable[..., object]
):
    config = (
        make_root()
    )  # an attempt ends with each kill: after the last the job has given up, and another is asked for
    (inbox(config) / "large.txt").write_text(note_of(1, 32_000).partition("# ")[2])
    for number in range(kills):
        service = start_box(config)
        until(partial(_is_at_work, config, number * 2 * BATCH), "some chunks are written")
        os.kill(service.pid, signal.SIGKILL)
        service.wait()
    run_box("once", "--config", config.path)
    with beside(config) as box:
        assert [str(each) for each in verify.differences(box.store, config, deep=True)] == []
        assert search.search("heron", box=box).results
        assert chunks.unfinished(box.store) == []
        (count,) = (each for (each,) in box.store.rows("SELECT chunks FROM items"))
        assert box.store.value("SELECT count(*) FROM chunks") == count > 4 * BATCH


def _is_at_work(config: Config, chunks_min: int) -> bool:
    """Whether more chunks than that are there, or all."""
    if not Path(config.box.root, "box.db").exists():
        return False
    with beside(config) as box:
        done = "SELECT count(*) FROM events WHERE kind = 'DocumentIndexed'"
        return bool(box.store.value("SELECT count(*) FROM chunks") > chunks_min or box.store.value(done))


def test_killed_at_any_step_of_indexing_the_index_is_that_of_the_notes_then(make_root: Callable[..., Config], crashes):
    config = make_root(jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, workers__count=1, claims__mode="off")
    (inbox(config) / "small.txt").write_text(note_of(1, 30).partition("# ")[2])
    (inbox(config) / "large.txt").write_text(note_of(2, 8000).partition("# ")[2])
    build(config).once()
    for note in Path(config.box.root, "users/me/notes").iterdir():
        note.write_text(note.read_text().replace("heron", "egret").replace("Heron", "Egret"))
    with beside(config) as box:
        for path, item in box.store.rows("SELECT note, id FROM items"):
            status = Path(config.box.root, path).stat()
            box.engine.record(FileNoticed(user="me", path=path, size=status.st_size, mtime_ns=status.st_mtime_ns))
            assert chunks.count_of(box.store, item)
        assert box.store.value("SELECT max(chunks) FROM items") > BATCH
    for step in crashes.each_step(WORK, config, 4, calls={"pwrite64", "fdatasync", "unlink"}):
        with beside(config) as box:  # as it is then: all of one text or all of the other
            for item in texts.numbers(box.store, "me", 0, 10):
                said = {"egret" in row.text for row in chunks.of_item(box.store, item) if "Äpfel" in row.text}
                assert len(said) == 1, step
            assert list(library_checks.index_differences(box.store, config.box.root, deep=True)) == [], step
        build(config).once()
        with beside(config) as box:
            assert [str(each) for each in verify.differences(box.store, config, deep=True)] == [], step
            assert search.search("egret", box=box).results
            assert not search.search("heron", box=box).results


def test_killed_while_a_child_cuts_ahead_the_index_is_that_of_the_notes_then(make_root: Callable[..., Config], crashes):
    config = make_root(jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0, claims__mode="off")
    for number in range(cutting.NOTES_MIN + 2):
        (inbox(config) / f"{number}.txt").write_text(note_of(number, 30).partition("# ")[2])
    build(config).once()
    with beside(config) as box:
        for path, item in box.store.rows("SELECT note, id FROM items"):
            note = Path(config.box.root, path)
            note.write_text(note.read_text() + f"\nAn egret in {item}.\n")
            box.engine.record(
                FileNoticed(user="me", path=path, size=note.stat().st_size, mtime_ns=note.stat().st_mtime_ns)
            )
        assert len(texts.unindexed(box.store, "me", 0, 1000)) >= cutting.NOTES_MIN
    for step in crashes.each_step(WORK, config, 8, calls={"pwrite64", "fdatasync"}):
        build(config).once()
        with beside(config) as box:
            assert [str(each) for each in verify.differences(box.store, config, deep=True)] == [], step
            assert len(search.search("egret", box=box, limit=1000).results) == cutting.NOTES_MIN + 2, step


def test_that_the_index_is_written_over_less_often_is_said_once_and_kept(library: Library):
    store = library.engine.store
    asked = f"SELECT v FROM {chunks.WORDS}_config WHERE k = 'automerge'"
    assert store.value(asked) is None
    chunks.tune(store)
    assert store.value(asked) == 8
    before = store.value("SELECT total_changes()")
    chunks.tune(store)
    assert store.value("SELECT total_changes()") == before
