"""From Python: jobs are asked for, looked at, cancelled and archived, in a real root, by the program that does them."""

from __future__ import annotations

import dataclasses
import json
import math
import operator
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from box import events as e
from box import queue, service
from box.client import Client, Options
from box.config import Config
from box.engine import Engine
from box.errors import BoxError, IllegalMove, UsageError
from box.models.base import Store
from tests.helpers import REPOSITORY, running, until

FIELDS = ["id", "kind", "status", "progress", "result", "error", "created_at", "started_at", "finished_at", "attempts"]


@pytest.fixture
def config(make_root: Callable[..., Config]) -> Config:
    """A root in which a box has been before."""
    made = make_root("me", "ada")
    box = service.build(made)
    box.store.close()
    box.lock.release()
    return made


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as opened:
        yield opened


def row(client: Client, job: int) -> dict[str, object]:
    names = "kind, user, args, priority, not_before, key, waits, exclusive, state"
    found = client._box.store.row(f"SELECT {names} FROM jobs WHERE id = ?", (job,))
    assert found is not None
    return dict(zip(names.split(", "), found, strict=True))


def engine_of(client: Client) -> Engine:
    return client._box.engine


def test_a_job_has_all_that_was_promised(client: Client):
    job = client.get_job(client.enqueue("verify", deep=True))
    assert job is not None
    fields = [field.name for field in dataclasses.fields(job)]
    assert set(FIELDS) <= set(fields)
    assert [getattr(job, name) for name in FIELDS if name != "created_at"] == [
        1, "verify", "queued", None, None, None, "", "", 0,
    ]  # fmt: skip
    assert job.created_at.endswith("Z")
    assert client.get_job(99) is None
    assert client.get_job_status(99) is None
    assert client.get_job_status(1) == "queued"


def test_a_kind_takes_its_arguments_by_name_and_a_function_both_ways(client: Client):
    assert row(client, client.enqueue("verify", deep=True))["args"] == '{"deep":true}'
    called = row(client, client.enqueue(textwrap.shorten, "some words", width=6))
    assert called["kind"] == "call"
    assert json.loads(str(called["args"])) == {
        "function": "textwrap:shorten", "args": ["some words"], "kwargs": {"width": 6},
    }  # fmt: skip
    with pytest.raises(UsageError, match="verify takes its arguments by name"):
        client.enqueue("verify", True)


def test_a_function_may_take_an_argument_of_any_name(client: Client):
    args = row(client, client.enqueue(dict, func_or_kind=1, self=2, key=3, user=4))["args"]
    assert json.loads(str(args))["kwargs"] == {"func_or_kind": 1, "self": 2, "key": 3, "user": 4}


@pytest.mark.parametrize("nobody_finds", [lambda: 1, object(), partial(operator.add, 1)])
def test_a_function_that_nobody_else_can_import_is_refused(client: Client, nobody_finds):
    with pytest.raises(UsageError, match="cannot be imported by another process"):
        client.enqueue(nobody_finds)


def test_a_function_of_the_program_that_asks_is_refused(config: Config):
    script = "from box.client import Client\ndef f(): pass\nClient().__enter__().enqueue(f)"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"BOX_CONFIG": config.path, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "UsageError: __main__:f cannot be imported" in done.stderr


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, math.nan, datetime.now(UTC), Path("x"), "\ud800"])
def test_arguments_are_json_and_nothing_else(client: Client, value: object):
    with pytest.raises(UsageError, match="the arguments of call have to be JSON"):
        client.enqueue(operator.add, value)
    assert client._box.store.value("SELECT count(*) FROM events") == 0


def test_all_that_can_be_said_of_a_job_is_in_its_row(client: Client):
    first = client.enqueue("verify")
    options = Options(user="ada", priority=7, at="2999-01-01T00:00:00Z", key="k", after=(first,))
    assert row(client, client.request("verify", options=options)) == {
        "kind": "verify", "user": "ada", "args": "", "priority": 7, "not_before": "2999-01-01T00:00:00.000Z",
        "key": "k", "waits": 1, "exclusive": "verify", "state": "queued",
    }  # fmt: skip
    later = row(client, client.request("verify", options=Options(later="2 hours")))["not_before"]
    hours = (datetime.fromisoformat(str(later)) - datetime.now(UTC)).total_seconds() / 3600
    assert 1.9 < hours <= 2


def test_a_second_request_with_a_key_is_the_first_job_however_that_ended(client: Client):
    options = Options(key="nightly")
    first = client.request("verify", options=options)
    assert client.request("verify", options=options) == first
    client.cancel_job(first)
    assert client.request("verify", options=options) == first
    assert client.request("verify", options=Options(key="other")) != first


