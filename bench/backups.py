"""Backups. The rule: the same files to the same drive; only the program differs.

One run of each program in turn: a first backup, one with nothing changed, one with a hundredth of the files changed; so
whatever the machine does meanwhile falls on all of them, and the ratios are of neighbours.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from bench import elsewhere, machine, photoset, roots, running
from bench.machine import REPOSITORY
from bench.running import Run
from bench.tables import Cell, Table, verdict

PHASES = ("first", "unchanged", "1 % changed")
PROGRAMS = ("box", "rsync", "restic")
CHANGED_SHARE = 0.01
BYTES_EACH = 1_500_000
BYTES_SMALL = 1000
DRIVE_BYTES_MIN = 400_000_000
CPU_TIMES_RSYNC = 1.0
UNCHANGED_CPU_SECONDS = 0.15
RSS_MB_MAX = 60.0
RSS_TIMES_MAX = 1.1
COLUMNS = (
    "", "CPU s", "x rsync's CPU", "alone CPU s", "wall s", "peak RSS MB", "alone RSS MB", "written MB",
    "on the drive MB", "others %",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Backup:
    """One run of a program."""

    run: Run
    on_drive_bytes: int
    alone_cpu_seconds: float | None = None
    """Of Box: the thread of the backup only."""
    alone_rss_bytes: int = 0
    """Of Box: the process with that thread, without the children that wait for files to be filed."""


@dataclass(slots=True)
class Task:
    """What is backed up, and where to."""

    folder: str
    drive: str
    files: int
    bytes_each: int
    patience_seconds: float
    config: str = ""
    found: dict[tuple[str, str], list[Backup]] = field(default_factory=dict)
    """(phase, program) -> its runs."""
    nothing: list[Run] = field(default_factory=list)
    """`box once` with nothing to do."""

    @property
    def log(self) -> str:
        """Where all of them print to."""
        return os.path.join(self.folder, "output.log")

    @property
    def library(self) -> str:
        """The folder that is backed up: of media, which Box does not look into."""
        return os.path.join(os.path.dirname(self.config), "users", "me", "media")

    def file(self, number: int) -> str:
        """Where a file stands."""
        return os.path.join(self.library, f"{photoset.taken_at(number):%Y/%Y-%m-%d}", photoset.name_of(number))

    def at(self, program: str) -> str:
        """Where a program backs up to."""
        return os.path.join(self.drive, program)


def compared(folder: str, files: int, many: int, runs: int, patience_seconds: float) -> Table:
    """Box beside rsync and restic; then very many small files."""
    table = Table("backup", f"Backing up {files:,} files of 1.5 MB, and {many:,} small ones", COLUMNS)
    size = files * BYTES_EACH
    with _task(folder, files, BYTES_EACH, patience_seconds, 4 * size) as task:
        is_own = elsewhere.is_own(task.drive)
        there = [name for name in PROGRAMS if name == "box" or shutil.which(name)]
        for _ in range(runs):
            _round(task, there, PHASES)
    with _task(folder, many, BYTES_SMALL, patience_seconds, 4 * many * 4096) as small:
        _round(small, [name for name in there if name != "restic"], PHASES[:2])
    for each in (task, small):
        table.rows += _rows(each)
        table.raw[f"{each.files} files"] = {
            ", ".join(what): [asdict(run) for run in found] for what, found in each.found.items()
        } | {"nothing": [asdict(run) for run in each.nothing]}
    table.rows += [(f"{name}: not installed", *[None] * (len(COLUMNS) - 1)) for name in PROGRAMS if name not in there]
    table.verdicts = _verdicts(task, small)
    table.notes = [
        f"medians of {runs} runs in turn (one of the small files), paired ratios; bytes that nothing makes smaller",
        "box: the whole of `box once` with the job asked for before",
        "alone: the backup's own thread; memory without the two children, which wait for files to be filed",
        "the files are in the page cache; box makes each of them durable (fsync), rsync none, restic its packs",
        "on the drive: " + (
            "what reached the device of an ext4 of its own (an image)" if is_own
            else "sizes of the files and folders that were touched; it is a folder of the same disk"
        ),
    ]  # fmt: skip
    return table


@contextmanager
def _task(folder: str, files: int, bytes_each: int, patience_seconds: float, room: int) -> Iterator[Task]:
    scratch = os.path.join(folder, "backup")
    elsewhere.clear(scratch)
    os.makedirs(scratch)
    roots.need_room(folder, room + DRIVE_BYTES_MIN)
    with elsewhere.drive(scratch, room + DRIVE_BYTES_MIN) as drive:
        task = Task(scratch, drive, files, bytes_each, patience_seconds)
        task.config = roots.make(
            os.path.join(scratch, "root"), backup={"destination": task.at("box"), "free_bytes_min": 0}
        )
        for number in range(files):
            _write(task, number)
        yield task
    shutil.rmtree(scratch)


def _write(task: Task, number: int) -> None:
    path = task.file(number)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(os.urandom(task.bytes_each))


def _round(task: Task, programs: list[str], phases: tuple[str, ...]) -> None:
    """One run of each in turn, for each of the phases."""
    for program in programs:
        shutil.rmtree(task.at(program), ignore_errors=True)
        os.mkdir(task.at(program))
    _box(task, "backup", "init", task.at("box"), *(() if elsewhere.is_own(task.drive) else ("--folder",)))
    if "restic" in programs:
        subprocess.run([*_restic(task), "init", "-q"], check=True, stdout=subprocess.DEVNULL)
    _box(task, "once")  # it knows the files then: what follows is the backup
    task.nothing.append(running.run(roots.command(task.config, "once"), task.log, REPOSITORY))
    for phase in phases:
        if phase == "1 % changed":
            for number in range(0, task.files, round(1 / CHANGED_SHARE)):
                _write(task, number)
            _box(task, "once")
        for program in programs:
            task.found.setdefault((phase, program), []).append(_run(task, program))
            _check(task, program)


def _run(task: Task, program: str) -> Backup:
    alone = os.path.join(task.folder, "alone")
    command = {
        "box": [roots.BOX[0], "-m", "bench.backing", alone, "--config", task.config, "once"],
        "rsync": ["rsync", "-a", task.library + "/", task.at("rsync")],
        "restic": [*_restic(task), "-q", "backup", task.library],
    }[program]
    if program == "box":
        _box(task, "do", "backup")
    roots.warm(task.library)
    is_own = elsewhere.is_own(task.drive)
    before = elsewhere.written_bytes(task.drive) if is_own else 0
    stood = elsewhere.seen(task.at(program))
    machine.wait_for_quiet(task.patience_seconds)
    run = running.run(command, task.log, REPOSITORY)
    if run.code:
        raise roots.WrongOutcome(f"{program} ended with {run.code}; see {task.log}")
    written = (
        elsewhere.written_bytes(task.drive) - before
        if is_own
        else elsewhere.changed_bytes(stood, elsewhere.seen(task.at(program)))
    )
    if program != "box":
        return Backup(run, written)
    with open(alone, encoding="ascii") as file:
        cpu, rss = file.read().split()
    os.unlink(alone)
    return Backup(run, written, float(cpu), int(rss))


def _box(task: Task, *arguments: str) -> None:
    with open(task.log, "ab") as log:
        subprocess.run(roots.command(task.config, *arguments), cwd=REPOSITORY, check=True, stdout=log, stderr=log)


def _restic(task: Task) -> list[str]:
    return [
        "restic", "--repo", task.at("restic"), "--cache-dir", os.path.join(task.folder, "cache"),
        "--password-command", "echo bench",
    ]  # fmt: skip


def _check(task: Task, program: str) -> None:
    """Raise WrongOutcome unless the backup holds what the library has now; restic says so by its own end only."""
    copies = {"box": os.path.join(task.at("box"), "users", "me", "media"), "rsync": task.at("rsync")}.get(program)
    if copies is None:
        return
    for number in range(task.files):
        original = task.file(number)
        copy = os.path.join(copies, os.path.relpath(original, task.library))
        here = os.stat(original)
        there = os.stat(copy) if os.path.exists(copy) else None
        if there is None or (here.st_size, here.st_mtime_ns) != (there.st_size, there.st_mtime_ns):
            raise roots.WrongOutcome(f"{program}: {copy} is not what {original} is")


# --- the table -------------------------------------------------------------------------------------------------------


def _rows(task: Task) -> Iterator[tuple[Cell, ...]]:
    title = f"{task.files:,} files"
    for (phase, program), found in sorted(task.found.items(), key=lambda each: PHASES.index(each[0][0])):
        runs = [each.run for each in found]
        alone = [each.alone_cpu_seconds for each in found if each.alone_cpu_seconds is not None]
        yield (
            f"{program}, {phase}, {title}", running.median(runs, "cpu_seconds"), _times_rsync(task, phase, found),
            statistics.median(alone) if alone else None, running.median(runs, "wall_seconds"), _rss_mb(runs),
            _alone_mb(found) or None, running.median(runs, "written_bytes") / 1e6,
            statistics.median(each.on_drive_bytes for each in found) / 1e6,
            running.median(runs, "others_share") * 100,
        )  # fmt: skip
    yield (
        f"box once without a backup, {title}", running.median(task.nothing, "cpu_seconds"), None, None,
        running.median(task.nothing, "wall_seconds"), _rss_mb(task.nothing), None,
        running.median(task.nothing, "written_bytes") / 1e6, None, running.median(task.nothing, "others_share") * 100,
    )  # fmt: skip


def _rss_mb(runs: list[Run]) -> float:
    return max(run.rss_bytes for run in runs) / 1e6


def _alone_mb(found: list[Backup]) -> float:
    return max(each.alone_rss_bytes for each in found) / 1e6


def _times_rsync(task: Task, phase: str, found: list[Backup], *, alone: bool = False) -> float | None:
    """The processor time against rsync's, run by run in their order; the middle one."""
    peers = task.found.get((phase, "rsync"))
    if not peers:
        return None
    return statistics.median(
        (each.alone_cpu_seconds or 0.0 if alone else each.run.cpu_seconds) / peer.run.cpu_seconds
        for each, peer in zip(found, peers, strict=True)
    )


