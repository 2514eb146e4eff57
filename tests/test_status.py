"""The status file: what `docs/status.schema.json` describes, whole at every moment, and the same as the log says."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from box import events as e
from box import log, status
from box.config import Config
from box.engine import Engine
from box.models import live
from box.models.base import Store
from box.status import Problems, Process
from tests.helpers import REPOSITORY, inbox, jpeg, running, status_of, until

SCHEMA = json.loads((REPOSITORY / "docs" / "status.schema.json").read_text("utf-8"))
STARTED_AT = "2026-11-21T20:00:00.000Z"
LEASE = "0123456789abcdef"


def wrong(found: Any) -> list[str]:
    """What the schema has against a status, empty for nothing."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(found)]


@dataclass(slots=True)
class Reader:
    """Reads the status over and over, as a program beside the service does, and keeps each that differs."""

    path: Path
    seen: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        while not self.stop.wait(0.0005):
            try:
                text = self.path.read_text("utf-8")
            except FileNotFoundError:
                if self.seen:
                    self.broken.append("gone")
                continue
            try:
                found = json.loads(text)
            except ValueError:
                self.broken.append(text)
                continue
            if not self.seen or found != self.seen[-1]:
                self.seen.append(found)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    thread = threading.Thread(target=reader.read)
    thread.start()
    try:
        yield reader
    finally:
        reader.stop.set()
        thread.join()


def seconds(found: dict[str, Any]) -> float:
    return datetime.fromisoformat(found["updated_at"]).timestamp()


# --- the real service ------------------------------------------------------------------------------------------------


def test_a_reader_always_finds_a_whole_and_valid_status_and_a_new_one_at_most_once_a_second(make_root):
    config = make_root(photos__thumbnail_pixels=0)
    path = Path(config.box.root, "status.json")
    pause = threading.Event()
    with reading(path) as reader:
        with running(config):
            number = 0
            while len(reader.seen) < 5:
                (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number))
                number += 1
                pause.wait(0.05)
            at_work = list(reader.seen)
        until(lambda: reader.seen[-1]["state"] == "stopping", "the last word")
    assert reader.broken == []
    assert [wrong(each) for each in reader.seen] == [[]] * len(reader.seen)
    assert len(at_work) - 1 <= seconds(at_work[-1]) - seconds(at_work[0]) + 1
    positions = [each["log"]["position"] for each in reader.seen]
    assert positions == sorted(positions)
    assert len({each["pid"] for each in reader.seen}) == 1
    assert {each["watch"][0]["mode"] for each in at_work} == {"native"}, "from the first one on"
    assert not list(Path(config.box.root).glob("status.json*.part"))


def test_at_rest_it_is_written_anew_so_that_its_age_tells_whether_anybody_is_there(make_root):
    config = make_root(status__rest_seconds=1)
    with running(config):
        seen = [until(lambda: status_of(config), "a status")]

        def is_the_same() -> bool:
            """Of two in a row, but for their time; the start may have something to write after the first one."""
            now = status_of(config)
            if now["updated_at"] != seen[-1]["updated_at"]:
                seen.append(now)
            return (
                len(seen) > 1 and len({json.dumps({**each, "updated_at": "", "storage": 0}) for each in seen[-2:]}) == 1
            )

        until(is_the_same, "two that say the same, of the log's size, too")
    before, after = seen[-2:]
    assert before["updated_at"] < after["updated_at"]
    assert before["log"] == after["log"]
    assert after["state"] == "idle"


def test_it_lies_where_the_configuration_says(make_root, tmp_path):
    elsewhere = tmp_path / "run"
    elsewhere.mkdir()
    config = make_root(status__dir=str(elsewhere))
    with running(config):
        assert sorted(path.name for path in elsewhere.iterdir()) == ["metrics.prom", "status.json"]
        assert not [*Path(config.box.root).glob("*.prom"), *Path(config.box.root).glob("*.json")]


