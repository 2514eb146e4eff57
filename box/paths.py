r"""Paths. The rule: inside Box a path is text relative to the root, with `/`; only the edges join it to a folder.

File names are bytes; not all of them are UTF-8. As text, an undecodable byte is written `\xNN` and a backslash `\\`,
so that every name has exactly one text form, one that JSON, SQLite and PostgreSQL can hold, and comes back to the same
bytes.
"""

from __future__ import annotations

import re
from typing import Final

from box.errors import UsageError

AREAS: Final = (
    "inbox", "photos", "thumbnails", "media", "notes", "embeddings", "exports", "temp", "quarantine", "trash", "other",
)  # fmt: skip
"""The folders of a user that are accounted for, in the order in which the status lists them; `other` is the rest."""

MARKER: Final = ".box"
"""The hidden file that says "this folder is the one, and it is mounted"."""

_USER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_])?")
_ESCAPED = re.compile(r"\\(?:x([89a-f][0-9a-f])|\\)")


def to_text(path: str) -> str:
    """The text form of a path as `os` gives it (undecodable bytes as surrogates)."""
    if path.isascii() and "\\" not in path:
        return path
    escaped = path.replace("\\", "\\\\")
    return "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in escaped)


def to_os(text: str) -> str:
    """The path that `os` wants, from its text form; the inverse of `to_text`."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda m: "\\" if m[1] is None else chr(0xDC00 + int(m[1], 16)), text)


def join(root: str, text: str) -> str:
    """The absolute path of a path text below `root`; refuses one that would leave it."""
    path = to_os(text)
    if path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise UsageError(f"{text!r} is not a path below the root")
    return f"{root}/{path}" if path else root


def relative(root: str, path: str) -> str:
    """The text form of an absolute path below `root`."""
    if not path.startswith(root + "/"):
        raise UsageError(f"{path!r} is not below {root!r}")
    return to_text(path[len(root) + 1 :])


def split(text: str) -> tuple[str, str]:
    """(folder, name) of a path text."""
    folder, _, name = text.rpartition("/")
    return folder, name


def owner(text: str) -> tuple[str, str]:
    """(user, area) that a path text belongs to; ("", "other") for what lies outside `users/`."""
    parts = text.split("/", 3)
    if len(parts) < 3 or parts[0] != "users":
        return "", "other"
    if len(parts) == 3 or parts[2] not in AREAS:
        return parts[1], "other"
    return parts[1], parts[2]


def area_folder(user: str, area: str) -> str:
    """The path text of a user's folder of that area."""
    return f"users/{user}/{area}"


def check_user(name: str) -> str:
    """The name, if it can be a user's: lower-case letters, digits, `.`, `_`, `-`, at most 64 characters."""
    if not _USER.fullmatch(name):
        raise UsageError(
            f"user {name!r}: use 1 to 64 of a-z, 0-9, '.', '_', '-', beginning and ending with a letter or digit"
        )
    return name
