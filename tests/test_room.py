"""When photos are asked to go: on real disks that fill up, by the clock, and not again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from box import beside
from box import events as e
from box.models import backed, jobs
from box.retention import Steadiness
from box.room import Room
from box.timekeeper import built_in
from tests.helpers import inbox, running, until
from tests.tasks.disks import MB, Library, library_of, picture, small_disk


@pytest.fixture
def full(tmp_path, mount, make_root) -> Iterator[Callable[..., tuple[Library, Room]]]:
    """A library on a small disk where retention is enabled, and what looks at that disk."""
    opened = []

    def build(**keys: object) -> tuple[Library, Room]:
        config = small_disk(tmp_path, mount, make_root, **{"retention__enabled": True, **keys})
        opened.append(library_of(config))
        box = opened[-1].__enter__()
        return box, Room(config, box.engine, box.problems, Steadiness())

    yield build
    for each in opened:
        each.__exit__(None, None, None)


def asked(box: Library) -> int:
    """How often it was asked for so far."""
    return len([event for event in box.told(e.JobRequested) if event.kind == "clean-photos"])


def done(box: Library) -> None:
    """The jobs that were asked for are through, and found nothing."""
    for (job,) in box.store.rows("SELECT id FROM jobs WHERE state = 'queued'"):
        box.engine.record(e.JobStarted(job=job, lease=f"L{job}"), e.JobSucceeded(job=job, lease=f"L{job}", result="{}"))


def test_a_run_is_asked_for_once_while_it_can_free_nothing(full):
    box, room = full()
    box.leave_free(25.5)
    room.look()
    assert asked(box) == 0
    box.leave_free(19.5)
    for _ in range(3):
        room.look()
    assert asked(box) == 1
    done(box)
    for _ in range(3):
        room.look()
    assert asked(box) == 1, "not again: nothing has changed"
    box.leave_free(18.5)
    room.look()
    room.look()
    assert asked(box) == 2, "there is less room"
    done(box)
    box.leave_free(30)
    room.look()
    box.leave_free(19.5)
    room.look()
    assert asked(box) == 3, "there had been enough"


def test_a_run_is_asked_for_when_more_backups_are_proved_and_that_is_through(full):
    box, room = full()
    path = box.file(300)
    box.leave_free(15.5)
    room.look()
    done(box)
    backup = box.engine.request(e.JobRequested(kind="backup"))
    box.back_up([path])
    room.look()
    assert asked(box) == 1, "the backup is at it"
    box.engine.record(e.JobCancelled(job=backup, reason="through"))
    room.look()
    room.look()
    assert asked(box) == 2
    done(box)
    room.look()
    assert asked(box) == 2
    assert backed.state_of(box.store, path, MB, box.path(path).stat().st_mtime_ns) == "verified"


def test_what_lies_in_the_trash_counts_until_space_is_critical(full):
    box, room = full()
    path = box.file(300, 3 * MB)
    box.back_up([path])
    box.leave_free(15)
    assert box.do("clean-photos")["trashed"] == 1
    room.look()
    assert asked(box) == 1, "the one that was done"
    box.leave_free(5)
    room.look()
    assert asked(box) == 2


def test_room_on_the_disk_ends_the_problem_and_without_retention_nothing_is_asked_for(full, make_root):
    box, room = full()
    box.problems.put("retention", "", "no room")
    box.leave_free(50)
    room.look()
    assert box.problems.listed() == []
    off = make_root(name="other", retention__enabled=False, retention__min_free_percent=95)
    with library_of(off) as other:
        Room(off, other.engine, other.problems, Steadiness()).look()
        assert asked(other) == 0


def test_it_is_also_done_daily_if_it_is_enabled_and_the_trash_is_emptied_daily(make_root):
    def daily(*, enabled: bool) -> set[str]:
        config = make_root(name=str(enabled), exists=True, retention__enabled=enabled)
        return {entry.kind for entry in built_in(config) if entry.every_seconds == 86_400}

    assert {"clean-photos", "empty-trash"} <= daily(enabled=True)
    assert "empty-trash" in daily(enabled=False)
    assert "clean-photos" not in daily(enabled=False)


def test_a_service_makes_room_even_where_there_is_too_little_for_other_work(full):
    box, _ = full(storage__free_bytes_min="5 MB", workers__count=1)
    path = box.file(300, 3 * MB)
    box.back_up([path])
    (inbox(box.config) / "comes.JPG").write_bytes(picture(9, MB))
    box.leave_free(12)
    box.store.close()
    with running(box.config), beside.beside(box.config) as way:
        until(lambda: not box.path(path).exists(), "the photo went")
        until(lambda: way.store.value("SELECT 1 FROM jobs WHERE kind = 'clean-photos' AND state = 'completed'"), "done")
        assert jobs.counts(way.store).get("photo", {}).get("completed", 0) == 0
        (box.root / "ballast").unlink()
        until(lambda: jobs.counts(way.store).get("photo", {}).get("completed") == 1, "there is room for the other work")
