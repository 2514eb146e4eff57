"""Calls and chores on the real service: how far they are, the heartbeat, what runs beside what."""

from __future__ import annotations

import json
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from box import beside
from box import events as e
from box.client import Client
from box.config import Config
from box.errors import BoxError
from box.tasks import call, undo
from box.tasks.at_work import AtWork
from box.tasks.child import Child
from box.tasks.handler import Found, Request
from box.tasks.limits import ChildLimits
from tests import errands
from tests.helpers import inbox, jpeg, library, running, status_of, until
from tests.test_cancel import begun, ponder, state
from tests.test_poison import PROGRAM


def active(config: Config, job: int) -> dict[str, Any]:
    """What the status says of a job at work; empty if it does not list it."""
    return next((dict(each) for each in status_of(config)["jobs"]["active"] if each["id"] == job), {})


def test_how_far_a_job_is_stands_in_the_status_while_it_runs_and_not_after(make_root, run_box, tmp_path):
    config = make_root()
    with running(config), Client(config) as client:
        job = client.enqueue(errands.tells, str(tmp_path))
        shown = until(lambda: active(config, job).get("progress") and active(config, job), "it is shown")
        assert (shown["progress"], shown["message"], shown["done"], shown["total"], shown["bytes"]) == (
            25.0, "a quarter", 1, 4, 1000,
        )  # fmt: skip
        found = json.loads(run_box("--config", config.path, "jobs", "show", str(job), "--json").stdout)["progress"]
        assert (found["progress"], found["message"]) == (25.0, "a quarter")
        assert "a quarter" in run_box("--config", config.path, "jobs", "show", str(job)).stdout
        page = run_box("--config", config.path, "status").stdout
        assert all(word in page for word in (f"#{job} call", "25 %", "1 of 4", "a quarter"))
        assert client.get_job(job).progress == 25.0
        client.cancel_job(job)
        until(lambda: state(client, job, "cancelled"), "it is cancelled")
        until(lambda: not active(config, job), "it is no longer shown")
        assert client.get_job(job).progress is None


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    made = Child(ChildLimits(512_000_000, 60, 120, 100_000, 64, 1000), {}, at_work=AtWork())
    yield made
    made.close()


def asked(function: str, *args: object, **kwargs: object) -> Request:
    return Request(1, "", "", 0, 0, 0, "", {"function": function, "args": args, "kwargs": kwargs})


def called(child: Child, request: Request, kind: str = "call") -> Found | BoxError:
    child._at_work.claimed("lease", [1])
    ((_, found),) = child.perform(kind, [request])
    child._at_work.ended("lease", [1])
    return found


def test_who_says_far_too_often_how_far_it_is_is_heard_a_few_times(child: Child):
    told: list[object] = []
    child._at_work.on_progress = lambda: told.append(child._at_work.progress())
    found = called(child, asked("tests.errands:counts", 100_000))
    assert isinstance(found, Found)
    assert found.result == {"value": 100_000}
    assert 1 <= len(told) < 100


@pytest.mark.parametrize(
    ("function", "code", "message"),
    [
        ("tests.errands:no_such", "no-such-function", "cannot be imported"),
        ("no_such_module:x", "no-such-function", "No module named"),
        ("os:sep", "no-such-function", "is not a function"),
        ("builtins:object", "result-not-json", "is not JSON"),
        ("tests.errands:begin", "call-failed", "missing 1 required positional argument"),
    ],
)
def test_what_cannot_be_called_says_why(child: Child, function: str, code: str, message: str):
    found = called(child, asked(function))
    assert isinstance(found, BoxError)
    assert (found.code, message in str(found)) == (code, True)


def test_undoing_twice_undoes_once_and_there_are_tools_for_it(child: Child, tmp_path):
    (tmp_path / "a").touch()
    steps = [["make a", json.dumps(["tests.errands:remove", [str(tmp_path / "a")]])], ["think", ""]]
    request = Request(1, "", "", 0, 0, 0, "", {"job": 7, "steps": steps})
    for _ in range(2):
        found = called(child, request, undo.HANDLER.kind)
        assert isinstance(found, Found)
        assert found.result == {"job": 7, "undone": ["make a"], "left": ["think"]}
    with pytest.raises(LookupError):
        call.current()


# --- the heartbeat ----------------------------------------------------------------------------------------------------


def lease_of(client: Client, job: int) -> float:
    """When the lease of a running job runs out."""
    sql = "SELECT expires_at FROM leases JOIN jobs ON leases.lease = jobs.lease WHERE jobs.id = ?"
    return float(client._box.store.value(sql, (job,)))


def test_a_lease_is_renewed_again_and_again_with_jitter_and_never_shortened(make_root, tmp_path):
    config = make_root(jobs__lease_seconds=1)
    with running(config), Client(config) as client:
        job = client.enqueue(errands.is_deaf, str(tmp_path))
        begun(tmp_path)
        seen = [lease_of(client, job)]
        while len(seen) < 8:
            seen.append(until(lambda: (now := lease_of(client, job)) != seen[-1] and now, "it is renewed"))
        assert seen == sorted(seen)
        steps = {round(later - earlier, 2) for earlier, later in pairwise(seen)}
        assert len(steps) > 1, "not all workers of a ledger at once"
        found = client.get_job(job)
        assert (found.status, found.attempts) == ("running", 1)
        client.cancel_job(job)


def test_who_sleeps_longer_than_its_lease_goes_on_if_nobody_took_its_job(make_root, tmp_path):
    config = make_root(jobs__lease_seconds=1)
    with running(config) as process, Client(config) as client:
        job = client.enqueue(errands.waits_for, str(tmp_path), "go on")
        pid = begun(tmp_path)
        for each in (process.pid, pid):
            os.kill(each, signal.SIGSTOP)
        until(lambda: lease_of(client, job) < time.time() - 1, "the lease has run out")
        for each in (process.pid, pid):
            os.kill(each, signal.SIGCONT)
        until(lambda: lease_of(client, job) > time.time(), "it is renewed")
        (tmp_path / "go on").touch()
        until(lambda: state(client, job, "completed"), "it is done")
        assert client.get_job(job).attempts == 1


# --- chores -----------------------------------------------------------------------------------------------------------


def test_chores_run_beside_the_filing_and_never_two_of_a_kind(make_root, run_box, tmp_path):
    config = make_root(workers__count=3)
    with running(config, PROGRAM), Client(config) as client:
        first = ponder(config, tmp_path)
        with beside.beside(config) as way:
            args = json.dumps({"began": str(tmp_path / "second")})
            second = way.engine.record(e.JobRequested(kind="ponder", exclusive="ponder", args=args))[0].position
        (inbox(config) / "a.jpg").write_bytes(jpeg(1))
        until(lambda: library(config), "a file is filed meanwhile")
        for kind, args in (("verify", {"deep": True}), ("snapshot", {}), ("compact", {})):
            done = client.enqueue(kind, **args)
            until(lambda done=done: state(client, done, "completed"), f"{kind} is done meanwhile")
        assert (client.get_job_status(first), client.get_job_status(second)) == ("running", "queued")
        assert not (tmp_path / "second").exists()
        client.cancel_job(first)
        until((tmp_path / "second").exists, "then the second")
        client.cancel_job(second)
    assert run_box("--config", config.path, "verify").returncode == 0
