"""What people say about a drop in `name.meta.toml` beside it. The rule: it goes before what the file says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from box.errors import Unprocessable
from box.library.markdown import line

ENDING: Final = ".meta.toml"
BYTES_MAX: Final = 64 * 1024
CODE: Final = "bad-meta"
_LIST_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody wrote; empty where they did not."""

    title: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    date: str = ""


def names_for(name: str) -> tuple[str, str]:
    """What such a file beside `name` may be called."""
    stem, dot, _ = name.rpartition(".")
    return f"{name}{ENDING}", f"{stem if dot and stem else name}{ENDING}"


def read(data: bytes, name: str) -> Given:
    """What the file says. Raises Unprocessable for one that is not TOML, or holds something else there."""
    try:
        found = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unprocessable(CODE, f"{name} is not TOML: {error}") from None
    return Given(
        title=_text(found.get("title", ""), "title", name), authors=_texts(found, "authors", name),
        tags=_texts(found, "tags", name), date=_date(found.get("date", ""), name),
    )  # fmt: skip


def _text(value: Any, key: str, name: str) -> str:
    if not isinstance(value, str):
        raise Unprocessable(CODE, f"{name}: {key} has to be text, in quotes")
    return line(value)


def _texts(found: dict[str, Any], key: str, name: str) -> tuple[str, ...]:
    value = found.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or len(values) > _LIST_MAX:
        raise Unprocessable(CODE, f'{name}: {key} has to be a list of texts, as ["one", "another"]')
    return tuple(filter(None, (_text(each, key, name) for each in values)))


def _date(value: Any, name: str) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = _text(value, "date", name)
    if text and not text[:4].isdigit():
        raise Unprocessable(CODE, f"{name}: date has to begin with a year, as 2024-05-04")
    return text
