"""Jobs by the clock: each slot once, whatever the clock, the power and other processes do."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box import events as e
from box import log
from box.beside import beside
from box.engine import Engine, create, rebuild
from box.errors import IllegalMove
from box.job_tables import Periodic
from box.models import jobs, periodic, ready
from box.models.base import Store
from box.periodic import LOCAL, Mark, cron_slot, due, following, moment, text
from box.policy import Policy
from box.sections import Config
from box.timekeeper import BUILT_IN, BUSY_SECONDS, Timekeeper, built_in, entries, sound, wrong_with
from tests.helpers import PATIENCE_SECONDS, REPOSITORY, running, start_box, status_of, until, waiting

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
ZONES = (
    BERLIN,
    "UTC0",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",  # Lord Howe: half an hour
    "<-03>3<-02>,M10.3.0/0,M2.3.0/0",  # at midnight: a day without its first hour
)
CHANGES = (
    "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2026-04-04T15:00",
    "2026-10-03T15:30", "2026-02-15T02:00", "2026-10-18T03:00", "2026-06-06T06:06",
)  # fmt: skip
"""When clocks change in one of these zones, and a day when none does."""
CRONS = ("30 2 * * *", "0 * * * *", "*/20 * * * *", "15 0,3 * * *", "0 3 * * MON", "30 1 1 * *", "5 4 29 2 *")
DAILY = Periodic(name="nightly", kind="verify", cron="0 3 * * *")
SIX_HOURS = Periodic(name="often", kind="verify", every_seconds=6 * 3600)


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    """Sets the machine's local time for a test."""
    before = os.environ.get("TZ")

    def put(name: str | None) -> None:
        if name is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = name
        time.tzset()
        cron_slot.cache_clear()

    yield put
    put(before)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written + "+00:00")


# --- pure ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "last", "now", "slot", "next_at"),
    [
        (DAILY, "2026-11-20T03:00", "2026-11-21T02:59", None, "2026-11-21T03:00"),
        (DAILY, "2026-11-20T03:00", "2026-11-21T03:00", "2026-11-21T03:00", "2026-11-22T03:00"),
        (DAILY, "2026-10-01T03:00", "2026-11-21T10:00", "2026-11-21T03:00", "2026-11-22T03:00"),
        (SIX_HOURS, "2026-11-20T01:30", "2026-11-20T07:29", None, "2026-11-20T07:30"),
        (SIX_HOURS, "2026-11-20T01:30", "2026-11-20T07:31", "2026-11-20T07:30", "2026-11-20T13:31"),
        (SIX_HOURS, "2026-11-20T01:30", "2026-11-21T10:00", "2026-11-21T07:30", "2026-11-21T16:00"),
    ],
)
def test_of_the_slots_that_have_come_the_newest_is_due(entry, last, now, slot, next_at):
    owed = due(entry, Mark(at(last)), at(now), UTC)
    assert (owed.slot, owed.next_at, owed.anew) == (slot and at(slot), at(next_at), False)


def test_a_clock_that_went_back_a_little_repeats_nothing():
    mark = Mark(at("2026-11-21T03:00"))
    for now in ("2026-11-21T02:50", "2026-11-21T03:00", "2026-11-20T04:00", "2026-11-22T02:59"):
        owed = due(DAILY, mark, at(now), UTC)
        assert (owed.slot, owed.anew, owed.next_at) == (None, False, at("2026-11-22T03:00"))


@pytest.mark.parametrize(
    ("entry", "next_at"), [(DAILY, "2026-11-22T03:00"), (SIX_HOURS, "2026-11-21T16:00")], ids=["cron", "every"]
)
def test_a_last_slot_years_ahead_begins_the_plan_anew(entry, next_at):
    owed = due(entry, Mark(at("2035-01-01T03:00")), at("2026-11-21T10:00"), UTC)
    assert (owed.slot, owed.anew, owed.next_at) == (None, True, at(next_at))


