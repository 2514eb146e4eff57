"""A library to back up: real files, a real log, and chores called as a worker calls them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blake3 import blake3

from box.backup.destination import Destination, init
from box.backup.manifest import Manifest
from box.backup.rows import Row
from box.beside import engine_of
from box.config import Config
from box.damage import open_unchecked
from box.models.jobs import Claimed
from box.paths import to_text
from box.status import Problems
from box.tasks import asking, backing_up, by_request, reading_back
from box.tasks.at_work import AtWork
from box.tasks.chore import Inside, Reporter

OWN = (".box", "manifest.db", "manifest.db-journal", "box.db")


class Library:
    """A root with its log open, and a way to run a backup in this process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.root = Path(config.box.root)
        self.store = open_unchecked(config.box.root)
        self.engine = engine_of(config, self.store)
        self.at_work = AtWork()

    def close(self) -> None:
        self.store.close()

    def put(self, path: str, data: bytes | int = 1000, mtime_ns: int | None = None) -> Path:
        """A file of the library; an int makes so many bytes that no other file has."""
        file = self.root / "users/me" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else os.urandom(data))
        if mtime_ns is not None:
            os.utime(file, ns=(mtime_ns, mtime_ns))
        return file

    def job(self, destination: Path | str | None = None, **args: object) -> Claimed:
        """A job that was asked for and claimed."""
        wanted = asking.wanted(
            by_request(), "backup", {**({"destination": str(destination)} if destination else {}), **args}
        )
        number = self.engine.request(wanted)
        job = Claimed(number, "backup", "", "", 0, 0, 0, _args(wanted.args), 1, "lease")
        self.at_work.claimed("lease", [number])
        self.at_work.began(number)
        return job

    def back_up(
        self, destination: Path | str | None = None, job: Claimed | None = None, **args: object
    ) -> dict[str, Any]:
        """Run it; what the result says of the first destination."""
        return self.back_up_all(destination, job, **args)[0]

    def back_up_all(
        self, destination: Path | str | None = None, job: Claimed | None = None, **args: object
    ) -> list[dict[str, Any]]:
        job = job or self.job(destination, **args)
        inside = Inside(self.config, self.engine, Problems(), lambda _path, _is_folder: None)
        try:
            return list(backing_up.back_up(inside, job, Reporter(self.at_work, job.id))["destinations"])
        finally:
            self.at_work.ended("lease", [job.id])

    def sources(self) -> dict[str, bytes]:
        """All files that have to be on a destination but the database: path -> bytes."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            text = to_text(str(path.relative_to(self.root)))
            parts = text.split("/")
            if path.is_file() and (
                text == "config.toml" or parts[0] == "archive" or (parts[0] == "users" and parts[2] not in _LEFT_OUT)
            ):
                found[text] = path.read_bytes()
        return found


_LEFT_OUT = ("temp", "trash", "thumbnails", "embeddings", "inbox")


def _args(text: str) -> dict[str, Any]:
    return dict(json.loads(text or "{}"))


def mark(library: Library, path: Path, *, folder: bool = False, portable: bool = False) -> str:
    """Make it a destination; its UUID."""
    path.mkdir(exist_ok=True)
    return init(str(library.root), str(path), folder=folder, portable=portable).uuid


@contextmanager
def manifest_of(library: Library, path: Path) -> Iterator[Manifest]:
    with Destination(str(library.root), str(path)) as place, Manifest(place) as manifest:
        yield manifest


def held(library: Library, path: Path) -> dict[str, Row]:
    """Every row of a destination but that of the database."""
    with manifest_of(library, path) as manifest:
        return {row.path: row for row in manifest.below() if row.path != "box.db"}


def there(path: Path) -> dict[str, bytes]:
    """Every file on a destination but Box's own: place -> bytes."""
    return {
        str(each.relative_to(path)): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file() and str(each.relative_to(path)) not in OWN and "lost+found" not in each.parts
    }


def untrue(place: Destination, manifest: Manifest) -> Iterator[str]:
    """Where the manifest says more than the destination holds, but for what is pending; and what nobody knows of."""
    pending = {at for each in manifest.pending() for at in (each.stored, each.was)}
    rows = {row.stored: row for row in manifest.below()}
    found = there(Path(place.path))
    for stored, row in rows.items():
        if stored not in pending:
            path = Path(place.path, stored)
            data = path.read_bytes() if path.exists() else b""
            if (len(data), blake3(data).hexdigest()) != (row.size, row.digest):
                yield f"overstated: {stored}, {len(data)} bytes of {row.size}"
    for stored in found:
        if stored not in rows and stored not in pending and not stored.endswith(".part"):
            yield f"unknown: {stored}"


def assert_true(library: Library, path: Path) -> None:
    """What the manifest says is so, but for what is pending; nothing else stands there, and nothing is half there."""
    with Destination(str(library.root), str(path)) as place, Manifest(place) as manifest:
        assert list(untrue(place, manifest)) == []


def assert_whole(library: Library, path: Path) -> None:
    """All is there, nothing is under way, and nothing besides."""
    assert_true(library, path)
    rows = held(library, path)
    with manifest_of(library, path) as manifest:
        assert manifest.pending() == []
        assert manifest.row("box.db") is not None
    sources = library.sources()
    found = there(path)
    assert {row.path: found[row.stored] for row in rows.values() if row.present} == sources
    assert set(found) == {row.stored for row in rows.values()}


def marks(path: Path) -> Mapping[str, tuple[int, ...]]:
    """What a write to anything on a destination would change."""
    found = {}
    for each in [path, *path.rglob("*")]:
        status = os.lstat(each)
        found[str(each)] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    return found


# --- reading it back -------------------------------------------------------------------------------------------------


def verification(library: Library, **args: object) -> Claimed:
    wanted = asking.wanted(by_request(), "verify-backup", args)
    number = library.engine.request(wanted)
    library.at_work.claimed("lease", [number])
    library.at_work.began(number)
    return Claimed(number, "verify-backup", "", "", 0, 0, 0, args, 1, "lease")


def verify(library: Library, path: Path, asked: Claimed | None = None, **args: object) -> dict[str, Any]:
    asked = asked or verification(library, destination=str(path), **args)
    inside = Inside(library.config, library.engine, Problems(), lambda _path, _is_folder: None)
    try:
        (told,) = reading_back.read_back(inside, asked, Reporter(library.at_work, asked.id))["destinations"]
    finally:
        library.at_work.ended("lease", [asked.id])
    return dict(told)


def decay(path: Path, at: int = 100) -> None:
    """Another byte, and nothing that tells of it."""
    status = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
