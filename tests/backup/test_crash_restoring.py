"""Restores and repairs, killed for real at every kind of step: nothing is half there, and doing it again ends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from box import cli, verify
from box import config as configuration
from box.beside import beside
from tests.backup.crashing import CALLS, Crashes, crashes
from tests.backup.library import Library, assert_whole, decay, manifest_of, mark, verification
from tests.backup.library import verify as read_back
from tests.helpers import files_below

STEPS = {"openat": 3, "pwrite64": 3, "write": 2, "fdatasync": 2, "ftruncate": 2, "unlink": 3}
"""So many calls of a name are tried, spread over the run: these are SQLite's mostly; else `STEPS_MAX`."""
STEPS_MAX = 6


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


def some(call: str, times: int) -> range:
    return range(1, times + 1, -(-times // STEPS.get(call, STEPS_MAX)))


@pytest.mark.parametrize("call", CALLS)
def test_a_restore_that_is_killed_before_any_call_and_done_again_is_whole(library, copies, server, tmp_path, call):
    place = tmp_path / "new"
    counted = server.count(library.config, place, "restore")
    assert counted[call]
    sources = library.sources()
    for number in some(call, counted[call]):
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


@pytest.mark.parametrize("call", [call for call in CALLS if call != "write"])
def test_a_repair_that_is_killed_before_any_call_and_done_again_is_whole(library, copies, server, tmp_path, call):
    sources, there, here = library.sources(), "users/me/media/1/a", "users/me/media/2/a"

    def damage() -> None:
        decay(copies / there)
        decay(library.root / here)
        with manifest_of(library, copies) as manifest:
            manifest.write([replace(row, verified_at=None) for row in list(manifest.below())])

    damage()
    counted = server.count(library.config, copies, "repair")
    assert library.sources() == sources
    for number in some(call, counted[call]) if counted[call] else ():
        damage()
        server.kill(library.config, copies, call, number, "repair")
        shutil.rmtree(library.root / "temp", ignore_errors=True)  # as a start does
        read_back(library, copies, verification(library, destination=str(copies), repair=True))
        assert library.sources() == sources, number
        library.back_up(copies)
        assert_whole(library, copies)