def test_two_that_ask_with_one_key_at_the_same_time_get_one_job(config: Config):
    """An earlier job system counted before it inserted, and both came through."""
    script = (
        "import sys\nfrom box.client import Client, Options\nwith Client() as client:\n print('ready', flush=True)\n"
        " sys.stdin.readline()\n print([client.request('verify', options=Options(key=str(n))) for n in range(30)])"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script], env={"BOX_CONFIG": config.path, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = {racer.communicate(timeout=60)[0] for racer in racers}
    assert said == {f"{list(range(1, 31))}\n"}


def test_a_job_that_would_wait_for_what_is_not_there_is_refused(client: Client):
    with pytest.raises(IllegalMove, match="job 7, which is not there"):
        client.request("verify", options=Options(after=(7,)))


def test_cancelling_ends_what_is_queued_asks_what_runs_and_leaves_what_has_ended(client: Client):
    queued, ran = client.enqueue("verify"), client.enqueue("verify")
    engine_of(client).record(e.JobStarted(job=ran, lease="L"))
    assert client.cancel_job(queued, "enough") is True
    assert client.get_job_status(queued) == "cancelled"
    assert client.cancel_job(queued) is False
    assert client.cancel_job(ran) is True
    assert client.get_job_status(ran) == "running"
    assert engine_of(client).store.value("SELECT cancel_requested FROM jobs WHERE id = ?", (ran,)) == 1
    engine_of(client).record(e.JobSucceeded(job=ran, lease="L"))
    assert client.cancel_job(ran) is False
    assert client.cancel_job(99) is False


def test_the_error_of_a_job_is_what_went_wrong_last(client: Client):
    job = client.enqueue("verify")
    for lease, code in (("L1", "first"), ("L2", "second")):
        engine_of(client).record(
            e.JobStarted(job=job, lease=lease),
            e.JobFailed(
                job=job, lease=lease, code=code, message=f"{code} time", error_class="ValueError", traceback="where",
                retry_at="2999-01-01T00:00:00.000Z",
            ),
            e.JobDue(job=job),
        )  # fmt: skip
    found = client.get_job(job)
    assert found is not None
    assert (found.attempts, found.status) == (2, "queued")
    assert found.error == {"class": "ValueError", "code": "second", "message": "second time", "traceback": "where"}
    engine_of(client).record(e.JobStarted(job=job, lease="L3"), e.JobSucceeded(job=job, lease="L3"))
    done = client.get_job(job)
    assert done is not None
    assert (done.status, done.error, done.progress) == ("completed", None, 100.0)


def test_every_attempt_is_kept_with_its_outcome(client: Client):
    """An earlier job system kept the first start of a job for ever, so what a retry took was misread."""
    job = client.enqueue("verify")
    ends = (
        e.JobReleased(job=job, lease="0", reason="its worker died", code="worker-died"),
        e.JobReleased(job=job, lease="1", reason="the service stopped", counted=False),
        e.JobFailed(job=job, lease="2", code="c", message="m"),
    )
    for number, end in enumerate(ends):
        engine_of(client).record(e.JobStarted(job=job, lease=str(number)), end)
    told = engine_of(client).store.rows("SELECT number, outcome, code, message FROM attempts ORDER BY position")
    assert told == [(1, "released", "worker-died", "its worker died"), (2, "failed", "c", "m")]


def test_old_jobs_go_to_the_archive_and_are_counted_by_how_they_ended(client: Client, config: Config):
    first, second, third = (client.enqueue("verify") for _ in range(3))
    client.cancel_job(first)
    engine_of(client).record(e.JobStarted(job=second, lease="L"), e.JobSucceeded(job=second, lease="L"))
    assert client.cleanup_old_jobs("1 day") == {"completed": 0, "failed": 0, "cancelled": 0, "quarantined": 0}
    until(lambda: sum(client.cleanup_old_jobs(0).values()) == 0 and client.get_job(first) is None, "they are gone")
    assert [client.get_job_status(job) for job in (first, second, third)] == [None, None, "queued"]
    for wrong in (-1, "a while", None, math.nan):
        with pytest.raises(UsageError, match="max_age"):
            client.cleanup_old_jobs(wrong)
    assert list(Path(config.box.root, "archive").glob("jobs-*"))


def test_without_a_box_there_is_one_clear_error(make_root: Callable[..., Config]):
    with pytest.raises(BoxError, match="nothing has happened in"), Client(make_root()):
        pass


def test_a_call_finds_the_box_that_a_command_would_find(config: Config, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOX_CONFIG", config.path)
    job = queue.enqueue("verify")
    assert queue.get_job_status(job) == "queued"
    assert queue.cancel_job(job) is True
    found = queue.get_job(job)
    assert found is not None
    assert found.status == "cancelled"
    assert queue.cleanup_old_jobs("1 day")["cancelled"] == 0


def test_functions_are_called_and_what_they_return_or_raise_is_the_jobs(config: Config):
    """Also what is false: an earlier job system took every empty answer for none."""
    with running(config), Client(config) as client:
        asked = {
            "sum": client.enqueue(operator.add, 20, 22),
            "zero": client.enqueue(operator.sub, 1, 1),
            "nothing": client.enqueue(time.sleep, 0),
            "named": client.enqueue(textwrap.shorten, "some words", width=6, placeholder="."),
            "wrong": client.enqueue(int, "no number"),
            "not JSON": client.enqueue(object),
        }
        follower = client.request("verify", options=Options(after=(asked["wrong"],)))
        last = client.request("verify", options=Options(after=(asked["sum"], asked["zero"])))
        waited = [*asked.values(), follower, last]
        until(lambda: {client.get_job_status(job) for job in waited}.isdisjoint({"queued", "running"}), "all ended")
        found = {name: client.get_job(job) for name, job in asked.items()}
        assert {name: job.result for name, job in found.items() if job and job.status == "completed"} == {
            "sum": 42, "zero": 0, "nothing": None, "named": "some.",
        }  # fmt: skip
        wrong, not_json = found["wrong"], found["not JSON"]
        assert wrong is not None
        assert wrong.error is not None
        assert (wrong.status, wrong.attempts) == ("failed", 1)
        assert (wrong.error["class"], wrong.error["code"]) == ("ValueError", "call-failed")
        assert wrong.error["message"] == "ValueError: invalid literal for int() with base 10: 'no number'"
        assert wrong.error["traceback"].rstrip().endswith(wrong.error["message"])
        assert not_json is not None
        assert not_json.error is not None
        assert not_json.error["code"] == "result-not-json"
        assert client.get_job_status(follower) == "cancelled"
        assert client.get_job_status(last) == "completed"
    store = Store(str(Path(config.box.root, "box.db")))
    assert store.value("SELECT count(*) FROM leases") == 0
    store.close()
