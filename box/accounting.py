"""Accounting: sums beside their rows. The rule: a sum is that of its rows; where it is not, something is defect.

Reading a sum is one row. Adding up the rows reads all of them, and is done to verify and to recalculate only.
"""

from __future__ import annotations

from dataclasses import dataclass

from box.models import drops, files, reservations, usage
from box.models.base import Store
from box.paths import AREAS, owner

CHARGED = ""
"""Stands for an area: what a user is charged in all."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum, and that of its rows."""

    area: str
    """`CHARGED` for all that is charged; that has no number of files."""
    files: int
    bytes: int
    rows_files: int
    rows_bytes: int

    @property
    def is_right(self) -> bool:
        """Whether they agree."""
        return (self.files, self.bytes) == (self.rows_files, self.rows_bytes)


def users(store: Store) -> list[str]:
    """Everybody who has a sum or a row."""
    folders = [f for (f,) in store.rows("SELECT DISTINCT folder FROM files UNION SELECT DISTINCT folder FROM drops")]
    return sorted({*usage.users(store), *(owner(f"{folder}/")[0] for folder in folders)})


def reserved(store: Store) -> dict[str, tuple[int, int]]:
    """user -> (what is set aside as their account says, and as unfinished jobs say); all jobs are looked at once."""
    of_jobs = reservations.of_unfinished(store)
    accounts = usage.accounts(store)
    return {
        user: (accounts[user].reserved_bytes if user in accounts else 0, of_jobs.get(user, 0))
        for user in sorted({*accounts, *of_jobs})
    }


def sums(store: Store, user: str) -> list[Sum]:
    """Every sum of a user beside the rows, added up again."""
    counted: dict[str, tuple[int, int]] = {}
    for folder, number, size in (*files.charges(store, user), *drops.sizes(store, user)):
        area = owner(f"{folder}/")[1]
        before = counted.get(area, (0, 0))
        counted[area] = (before[0] + number, before[1] + size)
    areas = usage.by_area(store, user)
    found = [Sum(area, *areas[area], *counted.get(area, (0, 0))) for area in AREAS]
    account = usage.balance(store, user)
    charged = account.elsewhere_bytes + sum(size for area, (_, size) in areas.items() if area != "inbox")
    return [*found, Sum(CHARGED, 0, account.used_bytes, 0, charged)]
