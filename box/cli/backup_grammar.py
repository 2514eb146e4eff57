"""The grammar of backups. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option, number


def _backup(commands: Any) -> None:
    backup = command(
        commands, "backup", "backup:listing", "mark drives and folders for backups, and show how they are",
        text="Without an action it lists. `box do backup` makes one now; every night one is made by itself.",
        examples=("box backup", "box backup init /mnt/usb", "box do backup"), options=[json_option()],
    )  # fmt: skip
    actions = backup.add_subparsers(metavar="ACTION", prog="box backup")
    command(
        actions, "list", "backup:listing", "list the destinations, and what is on them",
        examples=("box backup list", "box backup list --json"), options=[json_option()],
    )  # fmt: skip
    init = command(
        actions, "init", "backup:init", "mark a drive, or a folder, as a destination for backups",
        text="Without its mark (.box) nothing is ever written to it, so a drive that is not mounted is told from"
        ' one that is. What is on it already stays. Where backup.engine is "restic", it makes backup.repository, and'
        " takes no PATH.",
        examples=("box backup init /mnt/usb", "box backup init /mnt/usb/box --portable",
                  "box backup init ~/copies --folder"),
        options=[json_option()],
    )  # fmt: skip
    init.add_argument("path", metavar="PATH", nargs="?", help="a folder, on the drive; none with restic")
    init.add_argument("--folder", action="store_true", help="it may be on the same disk as the root")
    init.add_argument(
        "--portable", action="store_true", help="write names so that every computer takes them (FAT: always)"
    )
    verify = command(
        actions, "verify", "backup:verify", "read back what is on the destinations, compare, and wait for the outcome",
        text="Both sides are read from the disk and compared with the digests of what was copied. A part of it is read "
        "every day by itself. Exits with 1 if anything is not right and was not repaired.",
        examples=("box backup verify", "box backup verify /mnt/usb --percent 10", "box backup verify --repair"),
        options=[json_option()],
    )  # fmt: skip
    verify.add_argument("path", metavar="PATH", nargs="?", help="which destination (default: all of the settings)")
    verify.add_argument("--percent", metavar="N", type=number, help="only so much, first what was verified long ago")
    verify.add_argument("--repair", action="store_true", help="copy the good side over a damaged one")


def _restore(commands: Any) -> None:
    parser = command(
        commands, "restore", "restore:restore", "copy files back from a backup",
        text="Into a root without a database, or an empty folder (--to), goes all that makes a root. Into one with a "
        "database go files that are missing; the service may run. Each file is compared with what was copied, and "
        "nothing that stands there is written over. Killed or interrupted, the same command goes on. Exits with 1 if "
        "anything could not be restored.",
        examples=("box restore /mnt/usb --to /srv/box", "box restore /mnt/usb --dry-run",
                  "box restore /mnt/usb --day 2026-05-03 --user ann --all"),
        options=[json_option()],
    )  # fmt: skip
    parser.add_argument("source", metavar="FROM", help="the destination of the backup: the folder with its mark (.box)")
    parser.add_argument("--user", metavar="U", default="", help="only this user's files")
    parser.add_argument("--day", metavar="D", default="", help="only photos of that day, such as 2026-05-03; undated")
    parser.add_argument("--to", metavar="DIR", help="where to (default: the root of the configuration)")
    parser.add_argument("--all", action="store_true", help="also what was gone from the root when it was backed up")
    parser.add_argument("--dry-run", action="store_true", help="only say how much it would be, and what could not")


ALL: Final = (_backup, _restore)
