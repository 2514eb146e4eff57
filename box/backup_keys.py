"""The keys of [backup]. The rule: a destination is a folder or "auto"; of the areas only those that are worth a backup.

Thumbnails and vectors are made again, scratch and trash are on their way out: none of them can be chosen.
"""

from __future__ import annotations

from typing import Final

from box import units

AUTO: Final = "auto"
"""The destination that is the largest marked drive that is there."""

AREAS: Final = ("inbox", "photos", "media", "notes", "exports", "quarantine", "other")
WRITING: Final = "backup"
"""What chores say in `exclusive_with` that write to destinations."""

DESTINATIONS_MAX: Final = 16


def destinations(where: str, value: object) -> tuple[str, ...]:
    """Where backups go: one folder, several, "auto", or "" for nowhere."""
    if value == "":
        return ()
    found = (
        (units.folder(where, value),)
        if isinstance(value, str)
        else tuple(units.folder(f"{where}[{place}]", entry) for place, entry in enumerate(units.texts(where, value)))
    )
    if len(found) > DESTINATIONS_MAX or len(set(found)) < len(found):
        raise units.refused(where, value, f"at most {DESTINATIONS_MAX} destinations, each once")
    return found


def areas(where: str, value: object) -> tuple[str, ...]:
    """Which areas of users are backed up, each once."""
    read = units.choice(*AREAS)
    found = tuple(read(f"{where}[{place}]", entry) for place, entry in enumerate(units.texts(where, value)))
    if not found or len(set(found)) < len(found):
        raise units.refused(where, value, "at least one area, each once")
    return found


def a_destination(where: str, value: object) -> str:
    """Where one backup goes, as anybody may ask for it."""
    path = units.folder(where, value)
    if path != AUTO and not path.startswith("/"):
        raise units.refused(where, value, 'a path that begins with a slash, or "auto"')
    return path
