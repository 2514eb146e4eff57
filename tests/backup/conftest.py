from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from box.config import Config
from tests.backup.library import Library, mark
from tests.mounting import Drives, drives_in


@pytest.fixture
def drives(tmp_path: Path) -> Iterator[Drives]:
    """Real drives, mounted below the test's folder."""
    with drives_in(tmp_path) as made:
        yield made


@pytest.fixture
def make_library(make_root: Callable[..., Config]) -> Iterator[Callable[..., Library]]:
    """Makes a root, with any keys of the configuration, and opens its log."""
    made: list[Library] = []

    def make(**keys: object) -> Library:
        made.append(Library(make_root(backup__free_bytes_min=0, **keys)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def library(make_library: Callable[..., Library]) -> Library:
    """A root with a few files."""
    library = make_library()
    for number in range(5):
        library.put(f"photos/2024/2024-05-0{1 + number % 3}/IMG_{number}.JPG", 20_000 + number)
    library.put("media/book.pdf", 3_000_000)
    library.put("notes/book.md")
    library.put("quarantine/odd.bin", b"")
    library.put("mine/deep/er/file")
    library.put("loose")
    for area in ("temp", "trash", "thumbnails", "embeddings"):
        library.put(f"{area}/not.this")
    library.put("inbox/unknown.jpg")
    return library


@pytest.fixture
def folder(library: Library, tmp_path: Path) -> Path:
    """A destination on the root's own disk."""
    path = tmp_path / "copies"
    mark(library, path, folder=True)
    return path
