"""The layout of a root. The rule: a folder is made once, with its marker; one that has vanished is not made again.

A marker that is gone means that the folder is not the one Box knew (a disk that is not mounted): only a person who says
`box init` again puts it back. What is made has the permissions of the folder that it is made in, whatever the umask
says: so the owner of a root decides once whether a group may drop files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from stat import S_IMODE
from typing import Final

from box import disk
from box.bells import FOLDER as DOORBELL
from box.models import usage
from box.models.base import Store
from box.paths import AREAS, MARKER, area_folder, check_user, join
from box.people import USERS
from box.sections import Config

_MARK = (
    "This file tells Box that this folder is there. Without it nothing here is taken, and nothing counts as deleted.\n"
)
_PASSED_ON: Final = 0o2777
"""Permissions, and that what is made in a folder belongs to its group; not the bits that say who may delete."""
_FOLDERS: Final = tuple(area for area in AREAS if area not in {"inbox", "other"})


def make_user(root: str, user: str) -> None:
    """Make a user's folders that are missing, and the marker of the inbox."""
    base = os.path.join(root, USERS, check_user(user))
    for folder in (os.path.dirname(base), base, *(os.path.join(base, area) for area in _FOLDERS)):
        _make(folder)
    _make_inbox(base)


def make_missing(root: str, user: str, store: Store, *, is_named: bool) -> None:
    """Make the folders of a user that may be made unasked: none, where one that holds known files is away.

    Nor is the inbox of somebody of whom files are known made again: that is a vanished one. `is_named` in the
    configuration: the user's own folder is made too, and an inbox that stands is left as it is. Raises OSError.
    """
    held = [area for area, (files, _) in usage.by_area(store, user).items() if files and area != "other"]
    if any(not os.path.isdir(join(root, area_folder(user, area))) for area in held):
        return
    base = os.path.join(root, USERS, user)
    folders = [os.path.join(base, area) for area in _FOLDERS]
    for folder in (os.path.dirname(base), base, *folders) if is_named else folders:
        _make(folder)
    if not held and not (is_named and os.path.lexists(os.path.join(base, "inbox"))):
        _make_inbox(base)


def _make(folder: str, *, marked: bool = False) -> None:
    """Make a folder, durable in the one above it, with the permissions of that one.

    It appears with them, and with its marker if it has one: killed in between, nobody would make up for it.
    """
    if os.path.lexists(folder):
        return
    above, name = os.path.split(folder)
    part = os.path.join(above, f".{name}.part")
    with suppress(FileExistsError):  # somebody was killed here
        os.mkdir(part)
    with suppress(PermissionError):  # FAT knows none
        os.chmod(part, S_IMODE(os.stat(above).st_mode) & _PASSED_ON)
    if marked:
        mark(part)
    try:
        disk.rename_new(part, folder)
    except FileExistsError:  # another process was first
        shutil.rmtree(part, ignore_errors=True)
        return
    disk.sync_folder(above)


def _make_inbox(base: str) -> None:
    inbox = os.path.join(base, "inbox")
    _make(inbox, marked=True)
    mark(inbox)


def mark(folder: str) -> None:
    """Put the marker into a folder."""
    path = os.path.join(folder, MARKER)
    if not os.path.lexists(path):
        disk.write_whole(path, _MARK)


def prepare(config: Config, store: Store) -> dict[str, str]:
    """At the start of the service: the missing folders of those who are configured. What failed: path text -> why."""
    root = config.box.root
    disk.make_folder(os.path.join(root, DOORBELL))
    failed = {}
    for user in config.users.names:
        try:
            make_missing(root, user, store, is_named=True)
        except OSError as error:
            failed[f"{USERS}/{user}"] = error.strerror or str(error)
    return failed


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
