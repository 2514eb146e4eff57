"""`box quota`: what users may keep, and what they keep."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def held(make_box, photo):
    """ann has a photo of 28,211 bytes and its thumbnail, and a limit of 1 MB; ben has nothing and no limit."""
    box = make_box("ann", "ben", quota__users={"ann": "1 MB"})
    shutil.copy(photo, box.inbox)
    assert box("once").returncode == 0
    return box


def account(box, user: str) -> dict:
    return next(row for row in box.json("quota", "list") if row["user"] == user)


def test_list_tells_everybodys_account(held):
    ann, ben = held.json("quota")
    assert (ann["user"], ann["quota_bytes"], ann["reserved_bytes"]) == ("ann", 1_000_000, 0)
    assert 28_211 < ann["used_bytes"] < 40_000
    assert ann["available_bytes"] == 1_000_000 - ann["used_bytes"]
    assert (ben["used_bytes"], ben["quota_bytes"], ben["available_bytes"], ben["percent"]) == (0, None, None, None)
    head, row, _ = held("quota").stdout.splitlines()
    assert head.split() == ["user", "used", "set", "aside", "quota", "available", "percent"]
    assert row.split()[0] == "ann" and "1.0 MB" in row


def test_what_was_set_goes_before_the_configuration(held):
    assert held("quota", "set", "ann", "2 GB").stdout == "ann may keep 2.0 GB\n"
    assert account(held, "ann")["quota_bytes"] == 2 * 10**9
    assert held("quota", "set", "ann", "none").stdout == "ann may keep as much as there is room for\n"
    assert account(held, "ann")["quota_bytes"] is None
    done = held("quota", "set", "ann", "1 kB")
    assert done.returncode == 0
    assert "are kept already: nothing is removed" in done.stderr


def test_check_says_whether_so_much_more_would_fit(held):
    used = account(held, "ann")["used_bytes"]
    fits = held.json("quota", "check", "ann", str(1_000_000 - used))
    assert (fits["allowed"], fits["projected_bytes"], fits["percent"]) == (True, 1_000_000, 100.0)
    assert held("quota", "check", "ann", str(1_000_000 - used)).returncode == 0
    done = held("quota", "check", "ann", str(1_000_001 - used))
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "allowed", "used", "reserved", "quota", "available", "projected", "percent",
    ]  # fmt: skip
    assert held("quota", "check", "ben", "1 PB").returncode == 0, "no limit"


def test_breakdown_counts_each_area(held):
    areas = held.json("quota", "breakdown", "ann")["ann"]
    assert areas["photos"] == {"files": 1, "bytes": 28_211}
    assert areas["thumbnails"]["files"] == 1
    assert areas["inbox"] == {"files": 0, "bytes": 0}
    assert [line.split()[:3] for line in held("quota", "breakdown").stdout.splitlines()[1:]] == [
        ["ann", "photos", "1"], ["ann", "thumbnails", "1"],
    ]  # fmt: skip


def test_recalculate_counts_again_and_records_what_differs(held):
    assert all(row["same"] for row in held.json("quota", "recalculate"))
    (held.root / "users/ann/media/by-hand.txt").write_text("hello")
    (held.inbox / "not-taken-yet.txt").write_text("hello")
    wrong = [row for row in held.json("quota", "recalculate", "ann") if not row["same"]]
    assert wrong == [
        {
            "user": "ann", "area": "media", "recorded": {"files": 0, "bytes": 0}, "drift": {"files": 1, "bytes": 5},
            "same": False,
        }
    ]  # fmt: skip
    assert held.json("quota", "breakdown", "ann")["ann"]["media"] == {"files": 1, "bytes": 5}
    done = held("quota", "recalculate")
    assert (done.returncode, "corrected" in done.stdout) == (0, False)


def test_what_cannot_be_counted_is_said_and_nothing_of_it_is_lost(held):
    (held.root / "users/ann/photos").rename(held.root / "away")
    before = held.json("quota", "breakdown", "ann")
    done = held("quota", "recalculate", "ann")
    assert done.returncode == 1
    assert "users/ann/photos is missing" in done.stderr
    assert held.json("quota", "breakdown", "ann") == before


def test_a_quota_of_nothing_is_always_full(held):
    held("quota", "set", "ben", "0")
    assert account(held, "ben")["percent"] == 100.0
    assert held("quota", "check", "ben", "0").returncode == 0
    assert held("quota", "check", "ben", "1").returncode == 1


def test_list_begins_with_who_uses_most(held):
    (held.root / "users/ben/media/large.bin").write_bytes(bytes(1_000_000))
    held("quota", "recalculate", "ben")
    assert [row["user"] for row in held.json("quota", "list")] == ["ben", "ann"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["set", "zoe", "1 GB"], "there is no user 'zoe'"), (["check", "zoe", "1 GB"], "there is no user 'zoe'"),
        (["breakdown", "zoe"], "there is no user 'zoe'"), (["set", "ann", "10 G"], "SIZE = '10 G': expected a size"),
        (["check", "ann", "none"], "SIZE = 'none': expected a size"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_wrong_usage(held, argv, says):
    done = held("quota", *argv)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr and done.stderr.count("\n") == 1
