"""A library on a small disk: photos of some age and size, backups that the box knows of, chores done at some time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from box import disk as files_of
from box import events as e
from box.beside import policy_of
from box.config import Config
from box.damage import open_checked
from box.engine import Engine, log_time
from box.errors import BoxError
from box.models import backed, files, jobs
from box.models.base import Store
from box.paths import relative, to_os, to_text
from box.status import Problems
from box.tasks import asking, by_kind, by_request, clean_photos
from box.tasks.at_work import AtWork
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.cleaning import Cleaning
from box.tasks.outcomes import ended_by, succeeded
from box.tasks.retry import Policy
from box.verify import differences
from tests import filesystems
from tests.helpers import jpeg

MB = 1_000_000
BALLAST = "ballast"
DISK_BYTES = 32 * 1024 * 1024


def small_disk(
    tmp_path: Path, mount: Callable[..., Path], make_root: Callable[..., Config], *users: str, **keys: object
) -> Config:
    """A root on a file system of its own, of 32 MiB, of which about half are free."""
    root = mount(filesystems.tmpfs(tmp_path / "root", str(DISK_BYTES)))
    with (root / BALLAST).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, DISK_BYTES // 2)
    return make_root(*users, exists=True, **keys)


def days_ago(days: int) -> date:
    return date.today() - timedelta(days=days)  # noqa: DTZ011 - local, as Box has it


@dataclass(slots=True)
class Library:
    """A root of which this process has the database open; nobody else serves it."""

    config: Config
    store: Store
    days: float = 0.0
    """So many days from now it is there."""
    synchronised: bool = False
    """Whether a time server has set the clock there."""
    engine: Engine = field(init=False)
    problems: Problems = field(default_factory=Problems)
    inside: Inside = field(init=False)
    _number: int = 0

    def __post_init__(self) -> None:
        self.engine = Engine(
            self.store, policy_of(self.config), commit_seconds=0, now=lambda: log_time(self.now.timestamp())
        )
        self.inside = Inside(self.config, self.engine, self.problems, lambda _path, _is_folder: None)
        self.inside.clock.look(self.now.timestamp(), self.running)

    @property
    def now(self) -> datetime:
        """The time there."""
        return datetime.now().astimezone() + timedelta(days=self.days)

    @property
    def running(self) -> float:
        """What a clock shows there that nobody puts."""
        return clean_photos.running_seconds() + 86_400 * self.days

    @property
    def root(self) -> Path:
        return Path(self.config.box.root)

    def path(self, text: str) -> Path:
        """Where a path text is on the disk."""
        return self.root / to_os(text)

    # --- what is there ------------------------------------------------------------------------------------------------

    def file(self, age: int | None, size: int = MB, user: str = "me", name: str = "", **facts: Any) -> str:
        """A photo that was taken so many days ago (None: nobody knows when), filed; its path text."""
        self._number += 1
        day = "undated" if age is None else f"{days_ago(age):%Y}/{days_ago(age).isoformat()}"
        name = name or f"P{self._number:04}.JPG"
        text = f"users/{user}/photos/{day}/{to_text(name)}"
        taken = "" if age is None else f"{days_ago(age).isoformat()}T10:11:12"
        thumbnail = (
            self._thumbnail(text.replace("/photos/", "/thumbnails/") + ".jpg") if facts.pop("small", True) else ""
        )
        status = self._write(text, picture(self._number, size))
        self.engine.record(
            e.PhotoFiled(
                user=user, source=f"users/{user}/inbox/{to_text(name)}", path=text, size=size,
                mtime_ns=status.st_mtime_ns, digest=files_of.digest_of(str(self.path(text))), width=64, height=48,
                thumbnail=thumbnail, make="Box", model="Test",
                **{"taken_at": taken, "media_type": "image/jpeg", **facts},
            )
        )  # fmt: skip
        return text

    def _thumbnail(self, text: str) -> str:
        status = self._write(text, jpeg(self._number, size=(8, 6)))
        self.engine.record(
            e.FilePlaced(user=text.split("/")[1], path=text, size=status.st_size, mtime_ns=status.st_mtime_ns)
        )
        return text

    def companion(self, text: str) -> str:
        """A file that stands beside a photo."""
        status = self._write(text, f"about {text}".encode())
        user, name = text.split("/")[1], text.rpartition("/")[2]
        self.engine.record(
            e.CompanionFiled(
                user=user, source=f"users/{user}/inbox/{name}", path=text, size=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )
        )  # fmt: skip
        return text

    def _write(self, text: str, data: bytes) -> os.stat_result:
        path = self.path(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path.stat()

    def back_up(
        self, paths: Iterable[str], *, verified: bool = True, damaged: str = "", digest: str | None = None
    ) -> None:  # fmt: skip
        """What a run of the backup would have noted of these files."""
        copies = []
        for number, path in enumerate(paths, start=backed.upto(self.engine.store, "drive") + 1):
            known = files.find(self.engine.store, path)
            assert known is not None, path
            copies.append(
                backed.Copy(
                    path=path, size=known[0], mtime_ns=known[1], seq=number, damaged=damaged, present=True,
                    digest=files_of.digest_of(str(self.path(path))) if digest is None else digest,
                    copied_at="2024-01-01T00:00:00Z",
                    verified_at="2024-01-01T00:00:00Z" if verified else None,
                )
            )  # fmt: skip
        self.engine.at_once(lambda t: backed.put(t.store, "drive", copies, (), copies[-1].seq))

    def leave_free(self, percent: float) -> None:
        """Fill the disk with something else, so that so much of it is free."""
        (self.root / BALLAST).unlink(missing_ok=True)
        status = os.statvfs(self.root)
        with (self.root / BALLAST).open("wb") as file:
            room = int((status.f_bavail - status.f_blocks * percent / 100) * status.f_frsize)
            os.posix_fallocate(file.fileno(), 0, room)

    def floor_above(self, more_bytes: float) -> int:
        """The percentage of which at least so many bytes more are than are free."""
        status = os.statvfs(self.root)
        wanted = status.f_bavail * status.f_frsize + more_bytes
        return -int(-100 * wanted // (status.f_blocks * status.f_frsize))

    def lie(self, area: str, user: str = "me") -> list[str]:
        """All that lies in an area."""
        top = self.root / "users" / user / area
        return sorted(relative(str(self.root), str(path)) for path in top.rglob("*") if path.is_file())

    def told(self, kind: type[e.Event]) -> list[Any]:
        """The events of a kind."""
        from box.log import read  # noqa: PLC0415 - the name is common

        return [each.event for each in read(self.engine.store) if isinstance(each.event, kind)]

    def assert_right(self) -> None:
        """Log, tables, sums and disk are one."""
        assert [str(each) for each in differences(self.engine.store, self.config, deep=True)] == []

    # --- what is done -------------------------------------------------------------------------------------------------

    def request(self, kind: str, user: str = "", **args: object) -> int:
        """Ask for a job; its number."""
        return self.engine.request(asking.wanted(by_request(), kind, args, user=user))

    def ask(self, kind: str, user: str = "", **args: object) -> jobs.Claimed:
        """A job that a worker has just claimed."""
        number = self.request(kind, user, **args)
        self.engine.record(e.JobStarted(user=user, job=number, lease=f"L{number}"))
        (claimed,) = jobs.of_lease(self.engine.store, f"L{number}")
        return claimed

    def do(self, kind: str, user: str = "", **args: object) -> dict[str, Any]:
        """Have a chore done; its result, with its number."""
        job = self.ask(kind, user, **args)
        reporter = Reporter(AtWork(), job.id)
        try:
            result = self._run(kind, job, reporter)
        except BoxError as error:
            event = ended_by(job, error, Policy(1, 0, 0, 1), stopping=False)
            assert event is not None
            self.engine.record(event)
            raise
        self.engine.record(succeeded(job, result))
        return {"number": job.id, **result}

    def _run(self, kind: str, job: jobs.Claimed, reporter: Reporter) -> Mapping[str, Any]:
        if self.days and kind in ("clean-photos", "empty-trash"):
            work = self.prepared(job, reporter)
            return work.clean() if kind == "clean-photos" else work.empty()
        chore = by_kind(kind)
        assert isinstance(chore, Chore)
        return chore.run(self.inside, job, reporter)

    def prepared(self, job: jobs.Claimed, reporter: Reporter) -> Cleaning:
        """A run, about to begin."""
        return clean_photos.prepared(self.inside, job, reporter, self.now, self.running, synchronised=self.synchronised)

    def clean(self, more_bytes: float, **args: object) -> dict[str, Any]:
        """Clean until so much more is free."""
        return self.do("clean-photos", min_free_percent=self.floor_above(more_bytes), **args)


@contextmanager
def library_of(config: Config) -> Iterator[Library]:
    """The library of a root that nobody serves."""
    store, _ = open_checked(config.box.root)
    try:
        yield Library(config, store)
    finally:
        store.close()


def picture(number: int, size: int) -> bytes:
    """A photo of that many bytes."""
    data = jpeg(number)
    return data + bytes(size - len(data))