def _verdicts(task: Task, small: Task) -> list[str]:
    first, unchanged = (task.found[phase, "box"] for phase in PHASES[:2])
    said = []
    for what, alone in (("`box once`", False), ("the backup alone", True)):
        times = _times_rsync(task, "first", first, alone=alone)
        if times is not None:
            said.append(verdict(f"first, {what}: CPU, times rsync's", times, CPU_TIMES_RSYNC))
    own = statistics.median(each.alone_cpu_seconds or 0.0 for each in unchanged)
    whole = running.median([each.run for each in unchanged], "cpu_seconds")
    said += [
        verdict("unchanged, the backup alone: CPU", own, UNCHANGED_CPU_SECONDS, " s"),
        verdict("unchanged, `box once`: CPU", whole, UNCHANGED_CPU_SECONDS, " s"),
    ]
    for each in (task, small):
        written = max(found.on_drive_bytes for found in each.found["unchanged", "box"])
        said.append(verdict(f"unchanged, {each.files:,} files: bytes on the drive", written, 0))
    runs = [[run for phase in PHASES for run in each.found.get((phase, "box"), ())] for each in (task, small)]
    whole_mb = [_rss_mb([each.run for each in some]) for some in runs]
    alone_mb = [_alone_mb(some) for some in runs]
    for what, peaks in (("without its idle children", alone_mb), ("`box once` and its children", whole_mb)):
        said += [
            verdict(f"peak memory, {what}", max(peaks), RSS_MB_MAX, " MB"),
            verdict(
                f"peak memory, {what}, {small.files:,} files against {task.files:,}", peaks[1] / peaks[0],
                RSS_TIMES_MAX, " x",
            ),
        ]  # fmt: skip
    return said
