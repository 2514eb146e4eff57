"""What became of a drop is read from the log: one history a case."""

from __future__ import annotations

import json

import pytest

from box import events as e
from box.cli.copying import Copied
from box.cli.following import Drop, Following
from box.events import Event, Recorded

PATH = "users/me/inbox/a.jpg"


def settled(path: str = PATH, *, size: int = 10, mtime_ns: int = 5, media_type: str = "image/jpeg") -> e.FileSettled:
    return e.FileSettled(user="me", path=path, size=size, mtime_ns=mtime_ns, inode=1, media_type=media_type)


def filed(path: str = PATH, to: str = "users/me/photos/a.jpg") -> e.PhotoFiled:
    return e.PhotoFiled(
        source=path, path=to, size=10, mtime_ns=5, digest="", media_type="image/jpeg", width=1, height=1
    )


ASKED = e.JobRequested(kind="photo", source=PATH)  # at position 2 in each history
FULL = e.QuotaExceeded(path=PATH, size=10, used_bytes=1, reserved_bytes=0, quota_bytes=5)


AGAIN = [settled(), ASKED, e.JobAskedAgain(job=1, answer=PATH), e.JobSucceeded(job=2, lease="")]
"""It asks, by its key, for a job that was there before it."""


def answered(state: str, result: dict[str, int] | None = None) -> e.JobRequested:
    answer = {"beside": PATH, "job": 1, "state": state, "message": "why", "result": result or {}}
    return e.JobRequested(kind="answer", args=json.dumps(answer))


def follow(*histories: Event, drops: int = 1) -> tuple[list[Drop], Following]:
    followed = [Drop("/a.jpg", "a.jpg", Copied(PATH, 10, 5)) for _ in range(drops)]
    following = Following(("image/jpeg",))
    for drop in followed:
        following.add(drop)
    following.see(Recorded(position, "", event) for position, event in enumerate(histories, 1))
    return followed, following


@pytest.mark.parametrize(
    ("outcome", "message", "history"),
    [
        ("filed", "", [settled(), ASKED, filed(), e.JobSucceeded(job=2, lease="")]),
        ("filed", "", [settled(), ASKED, e.JobSucceeded(job=2, lease="")]),
        ("duplicate", "", [settled(), ASKED, e.DuplicateDropped(source=PATH, kept="k", digest="", size=10)]),
        (
            "quarantined", "torn",
            [
                settled(), ASKED, e.JobQuarantined(job=2, code="bad", message="bad"),
                e.JobRequested(kind="quarantine", source=PATH),
                e.FileQuarantined(source=PATH, path="q", size=10, mtime_ns=5, code="bad", message="torn"),
            ],
        ),
        ("failed", "no", [settled(), ASKED, e.JobFailed(job=2, lease="", code="x", message="no")]),
        ("waiting", "later", [settled(), ASKED, e.JobFailed(job=2, lease="", code="x", message="later", retry_at="t")]),
        ("cancelled", "on request", [settled(), ASKED, e.JobCancelled(job=2, reason="on request")]),
        ("vanished", "", [settled(), ASKED, e.FileVanished(path=PATH)]),
        ("replaced", "", [settled(), ASKED, settled(size=11)]),
        ("left", "", [settled(media_type="text/plain")]),
        ("quota", "", [settled(), FULL]),
        ("filed", "", [settled(), FULL, ASKED, filed()]),
        ("waiting", "", [settled(), FULL, ASKED]),
        ("vanished", "", [settled(), FULL, e.FileVanished(path=PATH)]),
        ("waiting", "", [settled(size=11), ASKED, filed()]),
        ("waiting", "", [filed(), ASKED, e.JobSucceeded(job=2, lease="")]),
        ("waiting", "", AGAIN),
        ("done", 'what it asks for is done: {"n": 1}', [*AGAIN, answered("completed", {"n": 1})]),
        ("failed", "why", [*AGAIN, answered("failed")]),
        ("failed", "why", [*AGAIN, answered("quarantined")]),
        ("cancelled", "why", [*AGAIN, answered("cancelled")]),
        ("waiting", "", []),
    ],
)  # fmt: skip
def test_what_became_of_it(outcome: str, message: str, history: list[Event]):
    (drop,), following = follow(*history)
    assert drop.outcome == outcome
    assert message in drop.message
    assert following.waiting == (outcome == "waiting")
    assert following.parked == ([drop] if outcome == "quota" else [])


def test_two_drops_may_have_had_one_name_after_another():
    first, second = follow(
        settled(), ASKED, filed(to="p/a.jpg"), e.JobSucceeded(job=2, lease=""),
        settled(), e.JobRequested(kind="photo", source=PATH), filed(to="p/a-2.jpg"), drops=2,
    )[0]  # fmt: skip
    assert (first.path, second.path) == ("p/a.jpg", "p/a-2.jpg")
