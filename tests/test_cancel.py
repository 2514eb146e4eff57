"""Jobs that are told to end: by somebody, by a lost lease, by a stop. The real service, real processes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from box import beside, log
from box import events as e
from box.client import Client
from box.config import Config
from box.models import jobs
from tests import errands
from tests.helpers import PATIENCE_SECONDS, inbox, jpeg, library, running, status_of, until
from tests.poison import poison
from tests.test_poison import PROGRAM, drop, poison_box, scratch


def of_job(config: Config, job: int) -> list[e.Recorded]:
    """What the log says of a job after its request."""
    with beside.beside(config) as way:
        return [each for each in log.read(way.store) if getattr(each.event, "job", 0) == job]


def names(found: list[e.Recorded]) -> list[str]:
    return [type(each.event).__name__ for each in found]


def seconds_to_end(found: list[e.Recorded]) -> float:
    """From the request to cancel to the end, by the log's own times."""
    at = {type(each.event): datetime.fromisoformat(each.at) for each in found}
    return (at[e.JobCancelled] - at[e.JobCancelRequested]).total_seconds()


def begun(folder: Path) -> int:
    """The process that does it, once it does."""
    return int(until(lambda: (folder / "began").exists() and (folder / "began").read_text(), "it has begun"))


def state(client: Client, job: int, wanted: str) -> bool:
    return client.get_job_status(job) == wanted


def by_command(run_box: Callable[..., Any], config: Config, job: int) -> None:
    assert run_box("--config", config.path, "jobs", "cancel", str(job)).returncode == 0


def by_client(_: Callable[..., Any], config: Config, job: int) -> None:
    with Client(config) as client:
        assert client.cancel_job(job)


@pytest.mark.parametrize("way", [by_command, by_client])
def test_who_listens_and_who_is_deaf_are_cancelled_within_a_second_and_what_is_queued_at_once(
    make_root, run_box, tmp_path, way: Callable[..., None]
):
    config = make_root(workers__count=1)
    with running(config), Client(config) as client:
        for function in (errands.listens, errands.tells, errands.is_deaf):
            folder = tmp_path / function.__name__
            folder.mkdir()
            job = client.enqueue(function, str(folder))
            begun(folder)
            queued = client.enqueue(errands.nothing)
            way(run_box, config, queued)
            assert names(of_job(config, queued)) == ["JobCancelled"]
            way(run_box, config, job)
            until(lambda job=job: state(client, job, "cancelled"), "it is cancelled")
            found = of_job(config, job)
            assert names(found) == ["JobStarted", "JobCancelRequested", "JobCancelled"]
            assert seconds_to_end(found) < 1.0, function
        after = client.enqueue(errands.nothing)
        until(lambda: state(client, after, "completed"), "the worker goes on")
        assert not client.cancel_job(after)


def test_a_cancelled_file_leaves_nothing_half_made_and_stays_where_it_is(make_root, run_box):
    config = poison_box(make_root, jobs__attempts_max=3)
    text = Path(config.path).read_text().replace("deadline_seconds = 1", "deadline_seconds = 3600")
    Path(config.path).write_text(text)
    with running(config, PROGRAM), Client(config) as client:
        drop(config, "hangs.gif", poison("hang"))
        until(lambda: scratch(config), "it has made half of something")
        (job,) = [each["id"] for each in jobs.listed(client._box.store, "running", "", "", 9)]
        by_command(run_box, config, job)
        until(lambda: state(client, job, "cancelled"), "it is cancelled")
        until(lambda: not scratch(config), "what was half made is gone")
        assert seconds_to_end(of_job(config, job)) < 1.0
        assert library(config) == library(config, "quarantine") == {}
        assert (inbox(config) / "hangs.gif").exists()
    assert run_box("--config", config.path, "verify").returncode == 0


def test_one_of_a_batch_is_cancelled_and_the_others_are_done(make_root, tmp_path):
    config = make_root(workers__count=1)
    with running(config), Client(config) as client:
        client.request(errands.is_deaf, [str(tmp_path)])
        (first,) = [each["id"] for each in jobs.listed(client._box.store, "", "", "", 9)]
        begun(tmp_path)
        others = [client.enqueue(errands.nothing) for _ in range(6)]
        (tmp_path / "began").unlink()
        middle = client.enqueue(errands.is_deaf, str(tmp_path))
        others += [client.enqueue(errands.nothing) for _ in range(6)]
        client.cancel_job(first)
        begun(tmp_path)
        lease = client._box.store.value("SELECT lease FROM jobs WHERE id = ?", (middle,))
        client.cancel_job(middle)
        for job in others:
            until(lambda job=job: state(client, job, "completed"), "the others are done")
        assert state(client, middle, "cancelled")
        leases = {each.event.lease for job in others for each in of_job(config, job) if names([each]) == ["JobStarted"]}
        assert lease in leases, "it was one of a batch"
        assert [names(of_job(config, job)) for job in others] == [["JobStarted", "JobSucceeded"]] * 12


