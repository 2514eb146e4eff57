"""The rules, in their numbered order: given a history, when something happens, then that follows."""

from __future__ import annotations

import pytest

from box import events as e
from box.engine import Engine
from box.models import drops, jobs, usage
from box.models.base import Store
from box.rules import WAITING_MAX, Policy
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
