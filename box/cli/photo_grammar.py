"""The grammar of photos: what is known of one, which are kept twice. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option


def _photos(commands: Any) -> None:
    photos = command(
        commands, "photos", "photos:duplicates", "show what is known of a photo, or which are kept more than once",
        text="Without an action it lists the duplicates.",
        examples=("box photos show users/me/photos/2024/2024-05-04/IMG_0001.JPG", "box photos duplicates"),
        options=[json_option()], user="",
    )  # fmt: skip
    actions = photos.add_subparsers(metavar="ACTION", prog="box photos")
    show = command(
        actions, "show", "photos:show", "show all that is known of a photo, and where its time comes from",
        examples=(
            "box photos show users/me/photos/2024/2024-05-04/IMG_0001.JPG",
            "box photos show IMG_0001.JPG --json",
        ),
        options=[json_option()],
    )  # fmt: skip
    show.add_argument("file", metavar="FILE", help="its path, or its path below the root")
    duplicates = command(
        actions, "duplicates", "photos:duplicates", "list the photos that are kept more than once, byte for byte",
        text="Names, folders and users do not matter. Nothing is removed.",
        examples=("box photos duplicates", "box photos duplicates --user me --json"), options=[json_option()],
    )  # fmt: skip
    duplicates.add_argument("--user", metavar="U", default="", help="only among this user's own (default: everybody's)")


ALL: Final = (_photos,)
