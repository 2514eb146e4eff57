"""`box jobs`: what is asked becomes an event, or is refused."""

from __future__ import annotations

import shutil

import pytest

from box import events as e
from box.beside import beside


@pytest.fixture
def ledger(make_box):
    """A box at rest with jobs 1 queued, 2 running, 4 failed, 7 completed, 10 cancelled, 12 queued for ben."""
    box = make_box("me", "ben")
    box("once")
    with beside(box.config) as at:
        record = at.engine.record
        for job, user, then in (
            (1, "me", []),
            (2, "me", [e.JobStarted(user="me", job=2, lease="a")]),
            (4, "me", [e.JobStarted(user="me", job=4, lease="b"), failed(4, "b")]),
            (7, "me", [e.JobStarted(user="me", job=7, lease="c"), e.JobSucceeded(user="me", job=7, lease="c")]),
            (10, "me", [e.JobCancelled(user="me", job=10, reason="why not")]),
            (12, "ben", []),
        ):
            (asked,) = record(e.JobRequested(user=user, kind="photo", source=f"users/{user}/inbox/{job}.jpg"))
            assert asked.position == job
            for event in then:
                record(event)
    return box


def failed(job: int, lease: str) -> e.JobFailed:
    return e.JobFailed(user="me", job=job, lease=lease, code="bad-luck", message="it did\nnot work")


def test_the_newest_come_first(ledger):
    rows = ledger.json("jobs")
    assert [(row["id"], row["state"]) for row in rows] == [
        (12, "queued"), (10, "cancelled"), (7, "completed"), (4, "failed"), (2, "running"), (1, "queued"),
    ]  # fmt: skip
    assert ledger.json("jobs", "list") == rows


def test_people_get_a_table(ledger):
    head, *rows = ledger("jobs").stdout.splitlines()
    assert head.split() == ["id", "state", "kind", "user", "asked", "for", "at", "attempts", "about"]
    assert len(rows) == 6
    assert rows[3].endswith("users/me/inbox/4.jpg: it did\\nnot work"), "a message stays on its line"


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--state", "failed"], [4]), (["--user", "ben"], [12]), (["--kind", "photo", "--limit", "2"], [12, 10]),
        (["--kind", "nothing"], []), (["--state", "queued", "--user", "me"], [1]),
    ],
)  # fmt: skip
def test_lists_can_be_narrowed(ledger, options, ids):
    assert [row["id"] for row in ledger.json("jobs", "list", *options)] == ids
    assert [row["id"] for row in ledger.json("jobs", *options)] == ids


def test_show_tells_all_fields_and_the_events(ledger):
    told = ledger.json("jobs", "show", "4")
    assert (told["state"], told["code"], told["attempts"]) == ("failed", "bad-luck", 1)
    assert [each["kind"] for each in told["events"]] == ["JobRequested", "JobStarted", "JobFailed"]
    done = ledger("jobs", "show", "4")
    assert done.returncode == 0
    assert "message          it did\\nnot work\n" in done.stdout
    assert "JobFailed" in done.stdout


def test_show_tells_what_became_of_its_file(box, photo):
    shutil.copy(photo, box.inbox)
    box("once")
    told = box.json("jobs", "show", "2")
    assert [each["kind"] for each in told["events"]] == [
        "JobRequested", "JobStarted", "PhotoFiled", "FilePlaced", "JobSucceeded",
    ]  # fmt: skip
    assert "-> users/me/photos/2009/2009-04-10/IMG0001.JPG" in box("jobs").stdout


@pytest.mark.parametrize("action", ["show", "cancel", "retry"])
def test_a_job_that_never_was_is_an_error(ledger, action):
    done = ledger("jobs", action, "99")
    assert done.returncode == 1
    assert "there is no job 99; `box jobs` lists them" in done.stderr + done.stdout


def test_cancel_ends_what_waits_and_asks_what_runs(ledger):
    done = ledger("jobs", "cancel", "1", "2", "7")
    assert done.returncode == 1, "one of them could not be"
    assert done.stdout.splitlines() == ["job 1 cancelled", "job 2 asked to stop", "job 7 is completed already"]
    states = {row["id"]: (row["state"], row["cancel_requested"]) for row in ledger.json("jobs")}
    assert (states[1], states[2], states[7]) == (("cancelled", 0), ("running", 1), ("completed", 0))


def test_retry_starts_afresh_what_ended_badly(ledger):
    done = ledger("jobs", "retry", "4", "10", "2")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "job 4 queued again", "job 10 queued again",
        "job 2 is running: only failed, cancelled and quarantined jobs can be done again",
    ]  # fmt: skip
    rows = {row["id"]: row for row in ledger.json("jobs")}
    assert (rows[4]["state"], rows[4]["attempts"], rows[4]["message"]) == ("queued", 0, "")


def test_retry_does_not_go_past_a_quota(make_box):
    box = make_box(quota__default_bytes=15)
    box("once")
    with beside(box.config) as at:
        for job in (1, 3):
            at.engine.record(e.JobRequested(user="me", kind="photo", source="users/me/inbox/a.jpg", reserve_bytes=10))
            at.engine.record(e.JobCancelled(user="me", job=job, reason="r"))
    done = box("jobs", "retry", "1", "3")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "job 1 queued again", "job 3 does not fit the quota of me any more: 5 bytes too many",
    ]  # fmt: skip


@pytest.mark.parametrize("options", [["--all-failed"], ["--kind", "photo"]])
def test_retry_can_take_all_that_failed(ledger, options):
    assert ledger("jobs", "retry", *options).stdout == "job 4 queued again\n"
    done = ledger("jobs", "retry", *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no failed jobs\n")


@pytest.mark.parametrize("options", [[], ["4", "--all-failed"]])
def test_retry_wants_to_know_which(ledger, options):
    done = ledger("jobs", "retry", *options)
    assert (done.returncode, done.stderr) == (2, "box: say which: numbers of jobs, or --kind K, or --all-failed\n")


def test_a_quarantined_job_is_not_retried_without_its_file(box, photo):
    (box.inbox / "broken.jpg").write_bytes(photo.read_bytes()[:2000])
    box("once")
    (job,) = box.json("jobs", "--state", "quarantined")
    done = box("jobs", "retry", str(job["id"]))
    assert done.returncode == 1
    assert "has its file in quarantine: move it back into the inbox" in done.stdout


def test_the_service_hears_of_a_retry_at_once(make_box, photo):
    box = make_box(watch__sweep_seconds=3600)
    with box.running():
        box("add", str(photo))
        with beside(box.config) as at:
            at.engine.record(e.JobRequested(user="me", kind="no-such-kind"))
        (job,) = ended(box, "no-such-kind", "failed")
        assert box("jobs", "retry", str(job["id"])).returncode == 0
        assert ended(box, "no-such-kind", "failed", after=job["finished_at"])


def ended(box, kind: str, state: str, after: str = ""):
    """The jobs of a kind once they are in that state, by the events and not by a pause."""
    with beside(box.config) as at:
        commits = None
        while True:
            now = at.store.other_commits()
            if now != commits:
                commits = now
                rows = box.json("jobs", "--kind", kind, "--state", state)
                if rows and rows[0]["finished_at"] > after:
                    return rows
