"""`box run` and `box once`."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def on_a_terminal(
    command: list[str], environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Callable]]:
    """A command with a terminal of 100 columns; `read_until(text)` gives all that it wrote until that came."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    environment = {**environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    seen = bytearray()

    def read_until(text: str, seconds: float = 60) -> str:
        until = time.monotonic() + seconds
        while text.encode() not in seen and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the program is gone, and its side of the terminal with it
                    break
                if not piece:
                    break
                seen.extend(piece)
        return seen.decode("utf-8", "replace")

    try:
        yield process, read_until
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def test_once_files_what_is_there_and_says_so(box, photo):
    shutil.copy(photo, box.inbox)
    done = box("once")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "1 filed, 0 duplicates dropped, 0 quarantined, 0 failed; 0 files left in the inboxes; "
    )
    assert (box.root / "users/me/photos/2009/2009-04-10/IMG0001.JPG").is_file()


def test_once_ends_with_1_if_something_went_into_quarantine(box, photo):
    (box.inbox / "broken.jpg").write_bytes(photo.read_bytes()[:2000])
    (box.inbox / "note.bin").write_bytes(bytes(range(256)))  # nobody takes this yet
    done = box("once", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("filed", "duplicates", "quarantined", "failed", "left")} == {
        "filed": 0, "duplicates": 0, "quarantined": 1, "failed": 0, "left": 1,
    }  # fmt: skip
    assert told["seconds"] > 0


def test_once_shows_progress_on_a_terminal_and_keeps_the_result(box, photo):
    shutil.copy(photo, box.inbox)
    with on_a_terminal(box.command("once"), box.environment()) as (process, read_until):
        text = read_until("left in the inboxes")
        assert process.wait(60) == 0
    assert "0 filed, 0 duplicates dropped" in text, "progress"
    assert "\r\x1b[K1 filed" in text, "the result stands on a clean line"
    assert "{" not in text, "and no log lines between"


def test_an_interrupted_once_ends_with_130(make_box, photo):
    box = make_box(watch__settle_seconds=30)
    shutil.copy(photo, box.inbox)
    with on_a_terminal(box.command("once"), box.environment()) as (process, read_until):
        read_until("0 filed")
        process.send_signal(signal.SIGINT)
        text = read_until("left in the inboxes")
        assert process.wait(60) == 130, text
    assert (box.inbox / "IMG0001.JPG").is_file()


def test_run_tells_a_terminal_where_to_drop_files_and_where_the_status_is(make_box):
    box = make_box("ann", "ben")
    with on_a_terminal(box.command("run"), box.environment()) as (process, read_until):
        text = read_until("box is running")
        process.send_signal(signal.SIGINT)
        text = read_until("box has stopped")
        assert process.wait(60) == 0, text
    for user in ("ann", "ben"):
        assert f"{box.root}/users/{user}/inbox" in text
    assert f"{box.root}/status.json" in text and "box status --watch" in text


def test_run_is_silent_on_stdout_below_a_service_manager(box):
    with box.running() as service:
        service.send_signal(signal.SIGTERM)
        out, _ = service.communicate(timeout=60)
    assert (service.returncode, out) == (0, "")


@pytest.mark.parametrize("command", ["run", "once", "rebuild"])
def test_a_second_one_says_who_holds_the_root_and_ends_with_2(box, command):
    with box.running() as service:
        done = box(command)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"box: {box.root} is held by box, process {service.pid} on ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "once"])
def test_without_a_root_it_says_what_makes_one(box, command):
    box.root.joinpath("config.toml").write_text('[box]\nroot = "nowhere"\n')
    done = box(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"box: there is no folder {box.root}/nowhere: `box init` makes it\n"
