"""`box status`: what the service wrote last, and whether that is now."""

from __future__ import annotations

import json
import re
import shutil
import signal

import pytest
from test_serve import on_a_terminal

STYLE = re.compile("\x1b\\[[0-9;]*m")


def test_a_page_tells_what_is_held_done_and_wrong(make_box, photo):
    box = make_box(quota__users={"me": "100 kB"})
    with box.running():
        box("add", str(photo))
        (box.inbox / ".box").unlink()
        box.shows("inbox-unmarked")
        done = box("status")
    assert (done.returncode, done.stderr) == (0, "")
    first, _, *rows = done.stdout.splitlines()
    assert re.fullmatch(r"Box \S+ on \S+ is degraded \(updated .* ago, started [-0-9: ]+, process \d+\)", first)
    page = {row[:10].strip(): row[11:] for row in rows if row[:10].strip()}
    assert list(page) == ["users", "jobs", "photos", "disk", "log", "watching", "problems"]
    assert re.search(r"me  [#.\u2588\u2591]{20} \d+ %, 3\d\.\d kB of 100 kB, 2 files", page["users"])
    assert page["photos"] == "1, 28.2 kB, 2009-04-10 to 2009-04-10, 1 day"
    assert page["watching"].startswith(f"{box.inbox} (missing)")
    assert page["problems"].startswith("inbox-unmarked since 2")
    assert "\x1b" not in done.stdout, "no colours without a terminal"


def test_json_is_what_the_service_wrote(box):
    with box.running():
        box.shows("Box")
        done = box("status", "--json")
        assert done.returncode == 0
        assert {**json.loads(done.stdout), "updated_at": ""} == {
            **json.loads((box.root / "status.json").read_text()), "updated_at": "",
        }  # fmt: skip


def test_before_the_first_run_there_is_none(box):
    done = box("status")
    assert (done.returncode, done.stdout) == (3, "")
    assert "has not run here yet" in done.stderr and "`box run`" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_when_the_service_has_gone_the_last_status_is_shown_with_a_note(box, arguments):
    with box.running() as service:
        box.shows("Box")
        service.kill()
        service.wait()
    done = box("status", *arguments)
    assert done.returncode == 3
    assert done.stderr == f"box: the service is not running in {box.root}; `box run` starts it\n"
    if arguments:
        assert json.loads(done.stdout)["schema"] == 1
    else:
        assert " is not running (updated " in done.stdout
        assert "watching" not in done.stdout, "nobody is watching"


@pytest.mark.parametrize("left", ["", '{"schema": 1, "ver'])
def test_what_a_power_cut_left_of_it_is_said_to_be_damaged(box, left):
    (box.root / "status.json").write_text(left)
    done = box("status")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"box: {box.root}/status.json is damaged; `box run` writes a new one\n"


def test_a_status_that_is_too_old_is_said_to_be(make_box):
    box = make_box()
    with box.running():
        box.shows("Box")
        path = box.root / "status.json"
        old = json.loads(path.read_text()) | {"updated_at": "2026-01-01T00:00:00.000Z"}
        service_wrote = path.read_text()
        path.write_text(json.dumps(old))
        done = box("status")
        path.write_text(service_wrote)
    assert done.returncode == 3
    assert re.search(r"the status is \d+ s old", done.stderr)


def test_watch_repaints_in_place_and_gives_the_terminal_back(box, photo):
    with (
        box.running(),
        on_a_terminal(box.command("status", "--watch"), box.environment()) as (process, read_until),
    ):
        assert "photos     0, 0 B" in STYLE.sub("", read_until("0, 0 B"))
        shutil.copy(photo, box.inbox)
        read_until("1, 28.2 kB")
        process.send_signal(signal.SIGINT)
        text = read_until("\x1b[?1049l")
        assert process.wait(60) == 130
    assert text.startswith("\x1b[?1049h\x1b[?25l\x1b[H"), "a screen of its own"
    assert text.endswith("\x1b[?25h\x1b[?1049l"), "and back, cursor included"
    pages = text.split("\x1b[H")[1:]
    assert len(pages) > 1
    for page in pages:
        lines = STYLE.sub("", page).replace("\x1b[K", "").replace("\x1b[J", "").split("\r\n")
        assert len(lines) <= 40
        assert all(len(line.partition("\x1b[?")[0]) <= 100 for line in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_gives_the_terminal_back_however_it_ends(box, number):
    with on_a_terminal(box.command("status", "--watch"), box.environment()) as (process, read_until):
        read_until("has not run")
        process.send_signal(number)
        text = read_until("\x1b[?1049l")
        assert process.wait(60) == 128 + number
    assert "\x1b[?25h\x1b[?1049l" in text


def test_no_color_means_no_colour(box):
    with box.running():
        box.shows("Box")
        for environment, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            with on_a_terminal(box.command("status"), box.environment(**environment)) as (process, read_until):
                text = read_until("problems")
                process.wait(60)
            assert bool(STYLE.search(text)) == is_coloured


def test_watch_for_programs_is_a_line_a_status(box):
    with box.running(), box.started("status", "--watch", "--json") as (watch, next_line):
        assert json.loads(next_line())["schema"] == 1
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
        assert watch.returncode == 130


def test_a_page_tells_how_much_can_be_searched(make_box):
    box = make_box()
    (box.inbox / "owls.txt").write_text("Owls of the valley\n\nIn 2023, 42 pairs of owls were counted near Bern.\n")
    box("once")
    rows = box("status").stdout.splitlines()
    assert "library    1 text, 1 passage, 1 claim" in rows
