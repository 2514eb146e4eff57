"""Events as the log writes them. The rule: a field that holds its default is not written, so defaults never change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, ClassVar

from box.events import ALL, Event


class _Shapes:
    """The fields of every event, looked up once."""

    by_name: ClassVar[dict[str, type[Event]]] = {kind.__name__: kind for kind in ALL}
    names: ClassVar[dict[type[Event], tuple[str, ...]]] = {
        kind: tuple(f.name for f in fields(kind) if f.name != "user") for kind in ALL
    }
    defaults: ClassVar[dict[type[Event], tuple[Any, ...]]] = {
        kind: tuple(f.default for f in fields(kind) if f.name != "user") for kind in ALL
    }
    values: ClassVar[dict[type[Event], Callable[[Event], tuple[Any, ...]]]] = {
        # The user comes last and has no name above: with two names `attrgetter` always gives a tuple.
        kind: attrgetter(*(f.name for f in fields(kind) if f.name != "user"), "user")
        for kind in ALL
    }


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dump(event: Event) -> str:
    """The data of an event as JSON: its fields but `user`, without those that hold their default."""
    kind = type(event)
    each = zip(_Shapes.names[kind], _Shapes.values[kind](event), _Shapes.defaults[kind], strict=False)
    return _encode({name: value for name, value, default in each if value != default})


def load(kind: str, user: str, data: str | Mapping[str, Any]) -> Event:
    """The event that `dump` wrote, from text or parsed. Raises KeyError for a kind that this version does not know."""
    values = json.loads(data) if isinstance(data, str) else data
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return _Shapes.by_name[kind](user=user, **own)
