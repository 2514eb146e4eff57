"""put-back: what a job moved goes back, by what the log says; what was touched since stays, and is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from box import beside
from box import events as e
from box.models import drops, jobs, usage
from tests.helpers import PATIENCE_SECONDS, running, start_box, until
from tests.tasks.shelves import ask, assert_right, do, drop, once, row_of, told, tree, with_photos

CARD = {f"DCIM/100A/IMG_{n:04}.JPG": f"2024:05:{4 + n:02} 10:11:12" for n in range(4)}


@pytest.fixture
def filed(make_root):
    config = make_root(photos__thumbnail_pixels=32)
    drop(config, CARD)
    once(config)
    return config


def job_of(config, name: str) -> int:
    with beside.beside(config) as box:
        return box.store.value("SELECT id FROM jobs WHERE kind = 'photo' AND source LIKE ?", (f"%{name}",))


def test_an_organised_library_is_as_it_was_and_the_undoing_can_be_undone(filed):
    before = tree(filed)
    config = with_photos(filed, folder="all", name="{counter}")
    moved = do(config, "organize")["number"]
    after = tree(config)
    dry = do(config, "put-back", job=moved, dry_run=True)
    assert dry["count"] == 4
    assert tree(config) == after
    back = do(config, "put-back", job=moved)
    assert back["moved"] == 4
    assert tree(config) == before
    assert_right(config)
    again = do(config, "put-back", job=moved)
    assert (again["moved"], again["back_already"]) == (0, 4)
    do(config, "put-back", job=back["number"])
    assert tree(config) == after
    assert_right(config)


def test_what_was_changed_moved_or_replaced_since_stays_and_is_said(filed):
    config = with_photos(filed, folder="all")
    moved = do(config, "organize")["number"]
    photos = Path(config.box.root, "users/me/photos")
    with (photos / "all/IMG_0000.JPG").open("ab") as file:
        file.write(b"edited")
    (photos / "all/IMG_0001.JPG").rename(photos / "all/mine.JPG")
    (photos / "2024/2024-05-06").mkdir(parents=True)
    (photos / "2024/2024-05-06/IMG_0002.JPG").write_text("another")
    once(config)
    before = tree(config)
    back = do(config, "put-back", job=moved)
    assert (back["moved"], back["left"]) == (1, 3)
    assert {Path(each["path"]).name: each["why"] for each in back["reasons"]} == {
        "IMG_0000.JPG": "it was changed since",
        "IMG_0001.JPG": "it was moved on or taken away since",
        "IMG_0002.JPG": "something else stands at users/me/photos/2024/2024-05-06/IMG_0002.JPG by now",
    }
    assert sorted(tree(config).values()) == sorted(before.values()), "nothing is lost, nothing overwritten"
    assert "photos/2024/2024-05-07/IMG_0003.JPG" in tree(config)
    assert_right(config)


def test_a_filing_is_undone_the_drop_waits_and_its_job_files_it_again(filed):
    job = job_of(filed, "IMG_0002.JPG")
    before = tree(filed)
    with beside.beside(filed) as box:
        used = usage.balance(box.store, "me")
    back = do(filed, "put-back", job=job)
    assert back["moved"] == 1
    found = tree(filed)
    assert found["inbox/DCIM/100A/IMG_0002.JPG"] == before["photos/2024/2024-05-06/IMG_0002.JPG"]
    assert not any("2024-05-06" in path for path in found), "nor its thumbnail"
    assert row_of(filed, job)["state"] == "cancelled"
    (returned,) = told(filed, e.DropReturned)
    assert (returned.job, returned.by) == (job, back["number"])
    assert_right(filed)
    once(filed)
    assert tree(filed) == found, "it is not filed again by itself"
    with beside.beside(filed) as box:
        drop_ = drops.find(box.store, "users/me/inbox/DCIM/100A/IMG_0002.JPG")
        assert drop_ is not None
        assert drop_.job == job
        assert usage.balance(box.store, "me").used_bytes < used.used_bytes
        assert usage.balance(box.store, "me").reserved_bytes == 0
        box.engine.record(e.JobRetried(user="me", job=job))
    once(filed)
    assert tree(filed).keys() == before.keys()
    with beside.beside(filed) as box:
        assert usage.balance(box.store, "me") == used
    assert_right(filed)
    assert do(filed, "put-back", job=job)["moved"] == 1, "and it can be undone again"


def test_an_undone_filing_is_not_taken_for_a_new_drop_while_the_service_watches(filed):
    count = len(told(filed, e.FileSettled))
    with running(filed):
        for name in ("IMG_0000.JPG", "IMG_0003.JPG"):
            job = ask(filed, "put-back", job=job_of(filed, name))
            until(lambda job=job: row_of(filed, job)["state"] == "completed", "it is put back")
        new = Path(filed.box.root, "users/me/inbox/new.jpg")
        new.write_bytes(tree(filed)["inbox/DCIM/100A/IMG_0000.JPG"] + b"x")
        until(lambda: len(told(filed, e.FileSettled)) > count, "a later drop has settled")
    assert [event.path for event in told(filed, e.FileSettled)[count:]] == ["users/me/inbox/new.jpg"]


def test_a_filing_whose_photo_has_moved_on_or_whose_inbox_is_away_is_left(filed):
    job, other = job_of(filed, "IMG_0000.JPG"), job_of(filed, "IMG_0001.JPG")
    config = with_photos(filed, folder="%Y")
    do(config, "organize")
    result = do(config, "put-back", job=job)
    assert (result["moved"], result["left"]) == (0, 1)
    do(filed, "organize")
    marker = Path(filed.box.root, "users/me/inbox/.box")
    marker.unlink()
    result = do(filed, "put-back", job=other)
    assert (result["moved"], result["reasons"][0]["why"]) == (
        0, "the folder users/me/inbox is not there, or without its .box",
    )  # fmt: skip
    marker.touch()
    assert do(filed, "put-back", job=job)["moved"] == 1


def test_what_cannot_be_undone_is_said(filed):
    asked = [ask(filed, "put-back", job=1), ask(filed, "put-back", job=10_000)]
    assert start_box(filed, "once").wait(PATIENCE_SECONDS) == 1
    for job in asked:
        row = row_of(filed, job)
        assert (row["state"], row["code"]) == ("failed", "cannot-be-undone")


def test_an_organise_job_that_was_cancelled_half_way_is_put_back_by_itself(filed):
    """A job that is cancelled while it waits to go on after a crash has moved something already."""
    before = tree(filed)
    config = with_photos(filed, folder="all")
    moved = do(config, "organize")["number"]
    with beside.beside(config) as box:
        wanted = e.JobRequested(kind="organize", exclusive="shelving")
        job = box.engine.request(wanted)
        box.engine.record(e.JobStarted(job=job, lease="L"), e.JobStepped(job=job, lease="L", what="moves files"))
        follow = box.engine.record(e.JobCancelled(job=job, lease="L", reason="enough"))
        asked = follow[-1].event
        assert isinstance(asked, e.JobRequested)
        assert (asked.kind, asked.args, asked.exclusive) == ("put-back", f'{{"job": {job}}}', "shelving")
        assert jobs.state_of(box.store, follow[-1].position) == (jobs.State.QUEUED, "")
        box.engine.record(e.JobCancelled(job=follow[-1].position, reason="a test"))
    do(config, "put-back", job=moved)
    assert tree(config) == before
