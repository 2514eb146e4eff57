"""The grammar of photos: what is known of one, which are kept twice, which stay. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

from typing import Any, Final

from box.cli.parts import command, json_option


def _photos(commands: Any) -> None:
    photos = command(
        commands, "photos", "photos:duplicates",
        "show what is known of a photo, or which there are more than once; say which are to stay",
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
    keep = command(
        actions, "keep", "photos:keep", "say that a photo, or a day, is to stay when the disk fills up",
        text="What belongs to a photo stays with it. A file .keep in a folder says it of all that is in there.",
        examples=(
            "box photos keep users/me/photos/2024/2024-05-04/IMG_0001.JPG", "box photos keep 2024-05-04",
            "box photos keep 2024-05-04 --user me --undo",
        ),
        options=[json_option()],
    )  # fmt: skip
    keep.add_argument("what", metavar="FILE|DAY", help="a photo's path, or a day such as 2024-05-04")
    keep.add_argument(
        "--user", metavar="U", default="", help="whose (default: of a day, everybody's who has photos of it)"
    )
    keep.add_argument("--undo", action="store_true", help="it may go again")


ALL: Final = (_photos,)
