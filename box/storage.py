"""Storage from Python: who keeps how much, and what fits. The rule: reading is one row, however many files there are.

    from box import storage

    storage.check_quota("me", 5_000_000).allowed
    storage.breakdown("me")["photos"].bytes

The box is the one that a command would find (`BOX_CONFIG`, ./config.toml, /etc/box/config.toml); `box=` is another one,
as `beside.beside(config)` opens it, and saves opening it for each call. Sizes are bytes; a `quota` of None is no limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from box import backup_status, config, people, recalculation, status
from box.beside import Beside, beside
from box.errors import UsageError
from box.events import UsageUpdated
from box.models import usage
from box.models.usage import Balance
from box.policy import quota
from box.watchers.drives import drives


@dataclass(frozen=True, slots=True)
class Usage:
    """What a user keeps."""

    user: str
    used: int
    """Charged against the quota: every area but the inbox."""
    reserved: int
    """Set aside for jobs that have not ended."""
    quota: int | None
    available: int | None
    """What still fits; None: as much as there is room for."""
    percent: float | None
    """Of the quota, used and reserved together; None without one."""
    files: int
    """The inbox counted too."""


@dataclass(frozen=True, slots=True)
class Check:
    """Whether so much more fits; the boundary does."""

    allowed: bool
    used: int
    reserved: int
    quota: int | None
    available: int | None
    projected: int
    """Used, reserved and that."""
    percent: float | None
    """Of the quota, projected."""


@dataclass(frozen=True, slots=True)
class Area:
    """What is kept in one area."""

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Drift:
    """What a recalculation found: how many more there were than the sums said; fewer, if negative."""

    files: int
    bytes: int


def calculate_user_storage(user: str, *, box: Beside | None = None) -> Usage:
    """What a user keeps, from the sums; nothing is walked. Raises UsageError for a user who is not there."""
    with _opened(box) as one:
        return _usage(one, _known(one, user))


def check_quota(user: str, new_bytes: int, *, box: Beside | None = None) -> Check:
    """Whether so much more would fit now; a job that is about to write sets it aside (`tasks.reserving`)."""
    if new_bytes < 0:
        raise UsageError(f"new_bytes = {new_bytes}: expected 0 or more")
    with _opened(box) as one:
        account, limit = _account(one, _known(one, user))
    used, reserved = account.used_bytes, account.reserved_bytes
    projected = used + reserved + new_bytes
    return Check(
        allowed=limit is None or projected <= limit,
        used=used,
        reserved=reserved,
        quota=limit,
        available=None if limit is None else max(0, limit - used - reserved),
        projected=projected,
        percent=percent(projected, limit),
    )


def update_usage(
    user: str, bytes_delta: int, operation: Literal["add", "remove"] = "add", *, box: Beside | None = None
) -> Usage:
    """Charge a user for what a program keeps where Box does not look, or no longer; never below zero.

    Files in the folders of the user are counted by Box itself. It is a fact: nothing is refused (`check_quota` first).
    """
    if operation not in ("add", "remove") or bytes_delta < 0:
        raise UsageError(f'update_usage({bytes_delta}, "{operation}"): expected 0 or more bytes to "add" or "remove"')
    with _opened(box) as one:
        change = bytes_delta if operation == "add" else -bytes_delta
        one.engine.record(UsageUpdated(user=_known(one, user), bytes=change))
        return _usage(one, user)


def breakdown(user: str, *, box: Beside | None = None) -> dict[str, Area]:
    """Files and bytes of each area, in the order of `paths.AREAS`."""
    with _opened(box) as one:
        return {area: Area(*sums) for area, sums in usage.by_area(one.store, _known(one, user)).items()}


def recalculate(user: str, *, box: Beside | None = None) -> dict[str, Drift]:
    """Walk over all that a user has and record what differs; the drift of each area where there was any."""
    with _opened(box) as one:
        settings = one.config
        done = recalculation.recalculate(
            one.engine, settings.box.root, _known(one, user), by_blocks=settings.quota.count == "blocks"
        )
    return {area: Drift(*more) for area, more in done.drift.items()}


def users_by_usage(*, box: Beside | None = None) -> list[Usage]:
    """Everybody's account, who uses most first."""
    with _opened(box) as one, one.store.snapshot():
        return sorted((_usage(one, user) for user in _users(one)), key=lambda each: (-each.used, each.user))


def stats(*, box: Beside | None = None) -> dict[str, Any]:
    """The disk of the root, the photos, the backups and the external drives, each as `status.json` has it."""
    with _opened(box) as one:
        root = one.config.box.root
        return {
            "disk": status.storage(root),
            "photos": status.photos_told(one.store),
            "backup": backup_status.block(one.store, one.config),
            "drives": [each.told() for each in drives(root)],
        }


def percent(size: int, limit: int | None) -> float | None:
    """So much of a limit, in percent; a limit of nothing is always reached."""
    if limit is None:
        return None
    return round(100 * size / limit, 1) if limit else 100.0


@contextmanager
def _opened(box: Beside | None) -> Iterator[Beside]:
    if box is not None:
        yield box
        return
    with beside(config.load(None, os.environ)) as one:
        yield one


def _users(box: Beside) -> list[str]:
    return sorted({*people.users(box.config), *usage.users(box.store)} - {""})


def _known(box: Beside, user: str) -> str:
    if user in people.users(box.config) or usage.is_known(box.store, user):
        return user
    raise UsageError(f"there is no user {user!r}: there are {', '.join(_users(box))}")


def _account(box: Beside, user: str) -> tuple[Balance, int | None]:
    """What a user is charged, and the limit."""
    account = usage.balance(box.store, user)
    return account, quota(box.policy, user, is_set=account.quota_is_set, set_bytes=account.quota_bytes)


def _usage(box: Beside, user: str) -> Usage:
    account, limit = _account(box, user)
    charged = account.used_bytes + account.reserved_bytes
    return Usage(
        user=user,
        used=account.used_bytes,
        reserved=account.reserved_bytes,
        quota=limit,
        available=None if limit is None else max(0, limit - charged),
        percent=percent(charged, limit),
        files=sum(files for files, _ in usage.by_area(box.store, user).values()),
    )
