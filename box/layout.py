"""The layout of a root. The rule: a folder is made once, with its marker; one that has vanished is not made again.

A marker that is gone means that the folder is not the one Box knew (a disk that is not mounted): only a person who says
`box init` again puts it back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from box import disk
from box.bells import FOLDER as DOORBELL
from box.models import usage
from box.models.base import Store
from box.paths import AREAS, MARKER, check_user

_MARK = (
    "This file tells Box that this folder is there. Without it nothing here is taken, and nothing counts as deleted.\n"
)


def make_user(root: str, user: str) -> None:
    """Make a user's folders that are missing, and the marker of the inbox."""
    base = os.path.join(root, "users", check_user(user))
    for area in AREAS:
        if area != "other":
            disk.make_folder(os.path.join(base, area))
    mark(os.path.join(base, "inbox"))


def mark(folder: str) -> None:
    """Put the marker into a folder."""
    path = os.path.join(folder, MARKER)
    if not os.path.lexists(path):
        disk.write_whole(path, _MARK)


def prepare(root: str, users: Iterable[str], store: Store) -> None:
    """At the start of the service: folders for users that are new, scratch folders emptied."""
    disk.make_folder(os.path.join(root, DOORBELL))
    known = set(usage.users(store))
    for user in users:
        if user not in known and not os.path.lexists(os.path.join(root, "users", user, "inbox")):
            make_user(root, user)


def empty_scratch(root: str) -> int:
    """Remove the scratch folders of jobs that no longer run (call it after the recovery); how many there were."""
    count = 0
    users = os.path.join(root, "users")
    places = [os.path.join(root, "temp")]
    if os.path.isdir(users):
        places += [os.path.join(users, user, "temp") for user in os.listdir(users)]
    for place in places:
        if os.path.isdir(place) and not os.path.islink(place):
            for name in os.listdir(place):
                if name.startswith("job-"):
                    shutil.rmtree(os.path.join(place, name), ignore_errors=True)
                    count += 1
    return count


def inboxes(root: str, users: Iterable[str]) -> dict[str, str]:
    """user -> absolute path of the inbox."""
    return {user: os.path.join(root, "users", user, "inbox") for user in users}
