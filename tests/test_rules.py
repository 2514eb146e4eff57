"""The rules, in their numbered order: given a history, when something happens, then that follows."""

from __future__ import annotations

import json
import time

import pytest

from box import events as e
from box.compaction import archive_jobs
from box.engine import Engine
from box.errors import IllegalMove
from box.models import drops, jobs, usage
from box.models.attempts import SHARED_DEATH
from box.models.base import Store
from box.policy import Policy
from box.rules import WAITING_MAX
from tests.helpers import waiting

INBOX = "users/me/inbox"


def settled(name: str = "a.jpg", size: int = 10, media_type: str = "image/jpeg", mtime_ns: int = 1) -> e.FileSettled:
    return e.FileSettled(
        user="me", path=f"{INBOX}/{name}", size=size, mtime_ns=mtime_ns, inode=7, media_type=media_type
    )


def told(engine: Engine, *facts: e.Event) -> list[str]:
    return [type(r.event).__name__ for r in engine.record(*facts)]


def limited(store: Store, quota_bytes: int) -> Engine:
    policy = Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, quota_default_bytes=quota_bytes)
    return Engine(store, policy, commit_seconds=0)


def filed(engine: Engine, job: int, name: str = "a.jpg", size: int = 10) -> list[str]:
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    done = e.PhotoFiled(
        user="me", source=f"{INBOX}/{name}", path=f"users/me/photos/{name}", size=size, mtime_ns=1,
        digest="d" + name, media_type="image/jpeg", width=1, height=1,
    )  # fmt: skip
    return told(engine, done, e.JobSucceeded(user="me", job=job, lease="L"))


def test_1_a_drop_that_somebody_handles_becomes_a_job_and_its_size_is_set_aside(engine: Engine, store: Store):
    assert told(engine, settled()) == ["FileSettled", "JobRequested"]
    assert [(r.kind, r.id) for r in waiting(store)] == [("photo", 2)]
    assert usage.balance(store, "me").reserved_bytes == 10
    filed(engine, 2)
    assert usage.balance(store, "me") == usage.Balance(used_bytes=10, reserved_bytes=0)


def test_1_what_fits_exactly_fits(store: Store):
    assert told(limited(store, 10), settled(size=10)) == ["FileSettled", "JobRequested"]


def test_2_a_drop_that_does_not_fit_waits_and_says_so(store: Store):
    engine = limited(store, 15)
    engine.record(settled("a.jpg", 10))
    recorded = engine.record(settled("b.jpg", 6))
    assert recorded[-1].event == e.QuotaExceeded(
        user="me", path=f"{INBOX}/b.jpg", size=6, used_bytes=0, reserved_bytes=10, quota_bytes=15
    )
    assert len(waiting(store)) == 1
    assert drops.waiting_counts(store) == {"me": 1}


def test_3_a_newer_file_cancels_the_queued_job_of_the_older_one(engine: Engine, store: Store):
    engine.record(settled())
    assert told(engine, settled(mtime_ns=2, size=11)) == ["FileSettled", "JobCancelled", "JobRequested"]
    assert jobs.state_of(store, 2) == (jobs.State.CANCELLED, f"{INBOX}/a.jpg")
    assert usage.balance(store, "me").reserved_bytes == 11


def test_3_a_job_that_somebody_works_on_is_left_to_find_out_itself(engine: Engine, store: Store):
    engine.record(settled())
    engine.record(e.JobStarted(user="me", job=2, lease="L"))
    assert told(engine, settled(mtime_ns=2)) == ["FileSettled", "JobRequested"]


def test_4_the_oldest_waiting_drop_that_fits_is_taken_when_room_appears_then_the_next(store: Store):
    engine = limited(store, 10)
    engine.record(settled("a.jpg", 10))
    engine.record(settled("big.jpg", 9), settled("b.jpg", 4), settled("c.jpg", 4), settled("d.jpg", 4))
    assert drops.waiting_counts(store) == {"me": 4}
    assert filed(engine, 2, "a.jpg", 10)[-1:] == ["JobSucceeded"]  # full now: nothing fits
    follow = engine.record(e.FileVanished(user="me", path="users/me/photos/a.jpg"))
    assert [r.event.source for r in follow if isinstance(r.event, e.JobRequested)] == [f"{INBOX}/big.jpg"]
    raised = engine.record(e.QuotaSet(user="me", quota_bytes=17))
    wanted = [r.event.source for r in raised if isinstance(r.event, e.JobRequested)]
    assert wanted == [f"{INBOX}/b.jpg", f"{INBOX}/c.jpg"]


