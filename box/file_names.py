"""Names of files. The rule: a name is never longer than file systems take, and one that is taken gets a number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

DOUBLE_ENDINGS: Final = (".job.toml", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""Endings of which the last part alone does not say what a file is."""

NAME_BYTES_MAX: Final = 255
"""What Linux's file systems take."""


def free_name(folder: str, name: str, taken: Iterable[str] = ()) -> str:
    """A name like `name` under which nothing stands in `folder` (an absolute path) nor in `taken`: `a-2.jpg`, ..."""

    def is_taken(number: int) -> bool:
        path = os.path.join(folder, numbered(name, number))
        return path in taken or os.path.lexists(path)

    return numbered(name, first_free(is_taken))


def first_free(is_taken: Callable[[int], bool]) -> int:
    """A number, from 1, that is not taken.

    Doubles its stride, then halves it, so that ten thousand `IMG_0001.JPG` cost a few looks each, not thousands.
    """
    if not is_taken(1):
        return 1
    low, high = 1, 2
    while is_taken(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_taken(middle) else (low, middle)
    return high


def numbered(name: str, number: int, base_length: int | None = None, *, is_counted: bool = False) -> str:
    """`a.jpg` -> `a-2.jpg` for 2; itself for 1. A name that would grow past what file systems take is cut.

    The number goes after `base_length` characters, else before the ending. `is_counted`: `a0001.jpg`, always.
    """
    if number == 1 and not is_counted:
        return name
    if base_length is None:
        double = next((ending for ending in DOUBLE_ENDINGS if name.endswith(ending) and name != ending), "")
        base, tail = (name.removesuffix(double), double) if double else os.path.splitext(name)
    else:
        base, tail = name[:base_length], name[base_length:]
    suffix = f"{number:04}" if is_counted else f"-{number}"
    if len(os.fsencode(suffix + tail)) > NAME_BYTES_MAX:
        base, tail = os.path.splitext(name)
    return _cut(base, NAME_BYTES_MAX - len(os.fsencode(suffix + tail))) + suffix + tail


def with_suffix(name: str, suffix: str) -> str:
    """The name of a file that goes with another: its name and `suffix`; a digest stands for what is too long of it."""
    whole = name + suffix
    if len(os.fsencode(whole)) <= NAME_BYTES_MAX:
        return whole
    from blake3 import blake3  # noqa: PLC0415  hardly ever needed

    digest = "~" + blake3(os.fsencode(name)).hexdigest(length=6)
    return _cut(name, NAME_BYTES_MAX - len(os.fsencode(digest + suffix))) + digest + suffix


def _cut(name: str, size: int) -> str:
    """The beginning of a name, at most `size` bytes, no character in pieces."""
    while name and len(os.fsencode(name)) > size:
        name = name[:-1]
    return name
