"""Which photos go: the order, the limits, the clock. No disk, and no time but what is passed in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import retention
from box.retention import YOUNG, Candidate, Disk, Plan, Steadiness, Terms

TODAY = date(2026, 11, 21)
DAY = 86_400.0


def day(age: int) -> str:
    return (TODAY - timedelta(days=age)).isoformat()


def candidate(first_age: int, last_age: int, size: int, stays: str) -> Candidate:
    return Candidate(day(max(first_age, last_age)), day(min(first_age, last_age)), size, stays)


CANDIDATES = st.lists(
    st.builds(
        candidate, st.integers(-2, 400), st.integers(-2, 400), st.integers(0, 30), st.sampled_from(("", "", "kept"))
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda each: each.first_day))  # fmt: skip


@given(
    candidates=CANDIDATES, free=st.integers(0, 100), keep=st.integers(1, 380), floor=st.integers(5, 95),
    emergency=st.one_of(st.none(), st.integers(1, 94)),
)  # fmt: skip
def test_what_goes_goes_in_order_is_old_enough_may_go_and_is_no_more_than_needed(
    candidates: list[Candidate], free: int, keep: int, floor: int, emergency: int | None
):
    emergency = None if emergency is None or emergency >= floor else emergency
    plan = retention.plan_of(Terms(keep, floor, emergency), Disk(100, free), TODAY)
    asked: list[Candidate] = []

    def told():
        for each in candidates:
            asked.append(each)
            yield each

    going = list(plan.going(told()))
    assert [each.first_day for each in going] == sorted(each.first_day for each in going)
    assert not any(each.stays for each in going)
    has = free
    for each in going:
        assert has < floor, "enough was free already"
        is_old = (TODAY - date.fromisoformat(each.last_day)).days > keep
        assert is_old or (emergency is not None and has < emergency), "days_to_keep"
        has += each.frees_bytes
    assert plan.free_bytes == has
    if has < floor:  # then all that may go went
        left = [each for each in candidates if each not in going and not each.stays]
        allowed = emergency is not None and has < emergency
        assert not [each for each in left if allowed or (TODAY - date.fromisoformat(each.last_day)).days > keep]
    else:
        assert len(asked) <= len(candidates) and (not going or asked[-1] == going[-1]), "nothing more was asked for"
    assert (sum(plan.stayed.values()) > 0) == (len(asked) > len(going))


def test_a_group_goes_with_its_oldest_and_not_before_its_youngest_may():
    plan = retention.plan_of(Terms(90, 20), Disk(100, 0), TODAY)
    group, lone = Candidate(day(200), day(90), 10), Candidate(day(150), day(150), 10)
    assert list(plan.going([group, lone])) == [lone]
    assert plan.stayed == {YOUNG: 1}
    plan = retention.plan_of(Terms(89, 20), Disk(100, 0), TODAY)
    assert list(plan.going([group, lone])) == [group, lone]


def test_a_day_stays_for_as_many_whole_days_as_are_wanted():
    for age, goes in ((0, False), (1, False), (2, True)):
        plan = retention.plan_of(Terms(1, 20), Disk(100, 0), TODAY)
        assert bool(list(plan.going([Candidate(day(age), day(age), 1)]))) == goes


@pytest.mark.parametrize(
    ("emergency", "free", "is_critical"),
    [(None, 10, False), (None, 9, True), (5, 5, False), (5, 4, True), (15, 14, True)],
)
def test_space_is_critical_below_the_emergency_else_below_half_of_the_floor(
    emergency: int | None, free: int, is_critical: bool
):
    assert retention.is_critical(Terms(90, 20, emergency), Disk(100, free)) == is_critical


@pytest.mark.parametrize("asked", [95, 20, 10])
def test_what_is_asked_for_once_makes_no_space_critical_that_was_not(asked: int):
    assert not retention.is_critical(Terms(90, asked, lasting_free_percent=20), Disk(100, 10))
    assert retention.is_critical(Terms(90, asked, lasting_free_percent=20), Disk(100, 9)) == (asked >= 20)


@pytest.mark.parametrize(
    ("wanted", "may_go"),
    [("verified", {"verified"}), ("copied", {"copied", "verified"}), ("none", {"none", "copied", "verified"})],
)
def test_a_backup_is_what_the_owner_asks_for_or_more(wanted: str, may_go: set[str]):
    terms = Terms(90, 20, require_backup=wanted)
    assert {state for state in ("none", "copied", "verified") if terms.is_backed(state)} == may_go


def test_a_percentage_of_a_disk_is_never_less_than_it_says():
    assert Disk(1001, 0).bytes_of(10) == 101
    assert Disk(1000, 0).bytes_of(10) == 100
    assert Disk(0, 0).free_percent == 0.0


def test_days_before_there_was_a_calendar_are_its_first():
    assert retention.plan_of(Terms(36_500 * 100, 20), Disk(1, 0), TODAY).young_since == "0001-01-01"


# --- the trash -------------------------------------------------------------------------------------------------------


def test_what_came_to_the_trash_lies_there_for_whole_days():
    assert [age for age in range(4) if retention.is_due(TODAY - timedelta(days=age), TODAY, 2)] == [3]
    assert [age for age in range(3) if retention.is_due(TODAY - timedelta(days=age), TODAY, 0)] == [1, 2]


@given(
    area=st.sampled_from(("photos", "thumbnails")), number=st.integers(1, 40),
    place=st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1),
)  # fmt: skip
def test_a_place_in_the_trash_says_when_something_came_and_from_where(area: str, place: str, number: int):
    source = f"users/me/{area}/2024/{place}"
    path = retention.trash_path(source, TODAY, number)
    assert retention.origin_of(path) == source
    assert retention.day_of(path) == TODAY
    assert retention.origin_of(source) == source
    assert len({retention.trash_path(source, TODAY, n) for n in range(1, 50)}) == 49


@pytest.mark.parametrize(
    "path", ["users/me/trash/a.jpg", "users/me/trash/old/a.jpg", "users/me/trash/2026-99-99/a.jpg"]
)
def test_what_lies_elsewhere_in_the_trash_has_no_day(path: str):
    assert retention.day_of(path) is None


# --- the clock -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("newest_event", "newest_day", "jumped", "says"),
    [
        (NOW, "2026-11-21", 0.0, ""),
        (None, "", 0.0, ""),
        (NOW + timedelta(seconds=30), "2026-11-22", 86_400.0, ""),
        ((NOW + timedelta(seconds=61)).astimezone(UTC), "", 0.0, "something was recorded on 2026-11-21 12:01"),
        (NOW + timedelta(days=4000), "", 0.0, "it shows 2026-11-21 12:00, and something was recorded on 2037-11-03"),
        (NOW, "2026-11-23", 0.0, "the newest photo was taken on 2026-11-23"),
        (NOW, "2026-11-21", 3 * DAY, "was put 3.0 days ahead"),
        (NOW, "2026-11-21", -400.5 * DAY, "was put 400.5 days back"),
    ],
)
def test_a_clock_is_not_believed_behind_what_was_recorded_and_what_was_photographed_and_after_a_jump(
    newest_event: datetime | None, newest_day: str, jumped: float, says: str
):
    why = retention.distrust(NOW, newest_event, newest_day, jumped)
    assert says in why and bool(says) == bool(why)


@given(now=st.datetimes(), event=st.datetimes())
def test_a_time_before_the_newest_event_is_never_believed(now: datetime, event: datetime):
    now, event = now.replace(tzinfo=UTC), event.replace(tzinfo=UTC)
    assert bool(retention.distrust(now, event, "")) == (event - now > timedelta(seconds=60))


def test_a_clock_that_jumped_is_believed_again_when_it_has_gone_on_evenly_for_a_day():
    clock = Steadiness()
    clock.look(1000.0, 50.0)
    clock.look(1000.0 + DAY, 50.0 + DAY)
    assert clock.is_steady(50.0 + DAY), "time passes"
    clock.look(1000.0 + DAY + 3600, 60.0 + DAY)
    assert clock.is_steady(60.0 + DAY), "an hour is no jump"
    clock.look(1000.0 + 40 * DAY, 70.0 + DAY)
    assert not clock.is_steady(70.0 + DAY)
    assert round(clock.put_seconds / DAY) == 39
    clock.look(1000.0 + 40.5 * DAY, 70.0 + 1.5 * DAY)
    assert not clock.is_steady(70.0 + 1.5 * DAY)
    assert clock.is_steady(70.0 + 2 * DAY)


def test_a_clock_that_goes_back_by_little_and_little_is_seen_too():
    clock = Steadiness()
    for look in range(10):
        clock.look(1_000_000.0 - look * 20_000.0, float(look))
    assert not clock.is_steady(10.0)


def test_a_clock_that_jumps_there_and_back_is_believed_a_day_after_the_last_jump():
    clock = Steadiness()
    for at, running in ((0.0, 0.0), (9 * DAY, 1.0), (2.0, 2.0)):
        clock.look(at, running)
    assert clock.put_seconds < 0
    assert not clock.is_steady(DAY)
    assert clock.is_steady(DAY + 2.0)


def at(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("spans", "begun"),
    [
        ([], None),  # nothing is known
        ([(0.01, 0.0)], None),  # Box is new
        ([(3.0, 2.5), (1.6, 1.5), (0.6, 0.5)], None),  # on every day
        ([(9.0, 2.1), (1.1, 0.0)], None),  # off for a day, and on for one since
        ([(9.0, 1.0), (0.0, 0.0)], None),  # started once a day, and a moment later
        ([(9.0, 1.1), (0.0, 0.0)], 0.0),  # off for more than a day
        ([(9.0, 1.1)], 0.0),  # and not even that is on record yet
        ([(900.0, 899.0), (0.9, 0.8), (0.4, 0.3)], 0.9),  # on again, and started twice since
        ([(9.0, 8.0), (7.0, 6.5), (0.5, 0.0)], 0.5),
    ],
)
def test_records_that_begin_within_the_last_day_after_a_gap_of_more_than_one_are_noticed(
    spans: list[tuple[float, float]], begun: float | None
):
    dated = [(at(first), at(last)) for first, last in spans]
    assert retention.begun_anew(NOW, dated, is_cut=False) == (None if begun is None else at(begun))


@pytest.mark.parametrize(("oldest", "begun"), [(0.9, 0.9), (1.0, None), (30.0, None)])
def test_where_all_but_the_last_day_was_archived_that_counts_as_a_gap(oldest: float, begun: float | None):
    spans = [(at(n), at(n)) for n in (oldest, *(float(n) for n in range(int(oldest), -1, -1) if n < oldest))]
    assert retention.begun_anew(NOW, spans, is_cut=True) == (None if begun is None else at(begun))
    assert retention.begun_anew(NOW, spans, is_cut=False) is None


@given(
    gaps=st.lists(st.floats(0, 40), max_size=12), is_cut=st.booleans()
)  # fmt: skip
def test_records_are_believed_exactly_if_the_last_day_hangs_together_with_what_was_before(
    gaps: list[float], is_cut: bool
):
    times, age = [], 0.0
    for gap in gaps:  # from now on backwards
        age += gap
        times.append(age)
    found = retention.begun_anew(NOW, [(at(t), at(t)) for t in reversed(times)], is_cut=is_cut)
    reach = 0.0
    for time in times:
        if (at(reach) - at(time)).total_seconds() > retention.GAP_SECONDS:
            break
        reach = time
    hangs_together = (NOW - at(reach)).total_seconds() >= DAY
    ends = reach == (times[-1] if times else 0.0)
    assert (found is None) == (hangs_together or (ends and not is_cut))
    assert found in (None, at(reach))


def test_what_cannot_be_told_from_a_jump_is_said_with_what_helps():
    why = retention.distrust(NOW, NOW, "2026-11-20", 0.0, at(0.5))
    assert why == (
        "it shows 2026-11-21 12:00, nothing is on record of the day before 2026-11-21 00:00, and no time server has set"
        " it: it is believed when it has gone on evenly for a day, when one has set it, or with trust_clock=true"
    )


def test_a_clock_has_proved_itself_when_it_has_gone_on_evenly_for_a_day_since_it_was_looked_at_first():
    clock = Steadiness()
    clock.look(1000.0, 50.0)
    assert not clock.is_proved(50.0)
    assert not clock.is_proved(49.0 + DAY)
    assert clock.is_proved(50.0 + DAY)
    clock.look(1000.0 + 9 * DAY, 60.0 + DAY)
    assert not clock.is_proved(60.0 + DAY)


def test_a_plan_counts_what_will_be_free():
    plan = Plan(10, 20, 0, "2026-01-01")
    plan.will_free(9)
    assert not plan.is_enough()
    plan.will_free(1)
    assert plan.is_enough()
    assert list(plan.going([Candidate("2020-01-01", "2020-01-01", 5)])) == []