def test_4_very_many_waiting_drops_are_taken_in_turns(store: Store):
    engine = limited(store, 0)
    engine.record(*(settled(f"{n}.jpg", 1) for n in range(WAITING_MAX + 50)))
    assert told(engine, e.QuotaSet(user="me", quota_bytes=None)).count("JobRequested") == WAITING_MAX
    job = waiting(store)[0].id
    assert filed(engine, job, "0.jpg", 1).count("JobRequested") == 50


def test_5_a_death_that_a_job_shared_with_others_is_not_held_against_it_but_three_alone_are(engine: Engine):
    engine.record(settled())
    for attempt, code in enumerate((SHARED_DEATH, "worker-died", "worker-died", "worker-died")):
        engine.record(e.JobStarted(user="me", job=2, lease=f"L{attempt}"))
        gone = e.JobReleased(user="me", job=2, lease=f"L{attempt}", reason="its worker died", code=code)
        found = told(engine, gone)
        assert ("JobQuarantined" in found) is (attempt == 3)


def test_5_after_a_retry_by_hand_the_deaths_of_before_count_neither_against_a_job_nor_for_it(engine: Engine):
    engine.record(settled())
    engine.record(e.JobStarted(user="me", job=2, lease="L"))
    shared = e.JobReleased(user="me", job=2, lease="L", reason="its worker died", code=SHARED_DEATH)
    engine.record(shared, e.JobCancelled(user="me", job=2, reason="r"), e.JobRetried(user="me", job=2))
    for attempt, code in enumerate(("worker-died", "child-died", "worker-died")):
        engine.record(e.JobStarted(user="me", job=2, lease=f"L{attempt}"))
        gone = e.JobReleased(user="me", job=2, lease=f"L{attempt}", reason="its worker died", code=code)
        found = told(engine, gone)
        assert ("JobQuarantined" in found) is (attempt == 2)


def test_5_a_job_that_lost_its_worker_too_often_goes_into_quarantine(engine: Engine, store: Store):
    engine.record(settled())
    for attempt in (1, 2):
        engine.record(e.JobStarted(user="me", job=2, lease=f"L{attempt}"))
        gone = e.JobReleased(user="me", job=2, lease=f"L{attempt}", reason="its worker died")
        assert told(engine, gone) == ["JobReleased"]
    engine.record(e.JobStarted(user="me", job=2, lease="L3"))
    gone = e.JobReleased(user="me", job=2, lease="L3", reason="its worker died")
    assert told(engine, gone) == ["JobReleased", "JobQuarantined", "JobRequested"]


def test_5_a_release_that_does_not_count_never_quarantines(engine: Engine, store: Store):
    engine.record(settled())
    for attempt in range(10):
        engine.record(e.JobStarted(user="me", job=2, lease=f"L{attempt}"))
        stop = e.JobReleased(user="me", job=2, lease=f"L{attempt}", reason="the service stopped", counted=False)
        assert told(engine, stop) == ["JobReleased"]
    assert waiting(store)[0].attempts == 0


def test_6_a_job_in_quarantine_takes_its_drop_there(engine: Engine, store: Store):
    engine.record(settled())
    engine.record(e.JobStarted(user="me", job=2, lease="L"))
    recorded = engine.record(e.JobQuarantined(user="me", job=2, lease="L", code="truncated", message="half of it"))
    wanted = recorded[-1].event
    assert isinstance(wanted, e.JobRequested)
    assert (wanted.kind, wanted.source, wanted.inode) == ("quarantine", f"{INBOX}/a.jpg", 7)
    assert '"code": "truncated"' in wanted.args
    assert waiting(store)[0].kind == "quarantine"  # before ordinary work


