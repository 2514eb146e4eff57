"""Imports: cards and folders elsewhere. The rule: a look is a listing; a job is asked for only if there is something.

A look comes at the start, every `watch.sweep_seconds`, and at once when something is mounted: the kernel tells, and a
thread of its own waits for that. What does not fit stays where it is, and the status says so.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from box import logs
from box.engine import Engine
from box.errors import BoxError
from box.import_tables import Import, fixed
from box.models import imports, jobs, usage
from box.models.base import Store
from box.paths import split
from box.policy import quota
from box.sections import Config
from box.tasks.chore import Problems
from box.watchers.cards import Card, Original, cards, originals
from box.watchers.ignore import Ignored
from box.watchers.mounts import MOUNTS

KIND: Final = "import"
"""The kind of job that imports."""

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Room:
    """How much a user's import may still bring."""

    quota_bytes: int | None
    disk_bytes: int

    def lacks(self, size: int) -> str:
        """Why a file of that size does not fit, empty if it does."""
        if self.quota_bytes is not None and size > self.quota_bytes:
            return "the quota has no room for it"
        return "the disk has no room for it (storage.free_bytes_min)" if size > self.disk_bytes else ""


def room(config: Config, engine: Engine, user: str) -> Room:
    """What fits now. What waits in the inbox and is not set aside yet is not known here: whoever copies counts it."""
    balance = usage.balance(engine.store, user)
    limit = quota(engine.policy, user, is_set=balance.quota_is_set, set_bytes=balance.quota_bytes)
    disk = os.statvfs(config.box.root)
    return Room(
        None if limit is None else limit - balance.used_bytes - balance.reserved_bytes,
        disk.f_bavail * disk.f_frsize - config.storage.free_bytes_min,
    )


def places(entry: Import) -> list[Card]:
    """The cards or folders of an entry that are there now."""
    return cards(entry.path, fixed(entry.path))


def fresh(
    store: Store, entry: Import, card: Card, ignored: Ignored, refuse: Callable[[str, str], object]
) -> Iterator[Original]:  # fmt: skip
    """The originals on a card that were not imported yet; those, too, that should have been removed and were not.

    Raises OSError when the card is gone.
    """
    for files in originals(card, ignored, refuse):
        known = imports.known(store, entry.name, card.volume, split(files[0].place)[0])
        for each in files:
            if entry.mode == "move" or known.get(split(each.place)[1]) != (each.size, each.mtime_ns):
                yield each


def left_message(entry: Import, count: int, why: str) -> str:
    """What the status says of what stays on a card."""
    files = "1 file stays" if count == 1 else f"{count} files stay"
    return f"{files} on {entry.path} and cannot be imported to {entry.user}: {why}"


@dataclass(frozen=True, slots=True)
class _News:
    """What is new for an entry."""

    fitting: int = 0
    left: int = 0
    why: str = ""
    mark: int = 0
    """Another one for other files."""


@dataclass(slots=True)
class Imports:
    """Looks for what is new and asks for the jobs that import it."""

    config: Config
    engine: Engine
    problems: Problems
    ask: Callable[[Import], object]
    """Asks for the job of an entry."""
    _asked: dict[str, _News] = field(default_factory=dict)
    """What there was when the job of an entry was asked for last: what that could not import is not asked for again."""
    _places: frozenset[tuple[str, int]] = frozenset()
    _thread: threading.Thread | None = None
    _stop: tuple[int, int] = (-1, -1)

    def look(self) -> None:
        """Look at all places, and ask for what there is to do."""
        for entry in self.config.watch.imports:
            if not jobs.is_wanted(self.engine.store, KIND, "name", entry.name):
                self._look(entry)

    def _look(self, entry: Import) -> None:
        news = self._news(entry)
        if news == self._asked.get(entry.name):
            return
        if news.left:
            self.problems.put("import-left", entry.name, left_message(entry, news.left, news.why))
        else:
            self.problems.clear("import-left", entry.name)
        if news.fitting:
            self.ask(entry)
            _log.info("something new to import", name=entry.name, files=news.fitting)
        self._asked[entry.name] = news

    def _news(self, entry: Import) -> _News:
        fits, ignored = room(self.config, self.engine, entry.user), Ignored(self.config.watch.ignore)
        fitting, left, why, mark = 0, 0, "", 0
        for card in places(entry):
            try:
                for each in fresh(self.engine.store, entry, card, ignored, lambda _path, _reason: None):
                    lack = fits.lacks(each.size)
                    fitting, left, why = (fitting, left + 1, lack) if lack else (fitting + 1, left, why)
                    mark ^= hash((card.volume, each.place, each.size, each.mtime_ns, lack))
            except OSError as error:
                if card.is_there():
                    left, why = left + 1, f"{card.folder} cannot be listed: {error.strerror or error}"
        return _News(fitting, left, why, mark)

    # --- waiting ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look now, and whenever something may be new; nothing at all without entries."""
        if self.config.watch.imports:
            self._stop = os.pipe2(os.O_CLOEXEC)
            self._thread = threading.Thread(target=self._watch, name="imports", daemon=True)
            self._thread.start()

    def stop(self, seconds: float) -> None:
        """Look no more, and wait for the thread."""
        if self._thread is not None:
            os.close(self._stop[1])
            self._thread.join(seconds)
            self._thread = None

    def _watch(self) -> None:
        """Sleep until something is mounted, it is time, or the service stops."""
        with open(MOUNTS, "rb") as mounts:
            waiting = select.poll()
            waiting.register(mounts, select.POLLPRI | select.POLLERR)
            waiting.register(self._stop[0], select.POLLHUP)
            next_at = 0.0
            while True:
                now = time.monotonic()
                there = self._there()
                if there != self._places:  # a card that comes back is looked at as if it had never been in
                    self._asked.clear()
                if there != self._places or now >= next_at:
                    self._places, next_at = there, now + self.config.watch.sweep_seconds
                    self._guarded()
                told = waiting.poll(max(0.0, next_at - time.monotonic()) * 1000)
                if any(descriptor == self._stop[0] for descriptor, _ in told):
                    os.close(self._stop[0])
                    return

    def _there(self) -> frozenset[tuple[str, int]]:
        found = (card for entry in self.config.watch.imports for card in places(entry))
        return frozenset((card.folder, card.device) for card in found)

    def _guarded(self) -> None:
        try:
            self.look()
        except (BoxError, OSError) as error:
            _log.warning("places to import from could not be looked at", error=error)
