"""Damage: snapshots are whole, the newest sound one replaces a database that is damaged or gone; nothing is deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from box import damage, timers
from box.engine import Engine
from box.errors import DatabaseDamaged
from box.events import QuotaSet
from box.models.base import Store
from box.policy import Policy

POLICY = Policy(kinds={}, attempts_max=3)


def grow(root: Path, count: int) -> Store:
    store, _ = damage.open_checked(str(root))
    engine = Engine(store, POLICY, commit_seconds=0)
    for number in range(count):
        engine.record(QuotaSet(user="me", quota_bytes=number))
    return store


def break_it(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1024:] = os.urandom(len(data) - 1024)
    path.write_bytes(data)


def test_only_the_newest_snapshots_are_kept_and_none_is_taken_twice(tmp_path: Path):
    store = grow(tmp_path, 3)
    for position in (1, 2, 3, 3):
        damage.take_snapshot(str(tmp_path), store, position, keep=2)
    store.close()
    assert sorted(p.name for p in (tmp_path / "snapshots").iterdir()) == [
        "box-000000000000002.db",
        "box-000000000000003.db",
    ]


def test_the_newest_sound_snapshot_replaces_a_damaged_database(tmp_path: Path):
    store = grow(tmp_path, 3)
    damage.take_snapshot(str(tmp_path), store, 3, keep=3)
    store.close()
    store = grow(tmp_path, 2)
    damage.take_snapshot(str(tmp_path), store, 5, keep=3)
    store.close()
    break_it(tmp_path / "snapshots/box-000000000000005.db")
    break_it(tmp_path / "box.db")
    store, restored = damage.open_checked(str(tmp_path))
    assert restored is not None
    assert restored.snapshot == "snapshots/box-000000000000003.db"
    assert (tmp_path / restored.damaged).exists()
    assert store.value("SELECT max(position) FROM events") == 3
    store.close()


def test_a_database_that_is_gone_comes_back_from_its_snapshot(tmp_path: Path):
    store = grow(tmp_path, 1)
    damage.take_snapshot(str(tmp_path), store, 1, keep=2)
    store.close()
    (tmp_path / "box.db").unlink()
    store, restored = damage.open_checked(str(tmp_path))
    store.close()
    assert restored is not None
    assert (restored.damaged, restored.snapshot) == ("", "snapshots/box-000000000000001.db")


def test_a_sound_database_is_left_alone(tmp_path: Path):
    grow(tmp_path, 1).close()
    store, restored = damage.open_checked(str(tmp_path))
    store.close()
    assert restored is None


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path):
    (tmp_path / "box.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseDamaged):
        damage.open_unchecked(str(tmp_path))
    store, restored = damage.open_checked(str(tmp_path))
    store.close()
    assert restored is not None
    assert restored.snapshot == ""


@pytest.mark.parametrize(
    ("last", "now", "wanted"),
    [(0.0, 1e9, 0.0), (1e9 - 10, 1e9, 90.0), (1e9 - 100, 1e9, 0.0), (1e9 + 5, 1e9, 0.0)],
)
def test_a_daily_timer_goes_by_when_it_ran_last_and_distrusts_the_future(last: float, now: float, wanted: float):
    assert timers.first_in(100.0, last, now) == wanted


def test_a_timer_that_fails_comes_again():
    ran: list[int] = []

    def fail() -> None:
        ran.append(1)
        raise OSError("no")

    timer = timers.Timer("failing", 10.0, fail)
    assert timers.run_due([timer], 100.0) == 10.0
    timers.run_due([timer], 110.0)
    timers.run_due([timer], 120.0)
    assert len(ran) == 2
