"""Retries: when an attempt is made again, and what its failure says. Pure, but for what the service makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import errors, service
from box import events as e
from box.beside import policy_of
from box.engine import log_time
from box.models.jobs import Claimed
from box.tasks import retry
from box.tasks.outcomes import ended_by
from box.tasks.recover import SUSPECT_WAITS

POLICY = retry.Policy(attempts_max=3, base_seconds=10, cap_seconds=100)
SECONDS = st.floats(0, 1e9)


def job(attempts: int = 1, streak: int = 0, streak_code: str = "", kind: str = "photo") -> Claimed:
    return Claimed(7, kind, "me", "", 0, 0, 0, {}, attempts, "L", streak, streak_code)


def coded(code: str, *, retryable: bool) -> errors.BoxError:
    error = errors.BoxError("it went wrong")
    error.code, error.retryable = code, retryable
    return error


@given(base=SECONDS, cap=SECONDS, attempts=st.integers(1, 10**9), draw=st.floats(0, 1))
def test_a_delay_lies_between_nothing_and_the_step_and_never_above_the_cap(base, cap, attempts, draw):
    """An earlier job system doubled its delays without an end."""
    policy = retry.Policy(9, base, cap)
    step = min(cap, base * 2.0 ** min(attempts - 1, 60))
    assert 0 <= retry.delay_seconds(policy, attempts, draw) <= step <= cap
    assert retry.delay_seconds(policy, attempts, 0.0) == 0
    assert retry.delay_seconds(policy, attempts, 1.0) == step


@given(base=SECONDS, cap=SECONDS, attempts=st.integers(1, 100))
def test_the_step_doubles_until_it_is_the_cap(base, cap, attempts):
    policy = retry.Policy(9, base, cap)
    one, two = (retry.delay_seconds(policy, number, 1.0) for number in (attempts, attempts + 1))
    assert two == min(cap, one * 2) or attempts > 60


def test_what_failed_together_is_spread_over_the_whole_step():
    """Full jitter: a tenth around the step would bring them all back together."""
    now = datetime.now(UTC)
    found = [datetime.fromisoformat(retry.at(POLICY, 2)) - now for _ in range(300)]
    assert timedelta(0) <= min(found) < timedelta(seconds=5)
    assert timedelta(seconds=15) < max(found) < timedelta(seconds=60)


def test_a_suspect_waits_at_least_half_of_its_step():
    """Else the next death of a worker, by a power cut, often finds the same job at work."""
    now = datetime.now(UTC)
    found = [datetime.fromisoformat(retry.at(POLICY, 2, SUSPECT_WAITS)) - now for _ in range(300)]
    assert timedelta(seconds=9.9) < min(found) < timedelta(seconds=12)
    assert timedelta(seconds=17) < max(found) < timedelta(seconds=60)


@pytest.mark.parametrize(("attempts", "again"), [(1, True), (2, True), (3, False), (4, False)])
def test_there_is_no_time_for_an_attempt_too_many(attempts: int, again: bool):
    assert bool(retry.at(POLICY, attempts)) is again
    assert retry.at(POLICY, attempts)[-1:] == ("Z" if again else "")


def test_the_error_says_whether_it_is_tried_again():
    again = ended_by(job(), coded("busy", retryable=True), POLICY, stopping=False)
    assert isinstance(again, e.JobFailed)
    assert again.retry_at >= log_time(0)
    never = ended_by(job(), coded("busy", retryable=False), POLICY, stopping=False)
    assert isinstance(never, e.JobFailed)
    assert never.retry_at == ""


@pytest.mark.parametrize(
    ("streak", "streak_code", "quarantined"),
    [(0, "", False), (1, "busy", False), (2, "busy", True), (2, "other", False), (7, "other", False)],
)
def test_only_the_same_code_in_a_row_takes_a_job_to_quarantine(streak: int, streak_code: str, quarantined: bool):
    event = ended_by(job(1, streak, streak_code), coded("busy", retryable=True), POLICY, stopping=False)
    assert isinstance(event, e.JobQuarantined if quarantined else e.JobFailed)
    assert event.code == "busy"


def test_a_stop_and_a_full_disk_cost_no_attempt_and_a_child_that_died_does():
    stopped = ended_by(job(), errors.ChildDied("killed"), POLICY, stopping=True)
    full = ended_by(job(), errors.OutOfSpace("full"), POLICY, stopping=False)
    died = ended_by(job(), errors.ChildDied("killed"), POLICY, stopping=False)
    assert isinstance(stopped, e.JobReleased)
    assert isinstance(full, e.JobReleased)
    assert isinstance(died, e.JobReleased)
    assert (stopped.counted, full.counted, died.counted) == (False, False, True)


def test_of_a_lost_lease_nothing_is_said():
    lost = errors.Stopped("its lease was lost", "lost", "lease-lost")
    assert ended_by(job(), lost, POLICY, stopping=False) is None


def test_a_failure_is_kept_with_its_class_code_message_and_traceback():
    error = coded("tool-failed", retryable=False)
    error.error_class, error.traceback = "ValueError", "Traceback: ..."
    event = ended_by(job(), error, POLICY, stopping=False)
    assert event == e.JobFailed(
        user="me", job=7, lease="L", code="tool-failed", message="it went wrong", error_class="ValueError",
        traceback="Traceback: ...",
    )  # fmt: skip


def test_each_kind_has_the_policy_that_the_owner_gave_it_and_the_rules_have_the_same(make_root):
    config = make_root(
        jobs__attempts_max=4,
        jobs__kinds={"call": {"attempts_max": 9, "quarantine_after": 5, "retry_base_seconds": 1}, "photo": {}},
    )
    retries, rules = service._retries(config), policy_of(config)
    assert (retries.of("call").attempts_max, retries.of("call").quarantine_after) == rules.limits("call") == (9, 5)
    assert retries.of("call").base_seconds == 1
    assert retries.of("call").cap_seconds == config.jobs.retry_cap_seconds
    for kind in ("photo", "verify"):
        own = retries.of(kind)
        assert (own.attempts_max, own.quarantine_after) == rules.limits(kind) == (4, 3)
        assert own.base_seconds == config.jobs.retry_base_seconds
