"""Who has an inbox. The rule: who is configured, and with `users.auto_create` whoever has a folder in `users/`.

Asked anew each time: one folder is listed, and what is made there while the service runs counts at once.
"""

from __future__ import annotations

import os
from typing import Final

from box.errors import UsageError
from box.paths import check_user, to_text
from box.sections import Config
from box.watchers.ignore import Ignored

USERS: Final = "users"
"""The folder that holds a folder for each user."""

_OTHERS: Final = frozenset({"lost+found"})
"""What stands in `users/` where that is a disk of its own."""


def users(config: Config) -> tuple[str, ...]:
    """Whoever has an inbox: all who are configured and, with `users.auto_create`, whose folder stands in `users/`."""
    names = config.users.names
    if not config.users.auto_create:
        return names
    return (*names, *(user for user in on_disk(config.box.root)[0] if user not in names))


def on_disk(root: str) -> tuple[list[str], dict[str, str]]:
    """The users whose folders stand in `users/`; and the folders that cannot be one's: path text -> why."""
    valid, wrong, ignored = [], {}, Ignored()
    try:
        with os.scandir(os.path.join(root, USERS)) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        names = []
    for name in sorted(names):
        if name in _OTHERS or ignored.folder_name(name, name):
            continue
        try:
            valid.append(check_user(to_text(name)))
        except UsageError as error:
            wrong[f"{USERS}/{to_text(name)}"] = str(error)
    return valid, wrong
