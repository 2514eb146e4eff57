"""Data as an outline. The rule: what a person would read of it, in its order, and a limit on how much.

Scalars stand as `key: value`, what holds others as a line with what it holds below; a list of equal rows is a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from box.library.markdown import COLUMNS_MAX, Markdown

ITEMS_MAX: Final = 50_000
TABLE_ROWS_MIN: Final = 2


def write(data: Any, out: Markdown) -> bool:
    """Write what came from JSON; False if it was cut."""
    waiting: list[tuple[int, str, Any]] = [(0, "", data)]
    count = 0
    whole = True
    while waiting:
        depth, key, value = waiting.pop()
        count += 1
        if count > ITEMS_MAX:
            return False
        if not isinstance(value, dict | list):
            out.item(f"{key}: {_scalar(value)}" if key else _scalar(value), depth)
            continue
        if key:
            out.item(f"{key}:", depth)
        below = depth + 1 if key else depth
        if isinstance(value, dict):
            waiting.extend((below, str(name), each) for name, each in reversed(value.items()))
        elif is_table(value):
            whole = out.table(rows(value)) and whole
        elif all(isinstance(each, dict | list) for each in value):
            waiting.extend((below, str(number), value[number - 1]) for number in range(len(value), 0, -1))
        else:
            waiting.extend((below, "", each) for each in reversed(value))
    return whole


def is_table(value: Sequence[Any]) -> bool:
    """Whether these are rows: objects that hold no others, with keys in common."""
    if len(value) < TABLE_ROWS_MIN or not all(isinstance(each, dict) and each for each in value):
        return False
    first = set(value[0])
    return all(
        len(first & set(each)) * 2 >= len(first) and not any(isinstance(cell, dict | list) for cell in each.values())
        for each in value
    )


def rows(objects: Iterable[Any]) -> Iterator[list[str]]:
    """The rows of a table, its head first; what is no object is a row with one cell."""
    source = iter(objects)
    first = list(islice(source, 100))
    keys = list(dict.fromkeys(str(key) for each in first if isinstance(each, dict) for key in each))[: COLUMNS_MAX + 1]
    plain = any(not isinstance(each, dict) for each in first)
    yield [*keys, "value"] if plain else keys
    for each in chain(first, source):
        if isinstance(each, Mapping):
            yield [_cell(each[key]) if key in each else "" for key in keys]
        else:
            yield [*("" for _ in keys), _cell(each)]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_scalar(each)}" for key, each in islice(value.items(), 50))
    if isinstance(value, list):
        return "; ".join(_scalar(each) for each in value[:50])
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return f"({len(value)})"
    return str(value)
