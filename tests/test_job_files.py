"""Dropped files that ask for jobs: whatever is in one, there is exactly one answer beside it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box import beside
from box import events as e
from box.config import Config
from box.errors import BoxError, SourceChanged
from box.models import jobs
from box.tasks import request
from box.tasks.handler import Found, Request
from tests.helpers import inbox, jpeg, library, running, start_box, until
from tests.test_poison import drop

ENDINGS = (".done.json", ".failed.json")


def answers(config: Config, user: str = "me") -> dict[str, Any]:
    """What was answered, by the name of the answer."""
    return {path.name: json.loads(path.read_text()) for path in inbox(config, user).glob("**/*.json")}


def answer_to(config: Config, name: str, user: str = "me") -> tuple[str, dict[str, Any]]:
    """(ending, answer), once there is one; there is never more than one."""
    found = until(lambda: [n for n in answers(config, user) if n.startswith(name)], f"{name} is answered")
    assert len(found) == 1
    return found[0].removeprefix(name), answers(config, user)[found[0]]


REFUSED = {
    "unknown": ('kind = "nonsense"', "files may ask for verify, snapshot"),
    "call": ('kind = "call"\nfunction = "os:abort"', "files may ask for verify, snapshot"),
    "nothing": ("# nothing", "kind = None"),
    "number": ("kind = 7", "kind = 7"),
    "table": ("[kind]\nis = 1", "kind = (a table)"),
    "deep": ("kind." + ".".join("a" * 5000) + " = 1", "kind = (a table)"),
    "nested": ("kind = " + "[" * 20_000 + "]" * 20_000, "not valid TOML"),
    "other": ('kind = "verify"\nuser = "you"', "asks as me"),
    "nobody": ('kind = "verify"\nuser = ""', "asks as me"),
    "argument": ('kind = "verify"\ncolour = "red"', "takes no 'colour'"),
    "value": ('kind = "verify"\ndeep = "perhaps"', "deep"),
    "urgent": ('kind = "verify"\npriority = 10_000', "priority"),
    "late": ('kind = "verify"\nin = "1 hour"\nat = 2026-12-24', "not both"),
    "nan": ('kind = "verify"\nin = nan', "in"),
    "dawn": ('kind = "verify"\nat = 0001-01-01', "at"),
    "text": ("please verify", "not valid TOML"),
    "latin": (b'kind = "caf\xe9"', "not valid TOML"),
    "zeros": (bytes(100), "not valid TOML"),
    "huge": (b"#" * 64_001, "at most 64000 bytes"),
}


def test_each_is_answered_once_and_what_is_refused_is_told_why(make_root, run_box):
    config = make_root("me", "you")
    with running(config):
        drop(config, "good.job.toml", b'kind = "verify"')
        drop(config, "mine.job.toml", b'kind = "snapshot"\nuser = "me"\npriority = 5\nkey = "once"')
        for name, (text, _) in REFUSED.items():
            drop(config, f"{name}.job.toml", text if isinstance(text, bytes) else text.encode())
        for name in ("good", "mine"):
            ending, said = answer_to(config, f"{name}.job.toml")
            assert (ending, said["state"]) == (".done.json", "completed"), said
        assert said["result"]["path"].startswith("snapshots/")
        for name, (_, why) in REFUSED.items():
            ending, said = answer_to(config, f"{name}.job.toml")
            assert (ending, said["state"], said["kind"], said["code"]) == (
                ".failed.json",
                "failed",
                "request",
                "refused",
            )
            assert why in said["message"]
            assert len(said["message"]) < 500
    assert len(answers(config)) == len(REFUSED) + 2
    assert answers(config, "you") == {}
    verified = run_box("--config", config.path, "verify")
    assert verified.returncode == 0, verified.stdout


def test_a_job_that_fails_is_answered_so_and_asked_again_after_that(make_root):
    config = make_root(photos__thumbnail_pixels=0)
    with running(config):
        drop(config, "a.jpg", jpeg(1))
        until(lambda: library(config), "it is filed")
        (photo,) = Path(config.box.root, "users/me/photos").rglob("*.jpg")
        aside = photo.rename(Path(config.box.root) / "aside")
        drop(config, "check.job.toml", b'kind = "verify"')
        ending, said = answer_to(config, "check.job.toml")
        assert (ending, said["kind"], said["code"]) == (".failed.json", "verify", "differences")
        aside.rename(photo)
        drop(config, "check.job.toml", b'kind = "verify"\ndeep = false')
        until(lambda: list(answers(config)) == ["check.job.toml.done.json"], "it is answered again, and once")
        assert (inbox(config) / "check.job.toml").exists()


def test_a_second_file_with_the_key_of_a_job_is_told_what_came_of_that_one_and_nothing_is_done_twice(
    make_root, run_box
):
    """In the same run, in a later one, under the same name; but nobody is told what came of another user's job."""
    config = make_root("me", "you")
    text = 'kind = "snapshot"\nkey = "once"'
    for name in ("a", "b"):
        (inbox(config) / f"{name}.job.toml").write_text(text)
    assert run_box("--config", config.path, "once").returncode == 0
    first = answers(config)
    assert sorted(first) == ["a.job.toml.done.json", "b.job.toml.done.json"]
    (inbox(config) / "c.job.toml").write_text(text)
    (inbox(config) / "a.job.toml").write_text(text + "\n")
    (inbox(config, "you") / "mine.job.toml").write_text(text)
    assert run_box("--config", config.path, "once").returncode == 1  # one is refused
    told = answers(config)
    assert sorted(told) == ["a.job.toml.done.json", "b.job.toml.done.json", "c.job.toml.done.json"]
    assert len({json.dumps(answer) for answer in (*first.values(), *told.values())}) == 1
    (refused,) = answers(config, "you").values()
    assert (refused["code"], refused["message"]) == ("refused", "there is a job with the key 'once' already")
    with beside.beside(config) as way:
        assert jobs.counts(way.store)["snapshot"] == {"completed": 1, "queued": 0, "running": 0}


