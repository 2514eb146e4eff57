"""Whatever happens in whatever order: no rule sets aside more than there is, and no drop waits that would fit."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from box import events as e
from box import group_rules
from box.engine import Engine, create, rebuild
from box.errors import IllegalMove
from box.models import drops, jobs, usage
from box.models.base import Store
from box.models.view import StoreView
from box.policy import Policy
from box.verify import sum_differences
from tests.helpers import projections

INBOX = "users/me/inbox"
LIMIT = 30
TYPES = {"jpg": "image/jpeg", "png": "image/png", "mov": "video/quicktime"}
POLICY = Policy(
    kinds=dict.fromkeys(TYPES.values(), "photo"), attempts_max=2, groups="photo", group_wait_seconds=300,
    quota_default_bytes=LIMIT,
)  # fmt: skip


def settled(name: str, size: int = 10, mtime_ns: int = 1) -> e.FileSettled:
    media_type = TYPES.get(name.rpartition(".")[2], "")
    return e.FileSettled(
        user="me", path=f"{INBOX}/{name}", size=size, mtime_ns=mtime_ns, inode=7, media_type=media_type
    )


def limited(store: Store, quota_bytes: int) -> Engine:
    engine = Engine(store, POLICY, commit_seconds=0)
    engine.record(e.QuotaSet(user="me", quota_bytes=quota_bytes))
    return engine


def charged(store: Store) -> int:
    account = usage.balance(store, "me")
    return account.used_bytes + account.reserved_bytes


def asked(engine: Engine, *facts: e.FileSettled) -> int:
    """The job of the last of them."""
    engine.record(*facts)
    found = drops.find(engine.store, facts[-1].path)
    assert found
    return found.job


def waiting(store: Store) -> set[str]:
    return {name for (name,) in store.rows("SELECT name FROM drops WHERE waiting = 1")}


def test_a_newer_file_of_the_same_size_takes_the_room_of_the_older_one(store: Store):
    engine = limited(store, 10)
    engine.record(settled("a.jpg"))
    again = [each.event for each in engine.record(settled("a.jpg", mtime_ns=2))]
    assert [type(each) for each in again] == [e.FileSettled, e.JobCancelled, e.JobRequested]
    assert (charged(store), waiting(store)) == (10, set())


def test_what_joins_a_drop_that_was_waiting_leaves_less_for_the_next(store: Store):
    engine = limited(store, 0)
    engine.record(settled("a.jpg", 10), settled("b.jpg", 10))
    engine.record(settled("a.csv", 5))  # nobody knows what it is; beside a picture it belongs to that
    engine.record(e.QuotaSet(user="me", quota_bytes=20))
    assert charged(store) <= 20
    assert waiting(store) in ({"b.jpg"}, set())


def test_of_two_that_would_join_only_as_many_do_as_fit(store: Store):
    engine = limited(store, 20)
    engine.record(settled("a.csv"), settled("a.json"))
    engine.record(settled("a.jpg"))
    assert charged(store) == 20


def test_files_of_a_group_that_are_not_to_blame_come_before_who_waits(store: Store):
    engine = limited(store, 20)
    job = asked(engine, settled("a.jpg"), settled("a.mov"))
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    engine.record(settled("c.jpg"))
    engine.record(e.JobQuarantined(user="me", job=job, lease="L", code="bad", message="m", source=f"{INBOX}/a.mov"))
    assert charged(store) == 20, "one is done again, and the other one goes to quarantine, which is charged too"
    assert waiting(store) == {"c.jpg"}


def test_files_of_a_group_that_fit_no_more_wait_too(store: Store):
    engine = limited(store, 20)
    job = asked(engine, settled("a.jpg"), settled("a.mov"))
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    engine.record(e.QuotaSet(user="me", quota_bytes=0))
    engine.record(
        e.FileVanished(user="me", path=f"{INBOX}/a.jpg"), e.JobCancelled(user="me", job=job, lease="L", reason="gone")
    )
    assert (charged(store), waiting(store)) == (0, {"a.mov"})


def test_who_joined_waits_no_more(store: Store):
    engine = limited(store, 15)
    engine.record(settled("a.jpg"), settled("a.xmp"))
    assert waiting(store) == {"a.xmp"}
    engine.record(e.QuotaSet(user="me", quota_bytes=20))
    assert waiting(store) == set()


def test_a_member_that_grew_is_set_aside_as_it_is_now(store: Store):
    engine = limited(store, 30)
    job = asked(engine, settled("a.jpg"), settled("a.mov"))
    assert asked(engine, settled("a.mov", size=20, mtime_ns=2)) == job
    assert charged(store) == 30


def test_a_member_that_grew_too_large_waits_and_its_group_goes_without_it(store: Store):
    engine = limited(store, 30)
    job = asked(engine, settled("a.jpg"), settled("a.mov"))
    engine.record(settled("a.mov", size=21, mtime_ns=2))
    assert waiting(store) == {"a.mov"}
    assert [each.path for each in StoreView(store, "").members(job)] == [f"{INBOX}/a.jpg"]
    engine.record(e.QuotaSet(user="me", quota_bytes=50))
    assert waiting(store) == set()


# --- anything, in any order ------------------------------------------------------------------------------------------

NAMES = ("a.jpg", "a.mov", "a.xmp", "a.csv", "a.json", "a.png", "b.jpg", "b.aae", "c.csv")
SIZES = st.integers(1, 12)
WHICH = st.integers(0, 20)
STEPS = st.one_of(
    st.tuples(st.just("settle"), st.sampled_from(NAMES), SIZES),
    st.tuples(st.just("settle"), st.sampled_from(NAMES), SIZES),
    st.tuples(st.sampled_from(("start", "file", "fail", "later", "release", "cancel", "quarantine")), WHICH, WHICH),
    st.tuples(st.just("vanish"), st.sampled_from(NAMES), SIZES),
    st.tuples(st.just("remove"), WHICH, WHICH),
    st.tuples(st.just("quota"), st.integers(0, 40), SIZES),
)


@cache
def empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(os.path.join(folder, "box.db"))
        create(store)
        store.close()
        with open(store.path, "rb") as file:
            return file.read()


@contextmanager
def fresh() -> Iterator[Store]:
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)  # noqa: S108
    path = os.path.join(folder, "box.db")
    with open(path, "wb") as file:
        file.write(empty())
    store = Store(path, durable=False)
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


def facts_of(store: Store, step: tuple[str, object, object], number: int) -> list[e.Event]:
    """What a step means now; nothing, if there is nothing to do it to."""
    what, which, other = step
    if what == "settle":
        return [settled(str(which), int(str(other)), number)]
    if what == "vanish":
        known = drops.find(store, f"{INBOX}/{which}")
        return [e.FileVanished(user="me", path=known.path)] if known else []
    if what == "quota":
        return [e.QuotaSet(user="me", quota_bytes=int(str(which)))]
    if what == "remove":
        paths = [f"{f}/{n}" for f, n in store.rows("SELECT folder, name FROM files ORDER BY 1, 2")]
        return [e.FileVanished(user="me", path=paths[int(str(which)) % len(paths)])] if paths else []
    return _of_a_job(store, what, int(str(which)), int(str(other)), number)


def _of_a_job(store: Store, what: str, which: int, other: int, number: int) -> list[e.Event]:
    state = "queued" if what in {"start", "cancel"} else "running"
    rows = store.rows("SELECT id, kind, lease FROM jobs WHERE state = ? ORDER BY id", (state,))
    if not rows:
        return []
    job, kind, lease = rows[which % len(rows)]
    members = StoreView(store, "").members(job)
    blamed = members[other % len(members)].path if members else ""
    own: dict[str, Any] = {"user": "me", "job": job, "lease": lease}
    ends: dict[str, e.Event] = {
        "start": e.JobStarted(user="me", job=job, lease=f"L{number}"),
        "cancel": e.JobCancelled(user="me", job=job, reason="r"),
        "fail": e.JobFailed(**own, code="c", message="m"),
        "later": e.JobFailed(**own, code="c", message="m", retry_at="2030-01-01T00:00:00.000Z"),
        "release": e.JobReleased(**own, reason="its worker died", code="worker-died"),
        "quarantine": e.JobQuarantined(**own, code="c", message="m", source=blamed),
    }
    return [ends[what]] if what in ends else [*_filed(kind, members, job), e.JobSucceeded(**own)]


def _filed(kind: str, members: list[drops.Waiting], job: int) -> list[e.Event]:
    size_of = {each.path: each.size for each in members}
    if kind == "quarantine":
        return [
            e.FileQuarantined(
                user="me", source=path, path=f"users/me/quarantine/{job}-{at}", size=size, mtime_ns=1, code="c",
                message="m",
            )
            for at, (path, size) in enumerate(size_of.items())
        ]  # fmt: skip
    return [
        e.PhotoFiled(
            user="me", source=path, path=f"users/me/photos/{job}-{at}.jpg", size=size, mtime_ns=1, digest=f"{job}-{at}",
            media_type="image/jpeg", width=1, height=1,
        )
        for at, (path, size) in enumerate(size_of.items())
    ]  # fmt: skip


def stranded(store: Store, room: int) -> list[str]:
    """Drops that wait and would fit. What may be about a picture is looked at again when that one's job has ended."""
    view, found, since = StoreView(store, ""), [], 0
    while drop := drops.oldest_waiting(store, "me", room, since):
        since = drop.since
        is_sure = drop.media_type or drop.path.endswith((".xmp", ".aae"))
        has_work = store.value("SELECT sum(jobs) FROM job_counts WHERE state IN ('queued', 'running')")
        if is_sure or (not has_work and group_rules.kind_of(POLICY, drop, view)):
            found.append(drop.path)
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_no_rule_goes_past_a_quota_and_no_drop_waits_that_would_fit(steps: list[tuple[str, object, object]]):
    with fresh() as store:
        engine = Engine(store, POLICY, commit_seconds=0)
        for number, step in enumerate(steps, 2):
            before = charged(store)
            try:
                engine.record(*facts_of(store, step, number))
            except IllegalMove:
                continue
            account = usage.balance(store, "me")
            limit = LIMIT if not account.quota_is_set else account.quota_bytes
            assert limit is not None
            assert charged(store) <= max(limit, before), step
            assert min(account.used_bytes, account.reserved_bytes) >= 0
            assert stranded(store, limit - charged(store)) == [], step
            assert list(sum_differences(store)) == []
        left = projections(store)
        rebuild(store)
        assert projections(store) == left
        assert all(state for (state,) in store.rows("SELECT state FROM jobs"))
        assert jobs.queued_count(store) >= 0
