"""Holds: kinds of job that are paused or drained. The rule: a hold is a number; only jobs up to it are begun.

A pause lets none begin (0), a drain those that were asked for before it; so a drained kind runs empty, and what comes
later waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import peewee

from box.events import KindHeld, KindResumed, Recorded
from box.models.base import Store, Table

NOBODY: Final = 1 << 62
"""Until this number: nothing is held."""


class Hold(Table):
    """A kind that is held; all kinds, if it is empty."""

    kind = peewee.TextField(primary_key=True)
    until = peewee.BigIntegerField()

    class Meta:
        table_name = "holds"


def all_of(store: Store) -> dict[str, int]:
    """kind -> until which number its jobs are begun; "" is all kinds."""
    return dict(store.rows("SELECT kind, until FROM holds"))


def until(held: Mapping[str, int], kind: str) -> int:
    """Until which number jobs of a kind are begun."""
    return min(held.get(kind, NOBODY), held.get("", NOBODY))


def on_held(store: Store, _: Recorded, event: KindHeld) -> None:
    """Paused or drained, whatever it was before."""
    store.execute(
        "INSERT INTO holds (kind, until) VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET until = excluded.until",
        (event.kind, event.until),
    )


def on_resumed(store: Store, _: Recorded, event: KindResumed) -> None:
    """As if it had never been held."""
    store.execute("DELETE FROM holds WHERE kind = ?", (event.kind,))
