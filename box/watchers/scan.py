"""The inboxes. The rule: disk minus what the projections know = events; rings and sweeps only say where to look.

One thread drives it: `sweep(at)` and rings put folders and files in line, `look(at)` does what is due and returns what
it found, `next_at()` says when there is more to do. Every step is bounded. A known file is gone when two looks missed
it *and* its inbox is there with its marker, asked last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from box.events import Event, FileSettled, FileVanished
from box.paths import MARKER, relative, split
from box.watchers import Known, KnownFiles, Problem, Seen
from box.watchers.ignore import Ignored
from box.watchers.inbox import Inbox, InboxMap
from box.watchers.look import Unreadable, glance, inspect, is_folder
from box.watchers.settle import CANDIDATES_MAX, Candidates, Look, Verdict
from box.watchers.walks import Walks

CHECK_SECONDS: Final = 10.0
"""Between two looks at folders and markers of the inboxes; one system call or two for each."""
LOOKS_MAX: Final = 500
"""Files looked at in one step: as many events as one commit takes."""
_SOON: Final = 0.05
"""Part of `settle_seconds` for which rings are gathered: to make and close a file is one look, a flood a few turns."""
RINGS_MAX: Final = 50_000
"""Paths rung for and not yet taken up; past it the inboxes are swept instead."""

Decided = tuple[str, Inbox, Look | None, bytes]


class Inboxes:
    """All inboxes of a root. Everything but `ring` belongs to one thread; `at` is any clock that does not go back."""

    def __init__(  # noqa: PLR0913  what the projections know comes as functions
        self,
        root: str,
        inboxes: Iterable[tuple[str, str]],
        *,
        settle_seconds: float,
        known: Known,
        known_folders: Callable[[str], Iterable[str]],
        sniff: Callable[[str, bytes], str],
        known_files: KnownFiles | None = None,
        ignore: Iterable[str] = (),
        check_seconds: float = CHECK_SECONDS,
        candidates_max: int = CANDIDATES_MAX,
    ) -> None:
        """Touch no disk yet.

        `inboxes`: (user, path text of the folder); `known_folders(path text of an inbox)`: the path texts of the
        folders in it that hold known files; `sniff(path text, first bytes)`: the media type. `known_files` saves asking
        `known` for a whole folder where a few files are in question.
        """
        self._root = root
        self._inboxes = InboxMap(root, inboxes)
        self._known, self._sniff = known, sniff
        self._known_files = known_files or self._ask_by_folder
        self._ignored = Ignored(ignore)
        self._candidates = Candidates(settle_seconds, candidates_max)
        self._candidates_max = candidates_max
        self._walks = Walks(root, self._inboxes, known, known_folders, self._ignored, self._candidates)
        self._check_seconds, self._check_at = check_seconds, float("-inf")
        self._rung: dict[str, bool] = {}
        self._rung_lock = threading.Lock()
        self._rings_lost = False
        self._gather_seconds = settle_seconds * _SOON
        self._take_at: float | None = None

    @property
    def folders(self) -> list[str]:
        """The absolute paths of the inboxes, for the doorbell: what it rings with must begin with one of them."""
        return list(self._inboxes.by_path)

    def add(self, user: str, text: str, at: float) -> str:
        """One more inbox, that folder (path text); its absolute path. By the thread that drives."""
        inbox = self._inboxes.add(user, text)
        self._check([inbox], at)
        return inbox.path

    def remove(self, folder: str) -> None:
        """That folder (absolute) is none any more."""
        self._inboxes.remove(folder)

    def user_of(self, folder: str) -> str:
        """Whose inbox it is; `folder` is one of `folders`."""
        return self._inboxes.by_path[folder].user

    def ring(self, path: str, is_dir: bool) -> bool:  # noqa: FBT001 - the doorbell's signature
        """Something may have happened at this absolute path. From any thread; True if the driver has to be woken."""
        inbox = self._inboxes.of(path)
        if inbox is None:
            return False
        below = path[len(inbox.path) + 1 :]
        if below == MARKER:
            path, is_dir = inbox.path, False
        elif below and (self._ignored.folder(below) if is_dir else self._ignored.file(below)):
            return False
        with self._rung_lock:
            first = not self._rung
            if len(self._rung) < RINGS_MAX:
                self._rung[path] = is_dir or self._rung.get(path, False)
            else:
                self._rings_lost = True
            return first

    def skips(self, path: str) -> bool:
        """Whether nothing in this folder (absolute path) is ever taken: for the doorbell, which need not watch it."""
        inbox = self._inboxes.of(path)
        return inbox is None or self._ignored.folder(path[len(inbox.path) + 1 :])

    def sweep(self, at: float) -> None:
        """Put every inbox in line to be walked; `look` then finds what is new, changed or gone."""
        self._rings_lost = self._candidates.overflow = self._walks.overflow = False
        for inbox in self._inboxes.by_path.values():
            inbox.check()
            self._walks.enter(inbox, at)

    def look(self, at: float) -> list[Event]:
        """Do the next bounded piece of what is due: `FileSettled` and `FileVanished` events."""
        if self._take_at is None and self._rung:
            self._take_at = at + self._gather_seconds
        if self._take_at is not None and at >= self._take_at:
            self._take_at = None
            self._take_rings(at)
        if at >= self._check_at:
            self._check_at = at + self._check_seconds
            self._check(self._inboxes.by_path.values(), at)
        self._walks.step(at)
        events = self._judge(self._look_at_files(at), at)
        missed = self._rings_lost or self._candidates.overflow or self._walks.overflow
        if missed and not self._walks and len(self._candidates) <= self._candidates_max // 2:
            self.sweep(at)
        return events

    def next_at(self) -> float:
        """When `look` has something to do; in the past when it has not finished."""
        if self._walks or (self._rung and self._take_at is None):
            return float("-inf")
        times = (self._check_at, self._take_at, self._candidates.next_at())
        return min(at for at in times if at is not None)

    def undecided(self) -> int:
        """How much was found or rung for and not judged even once; 0: what waits is empty, growing or held open."""
        return len(self._rung) + len(self._walks) + self._candidates.undecided()

    def waiting(self) -> int:
        """How many files are looked after that have not settled."""
        return len(self._candidates)

    def there(self, path: str) -> bool:
        """Whether the inbox at this absolute path stood with its marker when it was last looked at."""
        return self._inboxes.by_path[path].there

    def problems(self) -> list[Problem]:
        """What is wrong with the inboxes now."""
        problems = [problem for inbox in self._inboxes.by_path.values() for problem in inbox.problems()]
        if self._candidates.overflow:
            message = f"More than {self._candidates_max} drops wait: the others are taken up as these are done."
            problems.append(Problem("inbox-crowded", "", message))
        return problems

    def _take_rings(self, at: float) -> None:
        with self._rung_lock:
            rung, self._rung = self._rung, {}
        for path, is_dir in rung.items():
            inbox = self._inboxes.by_path.get(path)
            if inbox is not None:
                self._check([inbox], at)
            if is_dir:
                self._walks.add(path)
            elif inbox is None:
                self._candidates.mark(path, at)

    def _check(self, inboxes: Iterable[Inbox], at: float) -> None:
        for inbox in inboxes:
            if inbox.check():
                self._walks.enter(inbox, at)

    def _look_at_files(self, at: float) -> list[Decided]:
        decided: list[Decided] = []
        candidates = self._candidates
        for path in candidates.due(at, LOOKS_MAX):
            inbox = self._inboxes.of(path)
            if inbox is None or not inbox.there:
                candidates.forget(path)
                continue
            head, held = b"", False
            try:
                if candidates.mature(path, at):
                    look, held, head = inspect(path, at, inbox.lease_device)
                else:
                    look = glance(path, at)
            except Unreadable as error:
                candidates.forget(path)
                inbox.refuse(relative(self._root, path), str(error))
                continue
            verdict = candidates.looked(path, look, at, held=held)
            if verdict is not Verdict.WAITING:
                decided.append((path, inbox, look, head))
        return decided

    def _judge(self, decided: list[Decided], at: float) -> list[Event]:
        """Make events of what was decided, unless it is known already or its inbox is not there."""
        if not decided:
            return []
        texts = [relative(self._root, path) for path, _, _, _ in decided]
        known = self._known_files(texts)
        # Only now: a disk that went away after the looks must not make its files vanish.
        moved = {inbox.path for inbox in {id(i): i for _, i, _, _ in decided}.values() if inbox.check()}
        events: list[Event] = []
        for text, (path, inbox, look, head) in zip(texts, decided, strict=True):
            if inbox.path in moved or not inbox.there:
                continue
            inbox.accept(text)
            if look is None:
                if is_folder(path):
                    self._walks.add(path)
                if text in known:
                    events.append(FileVanished(user=inbox.user, path=text))
            elif known.get(text) != (look.size, look.mtime_ns):
                events.append(_settled(inbox.user, text, look, self._sniff(text, head)))
        for path in moved:
            self._walks.enter(self._inboxes.by_path[path], at)
        return events

    def _ask_by_folder(self, texts: Sequence[str]) -> Mapping[str, Seen]:
        folders = {folder: self._known(folder) for folder in {split(text)[0] for text in texts}}
        found = ((text, folders[split(text)[0]].get(split(text)[1])) for text in texts)
        return {text: seen for text, seen in found if seen is not None}


def _settled(user: str, text: str, look: Look, media_type: str) -> FileSettled:
    return FileSettled(
        user=user, path=text, size=look.size, mtime_ns=look.mtime_ns, inode=look.inode, media_type=media_type
    )
