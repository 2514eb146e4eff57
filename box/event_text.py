"""Events as the log writes them. The rule: a field that holds its default is not written, so defaults never change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, ClassVar

from box.events import ALL, Event


class _Shapes:
    """The fields of every event, looked up once."""

    by_name: ClassVar[dict[str, type[Event]]] = {kind.__name__: kind for kind in ALL}
    fields: ClassVar[dict[type[Event], tuple[tuple[str, Any], ...]]] = {
        kind: tuple((f.name, f.default if f.default is not MISSING else MISSING) for f in fields(kind)) for kind in ALL
    }


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dump(event: Event) -> str:
    """The data of an event as JSON: its fields but `user`, without those that hold their default."""
    data = {}
    for name, default in _Shapes.fields[type(event)]:
        value = getattr(event, name)
        if name != "user" and (default is MISSING or value != default):
            data[name] = value
    return _encode(data)


def load(kind: str, user: str, data: str | Mapping[str, Any]) -> Event:
    """The event that `dump` wrote, from text or parsed. Raises KeyError for a kind that this version does not know."""
    values = json.loads(data) if isinstance(data, str) else data
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return _Shapes.by_name[kind](user=user, **own)
