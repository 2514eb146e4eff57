"""`box events`: the log, in order."""

from __future__ import annotations

import json
import shutil
import signal
import time

import pytest

from box import compaction
from box import events as e
from box.beside import beside


@pytest.fixture
def told(box):
    """A box with 2,500 events, every tenth another quota."""
    box("once")
    with beside(box.config) as at:
        for first in range(0, 2500, 500):
            at.engine.record(
                *(
                    e.QuotaSet(user="me", quota_bytes=n)
                    if n % 10 == 0
                    else e.FileNoticed(user="me", path=f"users/me/media/{n}", size=n, mtime_ns=n)
                    for n in range(first + 1, first + 501)
                )
            )
    return box


def lines(box, *options: str) -> list[dict]:
    done = box("events", "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def positions(box, *options: str) -> list[int]:
    return [each["position"] for each in lines(box, *options)]


def test_the_newest_are_shown_in_order(told):
    assert positions(told) == list(range(2451, 2501))
    assert positions(told, "--limit", "2") == [2499, 2500]
    assert positions(told, "--kind", "QuotaSet", "--limit", "200") == list(range(510, 2501, 10)), "looked for far back"


def test_since_reads_on_from_a_position(told):
    assert positions(told, "--since", "0") == list(range(1, 2501))
    assert positions(told, "--since", "1990", "--limit", "3") == [1991, 1992, 1993]
    assert positions(told, "--since", "2400", "--kind", "QuotaSet") == list(range(2410, 2501, 10))
    assert positions(told, "--since", "2500") == positions(told, "--since", "9999") == []
    assert positions(told, "--limit", "0") == []


def test_archived_events_are_shown_as_before(told):
    before = lines(told, "--since", "0")
    with beside(told.config) as at:
        done = compaction.compact_events(at.engine, 0, time.time() + 1)
    assert done.events == 2499
    assert lines(told, "--since", "0") == [*before, *lines(told, "--kind", "EventsArchived")]
    assert lines(told, "--limit", "3")[:2] == before[-2:]
    assert positions(told, "--kind", "QuotaSet", "--limit", "200") == list(range(510, 2501, 10))
    assert positions(told, "--since", "1990", "--limit", "3") == [1991, 1992, 1993]
    assert told.json("rebuild")["events"] == 2501


def test_programs_get_the_row_as_the_log_holds_it(told):
    (first,) = lines(told, "--since", "0", "--limit", "1")
    assert list(first) == ["position", "at", "kind", "user", "data"]
    assert first["at"].endswith("Z")
    assert first | {"at": ""} == {
        "position": 1, "at": "", "kind": "FileNoticed", "user": "me",
        "data": {"path": "users/me/media/1", "size": 1, "mtime_ns": 1},
    }  # fmt: skip


def test_people_get_a_line_each(told):
    done = told("events", "--limit", "1")
    assert done.stdout.split()[0] == "2500"
    assert done.stdout.rstrip().endswith("QuotaSet           me       quota_bytes=2500")


def test_a_kind_that_is_none_is_wrong_usage_and_the_nearest_is_named(told):
    done = told("events", "--kind", "photofild")
    assert (done.returncode, done.stderr) == (
        2, "box: --kind photofild: there are no such events; did you mean PhotoFiled?\n",
    )  # fmt: skip


def test_follow_goes_on_with_what_comes(box, photo):
    options = ("--since", "0", "--kind", "PhotoFiled", "--kind", "QuotaSet")
    with box.running(), box.started("events", "--follow", "--json", *options) as (follow, next_line):
        for n, path in enumerate(("one.jpg", "two.jpg")):
            (box.inbox / path).write_bytes(photo.read_bytes() + bytes([n]))
            assert json.loads(next_line())["data"]["source"] == f"users/me/inbox/{path}"
        box("quota", "set", "me", "1 GB")
        assert json.loads(next_line())["data"] == {"quota_bytes": 10**9}
        follow.send_signal(signal.SIGINT)
        rest, _ = follow.communicate(timeout=60)
    assert (rest, follow.returncode) == ("", 130)


def test_without_a_box_there_is_nothing_to_tell(box):
    shutil.rmtree(box.root / "users")
    done = box("events")
    assert done.returncode == 1
    assert "nothing has happened in" in done.stderr
