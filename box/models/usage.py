"""Usage: bytes and files of every user and area. The rule: a sum changes with the row it counts, in the same fold.

`used` is what is charged against the quota: every area but the inbox, because a drop is charged when it is taken; and
what a program says that it keeps elsewhere. No sum is ever below zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import peewee

from box.events import QuotaSet, Recorded, UsageCorrected, UsageUpdated
from box.models.base import Store, Table
from box.paths import AREAS


class Usage(Table):
    """One area of one user."""

    user = peewee.TextField()
    area = peewee.TextField()
    files = peewee.BigIntegerField()
    bytes = peewee.BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("user", "area")
        without_rowid = True


class Account(Table):
    """What a user may use and has set aside."""

    user = peewee.TextField(primary_key=True)
    used_bytes = peewee.BigIntegerField()
    reserved_bytes = peewee.BigIntegerField()
    elsewhere_bytes = peewee.BigIntegerField()
    """Of `used_bytes`: what a program keeps where Box does not look."""
    quota_is_set = peewee.SmallIntegerField()
    """1 once `box quota set` decided; then the configuration no longer does."""
    quota_bytes = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "accounts"


@dataclass(frozen=True, slots=True)
class Balance:
    """An account. `quota_bytes` None is no limit, or nothing decided when `quota_is_set` is False."""

    used_bytes: int = 0
    reserved_bytes: int = 0
    quota_is_set: bool = False
    quota_bytes: int | None = None
    elsewhere_bytes: int = 0


_BALANCE: Final = "used_bytes, reserved_bytes, quota_is_set, quota_bytes, elsewhere_bytes"

NO_LIMIT: Final = 1 << 62
"""Bytes: more than there are."""


def add(store: Store, user: str, area: str, files: int, size: int) -> None:
    """Count `files` more files and `size` more bytes (both may be negative) in an area."""
    store.execute(
        "INSERT INTO usage (user, area, files, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user, area)"
        " DO UPDATE SET files = max(0, files + ?), bytes = max(0, bytes + ?)",
        (user, area, max(0, files), max(0, size), files, size),
    )
    if area != "inbox" and size:
        _charge(store, user, size, 0)


def reserve(store: Store, user: str, size: int) -> None:
    """Set `size` bytes aside for a job; negative gives them back."""
    if size:
        _charge(store, user, 0, size)


def reserve_within(store: Store, user: str, size: int, limit: int | None) -> bool:
    """Set so much aside if it fits, to the byte; whether it did. One statement: nobody comes in between."""
    most = NO_LIMIT if limit is None else limit
    changed = store.execute(
        "INSERT INTO accounts (user, used_bytes, reserved_bytes, elsewhere_bytes, quota_is_set)"
        " SELECT ?, 0, ?, 0, 0 WHERE ? <= ? OR EXISTS (SELECT 1 FROM accounts WHERE user = ?) ON CONFLICT (user)"
        " DO UPDATE SET reserved_bytes = reserved_bytes + excluded.reserved_bytes"
        " WHERE used_bytes + reserved_bytes + excluded.reserved_bytes <= ?",
        (user, size, size, most, user, most),
    )
    return changed == 1


def _charge(store: Store, user: str, used: int, reserved: int) -> None:
    store.execute(
        "INSERT INTO accounts (user, used_bytes, reserved_bytes, elsewhere_bytes, quota_is_set) VALUES (?, ?, ?, 0, 0)"
        " ON CONFLICT (user) DO UPDATE SET used_bytes = max(0, used_bytes + ?),"
        " reserved_bytes = max(0, reserved_bytes + ?)",
        (user, max(0, used), max(0, reserved), used, reserved),
    )


def balance(store: Store, user: str) -> Balance:
    """A user's account; all zero for one that has none yet."""
    row = store.row(f"SELECT {_BALANCE} FROM accounts WHERE user = ?", (user,))
    return Balance(row[0], row[1], bool(row[2]), *row[3:]) if row else Balance()


def accounts(store: Store) -> dict[str, Balance]:
    """Every account there is, by user."""
    rows = store.rows(f"SELECT user, {_BALANCE} FROM accounts ORDER BY user")
    return {user: Balance(used, reserved, bool(is_set), *rest) for user, used, reserved, is_set, *rest in rows}


def users(store: Store) -> list[str]:
    """Everybody who has a file or an account."""
    return [user for (user,) in store.rows("SELECT user FROM usage UNION SELECT user FROM accounts ORDER BY 1")]


def is_known(store: Store, user: str) -> bool:
    """Whether a user has a file or an account."""
    sql = "SELECT 1 FROM accounts WHERE user = ? UNION ALL SELECT 1 FROM usage WHERE user = ? LIMIT 1"
    return store.row(sql, (user, user)) is not None


def by_area(store: Store, user: str) -> dict[str, tuple[int, int]]:
    """area -> (files, bytes) of a user, every area of DESIGN present."""
    found = {a: (f, b) for a, f, b in store.rows("SELECT area, files, bytes FROM usage WHERE user = ?", (user,))}
    return {area: found.get(area, (0, 0)) for area in AREAS}


def on_quota_set(store: Store, _: Recorded, event: QuotaSet) -> None:
    """The owner decided a limit."""
    store.execute(
        "INSERT INTO accounts (user, used_bytes, reserved_bytes, elsewhere_bytes, quota_is_set, quota_bytes)"
        " VALUES (?, 0, 0, 0, 1, ?)"
        " ON CONFLICT (user) DO UPDATE SET quota_is_set = 1, quota_bytes = excluded.quota_bytes",
        (event.user, event.quota_bytes),
    )


def on_corrected(store: Store, _: Recorded, event: UsageCorrected) -> None:
    """A sum is that, what is charged is what the sums say, and what is set aside what unfinished jobs say."""
    if event.area:
        store.execute(
            "INSERT INTO usage (user, area, files, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user, area)"
            " DO UPDATE SET files = excluded.files, bytes = excluded.bytes",
            (event.user, event.area, max(0, event.files), max(0, event.bytes)),
        )
    _charge(store, event.user, 0, 0)  # there is an account from here on
    store.execute(
        "UPDATE accounts SET used_bytes = elsewhere_bytes"
        " + (SELECT coalesce(sum(bytes), 0) FROM usage WHERE usage.user = accounts.user AND area <> 'inbox')"
        " WHERE user = ?",
        (event.user,),
    )
    reserved = "(SELECT coalesce(sum(%s), 0) FROM %s WHERE user = accounts.user AND %s)"
    of_requests = reserved % ("reserve_bytes", "jobs", "state IN ('queued', 'running')")
    of_running = reserved % ("bytes", "reservations", "TRUE")
    store.execute(f"UPDATE accounts SET reserved_bytes = {of_requests} + {of_running} WHERE user = ?", (event.user,))


def on_updated(store: Store, _: Recorded, event: UsageUpdated) -> None:
    """More, or less, is kept elsewhere; not less than nothing."""
    _charge(store, event.user, 0, 0)
    store.execute(
        "UPDATE accounts SET used_bytes = used_bytes + max(-elsewhere_bytes, ?),"
        " elsewhere_bytes = max(0, elsewhere_bytes + ?) WHERE user = ?",
        (event.bytes, event.bytes, event.user),
    )
