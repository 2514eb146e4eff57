"""What is written, in which form, and what is not."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import logs
from box.errors import ConfigError, Unprocessable

log = logs.get("box.tasks.perform")


@pytest.fixture(autouse=True)
def fresh():
    """Every test begins without a setup and leaves none behind."""
    root = logging.getLogger()
    level, hook = root.level, threading.excepthook
    yield
    logging.captureWarnings(capture=False)
    threading.excepthook = hook
    root.removeHandler(logs._bridge)
    root.setLevel(level)
    logs._sink.__init__()


@pytest.fixture
def lines():
    """Sets up JSON at that level; calling the result gives the lines since then."""
    stream = io.StringIO()
    logs.setup("info", "json", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_event_and_origin_first(lines):
    before = datetime.now(UTC)
    log.info("photo filed", path="users/me/photos/a.jpg", bytes=3)
    (line,) = lines()
    assert list(line) == ["timestamp", "level", "event", "logger", "path", "bytes"]
    assert line["level"] == "info"
    assert line["event"] == "photo filed"
    assert line["logger"] == "tasks.perform"
    assert line["bytes"] == 3
    assert line["timestamp"].endswith("Z")
    assert before <= datetime.fromisoformat(line["timestamp"]) <= datetime.now(UTC)


def test_lines_of_a_job_carry_its_id_kind_and_user_and_others_do_not(lines):
    with logs.job_context(7, "photo", "ann"):
        log.info("inside")
        logging.getLogger("huey").error("from a library")
        other = threading.Thread(target=log.info, args=("another thread",))
        other.start()
        other.join()
    log.info("outside")
    inside, library, thread, outside = lines()
    job = {"job": 7, "kind": "photo", "user": "ann"}
    assert job.items() <= inside.items()
    assert job.items() <= library.items()
    assert list(inside)[4:] == ["job", "kind", "user"]
    assert not job.keys() & (thread.keys() | outside.keys())


def test_the_level_decides_what_is_written():
    stream = io.StringIO()
    logs.setup("warning", "json", stream)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["c", "d"]


def test_an_error_of_box_is_a_sentence_and_a_code_without_traceback(lines):
    try:
        raise Unprocessable("truncated", "a.jpg ends in the middle")
    except Unprocessable as error:
        log.warning("quarantined", exc_info=error)
        log.exception("quarantined")
    for line in lines():
        assert line["code"] == "truncated"
        assert line["error"] == "a.jpg ends in the middle"
        assert "exception" not in line


def test_a_defect_is_logged_with_its_traceback_but_no_local_values(lines):
    def defect():
        secret = "hunter" + "2"
        return {}[len(secret)]

    try:
        defect()
    except KeyError:
        log.exception("defect")
    (line,) = lines()
    assert line["error"] == "KeyError: 7"
    assert "in defect" in line["exception"]
    assert "hunter2" not in line["exception"]


def test_exc_info_without_an_exception_is_just_a_line(lines):
    log.error("nothing is being handled", exc_info=True)  # noqa: LOG014 - so it is
    (line,) = lines()
    assert list(line) == ["timestamp", "level", "event", "logger"]


def test_chatter_of_libraries_is_dropped_and_their_warnings_are_kept(lines):
    for name in ("huey", "huey.consumer", "peewee", "watchdog.observers", "PIL"):
        logging.getLogger(name).debug("chatter")
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("%s is odd", name)
    assert [(line["logger"], line["event"]) for line in lines()] == [
        (name, f"{name} is odd") for name in ("huey", "huey.consumer", "peewee", "watchdog.observers", "PIL")
    ]


def test_at_debug_libraries_may_say_what_they_do():
    stream = io.StringIO()
    logs.setup("debug", "json", stream)
    logging.getLogger("huey").debug("each poll")
    logging.getLogger("huey").info("each task")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["each task"]


def test_a_librarys_traceback_comes_out_in_one_line(lines):
    try:
        raise OSError("disk")
    except OSError:
        logging.getLogger("huey").exception("Unhandled error")
    (line,) = lines()
    assert line["error"] == "OSError: disk"
    assert line["exception"].startswith("Traceback")


def test_a_librarys_own_mistake_stops_nothing(lines):
    logs._bridge.handle(logging.makeLogRecord({"name": "huey", "levelno": 30, "msg": "%d of %d", "args": ("one",)}))
    (line,) = lines()
    assert line["event"] == "%d of %d"


def test_warnings_of_python_come_out_as_lines_but_not_the_one_of_watchdog(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.setup("info", "json", stream := io.StringIO())
        warnings.warn(f"Callback with id '{'x' * 31_000}' already exists for watch", RuntimeWarning, stacklevel=1)
        warnings.warn("something else", RuntimeWarning, stacklevel=1)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["logger"] == "py.warnings"
    assert "something else" in json.loads(line)["event"]
    assert not lines()


def test_a_thread_that_dies_says_so_in_one_line():
    threading.excepthook = threading.__excepthook__
    logs.setup("info", "json", stream := io.StringIO())
    for target in (lambda: int("x"), sys.exit):
        thread = threading.Thread(target=target, name="sweeper")
        thread.start()
        thread.join()
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["event"], line["thread"]) == ("error", "a thread died", "sweeper")
    assert "ValueError" in line["exception"]


def test_long_values_and_tracebacks_are_cut():
    logs.setup("info", "json", stream := io.StringIO())
    log.info("x", text="a" * 1_000_000, many=list(range(100_000)))
    try:
        raise ValueError("b" * 1_000_000)
    except ValueError:
        log.exception("y")
    first, second = stream.getvalue().splitlines()
    assert json.loads(first)["text"].endswith("... (1000000 characters)")
    assert len(first) < 3 * logs.VALUE_CHARS_MAX
    assert len(second) < logs.TRACEBACK_CHARS_MAX + 2 * logs.VALUE_CHARS_MAX


@given(st.text(st.characters(), max_size=200))
def test_any_name_comes_back_from_json_and_breaks_no_line(name):
    logs.setup("info", "json", stream := io.StringIO())
    log.info("named", path=name)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["path"] == name


@given(st.text(st.characters(), max_size=200))
def test_any_name_and_event_is_one_printable_line_on_a_console(name):
    logs.setup("info", "console", stream := io.StringIO())
    logging.getLogger("library").warning("about %s", name)
    log.info("named", path=name)
    first, second, rest = stream.getvalue().split("\n")
    assert first.isprintable()
    assert second.isprintable()
    assert not rest


def test_a_message_in_a_traceback_cannot_command_the_terminal():
    logs.setup("info", "console", stream := io.StringIO())
    try:
        raise ValueError("\x1b]0;owned\x07")
    except ValueError:
        log.exception("defect")
    assert "\x1b" not in stream.getvalue()
    assert "Traceback (most recent call last):\n" in stream.getvalue()
    assert "\\x1b]0;owned\\x07" in stream.getvalue()


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_the_console_in_colours_unless_it_does_not_want_them(no_color, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = os.openpty()
    with open(ours, "rb", buffering=0) as screen, open(theirs, "w", encoding="utf-8") as terminal:
        logs.setup("info", "auto", terminal)
        log.info("filed", path="a.jpg")
        shown = screen.read(4096).decode()
    assert "filed" in shown
    assert not shown.startswith("{")
    assert ("\x1b[" in shown) is not no_color


def test_a_file_gets_json(tmp_path):
    with open(tmp_path / "log", "w+", encoding="utf-8") as file:
        logs.setup("info", "auto", file)
        log.info("filed")
        file.seek(0)
        assert json.loads(file.read())["event"] == "filed"


def test_the_journal_gets_a_priority_with_each_line(tmp_path, monkeypatch):
    with open(tmp_path / "journal", "w+", encoding="utf-8") as file:
        about = os.fstat(file.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{about.st_dev}:{about.st_ino}")
        logs.setup("debug", "auto", file)
        for level in ("debug", "info", "warning", "error"):
            getattr(log, level)(level)
        logs.setup("debug", "console", file)
        try:
            raise KeyError("a")
        except KeyError:
            log.exception("two lines and more")
        file.seek(0)
        written = file.read().splitlines()
    assert [(line[:3], json.loads(line[3:])["event"]) for line in written[:4]] == [
        ("<7>", "debug"),
        ("<6>", "info"),
        ("<4>", "warning"),
        ("<3>", "error"),
    ]
    assert len(written) > 6
    assert all(line.startswith("<3>") for line in written[4:])


def test_a_stream_that_is_not_the_journal_gets_no_priority(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    with open(tmp_path / "log", "w+", encoding="utf-8") as file:
        logs.setup("info", "json", file)
        log.info("filed")
        file.seek(0)
        assert file.read().startswith("{")


def test_a_log_that_nobody_reads_any_more_stops_nothing():
    end, start = os.pipe()
    with open(start, "w", encoding="utf-8") as pipe:
        logs.setup("info", "json", pipe)
        os.close(end)
        log.info("into the void")
        with pytest.raises(BrokenPipeError):
            pipe.close()
    log.info("the stream is closed")


def test_a_full_disk_stops_nothing():
    with open("/dev/full", "w", encoding="utf-8") as full:
        logs.setup("info", "json", full)
        log.info("no room")
        with pytest.raises(OSError, match="No space left"):
            full.close()


def test_lines_of_many_threads_stay_whole(tmp_path):
    with open(tmp_path / "log", "w", encoding="utf-8") as file:
        logs.setup("info", "json", file)
        threads = [threading.Thread(target=lambda: [log.info("x" * 500) for _ in range(200)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with open(tmp_path / "log", encoding="utf-8") as file:
        assert [json.loads(line)["event"] for line in file] == ["x" * 500] * 800


def test_a_second_setup_replaces_the_first(lines):
    logs.setup("info", "json", second := io.StringIO())
    logging.getLogger("huey").warning("once")
    assert not lines()
    assert second.getvalue().count("\n") == 1


@pytest.mark.parametrize(("level", "form", "key"), [("loud", "json", "logs.level"), ("info", "xml", "logs.format")])
def test_a_wrong_setting_is_named_by_its_key(level, form, key):
    with pytest.raises(ConfigError, match=f"^{key}: "):
        logs.setup(level, form)


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_before_setup_warnings_go_to_stderr_and_nothing_to_stdout():
    done = run("from box import logs; log = logs.get('box.x'); log.info('quiet'); log.warning('heard')")
    assert not done.stdout
    assert json.loads(done.stderr)["event"] == "heard"


def test_a_logger_that_writes_nothing_does_not_load_structlog():
    assert (
        run("import sys; from box import logs; logs.get('x').info('y'); print('structlog' in sys.modules)").stdout
        == "False\n"
    )


def test_logging_does_not_load_asyncio_and_does_not_take_it_from_anybody():
    code = (
        "import sys; from box import logs; logs.setup('info', 'json'); logs.get('x').info('y');"
        "print('asyncio' in sys.modules, 'ssl' in sys.modules);"
        "import structlog.stdlib, asyncio; print(structlog.stdlib.asyncio.get_running_loop is asyncio.get_running_loop)"
    )
    assert run(code).stdout.split() == ["False", "False", "True"]
