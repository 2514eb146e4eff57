"""The grammar of backups. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option


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


ALL: Final = (_backup,)