def test_a_name_of_any_length_is_answered(make_root, run_box):
    config = make_root()
    names = [
        "x" * (255 - len(request.ENDING)) + request.ENDING,
        os.fsdecode(b"caf\xe9 \xff.job.toml"),
        "a b\n.job.toml",
    ]
    for name in names:
        (inbox(config) / name).write_text('kind = "snapshot"')
    assert run_box("--config", config.path, "once").returncode == 0
    found = [path.name for path in inbox(config).glob("*.json")]
    assert len(found) == 3
    assert all(name.endswith(".job.toml.done.json") or name.startswith("xxx") for name in found)


def test_in_a_sub_folder_it_is_left_alone(make_root, run_box):
    config = make_root()
    (inbox(config) / "sub").mkdir()
    (inbox(config) / "sub" / "a.job.toml").write_text('kind = "snapshot"')
    assert run_box("--config", config.path, "once").returncode == 0
    assert answers(config) == {}
    with beside.beside(config) as way:
        assert jobs.counts(way.store) == {}


def test_the_answer_is_written_even_if_the_service_is_killed_before_it(make_root, run_box):
    config = make_root()
    (inbox(config) / "a.job.toml").write_text('kind = "snapshot"')
    process = start_box(config)
    try:
        until(lambda: list(Path(config.box.root, "snapshots").glob("*")), "it is at work, or through")
    finally:
        process.kill()
        process.wait()
    assert run_box("--config", config.path, "once").returncode == 0
    assert list(answers(config)) == ["a.job.toml.done.json"]


def test_a_request_that_has_become_another_file_is_read_as_that_one(tmp_path):
    path = tmp_path / "a.job.toml"
    path.write_text('kind = "verify"')
    asked = asked_by(path)
    path.write_text('kind = "snapshot"')
    with pytest.raises(SourceChanged):
        request.run(asked, Tools())
    path.unlink()
    with pytest.raises(SourceChanged):
        request.run(asked, Tools())


# --- what may stand in one --------------------------------------------------------------------------------------------


ALLOWED = ["verify", "snapshot", "compact"]


class Tools:
    """What the handler is given: the kinds that files may ask for."""

    def __init__(self) -> None:
        self.options = {"by_file": ALLOWED}


def asked_by(path: Path) -> Request:
    seen = path.stat()
    return Request(1, "me", str(path), seen.st_size, seen.st_mtime_ns, seen.st_ino, "")


scalars = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.datetimes(), st.dates(), st.times(),
    st.sampled_from(["verify", "snapshot", "compact", "call", "me", "you", "1 hour", "tomorrow", ""]),
)  # fmt: skip
keys = st.sampled_from(["kind", "user", "priority", "key", "in", "at", "deep", "args"]) | st.text(max_size=8)
tables = st.dictionaries(keys, st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=6)


def toml(table: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value)
    return str(value) if isinstance(value, int | float) else value.isoformat()


@given(st.one_of(tables.map(toml).map(str.encode), st.binary(max_size=200), st.text().map(lambda t: t.encode("utf-8"))))
@example(b'kind = "verify"\nin = "1 hour"')
@example(b'kind = "verify"\nat = 9999-12-31T23:59:59-23:59')
@example(b'kind = "verify"\npriority = ' + b"9" * 5000)
def test_any_text_asks_for_one_allowed_job_or_is_refused_in_a_few_words(data: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.job.toml")
        path.write_bytes(data)
        asked = asked_by(path)
        try:
            found: Found | BoxError = request.run(asked, Tools())
        except BoxError as error:
            found = error
    if isinstance(found, BoxError):
        assert found.code == "refused"
        assert 0 < len(str(found)) < 1000
        return
    (event,) = request.report(asked, found, ())
    assert isinstance(event, e.JobRequested)
    assert event.kind in ALLOWED
