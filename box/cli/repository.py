"""`box backup init` where restic is the engine. The rule: a repository is made by a person, and never by a backup."""

from __future__ import annotations

import os
import re
import tempfile
from argparse import Namespace
from typing import Final

from box import backup_keys
from box.backup.destination import is_on_disk_of
from box.backup.restic import RepositoryAway
from box.cli import output, words
from box.errors import UsageError
from box.sections import Config
from box.tasks.repository import Repository

_FOLDERS: Final = {"data", "index", "keys", "locks", "snapshots"}
"""What restic makes, all but the file `config`, which comes last."""
_KEY: Final = re.compile(r"[0-9a-f]{64}(-tmp-[0-9]+)?")


def init(args: Namespace, config: Config) -> int:
    """Make the repository of the configuration, if there is none."""
    location = config.backup.repository
    if args.path or args.portable:
        raise UsageError('backup.engine is "restic": `box backup init` alone makes the repository of backup.repository')
    if location and not backup_keys.is_remote(location):
        _make_folder(config.box.root, location, may_be_here=args.folder)
        _clear_leftovers(location)
    with (
        tempfile.TemporaryDirectory(prefix="box-") as temp,
        Repository(config.backup, f"{config.box.root}/temp/restic", temp, lambda: None) as repository,
    ):
        uuid, is_new = _identity(repository)
    if args.json:
        output.value({"destination": repository.shown, "uuid": uuid, "kind": "restic", "new": is_new})
        return 0
    output.line(f"{words.printable(repository.shown)} {'is' if is_new else 'was already'} a repository of restic")
    if is_new:
        output.line("Keep a copy of its password somewhere else: without it nobody can read the backups")
    return 0


def _identity(repository: Repository) -> tuple[str, bool]:
    """(ID, whether it was made just now)."""
    try:
        return repository.identity(), False
    except RepositoryAway:
        repository.make()
    return repository.identity(), True


def _clear_leftovers(location: str) -> None:
    """Remove the key that an init left which was killed: beside the next one's it would keep everybody out."""
    if not os.path.isdir(location) or set(os.listdir(location)) != _FOLDERS:
        return
    for folder in ("data", "index", "snapshots"):
        if any(files for _, _, files in os.walk(os.path.join(location, folder))):
            raise UsageError(f"{location} holds a repository of restic that has lost its file `config`")
    for name in filter(_KEY.fullmatch, os.listdir(os.path.join(location, "keys"))):
        os.unlink(os.path.join(location, "keys", name))


def _make_folder(root: str, location: str, *, may_be_here: bool) -> None:
    """The folder for a repository; where that would be no backup, it is refused."""
    parent = os.path.dirname(location)
    place = location if os.path.isdir(location) else parent
    try:
        device = os.stat(place).st_dev
    except OSError as error:
        raise UsageError(f"{parent}: {error.strerror}; mount the drive, or make the folder first") from None
    if f"{location}/".startswith(f"{root}/"):
        raise UsageError(f"{location} is in {root}: a backup is kept apart from what it is of")
    if is_on_disk_of(root, os.stat(root), place, device) and not may_be_here:
        raise UsageError(
            f"{location} is on the same file system as {root}, so it goes when that goes: mount a drive there, or say"
            " --folder if it is meant to be there"
        )
    os.makedirs(location, mode=0o700, exist_ok=True)
