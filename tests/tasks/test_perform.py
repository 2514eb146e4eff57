"""Performing: whatever comes of a handler, the ledger says so, once, and only for a worker that still holds the job."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from box import events as e
from box.claims import Claims
from box.disk import digest_of
from box.engine import Engine
from box.errors import BoxError, ChildDied, OutOfSpace, SourceChanged, Stopped, Unprocessable
from box.models import drops, live
from box.models.base import Store
from box.tasks import retry
from box.tasks.at_work import AtWork
from box.tasks.choose import Chooser
from box.tasks.handler import Found, Handler, Placement, Request
from box.tasks.perform import Performer
from tests.helpers import PATIENCE_SECONDS, waiting

FACTS = {"media_type": "image/jpeg", "width": 1, "height": 1}
Answer = Callable[[Request], Found | BoxError]


class Bench:
    """A root with one drop, its job claimed, and a performer that no thread drives."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root, self.engine, self.store = root, engine, engine.store
        self.held_up: list[BoxError] = []
        self.rung: list[str] = []
        self.performer = Performer(
            str(root), engine, Chooser(str(root), engine.store, "drop"), retry.Policy(3, 10, 100),
            on_hold=self.held_up.append, ring=lambda path, _: self.rung.append(path),
        )  # fmt: skip
        self.claims = Claims(engine, str(root), 1, 8, lease_seconds=60, free_bytes_min=0)

    def drop(self, name: str, text: str) -> Path:
        path = self.root / "users/me/inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        seen = path.stat()
        self.engine.record(
            e.FileSettled(
                user="me", path=f"users/me/inbox/{name}", size=seen.st_size, mtime_ns=seen.st_mtime_ns,
                inode=seen.st_ino, media_type="image/jpeg",
            )
        )  # fmt: skip
        return path

    def perform(self, answer: Answer) -> None:
        _, lease = self.claims._try() or (0, "")

        def run(handler: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
            for request in requests:
                yield request, answer(request)

        self.performer.perform(lease, run)

    def kinds(self, since: int = 0) -> list[str]:
        return [k for (k,) in self.store.rows("SELECT kind FROM events WHERE position > ? ORDER BY position", (since,))]

    def job(self, number: int = 2) -> tuple[object, ...]:
        row = self.store.row("SELECT state, attempts, code, not_before <> '' FROM jobs WHERE id = ?", (number,))
        assert row is not None
        return row

    def files(self) -> list[str]:
        return sorted(
            str(p.relative_to(self.root / "users/me")) for p in self.root.rglob("users/me/**/*") if p.is_file()
        )


@pytest.fixture
def bench(tmp_path: Path, engine: Engine, store: Store) -> Bench:
    return Bench(tmp_path, engine)


def retryable(code: str) -> BoxError:
    error = BoxError("something is away")
    error.code, error.retryable = code, True
    return error


def found(request: Request, digest: str = "") -> Found:
    return Found((Placement("photos", "2024", os.path.basename(request.source)),), digest or request.source, FACTS)


def test_what_was_found_lands_and_the_lease_is_closed(bench: Bench):
    bench.drop("a.jpg", "one")
    bench.perform(found)
    assert bench.files() == ["photos/2024/a.jpg"]
    assert bench.job() == ("completed", 1, "", 0)
    assert bench.kinds() == ["FileSettled", "JobRequested", "JobStarted", "PhotoFiled", "JobSucceeded"]
    assert bench.store.rows("SELECT * FROM leases") == []
    assert live.journal(bench.store) == []


def test_a_worker_that_lost_its_lease_moves_nothing_and_its_outcome_is_refused(bench: Bench):
    bench.drop("a.jpg", "one")

    def taken_for_dead(request: Request) -> Found:
        lease = bench.store.value("SELECT lease FROM jobs WHERE id = 2")
        bench.engine.record(e.JobReleased(user="me", job=2, lease=lease, reason="taken for dead"))
        bench.engine.record(e.JobStarted(user="me", job=2, lease="another worker"))
        return found(request)

    bench.perform(taken_for_dead)
    assert bench.files() == ["inbox/a.jpg"]
    assert bench.store.value("SELECT lease FROM jobs WHERE id = 2") == "another worker"
    assert "PhotoFiled" not in bench.kinds()


def test_a_worker_that_lost_its_lease_leaves_the_journal_of_the_next_one_alone(bench: Bench):
    bench.drop("a.jpg", "one")
    theirs = live.Entry(2, "another worker", "[]", "[]")

    def taken_for_dead(_: Request) -> BoxError:
        lease = bench.store.value("SELECT lease FROM jobs WHERE id = 2")
        bench.engine.record(e.JobReleased(user="me", job=2, lease=lease, reason="taken for dead"))
        bench.engine.record(e.JobStarted(user="me", job=2, lease="another worker"))
        live.write_journal(bench.store, theirs)
        return Unprocessable("truncated", "half of it")

    bench.perform(taken_for_dead)
    assert live.journal(bench.store) == [theirs]
    assert bench.job()[0] == "running"


def test_a_cancel_that_came_before_the_worker_began_is_heard(bench: Bench):
    bench.drop("a.jpg", "one")
    _, lease = bench.claims._try() or (0, "")
    bench.engine.record(e.JobCancelRequested(user="me", job=2, reason="changed my mind"))
    begun: list[Request] = []

    def run(_: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
        begun.extend(requests)
        return iter(())

    bench.performer.perform(lease, run)
    assert bench.store.row("SELECT state, message FROM jobs WHERE id = 2") == ("cancelled", "changed my mind")


def test_a_job_that_was_asked_to_stop_lands_nothing(bench: Bench):
    bench.drop("a.jpg", "one")

    def asked_to_stop(request: Request) -> Found:
        bench.engine.record(e.JobCancelRequested(user="me", job=2, reason="changed my mind"))
        return found(request)

    bench.perform(asked_to_stop)
    assert bench.files() == ["inbox/a.jpg"]
    assert bench.store.row("SELECT state, message FROM jobs WHERE id = 2") == ("cancelled", "changed my mind")


@pytest.mark.parametrize(
    ("error", "job"),
    [
        (Unprocessable("truncated", "half of it"), ("quarantined", 1, "truncated", 0)),
        (ChildDied("killed by SIGSEGV"), ("queued", 1, "", 0)),
        (OutOfSpace("full"), ("queued", 0, "", 0)),
        (SourceChanged("another file"), ("cancelled", 1, "", 0)),
        (BoxError("a defect"), ("failed", 1, "error", 0)),
    ],
)
def test_each_failure_has_its_outcome_and_the_drop_stays(bench: Bench, error: BoxError, job: tuple[object, ...]):
    path = bench.drop("a.jpg", "one")
    bench.perform(lambda _: error)
    assert bench.job() == job
    assert path.exists()
    assert [type(each) for each in bench.held_up] == ([OutOfSpace] if isinstance(error, OutOfSpace) else [])
    # what had settled is no more: the file that is there now is looked at as if it had just come
    assert bench.rung == ([str(path)] if isinstance(error, SourceChanged) else [])
    assert (drops.find(bench.store, "users/me/inbox/a.jpg") is None) == isinstance(error, SourceChanged)


def test_what_may_be_well_again_is_tried_again_later_until_the_attempts_are_used_up(bench: Bench):
    bench.drop("a.jpg", "one")
    for attempt, code in ((1, "away"), (2, "slow")):
        bench.perform(lambda _, code=code: retryable(code))
        assert bench.job() == ("queued", attempt, code, 1)
        bench.engine.record(e.JobDue(user="me", job=2))
    bench.perform(lambda _: retryable("away"))
    assert bench.job() == ("failed", 3, "away", 0)


def test_the_same_error_too_often_in_a_row_takes_it_to_quarantine(bench: Bench):
    bench.drop("a.jpg", "one")
    bench.performer.retries = retry.Policy(9, 10, 100, quarantine_after=3)
    for code in ("away", "slow", "away", "away"):
        bench.perform(lambda _, code=code: retryable(code))
        assert bench.job()[:1] == ("queued",)
        bench.engine.record(e.JobDue(user="me", job=2))
    bench.perform(lambda _: retryable("away"))
    assert bench.job() == ("quarantined", 5, "away", 0)
    attempts = bench.store.rows("SELECT number, outcome, code, error_class FROM attempts ORDER BY position")
    assert attempts[-1] == (5, "quarantined", "away", "BoxError")
    assert [code for _, _, code, _ in attempts] == ["away", "slow", "away", "away", "away"]


def test_a_file_that_kills_its_child_three_times_goes_to_quarantine(bench: Bench):
    bench.drop("a.jpg", "one")
    for _ in range(3):
        bench.perform(lambda _: ChildDied("killed by SIGSEGV"))
    assert bench.job() == ("quarantined", 3, "attempts-used-up", 0)
    assert bench.kinds()[-1] == "JobRequested"
    assert waiting(bench.store)[0].kind == "quarantine"


def test_a_source_that_is_gone_is_gone_in_the_projections_too(bench: Bench):
    bench.drop("a.jpg", "one").unlink()
    bench.perform(lambda _: SourceChanged("the file is no longer there"))
    assert bench.kinds()[-2:] == ["FileVanished", "JobCancelled"]
    assert bench.store.rows("SELECT * FROM drops") == []


def test_one_bad_file_does_not_keep_the_others_of_its_batch_from_landing(bench: Bench):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        bench.drop(name, name)
    bench.perform(lambda r: Unprocessable("corrupt", "bad") if r.source.endswith("b.jpg") else found(r))
    assert bench.files() == ["inbox/b.jpg", "photos/2024/a.jpg", "photos/2024/c.jpg"]


def test_twins_of_one_batch_are_kept_once(bench: Bench):
    digest = digest_of(str(bench.drop("a.jpg", "the same")))
    bench.drop("b.jpg", "the same")
    bench.drop("c.jpg", "the same")
    bench.perform(lambda request: found(request, digest))
    assert bench.files() == ["photos/2024/a.jpg"]
    assert bench.kinds().count("DuplicateDropped") == 2


def test_a_twin_is_not_dropped_for_a_file_that_no_longer_has_those_bytes(bench: Bench):
    digest = digest_of(str(bench.drop("a.jpg", "the same")))
    bench.perform(lambda request: found(request, digest))
    (bench.root / "users/me/photos/2024/a.jpg").write_text("rotten!!")
    bench.drop("b.jpg", "the same")
    bench.perform(lambda request: found(request, digest))
    assert bench.files() == ["photos/2024/a.jpg", "photos/2024/b.jpg"]


def test_a_defect_around_the_handlers_gives_the_jobs_back_for_later(bench: Bench):
    bench.drop("a.jpg", "one")

    def broken(_: Request) -> Found:
        raise RuntimeError("a defect of the runner")

    bench.perform(broken)
    assert bench.job() == ("queued", 1, "", 1)
    assert bench.store.rows("SELECT * FROM leases") == []


def test_a_kind_that_this_version_does_not_know_fails_with_a_sentence(bench: Bench):
    bench.engine.record(e.JobRequested(user="me", kind="teleport"))
    bench.perform(found)
    assert bench.store.row("SELECT state, code FROM jobs WHERE id = 1") == ("failed", "unknown-kind")


def test_what_the_next_worker_has_journalled_stays_when_the_one_before_ends(bench: Bench):
    bench.drop("a.jpg", "bytes")

    def lost(request: Request) -> BoxError:
        lease = bench.store.value("SELECT lease FROM jobs WHERE id = 2")
        bench.engine.record(
            e.JobReleased(user="me", job=2, lease=lease, reason="taken for dead"),
            e.JobStarted(user="me", job=2, lease="next"),
        )
        with bench.store.transaction():
            live.write_journal(bench.store, live.Entry(2, "next", "[]", "[]"))
        return Stopped("its lease was lost", "lost", "lease-lost")

    bench.perform(lost)
    assert [entry.lease for entry in live.journal(bench.store)] == ["next"]
    assert bench.job()[0] == "running"


def test_who_is_asked_to_end_between_the_claim_and_its_turn_has_ended(bench: Bench):
    bench.drop("a.jpg", "bytes")
    _, lease = bench.claims._try() or (0, "")
    bench.engine.record(e.JobCancelRequested(user="me", job=2, reason="not wanted"))
    seen = []

    def run(_: Handler, requests: Sequence[Request]) -> Iterator[tuple[Request, Found | BoxError]]:
        for request in requests:
            seen.append(bench.job()[0])
            yield request, found(request)

    bench.performer.perform(lease, run)
    assert seen == ["cancelled"]
    assert bench.files() == ["inbox/a.jpg"]


def test_what_a_handler_made_and_did_not_place_is_gone(bench: Bench):
    bench.drop("a.jpg", "bytes")

    def untidy(request: Request) -> Found:
        Path(request.scratch).mkdir(parents=True)
        Path(request.scratch, "left").write_text("over")
        return found(request)

    bench.perform(untidy)
    assert bench.job()[0] == "completed"
    assert not [name for name in bench.files() if name.startswith("temp/")]


def test_the_next_worker_waits_until_the_one_that_lost_a_job_has_ended_it():
    at_work = AtWork()
    at_work.claimed("first", [1, 2])
    told = threading.Event()
    at_work.on_stop = told.set
    second = threading.Thread(target=at_work.claimed, args=("second", [2]))
    second.start()
    assert told.wait(PATIENCE_SECONDS)
    assert at_work.stop_of(1) is None
    assert (at_work.stop_of(2) or (Stopped(""),))[0].outcome == "lost"
    assert at_work.of_lease("second") == []
    at_work.ended("first", [2])
    second.join(PATIENCE_SECONDS)
    at_work.ended("first", [1, 2])
    assert at_work.of_lease("second") == [2]
    assert at_work.stop_of(2) is None
