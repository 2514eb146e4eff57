"""Storage from Python: who keeps how much, what fits, and what a program keeps elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from box import events as e
from box import storage
from box.beside import beside
from box.errors import UsageError
from box.storage import Area, Check, Drift, Usage
from box.verify import sum_differences
from tests.helpers import inbox, jpeg, library, status_of


@pytest.fixture
def once(run_box):
    """Handles what is there, and ends."""

    def run(config):
        done = run_box("once", "--config", config.path)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def box(make_root, once):
    """ann may keep 1,000 bytes and keeps 600; ben has nothing and no limit; cyd may keep nothing."""
    config = make_root("ann", "ben", "cyd", quota__users={"ann": 1000, "cyd": 0})
    once(config)
    Path(config.box.root, "users/ann/temp/b").write_bytes(bytes(100))
    with beside(config) as one:
        one.engine.record(
            e.FilePlaced(user="ann", path="users/ann/media/a", size=500, mtime_ns=1),
            e.FilePlaced(user="ann", path="users/ann/temp/b", size=100, mtime_ns=1),
            e.FileSettled(user="ann", path="users/ann/inbox/c", size=50, mtime_ns=1, inode=1),
        )
        yield one


def test_what_a_user_keeps_is_one_answer(box):
    assert storage.calculate_user_storage("ann", box=box) == Usage("ann", 600, 0, 1000, 400, 60.0, 3)
    assert storage.calculate_user_storage("ben", box=box) == Usage("ben", 0, 0, None, None, None, 0)
    assert storage.calculate_user_storage("cyd", box=box) == Usage("cyd", 0, 0, 0, 0, 100.0, 0)
    with pytest.raises(UsageError, match="there is no user 'zoe': there are ann, ben, cyd"):
        storage.calculate_user_storage("zoe", box=box)


def test_the_boundary_fits_and_one_byte_more_does_not(box):
    assert storage.check_quota("ann", 400, box=box) == Check(True, 600, 0, 1000, 400, 1000, 100.0)
    assert storage.check_quota("ann", 401, box=box) == Check(False, 600, 0, 1000, 400, 1001, 100.1)
    assert storage.check_quota("ben", 10**15, box=box) == Check(True, 0, 0, None, None, 10**15, None)
    assert storage.check_quota("cyd", 0, box=box).allowed
    assert not storage.check_quota("cyd", 1, box=box).allowed
    with pytest.raises(UsageError, match="new_bytes = -1"):
        storage.check_quota("ann", -1, box=box)


def test_what_is_kept_elsewhere_is_charged_and_never_below_zero(box):
    assert storage.update_usage("ann", 300, box=box).used == 900
    assert storage.update_usage("ann", 100, "remove", box=box).used == 800
    assert storage.update_usage("ann", 10**9, "remove", box=box).used == 600, "what lies in her folders stays charged"
    assert storage.update_usage("ben", 5, "remove", box=box).used == 0
    assert list(sum_differences(box.store)) == []
    with pytest.raises(UsageError):
        storage.update_usage("ann", -1, box=box)
    with pytest.raises(UsageError):
        storage.update_usage("ann", 1, "subtract", box=box)


def test_each_area_has_its_count_and_bytes(box):
    areas = storage.breakdown("ann", box=box)
    assert list(areas)[:2] == ["inbox", "photos"]
    assert {a: v for a, v in areas.items() if v.count} == {
        "inbox": Area(1, 50),
        "media": Area(1, 500),
        "temp": Area(1, 100),
    }


def test_recalculating_says_what_differed_by_area(box):
    Path(box.config.box.root, "users/ann/media/a").write_bytes(b"x" * 10)
    assert storage.recalculate("ann", box=box) == {"media": Drift(0, -490)}
    assert storage.recalculate("ann", box=box) == {}
    assert storage.calculate_user_storage("ann", box=box).used == 110


def test_who_uses_most_comes_first(box):
    storage.update_usage("cyd", 601, box=box)
    assert [each.user for each in storage.users_by_usage(box=box)] == ["cyd", "ann", "ben"]


def test_without_a_box_it_is_the_one_that_a_command_would_find(box, monkeypatch):
    monkeypatch.setenv("BOX_CONFIG", box.config.path)
    assert storage.check_quota("ann", 1).allowed
    assert [each.user for each in storage.users_by_usage()] == ["ann", "ben", "cyd"]


def test_reading_asks_for_a_few_rows_however_many_files_there_are(box):
    """Where the database counts the steps of its machine, they are the same for 3 files and for 20,000."""

    def steps() -> int:
        counted = 0

        def count() -> None:
            nonlocal counted
            counted += 1

        connection = box.store.peewee.connection()
        connection.set_progress_handler(count, 1)
        storage.check_quota("ann", 1, box=box)
        connection.set_progress_handler(None, 0)
        return counted

    few = steps()
    with box.store.transaction():
        box.store.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " INSERT INTO files SELECT 'users/ann/photos', i, 1, 1, 1 FROM n"
        )
    assert steps() == few < 1000


# --- what happens when room appears ----------------------------------------------------------------------------------


@pytest.fixture
def full(make_root, once):
    """Three drops wait, the oldest first; nothing of them fits."""
    config = make_root(quota__default_bytes=1)
    for number in range(3):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number))
        once(config)
    return config


def test_a_drop_that_does_not_fit_stays_untouched_and_a_higher_limit_takes_the_oldest_first(full, once):
    drop = inbox(full) / "0.jpg"
    before = (drop.stat(), drop.read_bytes())
    with beside(full) as one:
        told = one.store.rows("SELECT data FROM events WHERE kind = 'QuotaExceeded'")
        assert len(told) == 3
        one.engine.record(e.QuotaSet(user="me", quota_bytes=before[0].st_size))
    assert (drop.stat().st_mtime_ns, drop.stat().st_ino, drop.read_bytes()) == (
        before[0].st_mtime_ns, before[0].st_ino, before[1],
    )  # fmt: skip
    once(full)
    assert list(library(full)) == ["2024/2024-05-04/0.jpg"]


def test_a_higher_limit_in_the_configuration_is_seen_at_the_next_start(full, make_root, once):
    config = make_root(exists=True, quota__default_bytes="1 GB")
    once(config)
    assert len(library(config)) == 3
    assert not any(inbox(config).glob("*.jpg"))


def test_what_is_removed_by_hand_makes_room_without_anybody_touching_the_drop(make_root, once):
    config = make_root(photos__thumbnail_pixels=0, quota__default_bytes=len(jpeg(1)))
    (inbox(config) / "1.jpg").write_bytes(jpeg(1))
    once(config)
    (inbox(config) / "2.jpg").write_bytes(jpeg(2))
    once(config)
    assert [path.rpartition("/")[2] for path in library(config)] == ["1.jpg"]
    Path(config.box.root, "users/me/photos/2024/2024-05-04/1.jpg").unlink()
    once(config)
    assert [path.rpartition("/")[2] for path in library(config)] == ["2.jpg"]


def test_much_used_is_a_problem_and_none_when_it_is_less_again(make_root, once):
    config = make_root(quota__default_bytes=1000, quota__soft_percent=50)
    Path(config.box.root, "users/me/media/a").write_bytes(bytes(499))
    once(config)
    assert status_of(config)["problems"] == []
    Path(config.box.root, "users/me/media/b").write_bytes(bytes(1))
    once(config)
    (problem,) = status_of(config)["problems"]
    assert (problem["code"], "me has used 50 % of the quota" in problem["message"]) == ("quota-soft", True)
    with beside(config) as one:
        one.engine.record(e.QuotaSet(user="me", quota_bytes=0))
    once(config)
    assert status_of(config)["problems"] == [], "who may keep nothing has not come near a limit"
