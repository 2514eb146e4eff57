"""How the backups are. The rule: it is what the log says of them; no drive is touched to answer.

There is one state for each destination, and one for all: that of the entry of the configuration that is the furthest
behind. Of drives that take turns at one place, the one that was written last stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, Protocol

from box.backup_keys import AUTO
from box.models import backups
from box.models.backups import State
from box.models.base import Store
from box.paths import to_text
from box.sections import Config

CODES: Final = (
    "backup-away", "backup-full", "backup-failed", "manifest-damaged", "backup-locked", "backup-password",
    "restic-missing",
)  # fmt: skip
"""Why a backup stops, as problems are called; everything else is `backup-failed`."""


class Problems(Protocol):
    """The problems of the status."""

    def replace(self, code: str, found: Mapping[str, str]) -> None:
        """All there is of one code: subject -> message."""


def block(store: Store, config: Config) -> dict[str, Any]:
    """The backups, as the status has them."""
    by_entry = _by_entry(store, config)
    entries = [_newest(found, entry) for entry, found in by_entry.items()]
    behind = min(entries, key=lambda told: told["last_finished_at"] or "", default=_told(None, None))
    return {**behind, "destinations": [_told(state, None) for states in by_entry.values() for state in states]}


def tell(store: Store, config: Config, problems: Problems) -> None:
    """Put what is wrong with the destinations among the problems, and take back what no longer is."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for states in _by_entry(store, config).values():
        for state in states:
            if state.code:
                code = state.code if state.code in CODES else "backup-failed"
                found[code][state.path] = f"{state.reason}; it is tried again by the next backup"
            elif state.files_missing:
                found["backup-left"][state.path] = (
                    f"{state.files_missing} files could not be backed up to {state.path}:"
                    " `box jobs show` of the last backup says which and why"
                )
    problems.replace("backup-away", found["backup-away"])
    problems.replace("backup-full", found["backup-full"])
    problems.replace("backup-failed", found["backup-failed"])
    problems.replace("manifest-damaged", found["manifest-damaged"])
    problems.replace("backup-locked", found["backup-locked"])
    problems.replace("backup-password", found["backup-password"])
    problems.replace("restic-missing", found["restic-missing"])
    problems.replace("backup-left", found["backup-left"])


def _by_entry(store: Store, config: Config) -> Mapping[str, list[State]]:
    """Entry of the configuration -> the destinations that were met for it."""
    entries: dict[str, list[State]] = {to_text(entry): [] for entry in config.backup.places}
    for state in backups.all_of(store):
        entry = state.path if state.path in entries else AUTO
        if entry in entries:
            entries[entry].append(state)
    return entries


def _newest(found: list[State], entry: str) -> dict[str, Any]:
    return _told(max(found, key=lambda state: state.finished_at, default=None), entry)


def _told(state: State | None, entry: str | None) -> dict[str, Any]:
    if state is None:
        name = "none" if entry is None else "waiting"
        return {
            "destination": entry, "state": name, "last_finished_at": None, "last_verified_at": None,
            "files_missing": None,
        }  # fmt: skip
    return {
        "destination": state.path, "state": state_name(state), "last_finished_at": _time(state.finished_at),
        "last_verified_at": _time(state.verified_at),
        "files_missing": state.files_missing if state.finished_at else None,
    }  # fmt: skip


def state_name(state: State) -> str:
    """How a destination is, in a word."""
    if state.code:
        return "stopped"
    if not state.finished_at:
        return "waiting"
    return "behind" if state.files_missing else "done"


def _time(at: str) -> str | None:
    """As the status writes it: without milliseconds."""
    return at.partition(".")[0].rstrip("Z") + "Z" if at else None
