"""`box quota`. The rule: what is used and what is set aside counts, the inbox does not: a drop is charged later."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from box import recalculation, storage, units
from box.beside import Beside, beside
from box.cli import output, settings, words
from box.errors import BoxError
from box.events import QuotaSet
from box.recalculation import Recalculated
from box.storage import Check, Usage


def listing(args: Namespace) -> int:
    """Every user's account, who uses most first."""
    with _box(args) as box:
        accounts = storage.users_by_usage(box=box)
    if args.json:
        output.value([{"user": each.user, **_figures(each), "percent": each.percent} for each in accounts])
        return 0
    head = ("user", "used", "set aside", "quota", "available", "percent")
    cells = [
        (
            each.user, words.size(each.used), words.size(each.reserved), _limit(each.quota), _limit(each.available),
            "-" if each.percent is None else f"{each.percent:.0f} %",
        )
        for each in accounts
    ]  # fmt: skip
    output.table(head, cells, right=head[1:])
    return 0


def limit(args: Namespace) -> int:
    """Set a user's quota."""
    size = units.quota("SIZE", args.size)
    with _box(args) as box:
        user = _user(box, args.user)
        box.engine.record(QuotaSet(user=user, quota_bytes=size))
        used = storage.calculate_user_storage(user, box=box).used
    if args.json:
        output.value({"user": user, "quota_bytes": size})
    else:
        output.line(f"{user} may keep {'as much as there is room for' if size is None else words.size(size)}")
        if size is not None and used > size:
            output.note(f"{words.size(used)} are kept already: nothing is removed, and drops wait until there is room")
    return 0


def check(args: Namespace) -> int:
    """Would so much more fit? 1 if not."""
    size = units.sizes(0, 10**18)("SIZE", args.size)
    with _box(args) as box:
        found = storage.check_quota(_user(box, args.user), size, box=box)
    data = {
        "user": args.user, "allowed": found.allowed, **_figures(found), "asked_bytes": size,
        "projected_bytes": found.projected, "percent": found.percent,
    }  # fmt: skip
    if args.json:
        output.value(data)
    else:
        output.line(f"allowed    {output.styled('yes', 'green') if found.allowed else output.styled('no', 'red')}")
        for name, value in (
            ("used", words.size(found.used)), ("reserved", words.size(found.reserved)),
            ("quota", _limit(found.quota)), ("available", _limit(found.available)),
            ("projected", words.size(found.projected)),
            ("percent", "-" if found.percent is None else f"{found.percent} %"),
        ):  # fmt: skip
            output.line(f"{name:<10} {value}")
    return 0 if found.allowed else 1


def breakdown(args: Namespace) -> int:
    """Files and bytes of each area."""
    with _box(args) as box:
        found = {user: storage.breakdown(user, box=box) for user in _users(box, args.user)}
    if args.json:
        output.value(
            {
                user: {area: {"files": each.count, "bytes": each.bytes} for area, each in areas.items()}
                for user, areas in found.items()
            }
        )
        return 0
    rows = [
        (user, area, f"{each.count:,}", words.size(each.bytes), "" if area != "inbox" else "not charged")
        for user, areas in found.items()
        for area, each in areas.items()
        if each.count or each.bytes
    ]
    output.table(("user", "area", "files", "size", ""), rows, right=("files", "size"))
    return 0


def recalculate(args: Namespace) -> int:
    """Count again what is on the disk, and record what differs from the sums."""
    with _box(args) as box:
        config = box.config
        found = {
            user: recalculation.recalculate(
                box.engine, config.box.root, user, by_blocks=config.quota.count == "blocks"
            )
            for user in _users(box, args.user)
        }  # fmt: skip
    rows = [
        (user, area, before, done.drift.get(area, (0, 0)))
        for user, done in found.items()
        for area, before in done.before.items()
    ]
    if args.json:
        output.value([_row(*row) for row in rows])
    else:
        _drift_table([row for row in rows if row[2] != (0, 0) or row[3] != (0, 0)])
    _tell_away(found.values())
    return 0


def _row(user: str, area: str, before: tuple[int, int], more: tuple[int, int]) -> dict[str, Any]:
    return {
        "user": user,
        "area": area,
        "recorded": {"files": before[0], "bytes": before[1]},
        "drift": {"files": more[0], "bytes": more[1]},
        "same": more == (0, 0),
    }


def _drift_table(rows: Sequence[tuple[str, str, tuple[int, int], tuple[int, int]]]) -> None:
    cells = [
        (
            user, area, f"{before[0]:,}", f"{before[1]:,}", f"{more[0]:+,}", f"{more[1]:+,}",
            "" if more == (0, 0) else output.styled("corrected", "red"),
        )
        for user, area, before, more in rows
    ]  # fmt: skip
    head = ("user", "area", "files", "bytes", "more files", "more bytes", "")
    output.table(head, cells, right=head[2:6])


def _tell_away(found: Iterable[Recalculated]) -> None:
    messages = [message for done in found for message in done.away.values()]
    if messages:
        raise BoxError(" ".join(messages))


@contextmanager
def _box(args: Namespace) -> Iterator[Beside]:
    """The configuration, and the way into the log."""
    with beside(settings.load(args)) as box:
        yield box


def _users(box: Beside, name: str) -> list[str]:
    return [_user(box, name)] if name else sorted(each.user for each in storage.users_by_usage(box=box))


def _user(box: Beside, name: str) -> str:
    return settings.known_user(name, [each.user for each in storage.users_by_usage(box=box)], box.config)


def _figures(account: Usage | Check) -> dict[str, Any]:
    return {
        "used_bytes": account.used,
        "reserved_bytes": account.reserved,
        "quota_bytes": account.quota,
        "available_bytes": account.available,
    }


def _limit(size: int | None) -> str:
    return "none" if size is None else words.size(size)