def undo_of(client: Client, job: int) -> dict[str, Any]:
    """The result of the job that undid another."""
    rows = until(lambda: jobs.listed(client._box.store, "completed", "undo", "", 9), "it is undone")
    (result,) = [json.loads(row["result"]) for row in rows if json.loads(row["args"])["job"] == job]
    return dict(result)


@pytest.mark.parametrize("last", ["listens", "is_deaf"])
def test_steps_are_undone_last_first_and_what_cannot_be_is_listed(make_root, tmp_path, last: str):
    config = make_root()
    with running(config), Client(config) as client:
        job = client.enqueue(errands.steps, str(tmp_path), "a", "b", "!c", "?d", "&e", "f", last=last)
        begun(tmp_path)
        client.cancel_job(job)
        result = undo_of(client, job)
        assert seconds_to_end(of_job(config, job)) < 1.0
    assert result["undone"] == ["make f", "make b", "make a"]
    assert [left.partition(":")[0] for left in result["left"]] == ["make &e", "make ?d", "make !c"]
    assert "takes no steps" in result["left"][0]
    assert "does not want to go" in result["left"][1]
    assert (tmp_path / "removed").read_text() == "f\nb\na\n"
    assert sorted(path.name for path in tmp_path.iterdir() if len(path.name) <= 2) == ["!c", "&e", "?d"]


def test_a_job_that_is_not_cancelled_undoes_nothing(make_root, tmp_path):
    config = make_root(jobs__retry_base_seconds=0)
    with running(config) as process, Client(config) as client:
        job = client.enqueue(errands.steps, str(tmp_path), "a")
        begun(tmp_path)
        (tmp_path / "began").unlink()
        process.kill()
        process.wait()
        with running(config):
            begun(tmp_path)  # it is done again, and finds what it did
            assert (tmp_path / "a").exists()
            client.cancel_job(job)
            assert undo_of(client, job)["undone"] == ["make a", "make a"]  # once for each time that it said so
            assert not (tmp_path / "a").exists()


def test_killed_between_step_and_cancel_the_next_start_undoes(make_root, tmp_path):
    config = make_root()
    with running(config) as process, Client(config) as client:
        job = client.enqueue(errands.steps, str(tmp_path), "a", "b", last="is_deaf")
        begun(tmp_path)
        process.kill()
        process.wait()
        assert client.cancel_job(job)  # nobody is there to hear: it says so in the log
        assert names(of_job(config, job))[-1] == "JobCancelRequested"
        with running(config):
            assert undo_of(client, job)["undone"] == ["make b", "make a"]
        assert state(client, job, "cancelled")


def test_killed_between_cancel_and_undo_the_next_start_undoes(make_root, tmp_path):
    config = make_root(jobs__retry_base_seconds=0)
    with running(config) as process, Client(config) as client:
        path = str(tmp_path / "made")
        job = client.enqueue("call", function="tests.errands:steps_slowly", args=[path])
        begun(tmp_path)
        (tmp_path / "began").unlink()
        client.cancel_job(job)
        begun(tmp_path)  # the undoing, which waits for a file
        process.kill()
        process.wait()
        assert state(client, job, "cancelled")
        assert Path(path).exists()
        (tmp_path / "go on").touch()
        with running(config):
            assert undo_of(client, job) == {"job": job, "undone": ["make it"], "left": []}
    assert not Path(path).exists()


# --- a lease that is lost ---------------------------------------------------------------------------------------------


