"""`box periodic`: what is planned, what came of it, and when it comes again."""

from __future__ import annotations

from datetime import datetime

import pytest

from box import events as e
from box.beside import beside
from box.tasks import by_request

NO_KIND = f"no kind of job 'teleport' can be asked for; there are: {', '.join(sorted(by_request()))}"
ENTRIES = {
    "nightly": {"kind": "snapshot", "cron": "0 3 * * *", "user": "me"},
    "odd": {"kind": "teleport", "every": "6 hours"},
    "often": {"kind": "snapshot", "every": "300 days"},
}


@pytest.fixture
def planned(make_box):
    """A box at rest; `often` has been owed for years, and was asked for."""
    box = make_box("me", jobs__periodic=ENTRIES)
    box("once")
    with beside(box.config) as at:
        at.engine.record(e.PeriodicPlanned(name="often", plan="every 300 d", slot="2020-01-01T00:00:00.000Z"))
    return box


def test_each_entry_with_what_came_of_it_and_when_it_comes_next(planned):
    planned("once")
    # Feeds have no slot as long as there are none: theirs is always six hours from now.
    entries, listed = (
        [entry for entry in planned.json("periodic", *words) if entry["name"] != "feeds"] for words in ((), ("list",))
    )
    compact, *_, nightly, odd, often = entries
    assert listed == entries
    assert (compact["kind"], compact["plan"], compact["problem"]) == ("compact", "every 1 d", None)
    assert (nightly["name"], nightly["kind"], nightly["plan"]) == ("nightly", "snapshot", "0 3 * * *")
    assert (nightly["last_slot"], nightly["job"], nightly["state"]) == (None, None, None)
    there = datetime.fromisoformat(nightly["next_slot"]).astimezone()
    assert (there.hour, there.minute, nightly["is_due"]) == (3, 0, False)
    assert (often["plan"], often["state"], often["problem"]) == ("every 300 d", "completed", None)
    assert (planned.json("jobs", "show", str(often["job"]))["kind"], often["last_slot"] < often["next_slot"]) == (
        "snapshot", True,
    )  # fmt: skip
    assert (odd["next_slot"], odd["problem"]) == (
        None,
        NO_KIND,
    )


def test_what_is_due_and_nobody_has_asked_for_yet_is_said(planned):
    head, *_, odd, often = planned("periodic").stdout.splitlines()
    assert head.split() == ["name", "kind", "plan", "last", "job", "state", "next"]
    assert odd.endswith(NO_KIND)
    assert often.endswith("due now")


def test_without_entries_there_is_what_is_built_in(box):
    box("once")
    assert [entry["name"] for entry in box.json("periodic")] == [
        "compact",
        "clean-temp",
        "empty-trash",
        "claims",
        "feeds",
    ]
