"""`box quota`. The rule: what is used and what is set aside counts, the inbox does not: a drop is charged later."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from box import accounting, status, units
from box.beside import Beside, beside
from box.cli import output, settings, words
from box.errors import BoxError
from box.events import QuotaSet
from box.models import usage
from box.sections import Config


def listing(args: Namespace) -> int:
    """Every user's account."""
    with _accounts(args) as (_, _, accounts):
        rows = [{"user": user, **_figures(account)} for user, account in accounts.items()]
    if args.json:
        output.value(rows)
        return 0
    head = ("user", "used", "set aside", "quota", "available", "percent")
    cells = [
        (
            row["user"], words.size(row["used_bytes"]), words.size(row["reserved_bytes"]), _limit(row["quota_bytes"]),
            _limit(row["available_bytes"]), "-" if row["percent"] is None else f"{row['percent']:.0f} %",
        )
        for row in rows
    ]  # fmt: skip
    output.table(head, cells, right=head[1:])
    return 0


def limit(args: Namespace) -> int:
    """Set a user's quota."""
    size = units.quota("SIZE", args.size)
    with _accounts(args) as (config, box, accounts):
        user = settings.known_user(args.user, accounts, config)
        box.engine.record(QuotaSet(user=user, quota_bytes=size))
        used = accounts[user]["used_bytes"]
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
    with _accounts(args) as (config, _, accounts):
        account = accounts[settings.known_user(args.user, accounts, config)]
    figures = _figures(account)
    quota, projected = figures["quota_bytes"], figures["used_bytes"] + figures["reserved_bytes"] + size
    allowed = quota is None or projected <= quota
    percent = None if quota is None else round(100 * projected / quota, 1)
    data = {
        "user": args.user, "allowed": allowed, **figures, "asked_bytes": size, "projected_bytes": projected,
        "percent": percent,
    }  # fmt: skip
    if args.json:
        output.value(data)
    else:
        output.line(f"allowed    {output.styled('yes', 'green') if allowed else output.styled('no', 'red')}")
        for name, value in (
            ("used", words.size(figures["used_bytes"])), ("reserved", words.size(figures["reserved_bytes"])),
            ("quota", _limit(quota)), ("available", _limit(figures["available_bytes"])),
            ("projected", words.size(projected)), ("percent", "-" if percent is None else f"{percent} %"),
        ):  # fmt: skip
            output.line(f"{name:<10} {value}")
    return 0 if allowed else 1


def breakdown(args: Namespace) -> int:
    """Files and bytes of each area."""
    with _accounts(args) as (config, box, accounts):
        users = [settings.known_user(args.user, accounts, config)] if args.user else list(accounts)
        found = {user: usage.by_area(box.store, user) for user in users}
    if args.json:
        output.value(
            {user: {area: {"files": f, "bytes": b} for area, (f, b) in areas.items()} for user, areas in found.items()}
        )
        return 0
    rows = [
        (user, area, f"{files:,}", words.size(size), "" if area != "inbox" else "not charged")
        for user, areas in found.items()
        for area, (files, size) in areas.items()
        if files or size
    ]
    output.table(("user", "area", "files", "size", ""), rows, right=("files", "size"))
    return 0


def recalculate(args: Namespace) -> int:
    """The sums beside what the disk says; 1 if they differ. The inbox is shown only: it holds what is not taken yet."""
    with _accounts(args) as (config, box, accounts):
        users = [settings.known_user(args.user, accounts, config)] if args.user else list(accounts)
        sums = {user: usage.by_area(box.store, user) for user in users}
        rows = []
        for user in users:
            on_disk = accounting.on_disk(config.box.root, user)
            for area, recorded in sums[user].items():
                found = on_disk.get(area, (0, 0))
                rows.append((user, area, recorded, found, area == "inbox" or recorded == found))
    if args.json:
        names = ("files", "bytes")
        output.value(
            [
                {
                    "user": user, "area": area, "recorded": dict(zip(names, recorded, strict=True)),
                    "on_disk": dict(zip(names, found, strict=True)), "same": same,
                }
                for user, area, recorded, found, same in rows
            ]
        )  # fmt: skip
    else:
        shown = [row for row in rows if row[2] != (0, 0) or row[3] != (0, 0)]
        cells = [
            (
                user,
                area,
                f"{a[0]:,}",
                f"{a[1]:,}",
                f"{b[0]:,}",
                f"{b[1]:,}",
                "" if same else output.styled("differs", "red"),
            )
            for user, area, a, b, same in shown
        ]
        head = ("user", "area", "files", "bytes", "files on disk", "bytes on disk", "")
        output.table(head, cells, right=head[2:6])
    if all(row[-1] for row in rows):
        return 0
    raise BoxError("the sums differ from the disk: the next sweep of the library records it, `box once` sweeps now")


@contextmanager
def _accounts(args: Namespace) -> Iterator[tuple[Config, Beside, dict[str, Any]]]:
    """The configuration, the way into the log, and every user's account as the status has it."""
    config = settings.load(args)
    with beside(config) as box:
        yield config, box, status.users(box.store, config, box.policy)


def _figures(account: Mapping[str, Any]) -> dict[str, Any]:
    used, reserved, quota = account["used_bytes"], account["reserved_bytes"], account["quota_bytes"]
    return {
        "used_bytes": used,
        "reserved_bytes": reserved,
        "quota_bytes": quota,
        "available_bytes": None if quota is None else max(0, quota - used - reserved),
        "percent": None if quota is None else round(100 * (used + reserved) / quota, 1),
    }


def _limit(size: int | None) -> str:
    return "none" if size is None else words.size(size)
