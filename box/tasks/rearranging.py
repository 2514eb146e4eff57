"""Rearranging: a chore looks through the photos and moves some. The rule: a dry run plans what a run carries out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from box.models import shelves
from box.models.jobs import Claimed
from box.models.shelves import Filed
from box.tasks.chore import Inside, Reporter
from box.tasks.shelving import Left, Parcel, Places, Shelver, listed
from box.tasks.sorting import Sorter

LISTED_MAX: Final = 1000
"""So many moves a dry run lists; all are counted."""

LISTED_CHARS_MAX: Final = 48_000
"""As JSON: a result has room for this, and for what else is to be said."""


@dataclass(frozen=True, slots=True)
class Rearranging:
    """One job that looks through photos."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    sorter: Sorter

    @classmethod
    def of(cls, inside: Inside, job: Claimed, reporter: Reporter) -> Self:
        """The job's."""
        root, store = inside.config.box.root, inside.engine.store
        sorter = Sorter(store, root, asdict(inside.config.photos), job.id, Places(root), Left())
        return cls(inside, job, reporter, sorter)

    def photos(self) -> Iterator[Filed]:
        """The photos of the user whose job it is, or who is named, or everybody's."""
        store = self.inside.engine.store
        user = self.job.user or self.job.args.get("user", "")
        users = [user] if user else shelves.users(store)
        total, done = sum(shelves.count(store, each) for each in users), 0
        for each in users:
            for page in shelves.pages(store, each):
                self.reporter.progress(100 * min(1.0, done / max(1, total)), f"{done} of {total} photos looked at")
                yield from page
                done += len(page)

    def done(self, parcels: Iterator[Parcel]) -> Mapping[str, Any]:
        """Carry the parcels out, or list them; the result of the job."""
        left = self.sorter.left
        if self.job.args.get("dry_run"):
            result: dict[str, Any] = listed(parcels, LISTED_MAX, LISTED_CHARS_MAX, self.sorter.places)
        else:
            root = self.inside.config.box.root
            shelver = Shelver(self.inside.engine, root, self.job, self.reporter, self.sorter.places, left)
            shelver.carry_out(parcels)
            result = {"moved": shelver.moved}
        return {**result, **left.told()}
