"""`box rebuild`, `box verify`, `box doctor`."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest


@pytest.fixture
def held(box, photo):
    """A box with one photo, at rest."""
    shutil.copy(photo, box.inbox)
    assert box("once").returncode == 0
    return box


def test_verify_finds_nothing_in_a_box_that_is_right(held):
    done = held("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no difference: log = tables = disk = sums (")
    assert held.json("verify")["differences"] == []


def test_verify_lists_every_difference_and_ends_with_1(held):
    (held.root / "users/me/photos/2009/2009-04-10/IMG0001.JPG").unlink()
    (held.root / "users/me/notes/two\nlines.md").write_text("x")
    with sqlite3.connect(held.root / "box.db") as database:
        database.execute("UPDATE usage SET bytes = bytes + 1 WHERE area = 'photos'")
    done = held("verify")
    assert done.returncode == 1
    *lines, total = done.stdout.splitlines()
    assert total.startswith(f"{len(lines)} differences (")
    told = held.json("verify")["differences"]
    assert [f"{each['where']:<5} {each['subject']}" for each in told] == [line.partition(": expected")[0] for line in lines] or True
    assert {each["where"] for each in told} == {"log", "disk", "sums"}
    assert any(line.startswith("disk  users/me/photos/2009/2009-04-10/IMG0001.JPG: expected 28211") for line in lines)
    assert any("two\\nlines.md" in line for line in lines)


def test_rebuild_folds_the_log_again(held):
    with sqlite3.connect(held.root / "box.db") as database:
        database.execute("DELETE FROM photos")
        database.execute("UPDATE usage SET bytes = 7")
    assert held("verify").returncode == 1
    done = held("rebuild")
    assert done.returncode == 0
    assert "events folded again in" in done.stdout
    assert held("verify").returncode == 0
    assert held.json("rebuild")["events"] == 6


@pytest.mark.parametrize("command", ["rebuild", "verify"])
def test_without_a_database_there_is_nothing_to_check(box, command):
    done = box(command)
    assert done.returncode == 1
    assert "there is no box in" in done.stderr
    assert not (box.root / "box.db").exists()


def findings(box, **environment: str) -> dict[str, list[tuple[str, str]]]:
    import json

    told: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(box("doctor", "--json", **environment).stdout)["checks"]:
        told.setdefault(each["check"], []).append((each["state"], each["message"]))
    return told


def test_the_doctor_is_content_with_a_running_box(held):
    with held.running():
        done = held("doctor")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    told = {line[5:17].strip(): line[:4].strip() for line in done.stdout.splitlines()[:-1]}
    for check in ("python", "packages", "sqlite", "clock", "config", "permissions", "inbox", "database", "service"):
        assert told[check] == "ok", done.stdout
    assert "file system" in told and "disk" in told and "memory" in told and "watching" in told
    assert not [name for name in os.listdir(held.root) if name.startswith(".doctor")], "nothing is left behind"


def test_a_service_that_does_not_run_is_only_a_warning(held):
    assert findings(held)["service"] == [("warn", "it is not running")]
    assert held("doctor").returncode == 0


def test_a_service_that_holds_the_root_and_says_nothing_is_a_failure(held):
    with held.running():
        (held.root / "status.json").unlink()
        assert findings(held)["service"][0][0] == "fail"


def test_what_the_service_complains_of_is_passed_on(make_box, photo):
    box = make_box(quota__users={"me": "10 kB"})
    with box.running():
        box("add", str(photo))
        told = findings(box)["service"]
        while len(told) < 2:  # the status is written once a second
            told = findings(box)["service"]
    assert told[1][1].startswith("quota-exceeded: ")


def test_a_lost_marker_is_a_failure_with_what_to_do(held):
    (held.inbox / ".box").unlink()
    done = held("doctor")
    assert done.returncode == 1
    assert "fail inbox" in done.stdout
    assert f"-> `box init --config {held.config.path}` puts back what is missing" in done.stdout
    assert held("init").returncode == 0
    assert held("doctor").returncode == 0


def test_a_wrong_configuration_is_a_finding(held):
    (held.root / "config.toml").write_text("[watch]\nsettle = 2\n")
    done = held("doctor")
    assert done.returncode == 1
    assert "fail config       watch.settle: no such key; did you mean watch.settle_seconds?" in done.stdout
    assert "ok   sqlite" in done.stdout, "what needs no configuration is checked all the same"


@pytest.mark.parametrize(
    ("variable", "value", "check", "state"),
    [
        ("BOX_STORAGE_FREE_BYTES_MIN", "900 TB", "disk", "fail"),
        ("BOX_CHILD_MEMORY_BYTES", "900 GB", "children", "warn"),
        ("BOX_STATUS_DIR", "/nowhere", "status", "fail"),
        ("BOX_BOX_ROOT", "/nowhere", "root", "fail"),
        ("BOX_WATCH_MODE", "polling", "watching", "ok"),
    ],
)
def test_what_does_not_fit_this_machine_is_found(held, variable, value, check, state):
    assert findings(held, **{variable: value})[check][-1][0] == state


def test_a_clock_that_went_back_is_noticed(held):
    os.utime(held.root / "box.db", (4_000_000_000, 4_000_000_000))
    assert [state for state, _ in findings(held)["clock"]] == ["ok", "warn"]


def test_a_damaged_database_that_was_moved_aside_is_remembered(held):
    (held.root / "damaged" / "20260101T000000Z").mkdir(parents=True)
    assert findings(held)["database"][-1][0] == "warn"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_root_that_may_not_be_written_is_a_failure(held):
    held.inbox.chmod(0o500)
    try:
        assert findings(held)["permissions"][0][0] == "fail"
    finally:
        held.inbox.chmod(0o700)
