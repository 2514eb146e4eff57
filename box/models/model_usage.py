"""What language models took, by day. The rule: the sum of what the log says; budgets are held against it."""

from __future__ import annotations

from typing import Final

import peewee

from box.events import Recorded, UsageRecorded
from box.models.base import Store, Table


class ModelUsage(Table):
    """What one user had of one model on one day."""

    day = peewee.TextField()
    """In UTC, as the log tells the time."""
    user = peewee.TextField()
    purpose = peewee.TextField()
    provider = peewee.TextField()
    model = peewee.TextField()
    calls = peewee.BigIntegerField()
    failures = peewee.BigIntegerField()
    tokens_in = peewee.BigIntegerField()
    tokens_out = peewee.BigIntegerField()
    cost_millionths = peewee.BigIntegerField()
    milliseconds = peewee.BigIntegerField()

    class Meta:
        table_name = "model_usage"
        primary_key = peewee.CompositeKey("day", "user", "purpose", "provider", "model")
        without_rowid = True


_ADD: Final = (
    "INSERT INTO model_usage (day, user, purpose, provider, model, calls, failures, tokens_in, tokens_out,"
    " cost_millionths, milliseconds) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)"
    " ON CONFLICT (day, user, purpose, provider, model) DO UPDATE SET calls = calls + 1,"
    " failures = failures + excluded.failures, tokens_in = tokens_in + excluded.tokens_in,"
    " tokens_out = tokens_out + excluded.tokens_out, cost_millionths = cost_millionths + excluded.cost_millionths,"
    " milliseconds = milliseconds + excluded.milliseconds"
)


def on_used(store: Store, recorded: Recorded, event: UsageRecorded) -> None:
    """A model was called once more."""
    store.execute(
        _ADD,
        (
            recorded.at[:10], event.user, event.purpose, event.provider, event.model, int(event.failure != ""),
            event.tokens_in, event.tokens_out, event.cost_millionths, event.milliseconds,
        ),
    )  # fmt: skip


def spent(store: Store, day: str, purpose: str) -> tuple[int, int]:
    """(tokens, millionths of money) that a purpose took on that day, of all users and models."""
    row = store.row(
        "SELECT coalesce(sum(tokens_in + tokens_out), 0), coalesce(sum(cost_millionths), 0) FROM model_usage"
        " WHERE day = ? AND purpose = ?",
        (day, purpose),
    )
    assert row is not None  # noqa: S101  an aggregate always has a row
    return row[0], row[1]
