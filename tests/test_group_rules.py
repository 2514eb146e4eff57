"""The rules of groups, 13 to 16: what belongs together is one job, and nothing is left behind when that ends."""

from __future__ import annotations

import json

import pytest

from box import events as e
from box.engine import Engine
from box.errors import IllegalMove
from box.models import drops, jobs, usage
from box.models.base import Store
from box.models.view import StoreView
from box.photos.groups import MATES_MAX
from box.policy import Policy

INBOX = "users/me/inbox/DCIM/100"
POLICY = Policy(
    kinds={"image/jpeg": "photo", "image/png": "photo", "video/quicktime": "photo"}, attempts_max=3, groups="photo",
    group_wait_seconds=300,
)  # fmt: skip
TYPES = {"jpg": "image/jpeg", "png": "image/png", "mov": "video/quicktime"}


@pytest.fixture
def groups(store: Store) -> Engine:
    return Engine(store, POLICY, commit_seconds=0, now=lambda: "2026-01-02T03:04:05.000Z")


def settled(name: str, size: int = 10, mtime_ns: int = 1) -> e.FileSettled:
    media_type = TYPES.get(name.rpartition(".")[2].lower(), "")
    return e.FileSettled(
        user="me", path=f"{INBOX}/{name}", size=size, mtime_ns=mtime_ns, inode=7, media_type=media_type
    )


def told(engine: Engine, *facts: e.Event) -> list[e.Event]:
    return [recorded.event for recorded in engine.record(*facts)]