def test_a_board_that_begins_in_1970_until_it_hears_the_time_repeats_nothing():
    ran = at("2026-11-21T03:00")
    assert due(DAILY, Mark(ran), at("1970-01-01T00:00:09"), UTC).anew
    anew = Mark(at("1970-01-01T00:00:09"), ahead=ran)
    assert due(DAILY, anew, at("2026-11-21T09:00"), UTC).slot is None, "it ran at three"
    assert due(DAILY, anew, at("2026-11-22T09:00"), UTC).slot == at("2026-11-22T03:00")
    assert due(DAILY, anew, at("1970-01-01T04:00"), UTC).slot == at("1970-01-01T03:00"), "or it stays there"


def looks(entry: Periodic, start: str, end: str, minutes: int) -> list[str]:
    """What is asked for by somebody who looks every so many minutes."""
    mark, asked = Mark(at(start)), []
    now = at(start)
    while now < at(end):
        owed = due(entry, mark, now, LOCAL)
        assert not owed.anew
        if owed.slot:
            mark = Mark(owed.slot)
            asked.append(text(owed.slot)[:16])
        now += timedelta(minutes=minutes)
    return asked


def cron(expression: str) -> Periodic:
    return Periodic(name="x", kind="verify", cron=expression)


@pytest.mark.parametrize("minutes", [1, 7, 59])
def test_where_an_hour_is_left_out_a_slot_in_it_comes_right_after_it(zone, minutes: int):
    zone(BERLIN)
    wanted = ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
    assert looks(cron("30 2 * * *"), "2026-03-27T12:00", "2026-03-30T12:00", minutes) == wanted


@pytest.mark.parametrize("minutes", [1, 7, 59])
def test_where_an_hour_comes_twice_a_slot_in_it_comes_the_first_time_only(zone, minutes: int):
    zone(BERLIN)
    wanted = ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]
    assert looks(cron("30 2 * * *"), "2026-10-23T12:00", "2026-10-26T12:00", minutes) == wanted


def test_in_the_second_of_two_equal_hours_a_slot_of_the_first_is_over(zone):
    zone(BERLIN)
    second = at("2026-10-25T01:10")  # 02:10 again
    assert following(cron("30 2 * * *"), second) == at("2026-10-26T01:30")
    assert due(cron("30 2 * * *"), Mark(at("2026-10-24T12:00")), second).slot == at("2026-10-25T00:30")
    assert due(cron("30 2 * * *"), Mark(at("2026-10-23T12:00")), second).slot == at("2026-10-25T00:30")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_every_hour_is_every_hour_that_passes(zone, day: str, hours: int):
    zone(BERLIN)
    begin = datetime.fromisoformat(day).astimezone(UTC)
    asked = looks(cron("0 * * * *"), text(begin)[:19], text(begin + timedelta(hours=hours, minutes=1))[:19], 1)
    assert asked == [text(begin + timedelta(hours=n))[:16] for n in range(1, hours + 1)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(ZONES), expression=st.sampled_from(CRONS), change=st.sampled_from(CHANGES),
    before=st.timedeltas(timedelta(days=-2), timedelta(days=2)), away=st.timedeltas(timedelta(0), timedelta(days=4)),
)  # fmt: skip
def test_what_is_due_is_the_last_of_the_slots_that_are_counted_one_by_one(zone, name, expression, change, before, away):
    zone(name)
    entry, last = cron(expression), at(change) - before
    counted = [last]
    while counted[-1] <= last + away:
        counted.append(following(entry, counted[-1]))
    owed = due(entry, Mark(last), last + away)
    *_, newest, next_at = [last, *counted[1:]]
    assert owed.next_at == next_at
    assert owed.slot == (newest if newest > last else None)
    assert counted == sorted(set(counted))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(ZONES), second=st.integers(0, 2_000_000_000))
def test_a_moment_in_local_time_is_the_same_moment(zone, name: str, second: int):
    zone(name)
    there = datetime.fromtimestamp(second, UTC).astimezone(LOCAL)
    assert there.timestamp() == second
    assert there.timetuple()[:6] == time.localtime(second)[:6]


# --- with a log, against a plain model -------------------------------------------------------------------------------


