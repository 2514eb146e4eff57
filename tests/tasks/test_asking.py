"""Asking for a job: whatever is said is an event that the log can hold, or one sentence that says what is wrong."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box.engine import Engine, log_time
from box.errors import IllegalMove, UsageError
from box.event_text import dump, load
from box.models.base import Store
from box.tasks import asking, by_request

HUGE = st.integers(5000, 5001).map(lambda digits: 10**digits)
"""Numbers that Python refuses to print."""
ODD = st.sampled_from(("\ud800", "\0", object(), "call", "verify", "2 hours", "2026-12-24 18:00"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=9) | st.datetimes()
    | st.text(st.characters(), max_size=20) | ODD | HUGE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    | st.tuples(inner),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(("function", "args", "kwargs", "deep", "user", "kind")) | st.text(max_size=5)


@given(
    kind=st.sampled_from(sorted(by_request())) | st.text(max_size=10),
    args=st.dictionaries(NAMES, ANYTHING | st.just("os:getcwd"), max_size=3),
    user=st.sampled_from(("", "me")) | st.text(max_size=10),
    priority=st.just(0) | ANYTHING, key=st.just("") | ANYTHING, after=st.just(()) | ANYTHING,
)  # fmt: skip
@example("call", {"function": "a:b", "args": [math.nan]}, "", 0, "", ())
@example("call", {"function": "a:b", "args": ["\ud800"]}, "", 0, "", ())
@example("call", {"function": "a:b"}, "../../etc", 0, "", ())
@example("verify", {}, "", 0, "\ud800", ())
@example("verify", {}, "", 0, "", (2**70,))
@example("verify", {}, "", 0, "", (True,))
@example("verify", {}, "", 0, "", "12")
@example("verify", {}, "", 0, "", list(range(1, 5000)))
def test_anything_is_an_event_that_the_log_can_hold_or_one_sentence_that_says_what_is_wrong(
    kind, args, user, priority, key, after
):
    try:
        event = asking.wanted(by_request(), kind, args, user=user, priority=priority, key=key, after=after)
    except UsageError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert len(refused.splitlines()) == 1
        assert len(refused) < 1000
        return
    assert load("JobRequested", event.user, dump(event)) == event
    dump(event).encode()
    assert event.kind == kind
    assert set(json.loads(event.args or "{}")) == set(args)
    assert "NaN" not in event.args or '"' in event.args


def deep(levels: int) -> list[object]:
    found: list[object] = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"kind": "nonsense"}, "nonsense"),
        ({"kind": "nonsense"}, "there are: backup, call, "),
        ({"kind": "quarantine"}, "quarantine"),  # of the box's own: nobody may ask for it
        ({"args": {"deeper": 1}}, "verify takes no 'deeper'; it takes "),
        ({"kind": "call"}, 'call needs function: its name, "module:name"'),
        ({"kind": "call", "args": {"function": "os.system"}}, "function = 'os.system'"),
        ({"kind": "call", "args": {"function": "a:b", "args": "x"}}, "args = 'x': expected a list"),
        ({"kind": "call", "args": {"function": "a:b", "args": [object()]}}, "the arguments of call have to be JSON"),
        ({"kind": "call", "args": {"function": "a:b", "args": [math.inf]}}, "the arguments of call have to be JSON"),
        ({"kind": "call", "args": {"function": "a:b", "args": deep(9999)}}, "the arguments of call have to be JSON"),
        ({"kind": "call", "args": {"function": "a:b", "args": ["x" * 100_000]}}, "100000 are taken"),
        ({"priority": 1001}, "priority = 1001: expected -1000 to 1000"),
        ({"priority": True}, "priority = true"),
        ({"key": 7}, "key = 7"),
        ({"key": "k" * 201}, "at most 200 characters"),
        ({"user": "../bob"}, "user: user '../bob'"),
        ({"after": (0,)}, "after"),
        ({"after": ("1",)}, "after"),
    ],
)
def test_what_does_not_fit_is_named(said: dict[str, object], names: str):
    with pytest.raises(UsageError) as error:
        asking.wanted(by_request(), **{"kind": "verify", "args": {}, **said})  # type: ignore[arg-type]
    assert names in str(error.value)


def test_a_chore_that_is_exclusive_bears_its_kind_as_its_text():
    assert asking.wanted(by_request(), "verify", {}).exclusive == "verify"
    assert asking.wanted(by_request(), "call", {"function": "a:b"}).exclusive == ""


@given(later=ANYTHING, at=ANYTHING)
@example(None, "0001-01-01T00:00:00+23:59")
@example(None, "9999-12-31T23:59:59-23:59")
@example(math.nan, None)
@example(None, datetime.max.replace(tzinfo=UTC))
def test_any_time_is_one_that_the_log_can_compare_or_is_refused(later, at):
    try:
        found = asking.when(later, at)
    except UsageError:
        return
    assert found == "" or (len(found) == len(log_time(0)) and found.endswith("Z"))


def test_in_so_long_is_counted_from_now_and_a_time_without_an_offset_is_local():
    now = datetime.now(UTC)
    assert log_time((now + timedelta(hours=2)).timestamp()) <= asking.when("2 hours")
    assert asking.when(at="2026-12-24T17:00:00Z") == "2026-12-24T17:00:00.000Z"
    assert asking.when(at="2026-12-24T17:00:00+01:00") == "2026-12-24T16:00:00.000Z"
    local = datetime(2026, 12, 24, 18)  # noqa: DTZ001 - the local one is meant
    assert asking.when(at="2026-12-24 18:00") == log_time(local.timestamp())
    assert asking.when() == asking.when(0) == ""
    with pytest.raises(UsageError, match="not both"):
        asking.when("1 h", "2026-12-24")


@pytest.mark.parametrize("key", ["'; DROP TABLE jobs; --", "\0", "a\nb", "é 🦉", " "])
def test_a_second_request_with_a_key_is_the_first_job_whatever_the_key(engine: Engine, key: str):
    first = engine.request(asking.wanted(by_request(), "verify", {}, key=key))
    assert engine.request(asking.wanted(by_request(), "snapshot", {}, key=key)) == first
    assert engine.request(asking.wanted(by_request(), "verify", {}, key=key + "x")) != first


def test_a_job_waits_only_for_jobs_that_are_there(engine: Engine, store: Store):
    with pytest.raises(IllegalMove, match="job 7, which is not there"):
        engine.request(asking.wanted(by_request(), "verify", {}, after=(7,)))
    first = engine.request(asking.wanted(by_request(), "verify", {}))
    second = engine.request(asking.wanted(by_request(), "verify", {}, after=(first,)))
    assert store.rows("SELECT job, after FROM job_waits") == [(second, first)]
