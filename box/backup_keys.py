"""The keys of [backup]. The rule: a destination is a folder or "auto"; of the areas only those that are worth a backup.

Thumbnails and vectors are made again, scratch and trash are on their way out: none of them can be chosen.
"""

from __future__ import annotations

import re
from typing import Final

from box import units

AUTO: Final = "auto"
"""The destination that is the largest marked drive that is there."""

AREAS: Final = ("inbox", "photos", "media", "notes", "exports", "quarantine", "other")
WRITING: Final = "backup"
"""What chores say in `exclusive_with` that write to destinations."""

DESTINATIONS_MAX: Final = 16

_REMOTE: Final = re.compile(r"(?:sftp|s3|rest|b2|azure|gs|swift|rclone):.", re.DOTALL)
_SECRET: Final = re.compile(r"(://[^/@\s:]*):[^/@\s]*@")


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


def repository(where: str, value: object) -> str:
    """Where a repository of restic is: a folder, or what begins with the name of another of its backends."""
    location = units.text(where, value).strip().removeprefix("local:")
    if any(character.isspace() and character != " " for character in location):
        raise units.refused(where, "(a text of several lines)", "a repository, as restic has it")
    return location


def is_remote(location: str) -> bool:
    """Whether a repository is no folder of this machine."""
    return _REMOTE.match(location) is not None


def shown(text: str) -> str:
    """A repository, or what was said about it, as others may read it: without the password that a URL can hold."""
    return _SECRET.sub(r"\1:***@", text)