@dataclass
class Model:
    """The same in whole seconds, told by arithmetic: a cron expression is a period and where in it the slot lies."""

    entry: Periodic
    period: int
    offset: int | None
    slot: int
    ahead: int

    def after(self, second: int) -> int:
        if self.offset is None:
            return second + self.period
        return (second - self.offset) // self.period * self.period + self.offset + self.period

    def look(self, now: int, *, busy: bool) -> int | None:
        """The slot that is asked for."""
        last = max(self.slot, self.ahead) if max(self.slot, self.ahead) <= now else self.slot
        if last > now:
            if last > self.after(now):
                self.slot, self.ahead = now, max(self.slot, self.ahead)
            return None
        if self.after(last) > now or busy:
            return None
        while self.after(last) <= now - 400 * self.period:
            last += 300 * self.period
        while self.after(last) <= now:
            last = self.after(last)
        self.slot = last
        return last


PLANS = (
    (Periodic(name="n", kind="verify", cron="0 3 * * *"), 86400, 10800),
    (Periodic(name="n", kind="verify", cron="*/20 * * * *"), 1200, 0),
    (Periodic(name="n", kind="verify", cron="30 */6 * * *"), 21600, 1800),
    (Periodic(name="n", kind="verify", every_seconds=5400), 5400, None),
    (Periodic(name="n", kind="verify", every_seconds=100_000), 100_000, None),
)
BEGIN = 1_795_219_200  # 2026-11-21
YEAR = 365 * 86400
STEPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 90_000)),
    st.tuples(st.just("pass"), st.integers(1, 600)),
    st.tuples(st.just("jump"), st.integers(-100_000, 100_000)),
    st.tuples(st.just("jump"), st.integers(-3 * YEAR, 3 * YEAR)),
    st.tuples(st.just("set"), st.sampled_from((9, BEGIN, BEGIN + 9 * YEAR))),
    st.tuples(st.just("end"), st.just(0)),
    st.tuples(st.just("rebuild"), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(plan=st.sampled_from(PLANS), steps=st.lists(STEPS, max_size=40))
def test_no_slot_twice_none_lost_and_one_at_a_time_whatever_the_clock_does(plan, steps):
    """Restarts are everywhere: each look is a new timekeeper's."""
    entry, period, offset = plan
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder + "/box.db", durable=False)
        create(store)
        engine = Engine(store, Policy(kinds={}, attempts_max=3), commit_seconds=0)
        now = BEGIN

        def look() -> list[int]:
            clock = datetime.fromtimestamp(now, UTC)
            before = log.last_position(store)
            Timekeeper(engine, (entry,), clock=lambda: clock, zone=UTC).ask()
            new = [each.event for each in log.read(store, before)]
            anew.extend([None] for event in new if isinstance(event, e.PeriodicPlanned))
            return [int(moment(event.slot).timestamp()) for event in new if isinstance(event, e.JobRequested)]

        def end() -> None:
            for job in waiting(store):
                engine.record(e.JobStarted(job=job.id, lease="L"), e.JobSucceeded(job=job.id, lease="L"))

        anew: list[object] = []
        assert look() == [], "an entry that is seen for the first time counts from then"
        model, since = Model(entry, period, offset, now, 0), [now]
        for step, number in (*steps, ("end", 0)):
            if step in ("pass", "jump"):
                now = max(9, now + number)
            elif step == "set":
                now = number
            elif step == "end":
                end()
            else:
                rebuild(store)
            plans, busy = len(anew), ready.any_unfinished(store)
            asked = look()
            expected = model.look(now, busy=busy)
            assert asked == ([] if expected is None else [expected])
            if len(anew) > plans:
                since = []
            assert all(slot <= now and slot not in since for slot in asked), "in its time, and once"
            since += asked
            assert len(waiting(store)) <= 1, "never two of one kind"
            assert look() == [], "caught up once"
        end()
        for _ in range(
            8
        ):  # the clock is right from now on: in three periods it has come, one of which was asked for ahead
            now += -(-3 * period // 8)
            if look():
                break
        else:
            pytest.fail("it is not asked for any more")
        store.close()


def keeper(engine: Engine, now: str, *found: Periodic, built_in: tuple[Periodic, ...] = ()) -> Timekeeper:
    return Timekeeper(engine, (*found, *built_in), built_in, lambda: at(now), UTC)


def asked(store: Store) -> list[tuple[str, str]]:
    found = (each.event for each in log.read(store))
    return [(event.periodic, event.slot[:16]) for event in found if isinstance(event, e.JobRequested)]


def done(engine: Engine) -> None:
    for job in waiting(engine.store):
        engine.record(e.JobStarted(job=job.id, lease="L"), e.JobSucceeded(job=job.id, lease="L"))


def test_a_run_that_was_missed_while_the_box_was_off_is_caught_up_once(engine: Engine, store: Store):
    assert keeper(engine, "2026-11-20T12:00", DAILY).ask() == 15 * 3600
    assert keeper(engine, "2026-12-24T18:00", DAILY).ask() == 9 * 3600
    assert keeper(engine, "2026-12-24T18:00:01", DAILY).ask() == 9 * 3600 - 1
    assert asked(store) == [("nightly", "2026-12-24T03:00")]


def test_the_job_has_what_the_entry_says(engine: Engine, store: Store):
    entry = Periodic(name="x", kind="verify", every_seconds=60, user="me", args={"deep": True}, priority=-5)
    keeper(engine, "2026-11-20T12:00", entry).ask()
    keeper(engine, "2026-11-20T12:01", entry).ask()
    (row,) = jobs.listed(store, "", "", "", 9)
    assert (row["kind"], row["user"], json.loads(row["args"]), row["priority"], row["key"]) == (
        "verify", "me", {"deep": True}, -5, "",
    )  # fmt: skip
    assert periodic.find(store, "x") == periodic.Known("every 1 min", "2026-11-20T12:01:00.000Z", "", row["id"])


@pytest.mark.parametrize("state", ["queued", "running", "waits for its retry"])
def test_while_a_job_of_the_kind_is_not_done_the_slot_waits(engine: Engine, store: Store, state: str):
    keeper(engine, "2026-11-20T12:00", DAILY).ask()
    (other,) = engine.record(e.JobRequested(kind="verify"))
    if state != "queued":
        engine.record(e.JobStarted(job=other.position, lease="L"))
    if state == "waits for its retry":
        engine.record(
            e.JobFailed(job=other.position, lease="L", code="c", message="m", retry_at="2026-11-22T04:00:00Z")
        )
    for now in ("2026-11-21T03:00", "2026-11-22T03:00", "2026-11-22T03:05"):
        assert keeper(engine, now, DAILY).ask() == BUSY_SECONDS
    if state == "waits for its retry":
        engine.record(e.JobDue(job=other.position), e.JobCancelled(job=other.position, reason="r"))
    elif state == "running":
        engine.record(e.JobSucceeded(job=other.position, lease="L"))
    done(engine)
    keeper(engine, "2026-11-22T03:10", DAILY).ask()
    assert asked(store)[1:] == [("nightly", "2026-11-22T03:00")]


def test_two_entries_of_one_kind_come_one_after_the_other(engine: Engine, store: Store):
    both = DAILY, Periodic(name="weekly", kind="verify", cron="0 3 * * SUN", args={"deep": True})
    keeper(engine, "2026-11-20T12:00", *both).ask()
    assert keeper(engine, "2026-11-22T03:00", *both).ask() == BUSY_SECONDS
    assert asked(store) == [("nightly", "2026-11-22T03:00")]
    done(engine)
    keeper(engine, "2026-11-22T03:01", *both).ask()
    assert asked(store) == [("nightly", "2026-11-22T03:00"), ("weekly", "2026-11-22T03:00")]


def test_another_plan_counts_from_when_it_was_seen(engine: Engine, store: Store):
    keeper(engine, "2026-11-20T12:00", DAILY).ask()
    changed = Periodic(name="nightly", kind="verify", cron="0 4 * * *")
    assert keeper(engine, "2026-11-21T10:00", changed).ask() == 18 * 3600
    assert asked(store) == []


def test_an_entry_that_was_taken_out_goes_on_where_it_was_when_it_is_put_back(engine: Engine, store: Store):
    keeper(engine, "2026-11-20T12:00", DAILY).ask()
    assert keeper(engine, "2026-11-25T12:00").ask() == float("inf")
    keeper(engine, "2026-11-26T12:00", DAILY).ask()
    assert asked(store) == [("nightly", "2026-11-26T03:00")]


def test_a_clock_that_was_years_ahead_for_a_while_costs_one_run(engine: Engine, store: Store):
    keeper(engine, "2026-11-20T12:00", DAILY).ask()
    keeper(engine, "2035-06-01T12:00", DAILY).ask()
    done(engine)
    for now in ("2026-11-20T12:02", "2026-11-20T13:00", "2026-11-21T03:00", "2026-11-22T03:00"):
        keeper(engine, now, DAILY).ask()
        done(engine)
    assert [slot for _, slot in asked(store)] == ["2035-06-01T03:00", "2026-11-21T03:00", "2026-11-22T03:00"]
    known = periodic.find(store, "nightly")
    assert known and known.ahead == "2035-06-01T03:00:00.000Z"


def test_what_is_built_in_counts_from_the_first_event_and_says_nothing_until_it_is_due(engine: Engine, store: Store):
    daily = Periodic(name="compact", kind="verify", every_seconds=86400)
    assert keeper(engine, "2026-11-20T12:00", built_in=(daily,)).ask() == 86400
    (first,) = engine.record(e.QuotaSet(user="me", quota_bytes=1))
    began = moment(first.at)

    def ask(days: float) -> None:
        Timekeeper(engine, (daily,), (daily,), lambda: began + timedelta(days=days), UTC).ask()

    ask(0.9)
    assert log.last_position(store) == 1
    ask(1.5)
    kinds = [type(each.event).__name__ for each in log.read(store)]
    assert kinds == ["QuotaSet", "PeriodicPlanned", "JobRequested"]
    assert asked(store) == [("compact", text(began + timedelta(days=1))[:16])]


def test_a_configured_entry_replaces_what_is_built_in():
    weekly = Periodic(name="compact", kind="compact", cron="0 4 * * SUN")
    plain = Config()
    configured = replace(plain, jobs=replace(plain.jobs, periodic={"compact": weekly, "nightly": DAILY}))
    assert entries(plain) == built_in(plain)
    assert built_in(plain)[: len(BUILT_IN)] == BUILT_IN
    others = [entry for entry in built_in(configured) if entry.name != "compact"]
    assert entries(configured) == (weekly, *others, DAILY)


def test_an_entry_that_cannot_be_asked_for_is_told_and_the_others_go_on():
    good = Periodic(name="good", kind="snapshot", every_seconds=60, user="me")
    found = (
        Periodic(name="odd", kind="teleport", every_seconds=60), good,
        Periodic(name="file", kind="photo", every_seconds=60),
        Periodic(name="who", kind="snapshot", every_seconds=60, user="nobody"),
    )  # fmt: skip
    told: dict[str, str] = {}
    assert sound(found, ("me",), told.__setitem__) == (good,)
    assert list(told) == ["odd", "file", "who"]
    assert told["odd"].startswith("jobs.periodic.odd: no kind of job 'teleport' can be asked for; there are: ")
    assert told["odd"].endswith("; it is not asked for")
    assert wrong_with(good, ("me",)) == ""


# --- several processes, and none -------------------------------------------------------------------------------------


def test_a_slot_that_was_asked_for_is_refused(engine: Engine, store: Store):
    wanted = e.JobRequested(kind="verify", periodic="nightly", slot="2026-11-21T03:00:00.000Z")
    with pytest.raises(IllegalMove, match="not planned"):
        engine.record(wanted)
    engine.record(e.PeriodicPlanned(name="nightly", plan="0 3 * * *", slot="2026-11-20T12:00:00.000Z"))
    engine.record(wanted)
    for slot in (wanted.slot, "2026-11-20T13:00:00.000Z"):
        with pytest.raises(IllegalMove, match="asked for already"):
            engine.record(e.JobRequested(kind="verify", periodic="nightly", slot=slot))
    assert len(asked(store)) == 1


_ASK = """
import sys
from box import config
from box.beside import beside
from box.timekeeper import Timekeeper, entries
configured = config.load(sys.argv[1], {})
with beside(configured) as way:
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        Timekeeper(way.engine, entries(configured)).ask()
"""


def owed_since(config, name: str, since: str) -> None:
    """As if the box had been off since then."""
    with beside(config) as way:
        plan = config.jobs.periodic[name].plan
        way.engine.record(e.PeriodicPlanned(user="me", name=name, plan=plan, slot=since))


def requests(config) -> list[e.JobRequested]:
    with beside(config) as way:
        return [r.event for r in log.read(way.store) if isinstance(r.event, e.JobRequested)]


LONG = {"tidy": {"kind": "snapshot", "every": "300 days", "user": "me"}}


def test_processes_that_ask_at_the_same_time_get_one_job(make_root, run_box):
    config = make_root()
    run_box("--config", config.path, "once")
    config = make_root(exists=True, jobs__periodic=LONG)
    owed_since(config, "tidy", "2020-01-01T00:00:00.000Z")
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, config.path], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for asker in askers:
        assert asker.stdout and asker.stdout.readline() == b"ready\n"
    for asker in askers:
        assert asker.stdin
        asker.stdin.write(b"\n")
        asker.stdin.flush()
    for asker in askers:
        asker.communicate(timeout=PATIENCE_SECONDS)
        assert asker.returncode == 0
    assert len(requests(config)) == 1


