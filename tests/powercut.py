"""Power cuts: disks that write down each block they are given, and what they would hold had the power gone then.

    with powercut.recording(tmp_path / "power", root, drive) as disks:
        ...                          # whatever is to be there before: a root, files
        with disks.at_risk():
            ...                      # what is tried; the power may go at any moment of it, and goes at its end
        found = disks.faults(look)   # `look` is called for each image, mounted at the same places: what is wrong there

The rule: an image holds what the disk was told to keep, and of the rest nothing, all, or a part by lot. kill -9 cannot
show a missing fsync, for the page cache lives on; this does.

The disks are slices of one block device, so that their writes have one order (a flush of one is one of all, yet what
lies in memory for the others is not written by it). A program of qemu serves it, by FUSE, and
logs each write, flush and discard in the format of Linux' dm-log-writes; a loop device and ext4 (without the heuristics
that hide a missing fsync) stand on it. All of it lies in memory.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import struct
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import filesystems
from tests.filesystems import run
from tests.helpers import has_ended

SECTOR: Final = 512
PAGE: Final = 4096
DISK_BYTES: Final = 48 << 20
FLUSH: Final = 1
FUA: Final = 2
DISCARD: Final = 4
MAGIC: Final = 0x6A736677736872
OPTIONS: Final = "noauto_da_alloc,noinit_itable"
"""ext4 would write a file's data before a rename over another file; Box must not need that."""
COMMIT: Final = struct.pack(">II", 0xC03B3998, 2)
NEIGHBOUR: Final = ".neighbour"
NEIGHBOUR_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    sector: int
    size: int
    flags: int
    offset: int
    """Where its data stands in the log."""

    def pages(self) -> Iterator[Entry]:
        """What a disk may write by itself: a large write is not kept as a whole."""
        for begin in range(0, 0 if self.flags & DISCARD else self.size, PAGE):
            size = min(PAGE, self.size - begin)
            yield Entry(self.sector + begin // SECTOR, size, self.flags, self.offset + begin)

    @property
    def keeps(self) -> bool:
        """Whether all before it is on the disk for good once it is done."""
        return bool(self.flags & (FLUSH | FUA))


def entries(log: Path) -> Iterator[Entry]:
    """The log, to its end: the number in its head is not kept up to date."""
    with open(log, "rb") as file:
        magic, version, _, sector_size = struct.unpack("<QQQI", file.read(28))
        assert (magic, version, sector_size) == (MAGIC, 1, SECTOR)
        offset = SECTOR
        while True:
            file.seek(offset)
            sector, sectors, flags, _ = struct.unpack("<QQQQ", file.read(32))
            if not sectors and not flags:
                return
            offset += SECTOR
            yield Entry(sector, sectors * SECTOR, flags, offset)
            if not flags & DISCARD:
                offset += sectors * SECTOR


class Disks:
    """Disks whose writes are logged, then the images that follow from the log."""

    def __init__(self, folder: Path, places: tuple[Path, ...], disk_bytes: int) -> None:
        self._places = places
        self._bytes = disk_bytes
        self._device, self._first = folder / "device", folder / "first"
        self._log = folder / "log"
        self._power = ExitStack()
        self._span = (0, 0)

    def switch_on(self) -> None:
        """Make empty file systems, have them served and logged, mount them."""
        run("truncate", "-s", str(self._bytes * len(self._places)), self._device)
        run("truncate", "-s", "4G", self._log)
        for number in range(len(self._places)):
            how = f"lazy_itable_init=1,lazy_journal_init=1,offset={number * self._bytes}"
            run("mkfs.ext4", "-q", "-m0", "-N", "4096", "-E", how, self._device, f"{self._bytes >> 10}k")
        run("cp", "--sparse=always", self._device, self._first)
        self._power.enter_context(self._mounted(self._power.enter_context(self._served())))
        for place in self._places:
            (place / "lost+found").rmdir()

    def switch_off(self) -> None:
        self._power.close()

    @contextmanager
    def _served(self) -> Iterator[Path]:
        """The device, as a file that writes down what is done with it."""
        served, pid_file = self._log.with_name("served"), self._log.with_name("pid")
        served.touch()
        command = ["qemu-storage-daemon", "--daemonize", "--pidfile", str(pid_file)]
        for name, path in (("disk", self._device), ("log", self._log)):
            command += ["--blockdev", f"driver=file,node-name={name}-file,filename={path}"]
            command += ["--blockdev", f"driver=raw,node-name={name},file={name}-file"]
        command += ["--blockdev", f"driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size={SECTOR}"]
        command += ["--export", f"type=fuse,id=served,node-name=logged,mountpoint={served},writable=on"]
        run(*command)
        pid = int(pid_file.read_text())
        try:
            yield served
        finally:
            os.kill(pid, signal.SIGTERM)
            assert has_ended(pid)
            filesystems.take_away(served)

    @contextmanager
    def _mounted(self, device: Path) -> Iterator[None]:
        with ExitStack() as stack:
            for number, place in enumerate(self._places):
                options = f"loop,offset={number * self._bytes},sizelimit={self._bytes},{OPTIONS}"
                stack.enter_context(filesystems.mounted(place, "mount", "-o", options, device))
            yield

    @contextmanager
    def at_risk(self, *, neighbour: bool = True) -> Iterator[None]:
        """What is done here is interrupted; all before it is on the disks; after it the power is off."""
        for place in self._places:
            run("sync", "--file-system", place)
        begin = sum(1 for _ in entries(self._log))
        try:
            with _neighbour(self._places) if neighbour else nullcontext():
                yield
            self._span = (begin, sum(1 for _ in entries(self._log)))
        finally:
            self.switch_off()

    def faults(
        self, look: Callable[[], Iterable[str]], most: int = 60, *, seed: int = 20261121
    ) -> dict[str, list[str]]:
        """What `look` finds wrong with each of at most so many images and the last: which image -> what."""
        with closing(self._images(most, random.Random(seed))) as images:
            return {image: list(look()) for image in images}

    def _images(self, most: int, draw: random.Random) -> Generator[str, None, None]:
        """Mounts each image in turn; the last is what was kept when all was done.

        After a flush there are two: with nothing of what was written then, and with any half of it.
        """
        begin, end = self._span
        log = list(entries(self._log))[:end]
        flushes = [number for number in range(begin, end) if log[number].keeps]
        assert flushes, "nothing was written for good"
        telling = [each for each in flushes if each + 1 == end or not self._ends_a_commit(log[each + 1])]
        now, image = self._log.with_name("now"), self._log.with_name("image")
        run("cp", "--sparse=always", self._first, now)
        done = 0
        for number in _spread(telling, most // 2):
            self._write(now, log[done : number + 1])
            done = number + 1
            yield from self._mount_copy(now, image, [], f"flush {number}")
            following = next((flush for flush in flushes if flush > number), end - 1)
            loose = [page for entry in log[done : following + 1] for page in entry.pages()]
            some = [page for page in loose if draw.random() < 0.5]
            if some:
                kept = f"flush {number} and {len(some)} of {len(loose)} pages"
                yield from self._mount_copy(now, image, some, kept)
        self._write(now, log[done : flushes[-1] + 1])
        yield from self._mount_copy(now, image, [], "the end")

    def _ends_a_commit(self, entry: Entry) -> bool:
        """Whether it is the block by which ext4's journal says that what it wrote counts; before, nothing new does."""
        with open(self._log, "rb") as log:
            log.seek(entry.offset)
            return entry.size > 0 and log.read(8) == COMMIT

    def _mount_copy(self, now: Path, image: Path, more: list[Entry], name: str) -> Iterator[str]:
        run("cp", "--sparse=always", now, image)
        self._write(image, more)
        with self._mounted(image):
            for place in self._places:
                (place / NEIGHBOUR).unlink(missing_ok=True)
            yield name

    def _write(self, device: Path, what: Iterable[Entry]) -> None:
        with open(self._log, "rb") as log, open(device, "rb+", buffering=0) as file:
            for entry in what:
                if entry.size and not entry.flags & DISCARD:
                    file.seek(entry.sector * SECTOR)
                    log.seek(entry.offset)
                    file.write(log.read(entry.size))


def faulty(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Only the images with which something is wrong."""
    return {image: faults for image, faults in found.items() if faults}


def _spread(numbers: list[int], most: int) -> list[int]:
    """At most so many of them, evenly."""
    if len(numbers) <= most:
        return numbers
    return [numbers[(2 * each + 1) * len(numbers) // (2 * most)] for each in range(most)]


@contextmanager
def recording(folder: Path, *places: Path, disk_bytes: int = DISK_BYTES) -> Iterator[Disks]:
    """Empty disks, mounted at those places, an outer one before one in it; what they wrote is kept until this ends."""
    filesystems.needs("mkfs.ext4", "qemu-storage-daemon")
    with filesystems.tmpfs(folder, "8g"):
        disks = Disks(folder, places, disk_bytes)
        try:
            disks.switch_on()
            yield disks
        finally:
            disks.switch_off()


@contextmanager
def _neighbour(places: tuple[Path, ...]) -> Iterator[None]:
    """Any other program with an fsync of its own, just when something has changed: ext4 then keeps the names of all.

    The others' data it need not keep; who has not said that theirs must be kept is left with empty files.
    """
    stop = threading.Event()
    files = [os.open(place / NEIGHBOUR, os.O_WRONLY | os.O_CREAT) for place in places]

    seen = dict.fromkeys(files, _looks(places))

    def write(file: int) -> None:
        if (now := _looks(places)) != seen[file]:
            seen[file] = now
            os.pwrite(file, b"hello", 0)
            os.fsync(file)

    def follow() -> None:
        turns = itertools.cycle(files)  # one disk at a time: the others know less just then
        while not stop.wait(NEIGHBOUR_SECONDS):
            write(next(turns))
        for file in files:  # on a busy machine it may have seen little until now
            write(file)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for file in files:
            os.close(file)


def _looks(places: tuple[Path, ...]) -> set[tuple[str, int, int]]:
    found = set()
    for place in places:
        for folder, _, names in os.walk(place):
            for name in names:
                with suppress(FileNotFoundError):
                    seen = os.lstat(os.path.join(folder, name))
                    if name != NEIGHBOUR:
                        found.add((os.path.join(folder, name), seen.st_size, seen.st_mtime_ns))
    return found
