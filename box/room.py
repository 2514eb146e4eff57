"""Room: photos are asked to go when the disk fills up. The rule: once for each percent that is lost, not all the time.

A run that finds nothing to go says why in the status. Another one is asked for when there is still less room, when more
backups are proved, and by the clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from box import logs, retention
from box.engine import Engine
from box.models import ages, jobs, usage
from box.retention import Steadiness, Terms
from box.sections import Config
from box.tasks import asking, by_request, clean_photos, cleaning
from box.tasks.chore import Problems

LOOK_SECONDS: Final = 60.0
"""Between two looks at the disk."""

_PROVING: Final = ("backup", "verify-backup")
"""Kinds of job after which more may go."""

_log = logs.get(__name__)


@dataclass(slots=True)
class Room:
    """Looks at the disk of the root."""

    config: Config
    engine: Engine
    problems: Problems
    clock: Steadiness
    _asked: tuple[int, int] | None = None
    """(whole percents that were free, what was known of backups) when it was asked for last."""

    def look(self) -> None:
        """Ask for a run, if one may help."""
        self.clock.look(time.time(), clean_photos.running_seconds())
        wanted = self.config.retention
        if not wanted.enabled:
            return
        disk = cleaning.space_of(self.config.box.root)
        terms = Terms(wanted.days_to_keep, wanted.min_free_percent, wanted.emergency_free_percent)
        if disk.free_percent >= wanted.min_free_percent:
            self._asked = None
            self.problems.clear("retention", "")
        elif self._may_help(terms, disk):
            self._asked = (int(disk.free_percent), ages.proofs(self.engine.store))
            self.engine.request(asking.wanted(by_request(), clean_photos.KIND, {}))
            _log.info("photos are asked to go", free_percent=round(disk.free_percent, 1))

    def _may_help(self, terms: Terms, disk: retention.Disk) -> bool:
        store = self.engine.store
        in_trash = sum(usage.by_area(store, user)[retention.TRASH][1] for user in usage.users(store))
        if not retention.is_critical(terms, disk) and disk.free_bytes + in_trash >= disk.bytes_of(
            terms.min_free_percent
        ):
            return False  # it will be free
        if jobs.any_unfinished_of(store, clean_photos.KIND):
            return False
        if self._asked is None or int(disk.free_percent) < self._asked[0]:
            return True
        is_more_proved = ages.proofs(store) > self._asked[1]
        return is_more_proved and not any(jobs.any_unfinished_of(store, kind) for kind in _PROVING)