def test_once_plans_what_is_new_and_catches_up_what_was_missed(make_root, run_box):
    config = make_root(jobs__periodic=LONG)
    assert run_box("--config", config.path, "once").returncode == 0
    assert requests(config) == []
    owed_since(config, "tidy", "2020-01-01T00:00:00.000Z")
    for _ in range(2):
        run_box("--config", config.path, "once")
    (request,) = requests(config)
    assert (request.kind, request.user, request.periodic) == ("snapshot", "me", "tidy")
    with beside(config) as way:
        assert not ready.any_unfinished(way.store), "and it was done"


def test_killed_between_asking_and_doing_the_run_is_neither_lost_nor_repeated(make_root, run_box):
    config = make_root(jobs__periodic=LONG)
    run_box("--config", config.path, "once")
    owed_since(config, "tidy", "2020-01-01T00:00:00.000Z")
    process = start_box(config, BOX_STORAGE_FREE_BYTES_MIN="1 PB")  # it asks, but no work is begun
    until(lambda: requests(config), "it is asked for")
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    (request,) = requests(config)
    for _ in range(2):
        with running(config):
            until(lambda: sum(status_of(config)["jobs"][state] for state in ("completed", "cancelled")), "it is done")
    assert requests(config) == [request]
    with beside(config) as way:
        starts = [r for r in log.read(way.store) if isinstance(r.event, e.JobStarted)]
    assert len(starts) == 1


