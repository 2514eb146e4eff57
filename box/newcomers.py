"""Newcomers: a folder that somebody makes in `users/` becomes a user. The rule: only where `users.auto_create` says so.

Their missing folders are made. A user of whom no file is known, and whose folder is gone again, is none any more; of
whom files are known, the disk may be away.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from box import layout, logs, people
from box.config import Config
from box.models import usage
from box.models.base import Store
from box.status import Problems

_log = logs.get(__name__)


def failure(folder: str, why: str) -> str:
    """What to say where the folders of a user could not be made."""
    return f"The folders in {folder} could not be made ({why}): give Box the right to write in it."


@dataclass(slots=True)
class Newcomers:
    """Looks who came and who went."""

    config: Config
    store: Store
    problems: Problems
    _failed: set[str] = field(default_factory=set)
    """Folders of users that could not be completed when they were looked at last."""

    def look(self, known: Collection[str]) -> tuple[list[str], list[str]]:
        """Of those who have an inbox, `known`: (who is to be added, who is no more)."""
        if not self.config.users.auto_create:
            return [], []
        root, named = self.config.box.root, self.config.users.names
        there, wrong = people.on_disk(root)
        self.problems.replace("user-name", {f: f"The folder {f} belongs to no user: {why}" for f, why in wrong.items()})
        failed: dict[str, str] = {}
        came = [user for user in there if user not in known and self._is_ready(user, failed)]
        for folder in self._failed - failed.keys():
            self.problems.clear("user-folder", folder)
        for folder, why in failed.items():
            self.problems.put("user-folder", folder, failure(folder, why))
        self._failed = set(failed)
        went = [user for user in known if user not in named and user not in there and not self._has_files(user)]
        for user in came:
            _log.info("a new user", user=user)
        return came, went

    def _is_ready(self, user: str, failed: dict[str, str]) -> bool:
        folder = f"{people.USERS}/{user}"
        try:
            layout.make_missing(self.config.box.root, user, self.store, is_named=False)
        except FileNotFoundError:
            return False  # it was renamed, or removed, just now
        except OSError as error:
            failed[folder] = error.strerror or str(error)
            return False
        return True

    def _has_files(self, user: str) -> bool:
        return any(files for files, _ in usage.by_area(self.store, user).values())
