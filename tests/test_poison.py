"""Poison files: whatever a file does to its child, it ends in quarantine with its reason, and the others are filed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from box.config import Config
from tests.helpers import inbox, jpeg, library, running, status_of, until
from tests.poison import BRIEF, MAGIC, OTHER, TOLD, poison

PROGRAM = "tests.poison"

CRASHES = {
    "hang": "took longer than 1 s (jobs.kinds.poison.deadline_seconds)",
    "print": "took longer than 1 s (jobs.kinds.poison.deadline_seconds)",
    "spin": "(jobs.kinds.poison.",  # of processor time or of time, as the machine has it
    "segv": "crashed (SIGSEGV)",
    "abort": "crashed (SIGABRT)",
    "kill": "was killed by the system, most likely for want of memory",
    "exit": "ended with code 0",
    "close": "ended with code",
    "secrets": "crashed (SIGABRT)",
    "nonsense": "answered what is no answer",
    "leave": "crashed (SIGSEGV)",
}
"""What ends the child costs an attempt each time; the reason says what it was."""

SLOW = ("hang", "print", "spin")
"""These take their time."""

REFUSALS = {
    "eat": ("too-much-memory", "jobs.kinds.poison.memory_bytes"),
    "write": ("too-large", "jobs.kinds.poison.file_bytes"),
}
"""What a handler notices itself is known after one attempt."""


def poison_box(make_root, **keys: object) -> Config:
    limits = {"attempts_max": 2, "cpu_seconds": 1, "deadline_seconds": 1, "memory_bytes": 128_000_000}
    return make_root(
        photos__thumbnail_pixels=0,
        jobs__retry_base_seconds=0,
        jobs__kinds={"poison": {**limits, "file_bytes": 300_000}},
        child__idle_seconds=0.5,
        **keys,
    )


def marked(mark: str) -> list[int]:
    """The processes that bear a mark on their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found += [int(folder.name)] * (mark.encode() in words)
    return found


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found.update(map(int, (thread / "children").read_text().split()))
    return found


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def scratch(config: Config) -> list[str]:
    root = Path(config.box.root)
    return [str(path) for path in (*root.glob("temp/*"), *root.glob("users/*/temp/*"))]


def drop(config: Config, name: str, data: bytes) -> None:
    """As a file manager does: hidden until it is whole."""
    part = inbox(config) / f".{name}"
    part.write_bytes(data)
    part.rename(inbox(config) / name)


def reasons(config: Config) -> dict[str, dict[str, object]]:
    found = library(config, "quarantine")
    return {
        name.removesuffix(".reason.json"): json.loads(data)
        for name, data in found.items()
        if name.endswith(".reason.json")
    }


def a_round(config: Config, number: int) -> None:
    """All the poison there is, good files between and after it; returns when each has what it deserves."""
    filed, refused = len(library(config)), len(reasons(config))
    chosen = [do for do in (*CRASHES, *REFUSALS) if not number or do not in SLOW]
    for place, do in enumerate(chosen):
        drop(config, f"{do}-{number}.gif", poison(do, mark=f"mark-{config.box.root}", then="segv"))
        drop(config, f"good-{number}-{place}.jpg", jpeg(100 * number + place))
    until(lambda: len(library(config)) == filed + len(chosen), "the good files are filed")
    until(lambda: len(reasons(config)) == refused + len(chosen), "the poison is in quarantine")


def test_poison_ends_in_quarantine_the_good_files_are_filed_and_the_service_stays_as_it_was(make_root, run_box):
    config = poison_box(make_root)
    mark = f"mark-{config.box.root}"
    with running(config, PROGRAM) as process:
        seen = []
        for number in range(2):
            a_round(config, number)
            until(lambda: status_of(config)["state"] == "idle", "it is at rest")
            until(lambda: not children(process.pid), "its children have ended")
            until(lambda: not marked(mark), "nothing of what was left behind is left")
            assert scratch(config) == []
            seen.append((resident_bytes(process.pid), descriptors(process.pid)))
        first, last = seen
        assert last[0] < first[0] + 4_000_000, seen
        assert last[1] <= first[1], seen
    for name, reason in reasons(config).items():
        do = name.rpartition("-")[0]
        code, said = REFUSALS.get(do) or ("attempts-used-up", CRASHES[do])
        assert (reason["code"], said in str(reason["message"])) == (code, True), reason
    kept = library(config, "quarantine")
    assert {name for name, data in kept.items() if data.startswith(b"GIF89a")} == set(reasons(config))
    assert_secret_is_nowhere(config)
    verified = run_box("--config", config.path, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def assert_secret_is_nowhere(config: Config) -> None:
    root = Path(config.box.root)
    for path in root.rglob("*"):
        if path.is_file():
            assert TOLD.encode() not in path.read_bytes(), path


def test_each_limit_of_a_kind_holds_for_that_kind_and_another_keeps_the_default(make_root):
    own = {"cpu_seconds": 1, "memory_bytes": 64_000_000, "file_bytes": 1000, "open_files_max": 16}
    twice = {"attempts_max": 2, "quarantine_after": 2, "retry_base_seconds": 0}
    config = make_root(jobs__kinds={"poison": {**own, **twice}, "brief": {"deadline_seconds": 1, **twice}})
    past = {
        "work": (MAGIC, {"seconds": 2.1}, "used more than 1 s of processor time (jobs.kinds.poison.cpu_seconds)"),
        "hold so much": (MAGIC, {"bytes": 100_000_000}, "more memory than jobs.kinds.poison.memory_bytes (64000000)"),
        "write so much": (MAGIC, {"bytes": 2000}, "larger than jobs.kinds.poison.file_bytes (1000)"),
        "open": (MAGIC, {"files": 20}, "Too many open files"),
        "sleep": (BRIEF, {"seconds": 2}, "took longer than 1 s (jobs.kinds.brief.deadline_seconds)"),
    }
    with running(config, PROGRAM):
        for do, (magic, more, _) in past.items():
            drop(config, f"{do}.gif", poison(do, magic, **more))
            drop(config, f"{do}.bmp", poison(do, OTHER, **more))
        until(lambda: len(reasons(config)) == len(past), "each is past its limit")
        until(lambda: len(library(config)) == len(past), "within the other limits each is done")
    assert {name: past[name.removesuffix(".gif")][2] in str(r["message"]) for name, r in reasons(config).items()} == {
        f"{do}.gif": True for do in past
    }
    assert sorted(library(config)) == sorted(f"{do}.bmp" for do in past)


@pytest.mark.parametrize("then", ["nothing", "exit"])
def test_nothing_that_a_file_starts_outlives_its_attempt(make_root, then: str):
    config = make_root(jobs__kinds={"poison": {"attempts_max": 1}})
    mark = f"mark-{config.box.root}"
    with running(config, PROGRAM) as process:
        drop(config, "leaves.gif", poison("leave", mark=mark, then=then))
        until(lambda: library(config) or reasons(config), "it has ended")
        until(lambda: not marked(mark), "what it started has ended")
        assert len(children(process.pid)) <= config.workers.count
        drop(config, "good.jpg", jpeg(1))
        until(lambda: "2024/2024-05-04/good.jpg" in library(config), "the service goes on")
