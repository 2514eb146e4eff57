"""Restores and repairs, killed for real at every kind of step: nothing is half there, and doing it again ends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from box import cli, verify
from box import config as configuration
from box.beside import beside
from tests.backup.crashing import CALLS, Crashes, crashes, some
from tests.backup.library import Library, assert_whole, decay, manifest_of, mark, verification
from tests.backup.library import verify as read_back
from tests.helpers import files_below

MOST = {"openat": 5, "pwrite64": 3, "write": 2, "fdatasync": 2, "ftruncate": 2, "unlink": 3, "chmod": 2, "fchmod": 2}
"""So many calls of a name are tried, spread over the run: these are SQLite's mostly, or of little weight."""
MOST_OF_OTHERS = 6

WITHOUT = {
    "restore": {"unlinkat", "symlink", "sendfile", "chown"},
    "repair": {"unlinkat", "symlink", "sendfile", "fchmod", "renameat2"},
}
"""What is never called."""


@pytest.fixture(scope="module")
def server() -> Iterator[Crashes]:
    with crashes() as made:
        yield made


@pytest.fixture
def library(make_library, run_box) -> Library:
    """A few files, known to the log."""
    library = make_library()
    for number in range(3):
        library.put(f"media/{number}/a", 3000 + number)
    library.put("notes/b", 400)
    assert run_box("--config", library.config.path, "once").returncode == 0
    return library


@pytest.fixture
def copies(library, tmp_path) -> Path:
    """Their backup."""
    path = tmp_path / "copies"
    mark(library, path, folder=True)
    library.back_up(path)
    return path


def tried(what: str, call: str, steps: list[int]) -> Sequence[int]:
    assert bool(steps) != (call in WITHOUT[what])
    return some(steps, MOST.get(call, MOST_OF_OTHERS))


@pytest.mark.parametrize("call", CALLS)
def test_a_restore_that_is_killed_before_any_call_and_done_again_is_whole(library, copies, server, tmp_path, call):
    place = tmp_path / "new"
    steps = server.steps(library.config, place, "restore")[call]
    sources = library.sources()
    for number in tried("restore", call, steps):
        shutil.rmtree(place)
        server.kill(library.config, place, call, number, "restore")
        for path, data in files_below(place).items():
            assert path not in sources or data == sources[path], (number, path)
        assert not (place / "box.db").exists() or sources.keys() <= files_below(place).keys(), "it comes last"
        assert cli.main(["restore", str(copies), "--to", str(place), "--json"]) == 0, number
        found = files_below(place)
        assert {path: found[path] for path in sources} == sources
        for path in sources:
            assert os.stat(place / path).st_mtime_ns == os.stat(library.root / path).st_mtime_ns
        assert not [path for path in found if path.endswith(".part") or path in (".restoring", "temp")]
        config = configuration.load(str(place / "config.toml"), {})
        with beside(config) as box:
            assert list(verify.differences(box.store, config, deep=True)) == [], number


def test_what_is_missing_comes_back_whole_or_not_at_all_whenever_that_is_killed(library, copies, server, tmp_path):
    place, sources = tmp_path / "live", library.sources()
    missing = "users/me/media/1/a", "users/me/notes/b"

    def lose() -> None:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(library.root, place)
        shutil.rmtree(place / "users/me/media/1")
        (place / missing[1]).unlink()

    lose()
    steps = server.steps(library.config, place, "restore")
    for call, number in some([(name, number) for name in CALLS for number in steps[name]], 6):
        lose()
        server.kill(library.config, place, call, number, "restore")
        assert {path: data for path, data in files_below(place).items() if path in sources}.items() <= sources.items()
        assert cli.main(["restore", str(copies), "--to", str(place), "--json"]) == 0, (call, number)
        assert files_below(place).items() >= sources.items(), (call, number)
        assert not list(place.rglob("*.part")) and not (place / "temp/job-restore").exists()
        config = configuration.load(str(place / "config.toml"), {})
        with beside(config) as box:
            assert list(verify.differences(box.store, config, deep=True)) == [], (call, number)


@pytest.mark.parametrize("call", CALLS)
def test_a_repair_that_is_killed_before_any_call_and_done_again_is_whole(library, copies, server, tmp_path, call):
    sources, there, here = library.sources(), "users/me/media/1/a", "users/me/media/2/a"

    def damage() -> None:
        decay(copies / there)
        decay(library.root / here)
        with manifest_of(library, copies) as manifest:
            manifest.write([replace(row, verified_at=None) for row in list(manifest.below())])

    damage()
    steps = server.steps(library.config, copies, "repair")[call]
    assert library.sources() == sources
    for number in tried("repair", call, steps):
        damage()
        server.kill(library.config, copies, call, number, "repair")
        shutil.rmtree(library.root / "temp", ignore_errors=True)  # as a start does
        read_back(library, copies, verification(library, destination=str(copies), repair=True))
        assert library.sources() == sources, number
        library.back_up(copies)
        assert_whole(library, copies)
