from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.backup.crashing import CALLS, Crashes, crashes, some
from tests.backup.library import Library, assert_true, assert_whole, mark, there

MOST = {"pwrite64": 18}
"""SQLite writes many pages: of these calls so many are tried, of the others all."""

WITHOUT = {
    "first": {"rename", "symlink", "sendfile", "chmod", "fchmod", "chown"},
    "later": {"symlink", "sendfile", "chmod", "fchmod", "chown"},
}
"""What is never called."""


@dataclass
class Story:
    """A destination to start from, and a library that has what is not there yet."""

    library: Library
    start: Path
    versions: set[bytes]
    """Of every file, whenever: nothing else may ever stand under a final name."""
    name: str

    def again(self, path: Path) -> Path:
        """The destination, as it was at the start."""
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.start, path)
        return path


@pytest.fixture(scope="module")
def server() -> Iterator[Crashes]:
    with crashes() as made:
        yield made


@pytest.fixture(params=["first", "later"])
def story(request, make_library, tmp_path) -> Story:
    library = make_library()
    for number in range(3):
        library.put(f"photos/2024/2024-05-0{number}/a.jpg", 3000 + number)
    library.put("media/moves", 5000)
    (library.root / "temp").mkdir()  # it is made only once, and each run has to make the same calls
    library.put("media/changes", 700)
    library.put("media/goes", 800)
    start = tmp_path / "start"
    mark(library, start, folder=True)
    versions = set(library.sources().values())
    if request.param == "later":
        library.back_up(start)
        library.put("media/changes", 900)
        library.put("media/comes", 1000)
        (library.root / "users/me/media/goes").unlink()
        (library.root / "users/me/media/moves").rename(library.root / "users/me/notes/moved")
        versions |= set(library.sources().values())
    return Story(library, start, versions, request.param)


@pytest.mark.parametrize("call", CALLS)
def test_killed_before_any_call_nothing_is_half_there_the_manifest_is_true_and_the_next_run_does_the_rest(
    story: Story, server: Crashes, tmp_path: Path, call: str
):
    library, config = story.library, story.library.config
    steps = server.steps(config, story.again(tmp_path / "counted"))[call]
    assert bool(steps) != (call in WITHOUT[story.name])
    for number in some(steps, MOST.get(call, len(steps))):
        path = story.again(tmp_path / "there")
        server.kill(config, path, call, number)
        assert {data for at, data in there(path).items() if not at.endswith(".part")} <= story.versions, number
        if (path / "manifest.db").exists() and (path / "manifest.db").stat().st_size:
            assert_true(library, path)
        library.back_up(path)
        assert_whole_of(story, path)


def assert_whole_of(story: Story, path: Path) -> None:
    gone = path / "users/me/media/goes"
    if story.name == "later":
        assert gone.exists(), "nothing is deleted there"
    assert_whole(story.library, path)
    assert set(there(path).values()) <= story.versions
    assert len(there(path)) == len(story.library.sources()) + (story.name == "later"), "nothing is there twice"
