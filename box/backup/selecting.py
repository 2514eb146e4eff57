"""Which rows of a backup are restored. The rule: pure; a manifest may say anything, and is believed only so far.

A place outside the target, or one that is no business of a backup, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from box import backup_keys
from box.backup.rows import Row
from box.backup.walking import ARCHIVE, CONFIG, DATABASE
from box.disk import TIME_NS_MAX
from box.errors import UsageError
from box.paths import AREAS, check_user, to_os


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files of a backup."""

    user: str = ""
    """Only this user's."""
    is_day: Callable[[str], bool] | None = None
    """Only photos in folders (path text, below the area) of which this is true."""
    gone: bool = False
    """What the box itself did not have any more, too."""
    whole: bool = False
    """All that makes a root: its configuration, archive, inboxes and database, too."""

    def names(self, path: str) -> bool:
        """Whether a file is one of them."""
        parts = path.split("/", 3)
        if parts[0] != "users" or len(parts) < 3:
            is_ours = self.whole or parts[0] == ARCHIVE
            return is_ours and not self.user and self.is_day is None
        if self.user and parts[1] != self.user:
            return False
        if self.is_day is not None:
            return parts[2] == "photos" and len(parts) == 4 and self.is_day(parts[3].rpartition("/")[0])
        # A drop that is gone from its inbox was handled since: put back, it would be handled again.
        return self.whole or parts[2] != "inbox"


def refusal(row: Row) -> str:
    """Why a row can be restored nowhere; empty if it can. The manifest may be anybody's."""
    texts: tuple[object, ...] = (row.path, row.stored, row.digest)
    numbers: tuple[object, ...] = (row.size, row.mtime_ns)
    if not all(isinstance(each, str) for each in texts) or not all(isinstance(each, int) for each in numbers):
        return "what the manifest says of it makes no sense"
    if row.size < 0 or abs(row.mtime_ns) > TIME_NS_MAX:
        return "what the manifest says of it makes no sense"
    for path in (row.path, row.stored):
        if "\0" in path or any(part in ("", ".", "..") for part in to_os(path).split("/")):
            return "its path leads elsewhere"
    return "" if _is_ours(row.path) else "no backup holds that"


def _is_ours(path: str) -> bool:
    """Whether a backup may hold a file with that path."""
    parts = path.split("/")
    if path in (CONFIG, DATABASE) or (parts[0] == ARCHIVE and len(parts) == 2):
        return True
    if parts[0] != "users" or len(parts) < 3 or parts[1] != _user(parts[1]):
        return False
    area = parts[2] if parts[2] in AREAS and len(parts) > 3 else "other"
    return area in backup_keys.AREAS


def _user(name: str) -> str:
    with suppress(UsageError):
        return check_user(name)
    return ""