def test_who_has_lost_its_lease_is_ended_and_the_outcome_of_the_next_one_stands(make_root, tmp_path):
    config = make_root(workers__count=2)
    with running(config), Client(config) as client:
        job = client.enqueue(errands.is_deaf, str(tmp_path))
        pid = begun(tmp_path)
        (tmp_path / "began").unlink()
        (lease,) = [each.event.lease for each in of_job(config, job) if isinstance(each.event, e.JobStarted)]
        with beside.beside(config) as other:
            other.engine.record(e.JobReleased(user="", job=job, lease=lease, reason="taken for dead"))
        second = begun(tmp_path)
        assert second != pid
        assert not Path(f"/proc/{pid}").exists(), "two are never at it at the same time"
        client.cancel_job(job)
        until(lambda: state(client, job, "cancelled"), "the second worker is heard")
        found = of_job(config, job)
        assert names(found) == ["JobStarted", "JobReleased", "JobStarted", "JobCancelRequested", "JobCancelled"]
        assert seconds_to_end(found) < 1.0
        assert found[-1].event.lease == found[2].event.lease != lease


def test_the_files_of_who_was_asleep_while_its_lease_was_lost_are_nowhere(make_root, run_box):
    config = poison_box(make_root)
    with running(config, PROGRAM) as process, Client(config) as client:
        drop(config, "slow.gif", poison("wait for", path=str(inbox(config) / ".go")))
        until(lambda: scratch(config), "it is at work")
        process.send_signal(signal.SIGSTOP)
        (inbox(config) / ".go").touch()
        (row,) = jobs.listed(client._box.store, "running", "", "", 9)
        with beside.beside(config) as other:
            other.engine.record(e.JobReleased(user="me", job=row["id"], lease=row["lease"], reason="taken for dead"))
            other.engine.record(e.JobCancelled(user="me", job=row["id"], reason="somebody else decided"))
        process.send_signal(signal.SIGCONT)
        drop(config, "good.jpg", jpeg(1))
        until(lambda: len(library(config)) == 1, "the service goes on")
        until(lambda: not scratch(config), "what it made is gone")
        assert names(of_job(config, row["id"])) == ["JobStarted", "JobReleased", "JobCancelled"]
        assert (inbox(config) / "slow.gif").exists()
    assert run_box("--config", config.path, "verify").returncode == 0


# --- a stop ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [errands.is_deaf, errands.listens])
def test_a_stop_hands_a_call_back_after_its_grace_and_no_attempt_is_counted(make_root, tmp_path, function):
    config = make_root(workers__grace_seconds=0.2)
    with running(config) as process, Client(config) as client:
        job = client.enqueue(function, str(tmp_path))
        pid = begun(tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert not Path(f"/proc/{pid}").exists()
        found = client.get_job(job)
        assert (found.status, found.attempts) == ("queued", 0)
        assert names(of_job(config, job)) == ["JobStarted", "JobReleased"]


@pytest.mark.parametrize("kind", ["ponder", "brood"])
def test_a_stop_hands_a_chore_back_after_its_grace_and_no_attempt_is_counted(make_root, tmp_path, kind: str):
    """Also one that never looks whether it should end: its thread ends with the process."""
    config = make_root(workers__grace_seconds=0.2)
    with running(config, PROGRAM) as process, Client(config) as client:
        job = ponder(config, tmp_path, kind)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        found = client.get_job(job)
        assert (found.status, found.attempts) == ("queued", 0)
        assert names(of_job(config, job)) == ["JobStarted", "JobReleased"]
        assert client._box.store.value("SELECT count(*) FROM leases") == 0


def ponder(config: Config, folder: Path, kind: str = "ponder") -> int:
    """A chore that is at work."""
    with beside.beside(config) as way:
        args = json.dumps({"began": str(folder / "began")})
        job = way.engine.record(e.JobRequested(kind=kind, exclusive=kind, args=args))[0].position
    until((folder / "began").exists, "it has begun")
    return job


def test_a_chore_is_cancelled_within_a_second(make_root, run_box, tmp_path):
    config = make_root()
    with running(config, PROGRAM), Client(config) as client:
        job = ponder(config, tmp_path)
        by_command(run_box, config, job)
        until(lambda: state(client, job, "cancelled"), "it is cancelled")
    assert seconds_to_end(of_job(config, job)) < 1.0


def test_a_stop_lets_what_ends_within_its_grace_end(make_root, tmp_path):
    config = make_root()
    with running(config) as process, Client(config) as client:
        job = client.enqueue(errands.waits_for, str(tmp_path), "go on")
        begun(tmp_path)
        process.send_signal(signal.SIGTERM)
        until(lambda: status_of(config)["state"] == "stopping", "it is stopping")
        (tmp_path / "go on").touch()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert state(client, job, "completed")
