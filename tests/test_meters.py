"""Meters: counts that never go down, spreads that add up, and labels that nobody outside can choose freely."""

from __future__ import annotations

import threading
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from box import events as e
from box.exposition import FAMILIES, Spread, Values
from box.meters import OTHER, TASKS, TTL_BOUNDS, WAIT_BOUNDS, WORDS_MAX, Meters

OWN = {"job": 1, "lease": "L"}
SECONDS = st.floats(0, 1e9, allow_nan=False)
KINDS = st.sampled_from(("photo", "verify", "x y", ""))
CODES = st.sampled_from(("corrupt", "defect", 'a"b', "é"))

ACTIONS = st.one_of(
    st.builds(lambda k, s: lambda m: m.waited(k, s), KINDS, SECONDS),
    st.builds(lambda k, s: lambda m: m.ran(k, s), KINDS, SECONDS),
    st.builds(lambda t, s: lambda m: m.timed(t, s), st.sampled_from(TASKS), SECONDS),
    st.builds(lambda s: lambda m: m.lease_left(s), st.floats(-1e9, 1e9)),
    st.builds(lambda s, n: lambda m: m.ttl_left("age", [(s, n)]), st.floats(-1e9, 1e9), st.integers(1, 500)),
    st.builds(
        lambda c, at: lambda m: m.count(e.JobFailed(**OWN, code=c, message="", retry_at=at)),
        CODES, st.sampled_from(("", "2026-11-21T20:00:00Z")),
    ),
    st.builds(lambda c: lambda m: m.count(e.JobQuarantined(**OWN, code=c, message="")), CODES),
    st.builds(lambda c: lambda m: m.count(e.JobReleased(**OWN, reason="", counted=c)), st.booleans()),
    st.sampled_from((e.JobSucceeded(**OWN), e.JobCancelled(job=1, reason=""), e.JobRetried(job=1))).map(
        lambda event: lambda m: m.count(event)
    ),
)  # fmt: skip


def numbers(values: dict[str, Values]) -> dict[tuple[str, ...], float]:
    """Every number that is written, by name and labels."""
    found: dict[tuple[str, ...], float] = {}
    for name, samples in values.items():
        for labels, value in samples.items():
            if isinstance(value, Spread):
                found |= {(name, *labels, str(n)): up for n, up in enumerate(accumulate(value.counts))}
                found[name, *labels, "sum"] = value.sum
            else:
                found[name, *labels] = value
    return found


@given(st.lists(ACTIONS, max_size=40))
def test_whatever_happens_no_count_goes_down_or_away(actions):
    meters = Meters(["photo"])
    before = numbers(meters.read())
    for act in actions:
        act(meters)
        after = numbers(meters.read())
        assert all(after[key] >= value for key, value in before.items())
        before = after


@given(st.lists(SECONDS))
def test_a_spread_holds_each_value_once_at_the_first_bound_that_is_not_below_it(waits):
    meters = Meters()
    for seconds in waits:
        meters.waited("photo", seconds)
    spread = meters.read()["box_job_wait_seconds"].get(("photo",), Spread(WAIT_BOUNDS, (0,) * 14, 0.0))
    assert list(accumulate(spread.counts))[:-1] == [sum(s <= bound for s in waits) for bound in WAIT_BOUNDS]
    assert sum(spread.counts) == len(waits)
    assert spread.sum == sum(waits, 0.0)


def test_what_is_known_beforehand_is_there_at_0():
    found = numbers(Meters(iter(["photo"])).read())
    assert set(found.values()) == {0}
    assert ("box_jobs_ended_total", "quarantined") in found
    assert ("box_job_wait_seconds", "photo", "sum") in found
    assert ("box_job_duration_seconds", "photo", "sum") in found
    assert {key[1] for key in found if key[0] == "box_upkeep_seconds"} == set(TASKS)


def test_every_meter_has_its_family_with_as_many_labels():
    meters = Meters(["photo"])
    meters.count(e.JobFailed(**OWN, code="defect", message=""))
    meters.count(e.JobQuarantined(**OWN, code="corrupt", message=""))
    families = {family.name: family for family in FAMILIES}
    for name, samples in meters.read().items():
        assert {len(labels) for labels in samples} == {len(families[name].labels)}, name


