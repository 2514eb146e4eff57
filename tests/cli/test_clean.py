"""`box jobs clean`: what it says is what it does, and an archived job is shown as before."""

from __future__ import annotations

import pytest

from box import events as e
from box.beside import beside


@pytest.fixture
def ledger(make_box):
    """A box at rest with jobs 1 queued, 2 completed, 5 and 8 failed, 11 cancelled."""
    box = make_box()
    box("once")
    with beside(box.config) as at:
        record = at.engine.record
        for job, *then in (
            (1,),
            (2, e.JobStarted(user="me", job=2, lease="a"), e.JobSucceeded(user="me", job=2, lease="a")),
            (5, e.JobStarted(user="me", job=5, lease="b"), failed(5, "b")),
            (8, e.JobStarted(user="me", job=8, lease="c"), failed(8, "c")),
            (11, e.JobCancelled(user="me", job=11, reason="why not")),
        ):
            (asked,) = record(e.JobRequested(user="me", kind="photo", source=f"users/me/inbox/{job}.jpg"))
            assert asked.position == job
            for event in then:
                record(event)
    return box


def failed(job: int, lease: str) -> e.JobFailed:
    return e.JobFailed(user="me", job=job, lease=lease, code="bad-luck", message="it did\nnot work")


def test_what_is_young_stays(ledger):
    done = ledger("jobs", "clean")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows, total = done.stdout.splitlines()
    assert head.split() == ["state", "jobs", "older", "than"]
    assert [row.split() for row in rows] == [
        ["completed", "0", "30", "d"], ["failed", "0", "60", "d"], ["cancelled", "0", "60", "d"],
        ["quarantined", "0", "90", "d"],
    ]  # fmt: skip
    assert total == "0 jobs archived"
    assert len(ledger.json("jobs")) == 5


def test_a_dry_run_says_what_the_run_then_does(ledger):
    would = ledger.json("jobs", "clean", "--older-than", "0", "--dry-run")
    assert would == {
        "dry_run": True, "jobs": {"completed": 1, "failed": 2, "cancelled": 1, "quarantined": 0}, "archives": [],
    }  # fmt: skip
    assert ledger("jobs", "clean", "--older-than", "0", "--dry-run").stdout.endswith("\n4 jobs would be archived\n")
    assert len(ledger.json("jobs")) == 5
    did = ledger.json("jobs", "clean", "--older-than", "0")
    assert did["jobs"] == would["jobs"]
    assert len(did["archives"]) == 3
    assert all((ledger.root / name).is_file() for name in did["archives"])
    assert [row["id"] for row in ledger.json("jobs")] == [1]
    assert ledger("verify").returncode == 0


def test_only_one_state_if_that_is_asked(ledger):
    done = ledger("jobs", "clean", "--older-than", "0 s", "--state", "failed")
    assert done.stdout.splitlines()[-1] == "2 jobs archived in archive/jobs-000000000005-000000000008.jsonl.zst"
    assert [row["id"] for row in ledger.json("jobs")] == [11, 2, 1]


def test_an_archived_job_is_shown_as_before_with_the_file_it_is_in(ledger):
    before, text = ledger.json("jobs", "show", "5"), ledger("jobs", "show", "5").stdout
    assert before["archived"] is None
    ledger("jobs", "clean", "--older-than", "0")
    name = "archive/jobs-000000000005-000000000008.jsonl.zst"
    after = ledger.json("jobs", "show", "5")
    assert after["archived"] == name
    assert {**after, "archived": None, "inode": 0} == {**before, "inode": 0}
    head, rest = ledger("jobs", "show", "5").stdout.split("\n", 1)
    assert head.split() == ["archived", "in", name]
    assert rest == text
    for job in ("4", "6", "99"):
        done = ledger("jobs", "show", job)
        assert (done.returncode, done.stderr) == (1, f"box: there is no job {job}; `box jobs` lists them\n")


def test_archived_jobs_cannot_be_moved(ledger):
    ledger("jobs", "clean", "--older-than", "0")
    for action in ("retry", "cancel"):
        done = ledger("jobs", action, "5")
        assert done.returncode == 1
        assert "there is no job 5; `box jobs` lists them" in done.stdout


@pytest.mark.parametrize("age", ["soon", "-1", "4000 days"])
def test_an_age_that_is_none_is_refused(ledger, age: str):
    done = ledger("jobs", "clean", f"--older-than={age}")
    assert done.returncode == 2
    assert done.stderr.startswith("box: --older-than = ")


def test_it_works_beside_the_service(ledger):
    with ledger.running():
        assert ledger.json("jobs", "clean", "--older-than", "0", "--state", "completed")["jobs"] == {"completed": 1}
        ledger.shows("idle")
    assert ledger("verify").returncode == 0
