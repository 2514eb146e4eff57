"""The tables of `watch.imports`. The rule: as in `box.job_tables`; a place to import from never overlaps the root.

Each is a card or a folder elsewhere, whose files are brought into an inbox.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Final, Literal

from box import units
from box.errors import ConfigError
from box.units import refused

IMPORTS_MAX: Final = 100

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_KEYS: Final = ("name", "path", "user", "mode", "into")
_mode: Final[units.Read[Literal["copy", "move"]]] = units.choice("copy", "move")
_WILD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An entry of `watch.imports`."""

    name: str
    path: str
    """Absolute, without a slash at its end; `*`, `?` and `[...]` stand for names of folders."""
    user: str = ""
    """Whose inbox; in a Config never empty."""
    mode: Literal["copy", "move"] = "copy"
    """`copy` leaves the originals as they are; `move` removes each when its copy is safe."""
    into: str = ""
    """Folder in the inbox."""


def imports(where: str, value: object) -> tuple[Import, ...]:
    """Entries, each of a name of its own."""
    if not isinstance(value, list) or len(value) > IMPORTS_MAX:
        raise refused(where, value, f"at most {IMPORTS_MAX} tables, [[{where}]]")
    found: list[Import] = []
    for place, table in enumerate(value):
        entry = _entry(f"{where}[{place}]", table)
        if entry.name in [other.name for other in found]:
            raise refused(f"{where}[{place}].name", entry.name, "every name once")
        found.append(entry)
    return tuple(found)


def _entry(where: str, table: object) -> Import:
    if not isinstance(table, dict):
        raise refused(where, table, "a table of " + ", ".join(_KEYS))
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{where}.{units.show(key)}: no such key; expected one of {', '.join(_KEYS)}")
    for key in ("name", "path"):
        if key not in table:
            raise ConfigError(f'{where}: expected name = "card" and path = "/media/*/*/DCIM"')
    name = import_name(f"{where}.name", table["name"])
    return Import(
        name=name,
        path=_path(f"{where}.path", table["path"]),
        user=units.a_user(f"{where}.user", table["user"]) if "user" in table else "",
        mode=_mode(f"{where}.mode", table.get("mode", "copy")),
        into=_into(f"{where}.into", table.get("into", name)),
    )


def import_name(where: str, value: object) -> str:
    """The name of an entry; whether there is one of that name is for the one who asks for it to say."""
    name = units.text(where, value)
    if not _NAME.fullmatch(name):
        raise refused(where, value, 'a name of a-z, 0-9, "_" and "-", such as "card"')
    return name


def _path(where: str, value: object) -> str:
    path = units.text(where, value)
    pieces = path.split("/")[1:]
    if not path.startswith("/") or not path.strip("/") or {".", ".."} & set(pieces):
        raise refused(where, value, 'a whole path, such as "/media/*/*/DCIM"')
    return "/" + "/".join(filter(None, pieces))


def _into(where: str, value: object) -> str:
    into = units.text(where, value)
    if any(not piece or piece.startswith((".", "~")) for piece in into.split("/")):
        raise refused(where, value, 'a folder in the inbox, such as "card": relative, and not hidden')
    return into


def placed(found: Collection[Import], users: Collection[str], root: str) -> tuple[Import, ...]:
    """The same, each with its user. Raises ConfigError for an unknown user, and for a path that overlaps the root."""
    placed = []
    for number, entry in enumerate(found):
        where = f"watch.imports[{number}]"
        if not entry.user and len(users) > 1:
            raise ConfigError(f"{where}.user: there are several users: expected one of {', '.join(users)}")
        user = entry.user or next(iter(users))
        if user not in users:
            raise refused(f"{where}.user", user, f"one of users.names ({', '.join(users)})")
        if any(_overlap(path, real) for path in {entry.path, _real(entry.path)} for real in {root, _real(root)}):
            raise refused(f"{where}.path", entry.path, f"a place outside of the root {root}, which does not hold it")
        placed.append(Import(name=entry.name, path=entry.path, user=user, mode=entry.mode, into=entry.into))
    return tuple(placed)


def fixed(pattern: str) -> str:
    """The part of a path before the first wildcard."""
    pieces: list[str] = []
    for piece in pattern.split("/"):
        if _WILD.search(piece):
            break
        pieces.append(piece)
    return "/".join(pieces) or "/"


def _real(pattern: str) -> str:
    """The same path without links, as far as it is fixed."""
    start = fixed(pattern)
    return os.path.realpath(start) + pattern[len(start) :] if start != "/" else pattern


def _overlap(pattern: str, root: str) -> bool:
    """Whether the one may lie in the other, or be the same."""
    pairs = zip(pattern.split("/"), root.split("/"), strict=False)
    return all(fnmatch(own, piece) for piece, own in pairs)


def lacks(name: str, entries: Collection[Import]) -> str:
    """The sentence for a name that no entry has."""
    there = ", ".join(entry.name for entry in entries) or "none"
    return f"watch.imports has no entry {name!r}; there are: {there}"
