"""The grammar of restoring. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option


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


ALL: Final = (_restore,)