def test_6_a_newer_file_is_not_taken_to_quarantine_for_an_older_one(engine: Engine):
    engine.record(settled())
    engine.record(e.JobStarted(user="me", job=2, lease="L"))
    engine.record(settled(mtime_ns=2))
    bad = e.JobQuarantined(user="me", job=2, lease="L", code="truncated", message="half of it")
    assert told(engine, bad) == ["JobQuarantined"]


def test_6_a_quarantine_that_cannot_be_done_asks_for_no_other(engine: Engine):
    engine.record(settled())
    engine.record(e.JobRequested(user="me", kind="quarantine", source=f"{INBOX}/a.jpg"))
    engine.record(e.JobStarted(user="me", job=3, lease="L"))
    bad = e.JobQuarantined(user="me", job=3, lease="L", code="x", message="x")
    assert told(engine, bad) == ["JobQuarantined"]


@pytest.mark.parametrize("media_type", ["", "application/pdf"])
def test_7_a_drop_that_nobody_handles_waits_in_its_inbox(engine: Engine, store: Store, media_type: str):
    assert told(engine, settled("a.pdf", media_type=media_type)) == ["FileSettled"]
    assert [d.path for d in drops.never_asked(store, ("", ""), 9)] == [f"{INBOX}/a.pdf"]


def test_8_a_picture_put_into_the_photos_by_hand_is_read_where_it_lies_after_everything_else(
    engine: Engine, store: Store
):
    path = "users/me/photos/album/mine.jpg"
    noticed = e.FileNoticed(user="me", path=path, size=5, mtime_ns=1, inode=9, media_type="image/jpeg")
    assert told(engine, settled(), noticed) == ["FileSettled", "JobRequested", "FileNoticed", "JobRequested"]
    assert [r.id for r in waiting(store)] == [2, 4]
    assert usage.balance(store, "me").reserved_bytes == 10


def test_8_another_file_is_only_counted(engine: Engine):
    assert told(engine, e.FileNoticed(user="me", path="users/me/photos/a.txt", size=5, mtime_ns=1)) == ["FileNoticed"]


# --- jobs that end ----------------------------------------------------------------------------------------------------


def ask(engine: Engine, kind: str = "photo", **fields: object) -> int:
    return engine.request(e.JobRequested(user="me", kind=kind, **fields))  # type: ignore[arg-type]


def begin(engine: Engine, job: int, lease: str = "L") -> None:
    engine.record(e.JobStarted(user="me", job=job, lease=lease))


def row(store: Store, job: int) -> tuple[str, str]:
    """(state, message)."""
    found = store.row("SELECT state, message FROM jobs WHERE id = ?", (job,))
    assert found is not None
    return found[0], found[1]


LOSSES = {
    "failed": e.JobFailed(user="me", job=1, lease="L", code="c", message="m"),
    "cancelled": e.JobCancelled(user="me", job=1, lease="L", reason="r"),
    "quarantined": e.JobQuarantined(user="me", job=1, lease="L", code="c", message="m"),
}


def test_5_a_kind_may_have_limits_of_its_own(store: Store):
    engine = Engine(store, Policy(kinds={}, attempts_max=3, limits_by_kind={"call": (1, 3)}), commit_seconds=0)
    job = ask(engine, "call")
    begin(engine, job)
    assert told(engine, e.JobReleased(user="me", job=job, lease="L", reason="its worker died")) == [
        "JobReleased",
        "JobQuarantined",
    ]


def test_5_the_same_code_so_many_times_in_a_row_goes_into_quarantine_and_different_ones_do_not(store: Store):
    """An earlier job system counted errors of any kind as one streak."""
    engine = Engine(store, Policy(kinds={}, attempts_max=99, quarantine_after=3), commit_seconds=0)
    job, found = ask(engine), []
    for number, code in enumerate(("a", "b", "a", "a", "b", "b", "b")):
        begin(engine, job, f"L{number}")
        found.append(told(engine, e.JobReleased(user="me", job=job, lease=f"L{number}", reason="r", code=code)))
    assert found == [["JobReleased"]] * 6 + [["JobReleased", "JobQuarantined"]]


