"""When is a file complete: one test a rule of `settle`, then random lives of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.watchers.settle import Candidates, Look, Verdict

SETTLE = 2.0


def look(at: float, size: int = 10, mtime_ns: int = 1, inode: int = 1) -> Look:
    return Look(size, mtime_ns, inode, at)


def due_at(candidates: Candidates) -> float:
    at = candidates.next_at()
    assert at is not None
    return at


def test_rule_1_and_2_two_equal_looks_settle_a_file_once() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 100.0)
    first = due_at(candidates)
    assert first == 100.0
    assert candidates.due(first) == ["a"]
    assert candidates.looked("a", look(first), first) is Verdict.WAITING
    assert due_at(candidates) == first + SETTLE
    assert candidates.due(first + SETTLE) == ["a"]
    assert candidates.mature("a", first + SETTLE)
    assert candidates.looked("a", look(first + SETTLE), first + SETTLE) is Verdict.SETTLED
    assert (len(candidates), candidates.next_at()) == (0, None)
    assert candidates.looked("a", look(110.0), 110.0) is Verdict.WAITING


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime_ns": 2}, {"inode": 2}])
def test_rule_2_another_size_time_or_inode_is_another_file(change: dict[str, int]) -> None:
    candidates = Candidates(SETTLE)
    candidates.found("a", 0.0)
    for at, seen in ((0.0, look(0.0)), (2.0, look(2.0, **change))):
        assert candidates.due(at) == ["a"]
        assert candidates.looked("a", seen, at) is Verdict.WAITING
    at = due_at(candidates)
    assert candidates.due(at) == ["a"]
    assert candidates.looked("a", look(at, **change), at) is Verdict.SETTLED


def test_rule_2_a_file_that_somebody_writes_does_not_settle_until_it_is_closed() -> None:
    candidates = Candidates(SETTLE)
    candidates.found("a", 0.0)
    candidates.looked("a", look(0.0), 0.0)
    for at in (2.0, 5.0, 500.0):
        assert candidates.looked("a", look(at), at, held=True) is Verdict.WAITING
    assert candidates.looked("a", look(501.0), 501.0) is Verdict.SETTLED


def test_rule_3_gone_takes_two_looks_too() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 0.0)
    assert candidates.looked("a", None, 1.0) is Verdict.WAITING
    assert candidates.looked("a", None, 2.9) is Verdict.WAITING
    assert candidates.looked("a", None, 3.0) is Verdict.GONE
    assert len(candidates) == 0


def test_rule_3_a_file_that_comes_back_between_two_looks_is_not_gone() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 0.0)
    assert candidates.looked("a", None, 1.0) is Verdict.WAITING
    assert candidates.looked("a", look(3.0), 3.0) is Verdict.WAITING
    assert candidates.looked("a", look(5.0), 5.0) is Verdict.SETTLED


def gaps(candidates: Candidates, count: int, *, size: int | None = None) -> list[float]:
    """Look `count` times when it is due at a file that grows (or has that size); the times between."""
    at = due_at(candidates)
    found = []
    for number in range(count):
        assert candidates.due(at) == ["a"]
        seen = look(at, size=number + 1) if size is None else look(at, size=size)
        assert candidates.looked("a", seen, at) is Verdict.WAITING
        following = candidates.next_at()
        if following is None:
            break
        found.append(following - at)
        at = following
    return found


def test_rule_4_looks_at_a_growing_file_grow_apart_to_ten_times_the_wait() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 0.0)
    found = [round(gap, 6) for gap in gaps(candidates, 12)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (SETTLE, 10 * SETTLE)


def test_rule_4_a_ring_for_a_file_that_had_grown_rare_brings_the_shortest_wait_back() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 0.0)
    gaps(candidates, 12)
    last = due_at(candidates) - 10 * SETTLE
    candidates.mark("a", last + 5.0)
    at = due_at(candidates)
    assert at == last + 5.0
    candidates.due(at)
    candidates.looked("a", look(at, size=99), at)
    assert due_at(candidates) == at + SETTLE
    candidates.due(at + SETTLE)
    assert candidates.looked("a", look(at + SETTLE, size=99), at + SETTLE) is Verdict.SETTLED


def test_rule_4_however_often_it_is_rung_looks_keep_their_distance() -> None:
    candidates = Candidates(SETTLE)
    looks = []
    for tick in range(1000):  # a ring every 10 ms, for 10 s
        at = tick / 100
        candidates.mark("a", at)
        for path in candidates.due(at):
            candidates.looked(path, look(at, size=tick), at)
            looks.append(at)
    assert len(looks) <= 10 / (SETTLE / 10) + 1


def test_rule_5_an_empty_file_never_settles_and_is_left_to_the_sweep_after_a_while() -> None:
    candidates = Candidates(SETTLE)
    candidates.mark("a", 0.0)
    found = gaps(candidates, 100, size=0)
    assert 5 <= len(found) <= 12
    assert len(candidates) == 0


def test_rule_6_past_the_limit_a_path_is_not_taken_and_another_sweep_is_asked_for() -> None:
    candidates = Candidates(SETTLE, candidates_max=2)
    for path in "aab":
        candidates.mark(path, 0.0)
    assert not candidates.overflow
    candidates.found("c", 0.0)
    assert (len(candidates), candidates.overflow) == (2, True)


def test_undecided_counts_what_was_not_judged_even_once() -> None:
    candidates = Candidates(SETTLE)
    candidates.found("a", 0.0)
    candidates.found("empty", 0.0)
    assert candidates.undecided() == 2
    for path, size in (("a", 10), ("empty", 0)):
        candidates.looked(path, look(0.0, size=size), 0.0)
    assert candidates.undecided() == 2
    for path, size in (("a", 10), ("empty", 0)):
        candidates.looked(path, look(2.0, size=size), 2.0)
    assert (candidates.undecided(), len(candidates)) == (0, 1)


def test_the_longest_due_come_first_and_no_more_than_asked_for() -> None:
    candidates = Candidates(SETTLE)
    for number, path in enumerate("dcba"):
        candidates.found(path, float(number))
    assert candidates.due(2.0, 2) == ["d", "c"]
    assert candidates.due(2.0, 2) == ["b"]
    assert candidates.next_at() == 3.0


def test_plans_that_were_brought_forward_are_cleared_away_and_the_order_holds() -> None:
    candidates = Candidates(SETTLE)
    paths = [str(number) for number in range(3_000)]
    for number, path in enumerate(paths):
        candidates.found(path, -number / 1000)
    for round_ in range(1, 4):
        for path in candidates.due(float(round_)):
            candidates.looked(path, look(float(round_), size=round_), float(round_))
        for number, path in enumerate(reversed(paths)):
            candidates.mark(path, round_ + number / 10_000)
            assert due_at(candidates) == min(c.due for c in candidates._candidates.values()) or number % 100
        assert len(candidates._heap) <= 2 * len(candidates) + 1001
    looked_at = []
    while len(looked_at) < 3_000:
        at = due_at(candidates)
        looked_at += [(at, path) for path in candidates.due(at)]
    assert [at for at, _ in looked_at] == sorted(at for at, _ in looked_at)
    assert sorted(path for _, path in looked_at) == sorted(paths)


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "mark", "remove", "replace", "open", "close", "empty", "pass"]),
        st.sampled_from("ab"),
        st.floats(0.001, 5.0),
    ),
    max_size=60,
)


@given(steps, st.sampled_from([0.0, 0.2, 2.0]))
def test_whatever_happens_to_files_only_complete_ones_settle_and_once_a_ring(
    life: list[tuple[str, str, float]], settle: float
) -> None:
    candidates = Candidates(settle, candidates_max=2)
    files: dict[str, tuple[int, int, int]] = {}
    writers: set[str] = set()
    seen_since: dict[str, tuple[object, float]] = {}
    told: list[tuple[str, tuple[int, int, int]]] = []
    clock, serial, rings = 1.0, 1, {"a": 0, "b": 0}

    def live(until: float) -> None:
        nonlocal clock
        looks = 0
        while (at := candidates.next_at()) is not None and at <= until:
            clock = max(clock, at)
            for path in candidates.due(clock):
                looks += 1
                assert looks < 5000, "looks without end"
                seen = files.get(path)
                if path not in seen_since or seen_since[path][0] != seen:
                    seen_since[path] = (seen, clock)
                verdict = candidates.looked(path, seen and Look(*seen, clock), clock, held=path in writers)
                if verdict is Verdict.WAITING:
                    continue
                assert clock >= seen_since.pop(path)[1] + settle
                assert (verdict is Verdict.GONE) == (path not in files)
                if verdict is Verdict.SETTLED:
                    assert seen is not None
                    assert seen[0] > 0
                    assert path not in writers
                    told.append((path, seen))
        clock = until

    for what, path, seconds in life:
        serial += 1
        size, _, inode = files.get(path, (0, 0, serial))
        match what:
            case "write":
                files[path] = (size + 1, serial, inode)
            case "replace":
                files[path] = (7, serial, serial)
            case "empty":
                files[path] = (0, serial, inode)
            case "remove":
                files.pop(path, None)
                writers.discard(path)
            case "open" if path in files:
                writers.add(path)
            case "close":
                writers.discard(path)
        if what != "pass":  # a ring is never lost here: a lost one is the sweep's business
            candidates.mark(path, clock)
            rings[path] += 1
        live(clock + seconds)
        assert len(candidates) <= 2
        assert len(candidates._heap) <= 2 * len(candidates) + 1001

    writers.clear()
    for path in files:
        candidates.mark(path, clock)
        rings[path] += 1
    live(clock + 1000.0)
    assert len(candidates) == 0
    complete = {(path, seen) for path, seen in files.items() if seen[0] > 0}
    assert complete <= set(told)
    assert all(sum(p == path for p, _ in told) <= count for path, count in rings.items())


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=50))
def test_a_file_that_changes_before_every_look_never_settles(waits: list[float]) -> None:
    candidates = Candidates(SETTLE)
    clock, size = 0.0, 1
    for wait in waits:
        candidates.mark("a", clock)
        clock += wait
        for path in candidates.due(clock):
            size += 1
            assert candidates.looked(path, look(clock, size=size), clock) is Verdict.WAITING