def test_events_are_counted_by_what_they_mean_for_a_job():
    meters = Meters()
    for event in (
        e.JobFailed(**OWN, code="file-system", message="", retry_at="2026-11-21T20:00:00Z"),
        e.JobFailed(**OWN, code="file-system", message=""),
        e.JobQuarantined(**OWN, code="corrupt", message=""),
        e.JobReleased(**OWN, reason="its lease ran out"),
        e.JobReleased(**OWN, reason="the service stopped", counted=False),
        e.JobRetried(job=1),
        e.JobCancelled(job=1, reason=""),
        e.JobSucceeded(**OWN),
    ):
        meters.count(event)
    found = meters.read()
    assert found["box_job_failures_total"] == {("file-system",): 2}
    assert found["box_job_quarantines_total"] == {("corrupt",): 1}
    assert found["box_job_retries_total"] == {("error",): 1, ("lost",): 1, ("by-hand",): 1}
    assert found["box_jobs_ended_total"] == {
        ("completed",): 1, ("failed",): 1, ("cancelled",): 1, ("quarantined",): 1
    }  # fmt: skip
    assert found["box_events_total"]["JobFailed",] == 2


@given(st.text())
def test_a_code_is_a_label_only_if_it_is_a_short_plain_word(code: str):
    meters = Meters()
    meters.count(e.JobQuarantined(**OWN, code=code, message=""))
    ((label,),) = meters.read()["box_job_quarantines_total"]
    assert label == OTHER or (label == code and len(code) <= 40 and code.isascii() and code == code.lower())


def test_a_hostile_child_cannot_make_the_file_grow_with_codes_and_kinds():
    meters = Meters()
    meters.count(e.JobFailed(**OWN, code="file-system", message=""))
    for number in range(10_000):
        meters.count(e.JobFailed(**OWN, code=f"made-up-{number}", message=""))
        meters.waited(f"kind-{number}", 1.0)
        meters.count(e.JobFailed(**OWN, code="c" * number, message=""))
    meters.count(e.JobFailed(**OWN, code="file-system", message=""))
    found = meters.read()
    codes = found["box_job_failures_total"]
    assert max(len(codes), len(found["box_job_wait_seconds"])) <= WORDS_MAX + 1
    assert max(len(code) for (code,) in codes) <= 40
    assert codes["file-system",] == 2, "who was there first keeps his place"
    assert sum(codes.values()) == 20_002, "and nothing is lost"


def test_what_ran_out_has_nothing_left():
    meters = Meters()
    meters.lease_left(-5.0)
    meters.ttl_left("age", [(-100.0, 3)])
    lease, age = meters.read()["box_lease_expiry_seconds"][()], meters.read()["box_ttl_expiry_seconds"]["age",]
    assert isinstance(lease, Spread)
    assert (lease.counts[0], lease.sum) == (1, 0.0)
    assert age == Spread(TTL_BOUNDS, (3, *(0,) * len(TTL_BOUNDS)), 0.0)


def test_threads_count_side_by_side_and_none_is_lost():
    meters = Meters(["photo"])
    begin = threading.Barrier(8)

    def work() -> None:
        begin.wait()
        for _ in range(2_000):
            meters.ran("photo", 0.5)
            meters.count(e.JobSucceeded(**OWN))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = meters.read()
    assert found["box_jobs_ended_total"]["completed",] == 16_000
    ran = found["box_job_duration_seconds"]["photo",]
    assert isinstance(ran, Spread)
    assert (sum(ran.counts), ran.sum) == (16_000, 8_000.0)


def test_upkeep_that_fails_is_timed_too():
    meters = Meters()
    try:
        with meters.timing("snapshot"):
            raise OSError
    except OSError:
        pass
    taken = meters.read()["box_upkeep_seconds"]["snapshot",]
    assert isinstance(taken, Spread)
    assert taken.counts == (1,)
