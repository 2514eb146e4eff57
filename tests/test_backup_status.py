from __future__ import annotations

from dataclasses import replace

import pytest

from box import backup_status, log
from box import events as e
from box.config import default
from box.engine import Engine
from box.policy import Policy
from box.sections import Backup
from box.status import Problems
from box.timekeeper import built_in


class Clock:
    """Each event a second later."""

    seconds = 0

    def __call__(self) -> str:
        self.seconds += 1
        return f"2026-01-01T00:00:{self.seconds:02}.000Z"


@pytest.fixture
def ticking(store):
    return Engine(store, Policy(kinds={}, attempts_max=3), commit_seconds=0, now=Clock())


def settings(*destinations: str):
    return replace(default("/r"), backup=Backup(destination=destinations))


def finished(uuid: str, path: str, missing: int = 0, asked: str = "") -> e.BackupFinished:
    return e.BackupFinished(
        destination=uuid, path=path, files=1, bytes=2, files_held=3, bytes_held=4, files_missing=missing, asked=asked
    )


def stopped(path: str, uuid: str = "", code: str = "backup-away") -> e.BackupStopped:
    return e.BackupStopped(destination=uuid, path=path, code=code, reason="why")


def told(store, config) -> tuple[str | None, str, str | None]:
    block = backup_status.block(store, config)
    return block["destination"], block["state"], block["last_finished_at"]


def problems(store, config) -> dict[str, list[str]]:
    found = Problems()
    backup_status.tell(store, config, found)
    by_code: dict[str, list[str]] = {}
    for code, subject in found._found:
        by_code.setdefault(code, []).append(subject)
    return by_code


def test_without_a_destination_there_is_none_and_no_backup_by_the_clock(store):
    assert told(store, settings()) == (None, "none", None)
    always = ["compact", "clean-temp", "empty-trash", "claims"]
    assert [entry.name for entry in built_in(settings())] == [*always, "feeds"]
    assert [entry.name for entry in built_in(settings("/a"))] == [*always, "backup", "verify-backup", "feeds"]


def test_a_destination_without_a_backup_waits_and_is_the_furthest_behind(store, ticking):
    config = settings("/a", "/b")
    assert told(store, config) == ("/a", "waiting", None)
    ticking.record(finished("u", "/a"))
    assert told(store, config) == ("/b", "waiting", None)
    ticking.record(finished("v", "/b", missing=2))
    assert told(store, config) == ("/a", "done", "2026-01-01T00:00:01Z")
    ticking.record(finished("u", "/a"))
    assert told(store, config) == ("/b", "behind", "2026-01-01T00:00:02Z")
    assert problems(store, config) == {"backup-left": ["/b"]}


def test_of_drives_that_take_turns_at_one_place_the_last_one_counts(store, ticking):
    config = settings("/a")
    ticking.record(finished("u", "/a"))
    ticking.record(finished("v", "/a"))
    block = backup_status.block(store, config)
    assert block["last_finished_at"] == "2026-01-01T00:00:02Z"
    assert [each["last_finished_at"][-3:-1] for each in block["destinations"]] == ["01", "02"]


def test_what_stopped_is_a_problem_until_it_has_finished_and_only_where_it_is_wanted(store, ticking):
    config = settings("/a", "auto")
    ticking.record(
        stopped("/a"), stopped("auto"), stopped("/once", "w", "backup-full"), stopped("/odd", "x", "strange")
    )
    assert problems(store, config) == {
        "backup-away": ["/a", "auto"], "backup-full": ["/once"], "backup-failed": ["/odd"],
    }  # fmt: skip
    assert problems(store, settings("/a")) == {"backup-away": ["/a"]}
    ticking.record(finished("u", "/a"), finished("v", "/media/x", asked="auto"))
    assert problems(store, config) == {"backup-full": ["/once"], "backup-failed": ["/odd"]}
    ticking.record(stopped("/a"))
    assert told(store, settings("/a"))[:2] == ("/a", "stopped"), "it is the one that was there"
    assert backup_status.block(store, settings("/a"))["destinations"][0]["last_finished_at"] is not None


def test_a_drive_that_is_mounted_elsewhere_is_the_same_destination(store, ticking):
    ticking.record(finished("u", "/media/a"))
    ticking.record(e.BackupVerified(destination="u", path="/media/b", files=1, bytes=2))
    (only,) = backup_status.block(store, settings("auto"))["destinations"]
    assert (only["destination"], only["last_verified_at"] is not None) == ("/media/b", True)


def test_the_log_says_whether_it_holds_anything_else(store, ticking):
    ticking.record(finished("u", "/a"))
    assert not log.holds_other(store, 0, {"BackupFinished"})
    ticking.record(e.QuotaSet(user="me", quota_bytes=1))
    assert log.holds_other(store, 0, {"BackupFinished"})
    assert log.holds_other(store, 1, {"BackupFinished"})
    assert not log.holds_other(store, 2, {"BackupFinished"})
