"""When is a file complete? The rule: two looks, `settle_seconds` apart, saw the same, and nothing speaks against it.

1. A marked path is looked at, and again `settle_seconds` after it was first seen as it is now.
2. Same size, mtime and inode, not empty, nobody writing: settled, once, and forgotten.
3. Not there, twice: gone, once, and forgotten.
4. Changed: it starts afresh. Looks that nobody rang for grow apart, to ten times `settle_seconds`.
5. Empty: looked at again, ever later, then left to the next sweep.
6. Past `candidates_max` a path is not taken; `overflow` asks for another sweep.

Pure: the clock is an argument (any clock, in seconds, that does not go back), the looks are made by others.
"""

from __future__ import annotations

from enum import Enum
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

CANDIDATES_MAX: Final = 50_000
"""About 25 MB of paths and times; beyond it another sweep is cheaper than the memory."""

_AGAIN: Final = 0.1
"""Part of the wait between looks at a file that is rung for all the time."""
_GROWTH: Final = 1.5
_WAIT_MAX: Final = 10
"""Times `settle_seconds`: between 2 s and 20 s there are 7 looks, then 3 a minute."""
_WAIT_MIN_SECONDS: Final = 0.01
"""Keeps `settle_seconds = 0` from looking without a pause at an empty file."""


class Look(NamedTuple):
    """What a look saw, and when."""

    size: int
    mtime_ns: int
    inode: int
    at: float


class Verdict(Enum):
    """What a look decided."""

    WAITING = 0
    SETTLED = 1
    GONE = 2


_STALE_PLANS_MAX: Final = 1_000
"""Plans that were brought forward stay in the heap; past this many beyond the candidates it is made anew."""

_NOTHING: Final = (-1, 0, 0)
_UNSEEN: Final = (-2, 0, 0)


class _Candidate:
    __slots__ = ("due", "looked_at", "rung", "seen", "since", "undecided", "wait")

    def __init__(self, due: float, wait: float) -> None:
        self.seen = _UNSEEN
        self.since = self.looked_at = due
        self.due = due
        self.wait = wait
        self.rung = True
        self.undecided = True


class Candidates:
    """The files that may be complete soon, each with what was last seen of it. For one thread."""

    def __init__(self, settle_seconds: float, candidates_max: int = CANDIDATES_MAX) -> None:
        self._settle = settle_seconds
        self._wait_min = max(settle_seconds, _WAIT_MIN_SECONDS)
        self._max = candidates_max
        self._candidates: dict[str, _Candidate] = {}
        self._heap: list[tuple[float, str]] = []
        self.overflow = False
        """A path was not taken for want of room; whoever sweeps again sets it back."""

    def __len__(self) -> int:
        return len(self._candidates)

    def undecided(self) -> int:
        """How many have not yet been judged even once; the others are empty, being written or changing."""
        return sum(c.undecided for c in self._candidates.values())

    def mark(self, path: str, at: float) -> None:
        """Something happened to the path: look at it now, or soon if it was looked at just before."""
        candidate = self._candidates.get(path)
        if candidate is None:
            self._take(path, at)
            return
        candidate.rung = True
        due = max(at, candidate.looked_at + candidate.wait * _AGAIN)
        if candidate.seen is not _UNSEEN and due < candidate.due:
            self._plan(path, candidate, due)

    def found(self, path: str, at: float) -> None:
        """A sweep came across the path: look at it now, unless it is looked after already."""
        if path not in self._candidates:
            self._take(path, at)

    def forget(self, path: str) -> None:
        """The path is no business of ours any more."""
        self._candidates.pop(path, None)

    def due(self, at: float, count_max: int = CANDIDATES_MAX) -> list[str]:
        """The paths to look at now, at most `count_max`, the longest due first; `looked` or `forget` each of them."""
        heap, candidates = self._heap, self._candidates
        paths: list[str] = []
        while heap and heap[0][0] <= at and len(paths) < count_max:
            when, path = heappop(heap)
            candidate = candidates.get(path)
            if candidate is not None and candidate.due == when:
                candidate.due = -1.0  # not planned: an older plan of the same path must not bring it twice
                paths.append(path)
        return paths

    def next_at(self) -> float | None:
        """When the next look is due; None without candidates."""
        heap, candidates = self._heap, self._candidates
        while heap:
            candidate = candidates.get(heap[0][1])
            if candidate is not None and candidate.due == heap[0][0]:
                return heap[0][0]
            heappop(heap)
        return None

    def mature(self, path: str, at: float) -> bool:
        """Whether a look that sees the same again would settle it: only then is opening the file worth while."""
        candidate = self._candidates.get(path)
        return candidate is not None and candidate.seen[0] > 0 and at >= candidate.since + self._settle

    def looked(self, path: str, look: Look | None, at: float, *, held: bool = False) -> Verdict:  # noqa: PLR0911
        """Judge a look (None: not there). `held`: somebody has the file open for writing."""
        candidate = self._candidates.get(path)
        if candidate is None:
            return Verdict.WAITING
        seen = _NOTHING if look is None else look[:3]
        candidate.looked_at = at
        if seen != candidate.seen:
            return self._changed(path, candidate, seen, at)
        if at < candidate.since + self._settle:
            return self._wait(path, candidate, candidate.since + self._settle)
        candidate.undecided = False
        if look is None:
            del self._candidates[path]
            return Verdict.GONE
        if look.size > 0 and not held:
            del self._candidates[path]
            return Verdict.SETTLED
        if look.size == 0 and candidate.wait >= self._wait_min * _WAIT_MAX:
            del self._candidates[path]
            return Verdict.WAITING
        self._grow(candidate)
        return self._wait(path, candidate, at + candidate.wait)

    def _changed(self, path: str, candidate: _Candidate, seen: tuple[int, int, int], at: float) -> Verdict:
        if candidate.seen is not _UNSEEN:
            candidate.undecided = False
            self._grow(candidate)
        # A ring may have been the last one (the file was closed): then the shortest time that the rule allows.
        due = at + (self._settle if candidate.rung else candidate.wait)
        candidate.seen, candidate.since, candidate.rung = seen, at, False
        return self._wait(path, candidate, due)

    def _grow(self, candidate: _Candidate) -> None:
        candidate.wait = min(candidate.wait * _GROWTH, self._wait_min * _WAIT_MAX)

    def _wait(self, path: str, candidate: _Candidate, due: float) -> Verdict:
        self._plan(path, candidate, due)
        return Verdict.WAITING

    def _take(self, path: str, due: float) -> None:
        if len(self._candidates) >= self._max:
            self.overflow = True
            return
        candidate = self._candidates[path] = _Candidate(due, self._wait_min)
        self._plan(path, candidate, due)

    def _plan(self, path: str, candidate: _Candidate, due: float) -> None:
        candidate.due = due
        heappush(self._heap, (due, path))
        if len(self._heap) > 2 * len(self._candidates) + _STALE_PLANS_MAX:
            self._heap = [(c.due, p) for p, c in self._candidates.items() if c.due >= 0]
            heapify(self._heap)
