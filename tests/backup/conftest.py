from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from box.config import Config
from tests.backup.library import Library, mark
from tests.backup.repositories import PASSWORD, Repository, need_restic


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


@pytest.fixture(scope="session")
def new_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository, to be copied: to make one takes restic a second of hard work."""
    need_restic()
    folder = tmp_path_factory.mktemp("restic")
    (folder / "password").write_text(PASSWORD + "\n")
    made = folder / "repository"
    command = ["restic", "--no-cache", "-q", "-r", str(made), "-p", str(folder / "password"), "init"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture
def make_repository(
    new_repository: Path, make_library: Callable[..., Library], tmp_path: Path
) -> Callable[..., Repository]:
    """Makes a repository of restic at a path, and a library that is backed up to it."""

    def make(path: Path = tmp_path / "repository", **keys: object) -> Repository:
        password = tmp_path / "password"
        password.write_text(PASSWORD + "\n")
        library = make_library(
            backup__engine="restic", backup__repository=str(path), backup__password_file=str(password), **keys
        )
        shutil.copytree(new_repository, path)
        return Repository(library, path, password)

    return make


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    """A repository in a folder, and a small library."""
    made = make_repository()
    for path in ("photos/2024/2024-05-01/a.jpg", "photos/2024/2024-05-02/b.jpg", "notes/n.md", "mine/deep/file"):
        made.library.put(path, 20_000)
    for path in ("loose", "temp/x", "trash/x", "thumbnails/x", "inbox/unknown.jpg", "photos/.c.jpg.part"):
        made.library.put(path)
    return made