def test_what_is_wrong_makes_it_degraded_until_it_is_right_again(make_root):
    config = make_root()
    with running(config):
        (inbox(config) / ".box").unlink()
        found = until(lambda: (now := status_of(config))["state"] == "degraded" and now, "degraded")
        assert [problem["code"] for problem in found["problems"]] == ["inbox-unmarked"]
        assert found["watch"][0]["mode"] == "missing"
        (inbox(config) / ".box").touch()
        found = until(lambda: (now := status_of(config))["state"] == "idle" and now, "idle again")
        assert (found["problems"], found["watch"][0]["mode"]) == ([], "native")
    assert status_of(config)["state"] == "stopping"


def test_its_numbers_are_those_of_the_log_and_of_the_disk(make_root, run_box):
    config = make_root(quota__users={"me": "1 MB"})
    for number in range(5):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number, f"2024:05:{4 + number % 2:02} 10:11:12"))
    (inbox(config) / "again.jpg").write_bytes(jpeg(0))
    (inbox(config) / "cut.jpg").write_bytes(jpeg(9)[:300])
    (inbox(config) / "large.bmp").write_bytes(b"BM" + bytes(12) + (40).to_bytes(4, "little") + bytes(2_000_000))
    (inbox(config) / "letter.txt").write_text("waits for a later version")
    assert run_box("--config", config.path, "once").returncode == 1, "one is quarantined"
    found = status_of(config)
    assert wrong(found) == []
    told = facts(config)
    assert found["log"]["position"] == len(told)
    assert found["jobs"]["by_kind"] == counted(told, found["jobs"]["by_kind"])
    for state in ("queued", "running", "completed", "failed", "cancelled", "quarantined"):
        assert found["jobs"][state] == sum(kind.get(state, 0) for kind in found["jobs"]["by_kind"].values())
    filed = [event for event in told if isinstance(event, e.PhotoFiled)]
    assert found["photos"] == {
        "count": 5, "bytes": sum(event.size for event in filed), "first_day": "2024-05-04", "last_day": "2024-05-05",
        "days": 2,
    }  # fmt: skip
    me = found["users"]["me"]
    assert (me["by_area"], me["files"]) == on_disk(config)
    assert me["used_bytes"] == sum(size for area, size in me["by_area"].items() if area != "inbox")
    assert (me["reserved_bytes"], me["quota_bytes"]) == (0, 1_000_000)
    assert [problem["code"] for problem in found["problems"]] == ["quota-exceeded"]


def facts(config: Config) -> list[e.Event]:
    """All events of a root at rest."""
    store = Store(f"{config.box.root}/box.db")
    try:
        return [recorded.event for recorded in log.read(store)]
    finally:
        store.close()