def test_killed_again_and_again_each_slot_is_asked_for_once_and_one_job_at_a_time(make_root, run_box):
    config = make_root(jobs__periodic={"tidy": {"kind": "snapshot", "every": 1, "user": "me"}})
    run_box("--config", config.path, "once")
    draw = random.Random(1)
    for _ in range(4):
        process = start_box(config)
        try:
            process.wait(draw.uniform(0.8, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
        assert process.wait() == -signal.SIGKILL
    with running(config):
        count = len(requests(config))
        until(lambda: len(requests(config)) > count + 1, "it goes on")
    slots = [request.slot for request in requests(config)]
    assert slots == sorted(set(slots))
    with beside(config) as way:
        going = 0
        for each in log.read(way.store):
            if isinstance(each.event, e.JobRequested):
                going += 1
            elif isinstance(each.event, e.JobSucceeded | e.JobCancelled | e.JobFailed | e.JobQuarantined):
                going -= 1
            assert going <= 1
    assert run_box("--config", config.path, "verify").returncode == 0


def test_what_cannot_be_asked_for_is_a_problem_in_the_status_and_the_others_go_on(make_root):
    config = make_root(
        jobs__periodic={
            "odd": {"kind": "teleport", "every": 1},
            "tidy": {"kind": "snapshot", "every": 1, "user": "me"},
        }
    )
    with running(config):
        until(lambda: requests(config), "the other one comes")
        (problem,) = status_of(config)["problems"]
    assert problem["code"] == "periodic"
    assert "jobs.periodic.odd: no kind of job 'teleport' can be asked for" in problem["message"]