@pytest.mark.parametrize("counted", [True, False])
def test_9_a_job_that_was_asked_to_stop_and_comes_back_is_cancelled(engine: Engine, store: Store, counted: bool):
    begin(engine, ask(engine))
    engine.record(e.JobCancelRequested(user="me", job=1, reason="enough"))
    back = e.JobReleased(user="me", job=1, lease="L", reason="its worker died", counted=counted)
    assert told(engine, back) == ["JobReleased", "JobCancelled"]
    assert row(store, 1)[0] == "cancelled"


def test_9_also_when_its_attempt_failed_and_it_would_be_tried_again(engine: Engine, store: Store):
    begin(engine, ask(engine))
    engine.record(e.JobCancelRequested(user="me", job=1))
    again = e.JobFailed(user="me", job=1, lease="L", code="c", message="m", retry_at="2999-01-01T00:00:00.000Z")
    assert told(engine, again) == ["JobFailed", "JobCancelled"]
    assert row(store, 1)[0] == "cancelled"


@pytest.mark.parametrize(
    "back",
    [
        e.JobReleased(user="me", job=1, lease="L", reason="its worker died"),
        e.JobReleased(user="me", job=1, lease="L", reason="the service stopped", counted=False),
        e.JobFailed(user="me", job=1, lease="L", code="c", message="m", retry_at="2999-01-01T00:00:00.000Z"),
    ],
    ids=["worker-died", "stopped", "failed"],
)
@pytest.mark.parametrize("reason", ["we need the disk", ""])
def test_9_the_reason_that_somebody_gave_is_the_reason_in_the_end(
    engine: Engine, store: Store, back: e.Event, reason: str
):
    begin(engine, ask(engine))
    engine.record(e.JobCancelRequested(user="me", job=1, reason=reason))
    recorded = engine.record(back)
    assert row(store, 1) == ("cancelled", reason or "cancelled on request")
    assert getattr(recorded[-1].event, "reason", None) == (reason or "cancelled on request")


def test_9_what_failed_for_good_although_it_was_to_end_says_what_failed(engine: Engine, store: Store):
    begin(engine, ask(engine))
    engine.record(e.JobCancelRequested(user="me", job=1, reason="we need the disk"))
    assert told(engine, e.JobFailed(user="me", job=1, lease="L", code="c", message="m")) == ["JobFailed"]
    assert row(store, 1) == ("failed", "m")


def test_9_a_request_to_stop_does_not_outlive_a_retry_by_hand(engine: Engine, store: Store):
    """An earlier job system left the old attempt's token in the row, and the new one could never end."""
    begin(engine, ask(engine))
    engine.record(e.JobCancelRequested(user="me", job=1))
    engine.record(e.JobCancelled(user="me", job=1, lease="L", reason="r"), e.JobRetried(user="me", job=1))
    begin(engine, 1, "L2")
    assert jobs.is_held(store, 1, "L2") is True
    assert told(engine, e.JobSucceeded(user="me", job=1, lease="L2")) == ["JobSucceeded"]


@pytest.mark.parametrize("state", sorted(LOSSES))
def test_10_whoever_waits_for_a_job_that_is_lost_is_cancelled_and_whoever_waits_for_that_one_too(
    engine: Engine, store: Store, state: str
):
    ask(engine)
    ask(engine, after=(1,))
    ask(engine, after=(2, 1))
    ask(engine, after=(3, 2))
    other = ask(engine)
    begin(engine, 1)
    assert told(engine, LOSSES[state]).count("JobCancelled") == 3 + (state == "cancelled")
    assert [row(store, job) for job in (2, 3, 4)] == [("cancelled", f"it waited for job 1, which is {state}")] * 3
    assert row(store, other)[0] == "queued"


@pytest.mark.parametrize("state", sorted(LOSSES))
def test_10_whoever_comes_too_late_to_wait_is_cancelled_at_once(engine: Engine, store: Store, state: str):
    ask(engine)
    begin(engine, 1)
    engine.record(LOSSES[state])
    late = ask(engine, after=(1,))
    assert row(store, late) == ("cancelled", f"it waited for job 1, which is {state}")


def test_10_a_job_that_will_be_tried_again_is_not_lost(engine: Engine, store: Store):
    ask(engine)
    ask(engine, after=(1,))
    begin(engine, 1)
    again = e.JobFailed(user="me", job=1, lease="L", code="c", message="m", retry_at="2999-01-01T00:00:00.000Z")
    assert told(engine, again) == ["JobFailed"]
    assert row(store, 2)[0] == "queued"


