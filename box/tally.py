"""The tally of a run: what became of the drops. The rule: counted from events as they are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from box.events import CompanionFiled, DocumentRead, DuplicateDropped, Event, FileQuarantined, JobFailed, PhotoFiled


@dataclass(slots=True)
class Once:
    """What a run of `box once` did."""

    filed: int = 0
    duplicates: int = 0
    quarantined: int = 0
    failed: int = 0
    left: int = 0
    """Files that are still in the inboxes."""
    held_up_by: str = ""
    """Why it ended with jobs undone: there was no room for them."""
    seconds: float = 0.0

    def count(self, event: Event) -> None:
        """One more event."""
        if isinstance(event, PhotoFiled | CompanionFiled | DocumentRead):
            self.filed += 1
        elif isinstance(event, DuplicateDropped):
            self.duplicates += 1
        elif isinstance(event, FileQuarantined):
            self.quarantined += 1
        elif isinstance(event, JobFailed) and not event.retry_at:
            self.failed += 1