def counted(told: list[e.Event], shown: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Where each job stands by its last event, counted by kind; for every state that is shown."""
    kinds: dict[int, str] = {}
    states: dict[int, str] = {}
    ends = {e.JobStarted: "running", e.JobSucceeded: "completed", e.JobQuarantined: "quarantined"}
    for position, event in enumerate(told, 1):
        if isinstance(event, e.JobRequested):
            kinds[position], states[position] = event.kind, "queued"
        elif type(event) in ends:
            states[event.job] = ends[type(event)]  # type: ignore[attr-defined]
    sums = Counter((kinds[job], state) for job, state in states.items())
    return {kind: {state: sums[kind, state] for state in shown.get(kind, ())} for kind in set(kinds.values())}


def on_disk(config: Config) -> tuple[dict[str, int], int]:
    """(bytes by area, files), from the disk; the marker of the inbox is no drop."""
    areas = dict.fromkeys(SCHEMA["properties"]["users"]["additionalProperties"]["properties"]["by_area"]["required"], 0)
    files = 0
    top = Path(config.box.root, "users", "me")
    for path in top.rglob("*"):
        if path.is_file() and path.name != ".box":
            areas[path.relative_to(top).parts[0]] += path.stat().st_size
            files += 1
    return areas, files


# --- states that a service passes through too fast to be caught at ---------------------------------------------------


@pytest.fixture
def collect(make_root, store, policy) -> Callable[..., dict[str, Any]]:
    """The status of a box whose log is in `store`."""
    config = make_root()

    def made(*, stopping: bool = False, problems: Problems | None = None) -> dict[str, Any]:
        process = Process(STARTED_AT, lambda: stopping, list, problems or Problems())
        return status.collect(store, config, policy, process)

    return made


def requested(engine: Engine, **fields: Any) -> int:
    (recorded,) = engine.record(e.JobRequested(user="me", kind="photo", **fields))
    return recorded.position


def test_nothing_to_do_is_idle_and_all_counts_are_there(collect):
    found = collect()
    assert wrong(found) == []
    assert (found["state"], found["jobs"]["queued"], found["photos"]["first_day"]) == ("idle", 0, None)


def test_a_job_that_may_be_claimed_is_busy_and_one_that_waits_for_its_time_is_not(collect, engine):
    requested(engine, not_before="2099-01-01T00:00:00.000Z")
    found = collect()
    assert (found["state"], found["jobs"]["queued"], found["jobs"]["scheduled"]) == ("idle", 1, 1)
    requested(engine)
    found = collect()
    assert (found["state"], found["jobs"]["queued"], found["jobs"]["scheduled"]) == ("busy", 2, 1)
    assert wrong(found) == []


def test_a_running_job_is_listed_and_one_whose_lease_ran_out_is_stale(collect, engine, store):
    job = requested(engine, reserve_bytes=1000)
    with store.transaction():
        live.open_lease(store, LEASE, "somebody", time.time() - 1)
    engine.record(e.JobStarted(user="me", job=job, lease=LEASE))
    found = collect()
    assert wrong(found) == []
    (active,) = found["jobs"]["active"]
    assert (active["id"], active["kind"], active["user"]) == (job, "photo", "me")
    assert (found["state"], found["jobs"]["running"], found["jobs"]["stale"]) == ("busy", 1, 1)
    assert found["users"]["me"]["reserved_bytes"] == 1000


def test_all_running_jobs_are_counted_and_sixty_four_of_them_listed(collect, engine):
    jobs = [requested(engine) for _ in range(70)]
    engine.record(*(e.JobStarted(user="me", job=job, lease=LEASE) for job in jobs))
    found = collect()
    assert wrong(found) == []
    assert (found["jobs"]["running"], len(found["jobs"]["active"])) == (70, 64)


def test_a_problem_is_degraded_and_the_way_down_comes_before_everything(collect, engine):
    problems = Problems()
    problems.put("inbox-missing", "users/me/inbox", "It is gone: mount it.")
    requested(engine)
    assert collect(problems=problems)["state"] == "degraded"
    assert collect(problems=problems, stopping=True)["state"] == "stopping"
    assert wrong(collect(problems=problems)) == []


def test_a_problem_keeps_the_time_when_it_began(collect):
    problems = Problems()
    problems.put("quota-exceeded", "me", "1 file waits")
    (first,) = collect(problems=problems)["problems"]
    problems.put("quota-exceeded", "me", "2 files wait")
    (second,) = collect(problems=problems)["problems"]
    assert (second["since"], second["message"]) == (first["since"], "2 files wait")
    problems.replace("quota-exceeded", {})
    assert collect(problems=problems)["problems"] == []


# --- the schema ------------------------------------------------------------------------------------------------------


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("state",), "asleep"),
        (("updated_at",), "2026-11-21 20:00:00"),
        (("log", "position"), -1),
        (("jobs", "queued"), "0"),
        (("jobs", "by_kind"), {"photo": {"lost": 1}}),
        (("users", "me", "by_area", "attic"), 0),
        (("storage", "free_percent"), 101),
        (("photos", "first_day"), "4 May"),
        (("problems",), [{"code": "No Code", "message": "x", "since": STARTED_AT}]),
        (("watch",), [{"path": "/a", "mode": "asleep", "last_event_at": None}]),
        (("more",), 1),
    ],
)
def test_the_schema_refuses_what_is_none(collect, path, value):
    found = collect()
    place = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert wrong(found)


def test_the_schema_wants_every_field_that_is_written(collect):
    found = collect()
    for path in branches(found):
        lacking = copy.deepcopy(found)
        place = lacking
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
        assert wrong(lacking), f"without {'.'.join(path)} it should be none"


def branches(found: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all fields; those of the tables that grow (kinds, users) are not fixed."""
    for key, value in found.items():
        if above not in {("users",), ("jobs", "by_kind")}:
            yield (*above, key)
        if isinstance(value, dict):
            yield from branches(value, (*above, key))
