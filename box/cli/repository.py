"""`box backup init` where restic is the engine. The rule: a repository is made by a person, and never by a backup."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace

from box import backup_keys
from box.backup.restic import RepositoryAway
from box.cli import output, words
from box.errors import UsageError
from box.sections import Config
from box.tasks.repository import Repository


def init(args: Namespace, config: Config) -> int:
    """Make the repository of the configuration, if there is none."""
    location = config.backup.repository
    if args.path or args.portable:
        raise UsageError('backup.engine is "restic": `box backup init` alone makes the repository of backup.repository')
    if location and not backup_keys.is_remote(location):
        _make_folder(config.box.root, location, may_be_here=args.folder)
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


def _make_folder(root: str, location: str, *, may_be_here: bool) -> None:
    """The folder for a repository; where that would be no backup, it is refused."""
    parent = os.path.dirname(location)
    try:
        device = os.stat(location if os.path.isdir(location) else parent).st_dev
    except OSError as error:
        raise UsageError(f"{parent}: {error.strerror}; mount the drive, or make the folder first") from None
    if f"{location}/".startswith(f"{root}/"):
        raise UsageError(f"{location} is in {root}: a backup is kept apart from what it is of")
    if device == os.stat(root).st_dev and not may_be_here:
        raise UsageError(
            f"{location} is on the same file system as {root}, so it goes when that goes: mount a drive there, or say"
            " --folder if it is meant to be there"
        )
    os.makedirs(location, mode=0o700, exist_ok=True)