def names(events: list[e.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def asked(engine: Engine, *names: str) -> int:
    """The job that the last of these drops has."""
    for name in names:
        engine.record(settled(name))
    found = drops.find(engine.store, f"{INBOX}/{names[-1]}")
    assert found
    return found.job


def members(engine: Engine, job: int) -> set[str]:
    return {drop.path.rpartition("/")[2] for drop in StoreView(engine.store, "").members(job)}


def state(store: Store, job: int) -> str:
    found = jobs.state_of(store, job)
    assert found
    return found[0].value


def filed(engine: Engine, job: int, name: str = "a.jpg") -> list[e.Event]:
    path = f"users/me/photos/2024/{name}"
    return told(
        engine,
        e.PhotoFiled(
            user="me", source=f"{INBOX}/{name}", path=path, size=10, mtime_ns=1, digest="d", media_type="image/jpeg",
            width=1, height=1,
        ),
        e.JobSucceeded(user="me", job=job, lease="L"),
    )  # fmt: skip


def test_13_what_belongs_to_a_waiting_drop_joins_its_job(groups: Engine, store: Store):
    job = asked(groups, "a.jpg")
    for name in ("a.mov", "a.xmp", "a.jpg.xmp", "a.json", "A.AAE"):
        assert told(groups, settled(name))[1:] == [e.DropJoined(user="me", job=job, path=f"{INBOX}/{name}", size=10)], (
            name
        )
    assert members(groups, job) == {"a.jpg", "a.mov", "a.xmp", "a.jpg.xmp", "a.json", "A.AAE"}
    assert usage.balance(store, "me").reserved_bytes == 60


def test_13_what_came_before_the_picture_joins_it_too(groups: Engine, store: Store):
    waits = asked(groups, "a.aae")
    groups.record(settled("a.csv"))
    job = asked(groups, "a.jpg")
    assert members(groups, job) == {"a.jpg", "a.aae", "a.csv"}
    assert state(store, waits) == "cancelled"
    assert usage.balance(store, "me").reserved_bytes == 30


def test_13_two_pictures_that_only_share_a_name_are_no_group(groups: Engine):
    assert asked(groups, "1.jpg") != asked(groups, "1.png")


def test_13_a_second_picture_of_that_name_leaves_the_first_what_joined_it(groups: Engine, store: Store):
    first = asked(groups, "1.jpg", "1.aae")
    second = asked(groups, "1.png")
    assert (state(store, first), members(groups, first)) == ("queued", {"1.jpg", "1.aae"})
    assert (state(store, second), members(groups, second)) == ("queued", {"1.png"})


def test_13_nor_do_two_pictures_become_one_through_a_film_that_either_may_belong_to(groups: Engine):
    job = asked(groups, "1.mov", "1.jpg")
    assert asked(groups, "1.png") != job
    assert members(groups, job) == {"1.mov", "1.jpg"}


def test_13_the_frames_of_a_set_are_one(groups: Engine):
    job = asked(groups, "m_2024_05_02__21_30_05_HDR0.jpg")
    assert job == asked(groups, "m_2024_05_02__21_30_05_HDR1.jpg") == asked(groups, "m_2024_05_02__21_30_05_HDR2.jpg")
    assert job == asked(groups, "m_2024_05_02__21_30_05_HDR1_botdetection.json")


def test_13_a_job_takes_as_many_files_as_it_is_told_of_and_the_others_come_after(groups: Engine):
    names = [f"a_Burst{number:03}.jpg" for number in range(GROUP_FILES_MAX + 20)]
    numbers = [asked(groups, name) for name in names]
    first = numbers[0]
    assert set(numbers[:GROUP_FILES_MAX]) == {first}
    assert {0, first}.isdisjoint(numbers[GROUP_FILES_MAX:])
    assert sorted(members(groups, first)) == names[:GROUP_FILES_MAX]
    assert asked(groups, names[GROUP_FILES_MAX - 1]) == first, "it settled again"


GROUP_FILES_MAX = 1 + MATES_MAX


def test_13_another_folder_is_another_group(groups: Engine):
    job = asked(groups, "a.jpg")
    elsewhere = e.FileSettled(
        user="me", path="users/me/inbox/DCIM/101/a.mov", size=1, mtime_ns=1, inode=1, media_type="video/quicktime"
    )
    assert names(told(groups, elsewhere)) == ["FileSettled", "JobRequested"]
    assert members(groups, job) == {"a.jpg"}


def test_13_nobody_joins_a_job_that_was_begun(groups: Engine, store: Store):
    job = asked(groups, "a.jpg")
    groups.record(e.JobStarted(user="me", job=job, lease="L"))
    assert names(told(groups, settled("a.mov"))) == ["FileSettled", "JobRequested"]
    with pytest.raises(IllegalMove, match="not waiting"):
        groups.record(e.DropJoined(user="me", job=job, path=f"{INBOX}/a.mov", size=10))
    assert usage.balance(store, "me").reserved_bytes == 20


def test_13_a_member_that_settles_again_is_still_the_same_group(groups: Engine, store: Store):
    job = asked(groups, "a.jpg", "a.mov")
    assert names(told(groups, settled("a.mov", mtime_ns=2))) == ["FileSettled"]
    assert members(groups, job) == {"a.jpg", "a.mov"}
    assert state(store, job) == "queued"


def test_13_what_does_not_fit_the_quota_waits_for_room_and_joins_then(store: Store):
    engine = Engine(store, Policy(kinds=TYPES_TO_KIND, attempts_max=3, groups="photo", quota_default_bytes=15))
    job = asked(engine, "a.jpg")
    assert names(told(engine, settled("a.xmp"))) == ["FileSettled", "QuotaExceeded"]
    assert names(told(engine, e.QuotaSet(user="me", quota_bytes=20))) == ["QuotaSet", "DropJoined"]
    assert members(engine, job) == {"a.jpg", "a.xmp"}


TYPES_TO_KIND = {"image/jpeg": "photo"}


def test_14_a_sidecar_waits_for_its_picture_and_then_for_nobody(groups: Engine, store: Store):
    requested = told(groups, settled("a.xmp"))[1]
    assert isinstance(requested, e.JobRequested)
    assert requested.not_before == "2026-01-02T03:09:05.000Z"
    assert jobs.never_begun(store, "photo", 9) == [(2, "me")]


def test_14_a_table_without_a_picture_is_no_sidecar(groups: Engine):
    assert names(told(groups, settled("a.json"))) == ["FileSettled"]
    assert names(told(groups, settled("a.wav"))) == ["FileSettled"]


def test_15_what_came_while_the_picture_was_filed_is_next(groups: Engine, store: Store):
    job = asked(groups, "a.jpg")
    groups.record(e.JobStarted(user="me", job=job, lease="L"))
    sidecar = asked(groups, "a.xmp")
    assert names(told(groups, settled("a.csv"))) == ["FileSettled", "JobRequested"]
    assert names(filed(groups, job)) == ["PhotoFiled", "JobDue", "JobDue", "JobSucceeded"]
    assert state(store, sidecar) == "queued"


def test_15_what_comes_after_the_picture_was_filed_is_taken_too(groups: Engine):
    job = asked(groups, "a.jpg")
    groups.record(e.JobStarted(user="me", job=job, lease="L"))
    filed(groups, job)
    assert names(told(groups, settled("a.json"))) == ["FileSettled", "JobRequested"]


def test_16_where_the_picture_went_away_the_others_are_asked_for_again(groups: Engine):
    job = asked(groups, "a.jpg", "a.mov", "a.xmp")
    groups.record(e.JobStarted(user="me", job=job, lease="L"))
    events = told(
        groups,
        e.FileVanished(user="me", path=f"{INBOX}/a.jpg"),
        e.JobCancelled(user="me", job=job, reason="gone", lease="L"),
    )
    assert names(events) == ["FileVanished", "JobCancelled", "JobRequested", "DropJoined"]


def test_16_who_cancels_a_group_means_all_of_it(groups: Engine, store: Store):
    job = asked(groups, "a.jpg", "a.mov")
    assert names(told(groups, e.JobCancelled(user="me", job=job, reason="cancelled on request"))) == ["JobCancelled"]
    assert usage.balance(store, "me").reserved_bytes == 0
    groups.record(e.JobRetried(user="me", job=job))
    assert members(groups, job) == {"a.jpg", "a.mov"}
    assert usage.balance(store, "me").reserved_bytes == 20


def test_16_only_the_file_that_is_to_blame_goes_to_quarantine(groups: Engine):
    job = asked(groups, "a.jpg", "a.mov", "a.xmp")
    groups.record(e.JobStarted(user="me", job=job, lease="L"))
    bad = e.JobQuarantined(user="me", job=job, code="truncated", message="m", lease="L", source=f"{INBOX}/a.mov")
    events = told(groups, bad)
    assert names(events) == ["JobQuarantined", "JobRequested", "JobRequested", "DropJoined"]
    moved, again = (event for event in events if isinstance(event, e.JobRequested))
    assert (moved.kind, moved.source) == ("quarantine", f"{INBOX}/a.mov")
    assert (again.kind, again.source) == ("photo", f"{INBOX}/a.jpg")


def test_16_where_nobody_knows_which_file_killed_its_worker_each_is_tried_alone(groups: Engine, store: Store):
    job = asked(groups, "a.jpg", "a.mov")
    for attempt in range(3):
        groups.record(e.JobStarted(user="me", job=job, lease=f"L{attempt}"))
        events = told(groups, e.JobReleased(user="me", job=job, lease=f"L{attempt}", reason="died", code="worker-died"))
    assert names(events) == ["JobReleased", "JobQuarantined", "JobRequested", "JobRequested"]
    alone = [event for event in events if isinstance(event, e.JobRequested)]
    assert {event.source.rpartition("/")[2] for event in alone} == {"a.jpg", "a.mov"}
    assert {json.loads(event.args)["alone"] for event in alone} == {True}
    assert state(store, job) == "quarantined"


def test_what_a_drop_costs_does_not_depend_on_how_many_are_in_its_folder(groups: Engine, store: Store):
    def steps(name: str) -> int:
        counted: list[int] = []
        store._connection.set_progress_handler(lambda: counted.append(1), 1)
        groups.record(settled(name))
        store._connection.set_progress_handler(None, 0)
        return len(counted)

    for number in range(20):
        groups.record(settled(f"IMG_{number:04}.jpg"))
    few = steps("IMG_1000.jpg")
    groups.record(*(settled(f"IMG_{number:04}.jpg") for number in range(2000, 5000)))
    assert steps("IMG_1001.jpg") < few * 1.5
