"""The rules of feeds, 20 to 22, and what they ask of 23: given a history, when something happens, then that follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from box import events as e
from box.engine import Engine
from box.models import feeds
from box.models.base import Store
from box.policy import Policy

URL = "https://example.org/feed"
MB = 1_000_000


def policy(**more: Any) -> Policy:
    return Policy(
        kinds={}, attempts_max=3, feeds_seconds=3600, feed_failures_max=3, sounds_max=2, sound_bytes_max=100 * MB,
        **more,
    )  # fmt: skip


@pytest.fixture
def engine(store: Store) -> Engine:
    return Engine(store, policy(), commit_seconds=0)


def feed_of(store: Store) -> feeds.Known:
    (found,) = feeds.all_of(store)
    return found


def wanted(store: Store, kind: str) -> list[tuple[int, dict[str, Any]]]:
    rows = store.rows("SELECT id, args FROM jobs WHERE kind = ? AND state = 'queued' ORDER BY id", (kind,))
    return [(job, json.loads(args)) for job, args in rows]


def end(engine: Engine, job: int, kind: type[e.JobFailed | e.JobQuarantined]) -> None:
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    engine.record(kind(user="me", job=job, lease="L", code="child-died", message="it was killed"))


def episode(name: str = "a", size: int = MB, **more: str) -> tuple[e.Event, ...]:
    """An episode of feed 1, as its job tells of it."""
    item = {"item_kind": "episode", "title": name, "note_digest": "n", "reader": "feed", "media_type": "text/markdown"}
    return (
        e.DocumentRead(
            user="me", source=f"feeds/1/{name}", path=f"users/me/notes/{name}.md", note=f"users/me/notes/{name}.md",
            size=1, mtime_ns=1, digest="n", **{**item, "date": name, **more},  # type: ignore[arg-type]
        ),
        e.EpisodeFiled(
            user="me", feed=1, episode=name, item_source=f"feeds/1/{name}", audio=f"https://example.org/{name}.mp3",
            audio_type="audio/mpeg", audio_bytes=size,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("how", [e.JobFailed, e.JobQuarantined])
def test_21_a_feed_whose_job_came_to_nothing_has_failed_waits_longer_each_time_and_is_dead_in_the_end(
    engine: Engine, store: Store, how: type[e.JobFailed | e.JobQuarantined]
):
    engine.record(e.FeedSubscribed(user="me", url=URL))
    nexts = []
    for failures in (1, 2, 3):
        ((job, args),) = wanted(store, "feed")
        assert args == {"feed": 1}
        end(engine, job, how)
        found = feed_of(store)
        assert (found.failures, found.code, found.message) == (failures, "child-died", "it was killed")
        nexts.append(found.next_at)
        engine.record(e.JobRequested(user="me", kind="feed", args='{"feed": 1}'))
    assert "" < nexts[0] < nexts[1]
    assert (found.state, nexts[2]) == ("dead", "")


def test_21_a_job_that_will_be_tried_again_has_not_failed(engine: Engine, store: Store):
    engine.record(e.FeedSubscribed(user="me", url=URL))
    ((job, _),) = wanted(store, "feed")
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    again = "2030-01-01T00:00:00.000Z"
    engine.record(e.JobFailed(user="me", job=job, lease="L", code="x", message="x", retry_at=again))
    assert feed_of(store).failures == 0


def test_21_the_sound_of_an_episode_whose_job_came_to_nothing_is_left(engine: Engine, store: Store):
    engine.record(e.FeedSubscribed(user="me", url=URL))
    engine.record(*episode(), e.FeedFetched(user="me", feed=1))
    ((job, args),) = wanted(store, "episode")
    assert args == {"feed": 1, "episode": "a"}
    end(engine, job, e.JobQuarantined)
    assert store.rows("SELECT failures, next_at FROM episodes") == [(1, "never")]
    engine.record(e.FeedFetched(user="me", feed=1))
    assert wanted(store, "episode") == []
    assert feed_of(store).failures == 0


def test_22_of_the_newest_episodes_the_sound_is_fetched_if_it_is_no_larger_than_allowed(engine: Engine, store: Store):
    engine.record(e.FeedSubscribed(user="me", url=URL))
    engine.record(
        *episode("1"), *episode("2", 101 * MB), *episode("3", 99 * MB), e.FeedFetched(user="me", feed=1)
    )  # fmt: skip
    assert [args["episode"] for _, args in wanted(store, "episode")] == ["3"]
    assert store.rows("SELECT reserve_bytes FROM jobs WHERE kind = 'episode'") == [(100 * MB,)]


@pytest.mark.parametrize(
    ("media_type", "counts", "is_heard"),
    [
        ("audio/mpeg", "", True), ("video/mp4", '{"chapters": 2}', True), ("video/webm", "", False),
        ("audio/mpeg", '{"transcripts": 1}', False),
    ],
)  # fmt: skip
def test_23_the_sound_of_an_episode_is_listened_to_if_its_feed_gave_no_transcript(
    store: Store, media_type: str, counts: str, is_heard: bool
):
    engine = Engine(store, policy(transcribes=True), commit_seconds=0)
    engine.record(e.FeedSubscribed(user="me", url=URL))
    engine.record(*episode(counts=counts))
    path = "users/me/media/a.mp3"
    engine.record(
        e.EpisodeDownloaded(
            user="me", feed=1, episode="a", path=path, size=5, mtime_ns=6, digest="d", media_type=media_type
        )
    )  # fmt: skip
    found = wanted(store, "transcribe")
    assert len(found) == is_heard
    if is_heard:
        assert found[0][1]["digest"] == "d"
        assert store.rows("SELECT source, size, mtime_ns FROM jobs WHERE id = ?", (found[0][0],)) == [(path, 5, 6)]