def test_10_nobody_waits_for_himself_or_for_what_is_not_there_so_no_circle_can_be_made(engine: Engine, store: Store):
    for after in ((1,), (2,), (0,), (-1,)):
        with pytest.raises(IllegalMove, match="waits only for jobs that were asked for before it"):
            ask(engine, after=after)
    assert store.value("SELECT count(*) FROM events") == 0


def test_10_a_job_whose_predecessor_is_retried_may_be_retried_after_it_and_waits_again(engine: Engine, store: Store):
    ask(engine)
    ask(engine, after=(1,))
    engine.record(e.JobCancelled(user="me", job=1, reason="r"))
    with pytest.raises(IllegalMove, match="waits for job 1, which is cancelled"):
        engine.record(e.JobRetried(user="me", job=2))
    engine.record(e.JobRetried(user="me", job=1), e.JobRetried(user="me", job=2))
    assert [ready.id for ready in waiting(store)] == [1]
    begin(engine, 1)
    engine.record(e.JobSucceeded(user="me", job=1, lease="L"))
    assert [ready.id for ready in waiting(store)] == [2]


@pytest.mark.parametrize("lost", [True, False])
def test_10_what_has_gone_to_the_archive_is_lost_all_the_same_or_completed_all_the_same(
    engine: Engine, store: Store, lost: bool
):
    """Else a job that is retried would wait for ever for one that is no longer there."""
    ask(engine)
    ask(engine)
    ask(engine, after=(1, 2))
    begin(engine, 1)
    engine.record(LOSSES["failed"] if lost else e.JobSucceeded(user="me", job=1, lease="L"))
    engine.record(*([] if lost else [e.JobCancelled(user="me", job=3, reason="r")]))
    gone = {"failed": 0.0, "completed": 0.0}
    assert sum(archive_jobs(engine, gone, time.time() + 60).jobs.values()) == 1
    if lost:
        with pytest.raises(IllegalMove, match="waits for job 1, which is archived"):
            engine.record(e.JobRetried(user="me", job=3))
    else:
        engine.record(e.JobRetried(user="me", job=3))
        begin(engine, 2)
        engine.record(e.JobSucceeded(user="me", job=2, lease="L"))
        assert [ready.id for ready in waiting(store)] == [3]


def test_11_what_a_cancelled_job_had_done_is_undone_in_one_job_that_knows_all_steps(engine: Engine, store: Store):
    """An earlier importer left what it had imported when it was cancelled."""
    begin(engine, ask(engine, "call"))
    undo = '["shutil:rmtree", ["x"]]'
    for what in ("one", "two"):
        engine.record(e.JobStepped(user="me", job=1, lease="L", what=what, undo=undo))
    recorded = engine.record(e.JobCancelled(user="me", job=1, lease="L", reason="r"))
    wanted = recorded[-1].event
    assert isinstance(wanted, e.JobRequested)
    assert (wanted.kind, wanted.user) == ("undo", "me")
    assert json.loads(wanted.args) == {"job": 1, "steps": [["one", undo], ["two", undo]]}
    assert waiting(store)[0].kind == "undo"  # before ordinary work


def test_11_a_job_that_did_nothing_or_ended_otherwise_is_not_undone(engine: Engine):
    begin(engine, ask(engine, "call"))
    assert told(engine, e.JobCancelled(user="me", job=1, lease="L", reason="r")) == ["JobCancelled"]
    begin(engine, ask(engine, "call"))
    engine.record(e.JobStepped(user="me", job=4, lease="L", what="w"))
    assert told(engine, e.JobSucceeded(user="me", job=4, lease="L")) == ["JobSucceeded"]


