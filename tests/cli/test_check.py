"""`box rebuild`, `box verify`, `box doctor`."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest

from box import config as configuration
from box import doctor


@pytest.fixture
def held(box, photo):
    """A box with one photo, at rest."""
    shutil.copy(photo, box.inbox)
    assert box("once").returncode == 0
    return box


def spoil(box, *statements: str) -> None:
    """Change tables behind the back of the log."""
    with closing(sqlite3.connect(box.root / "box.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_verify_finds_nothing_in_a_box_that_is_right(held):
    done = held("verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no difference: log = tables = disk = sums (")
    assert held.json("verify")["differences"] == []


def test_verify_lists_every_difference_and_ends_with_1(held):
    (held.root / "users/me/photos/2009/2009-04-10/IMG0001.JPG").unlink()
    (held.root / "users/me/notes/two\nlines.md").write_text("x")
    spoil(held, "UPDATE usage SET bytes = bytes + 1 WHERE area = 'photos'")
    done = held("verify")
    assert done.returncode == 1
    *lines, total = done.stdout.splitlines()
    assert total.startswith(f"{len(lines)} differences (")
    told = held.json("verify")["differences"]
    assert {each["where"] for each in told} == {"log", "disk", "sums"}
    assert any(line.startswith("disk  users/me/photos/2009/2009-04-10/IMG0001.JPG: expected 28211") for line in lines)
    assert any("two\\nlines.md" in line for line in lines)


def test_rebuild_folds_the_log_again(held):
    spoil(held, "DELETE FROM photos", "UPDATE usage SET bytes = 7")
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
    assert "nothing has happened in" in done.stderr
    assert not (box.root / "box.db").exists()


def findings(box, **environment: str) -> dict[str, list[tuple[str, str]]]:
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


def test_where_heic_cannot_be_decoded_the_doctor_says_what_to_install(held, tmp_path):
    assert findings(held)["HEIC"] == [("ok", "photos get thumbnails")], "the tests have the decoder"
    (tmp_path / "without").mkdir()
    (tmp_path / "without/sitecustomize.py").write_text("import sys; sys.modules['pillow_heif'] = None\n")
    without = {"PYTHONPATH": str(tmp_path / "without")}
    assert findings(held, **without)["HEIC"] == [("warn", "no pillow_heif; with it photos get thumbnails")]
    assert "box-worker[heic]" in held("doctor", **without).stdout


def test_a_service_that_does_not_run_is_only_a_warning(held):
    assert findings(held)["service"] == [("warn", "it is not running")]
    assert held("doctor").returncode == 0


def test_a_service_that_holds_the_root_and_says_nothing_is_a_failure(held):
    with held.running():
        held.shows("Box")
        (held.root / "status.json").unlink()
        assert findings(held)["service"][0][0] == "fail"


def test_what_the_service_complains_of_is_passed_on(make_box, photo):
    box = make_box(quota__users={"me": "10 kB"})
    with box.running():
        box("add", str(photo))
        box.shows("quota-exceeded")
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


def test_a_program_that_could_help_and_is_missing_is_a_warning_with_what_to_do(held):
    told = findings(held, PATH="/nowhere")
    for program in ("exiftool", "ffmpeg"):
        ((state, message),) = told[program]
        assert state == "warn" and message.startswith("not installed; it ")
    assert "-> `sudo apt-get install libimage-exiftool-perl`" in held("doctor", PATH="/nowhere").stdout
    assert {state for check in ("exiftool", "ffmpeg", "HEIC") for state, _ in findings(held)[check]} == {"ok"}


def test_a_clock_that_went_back_is_noticed(held):
    os.utime(held.root / "box.db", (4_000_000_000, 4_000_000_000))
    assert [state for state, _ in findings(held)["clock"]] == ["ok", "warn"]


def test_a_damaged_database_that_was_moved_aside_is_remembered(held):
    (held.root / "damaged" / "20260101T000000Z").mkdir(parents=True)
    assert findings(held)["database"][-1][0] == "warn"


def test_a_root_that_may_not_be_written_or_read_is_a_failure():
    with tempfile.TemporaryDirectory() as root:
        examine = partial(doctor.examine, partial(configuration.default, root))
        assert list(examine()), "and all that it imports is loaded: nobody may not read it"
        for mode, check in ((0o555, "permissions"), (0o000, "root")):
            os.chmod(root, mode)
            with as_nobody():
                found = {each.check: each.state for each in examine()}
            assert found[check] == "fail"
        os.chmod(root, 0o700)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may do everything; everybody else is nobody in particular."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