def test_11_while_a_job_is_being_undone_it_cannot_be_retried_and_once_it_was_it_is_not_undone(
    engine: Engine, store: Store
):
    begin(engine, ask(engine, "call"))
    engine.record(e.JobStepped(user="me", job=1, lease="L", what="w"))
    engine.record(e.JobCancelled(user="me", job=1, lease="L", reason="r"))
    undo, again = waiting(store)[0].id, e.JobRetried(user="me", job=1)
    for happens in (
        e.JobStarted(user="me", job=undo, lease="L"),
        e.JobFailed(user="me", job=undo, lease="L", code="c", message="m"),
    ):
        with pytest.raises(IllegalMove, match=f"job 1 is being undone by job {undo}: retry it when that one has ended"):
            engine.record(again)
        engine.record(happens)
    engine.record(e.JobRetried(user="me", job=undo))  # it failed: it may be done again
    engine.record(e.JobCancelled(user="me", job=undo, reason="r"), again)
    with pytest.raises(IllegalMove, match="would undo job 1, which was retried and is queued"):
        engine.record(e.JobRetried(user="me", job=undo))


ASKED_BY = f"{INBOX}/do.job.toml"


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (e.JobSucceeded(user="me", job=1, lease="L", result='{"n": 1}'), "completed"),
        *((event, state) for state, event in LOSSES.items()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_12_what_came_of_a_job_that_a_file_asked_for_is_written_beside_it(engine: Engine, end: e.Event, state: str):
    begin(engine, ask(engine, "verify", answer=ASKED_BY))
    wanted = engine.record(end)[-1].event
    assert isinstance(wanted, e.JobRequested)
    assert (wanted.kind, wanted.answer) == ("answer", "")  # nobody answers an answer
    said = json.loads(wanted.args)
    assert (said["beside"], said["job"], said["state"]) == (ASKED_BY, 1, state)
    assert said["result"] == ({"n": 1} if state == "completed" else {})


def told_beside(engine: Engine, *facts: e.Event) -> list[str]:
    """The files beside which it is told what came of job 1."""
    wanted = [r.event for r in engine.record(*facts) if isinstance(r.event, e.JobRequested)]
    said = [json.loads(event.args) for event in wanted if event.kind == "answer"]
    assert {each["job"] for each in said} <= {1}
    return [each["beside"] for each in said]


def test_12_a_file_that_asks_for_a_job_that_is_there_is_told_what_comes_of_it_or_what_came_of_it(engine: Engine):
    second, third = f"{INBOX}/again.job.toml", f"{INBOX}/late.job.toml"
    begin(engine, ask(engine, "verify", answer=ASKED_BY, key="k"))
    again = [e.JobAskedAgain(user="me", job=1, answer=path) for path in (second, second, ASKED_BY)]
    assert told_beside(engine, *again) == []  # it is at work
    assert sorted(told_beside(engine, LOSSES["failed"])) == sorted([ASKED_BY, second])
    assert told_beside(engine, e.JobAskedAgain(user="me", job=1, answer=third)) == [third]
    engine.record(e.JobRetried(user="me", job=1))
    begin(engine, 1)
    done = e.JobSucceeded(user="me", job=1, lease="L")
    assert sorted(told_beside(engine, done)) == sorted([ASKED_BY, second, third])
    with pytest.raises(IllegalMove, match="there is no job 99"):
        engine.record(e.JobAskedAgain(user="me", job=99, answer=third))


def test_12_a_job_that_will_be_tried_again_has_no_answer_yet(engine: Engine):
    begin(engine, ask(engine, "verify", answer=ASKED_BY))
    again = e.JobFailed(user="me", job=1, lease="L", code="c", message="m", retry_at="2999-01-01T00:00:00.000Z")
    assert told(engine, again) == ["JobFailed"]


def test_12_the_job_that_reads_a_request_leaves_the_answer_to_the_one_that_it_asks_for_unless_it_refuses(
    engine: Engine,
):
    begin(engine, ask(engine, "request", answer=ASKED_BY))
    assert told(engine, e.JobSucceeded(user="me", job=1, lease="L")) == ["JobSucceeded"]
    begin(engine, ask(engine, "request", answer=ASKED_BY))
    refused = e.JobFailed(user="me", job=4, lease="L", code="refused", message="m")
    assert told(engine, refused) == ["JobFailed", "JobRequested"]


def test_12_a_file_whose_job_waited_in_vain_is_told_so(engine: Engine):
    ask(engine)
    ask(engine, "verify", after=(1,), answer=ASKED_BY)
    follow = told(engine, e.JobCancelled(user="me", job=1, reason="r"))
    assert follow == ["JobCancelled", "JobCancelled", "JobRequested"]
