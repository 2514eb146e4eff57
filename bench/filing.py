"""Filing. The rule: the same photos, the same disk, the same order of days; only the program differs.

"Fresh copies": all runs of one program after another, each on a copy of its own. "Interleaved": one run of each in
turn, on hard links, so that whatever the machine does meanwhile falls on all of them; the ratios are of neighbours.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from bench import machine, photoset, roots, running
from bench.machine import REPOSITORY
from bench.running import Run
from bench.tables import Table, verdict

PHOTOS_PER_SECOND = 600.0
PHOTOS_PER_SECOND_AIM = 1000.0
TIMES_EXIFTOOL = 3.0
BYTES_EACH = 1_600_000
COLUMNS = ("", "photos/s", "x exiftool", "wall s", "CPU s", "CPU ms/photo", "peak RSS MB", "written MB", "others %")
DAYS = "%Y/%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Task:
    """What to file, and where there is room for it."""

    folder: str
    photos: Sequence[str]
    days: int
    runs: int
    patience_seconds: float


def box(task: Task, *, links: bool, thumbnails: int = 0) -> Run:
    """One `box once`, as a whole process."""
    config = roots.make(
        os.path.join(task.folder, "root"),
        watch={"settle_seconds": 0.01},
        photos={"thumbnail_pixels": thumbnails, "folder": DAYS},
    )
    roots.drop(task.photos, roots.inbox(config), links=links)
    machine.wait_for_quiet(task.patience_seconds)
    roots.warm(roots.inbox(config))
    done = running.run(roots.command(config, "once"), _log(task), REPOSITORY)
    if done.code:
        raise roots.WrongOutcome(f"box once ended with {done.code}; see {_log(task)}")
    roots.check_filed(roots.photos(config), len(task.photos), task.days)
    roots.check_clean(config)
    _clean(task)
    return done


def exiftool(task: Task, *, links: bool) -> Run:
    """One exiftool for all of them: its own best case."""
    given, out = _folders(task, links=links)
    return _peer(task, ["exiftool", "-q", "-d", f"{out}/{DAYS}", "-Directory<DateTimeOriginal", given], given)


def jhead(task: Task, *, links: bool) -> Run:
    """jhead, in C: reads the header and renames, no digest, no journal, nothing durable: the limit."""
    given, _ = _folders(task, links=links)
    return _peer(task, ["sh", "-c", f"find . -type f -print0 | xargs -0 jhead -q '-n../out/{DAYS}/%f'"], given)


def _folders(task: Task, *, links: bool) -> tuple[str, str]:
    given, out = os.path.join(task.folder, "in"), os.path.join(task.folder, "out")
    roots.drop(task.photos, given, links=links)
    os.mkdir(out)
    return given, out


def _peer(task: Task, command: list[str], cwd: str) -> Run:
    machine.wait_for_quiet(task.patience_seconds)
    roots.warm(cwd)
    done = running.run(command, _log(task), cwd)
    if done.code:
        raise roots.WrongOutcome(f"{command[0]} ended with {done.code}; see {_log(task)}")
    roots.check_filed(os.path.join(task.folder, "out"), len(task.photos), task.days)
    _clean(task)
    return done


def _log(task: Task) -> str:
    return os.path.join(task.folder, "output.log")


def _clean(task: Task) -> None:
    for name in ("root", "in", "out"):
        shutil.rmtree(os.path.join(task.folder, name), ignore_errors=True)
    os.sync()


PROGRAMS: dict[str, Callable[..., Run]] = {"box": box, "exiftool": exiftool, "jhead": jhead}


def task_for(folder: str, count: int, runs: int, patience_seconds: float) -> Task:
    """The photos, made if they are not there yet, and a scratch folder beside them."""
    # The set, and a copy of it.
    roots.need_room(folder, (2 * count - _made(folder)) * BYTES_EACH + roots.JOURNAL_BYTES)
    scratch = os.path.join(folder, "filing")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    return Task(scratch, photoset.make(_set(folder), count), photoset.days(count), runs, patience_seconds)


def _set(folder: str) -> str:
    return os.path.join(folder, "photos")


def _made(folder: str) -> int:
    return len(os.listdir(_set(folder))) if os.path.isdir(_set(folder)) else 0


# --- the tables ------------------------------------------------------------------------------------------------------


def compared(task: Task) -> Table:
    """Box beside its peers, without thumbnails: date, digest, journal, quota."""
    there = [name for name in PROGRAMS if name == "box" or shutil.which(name)]
    copies = {name: [PROGRAMS[name](task, links=False) for _ in range(task.runs)] for name in there}
    links: dict[str, list[Run]] = {name: [] for name in there}
    for _ in range(task.runs):
        for name in there:
            links[name].append(PROGRAMS[name](task, links=True))

    table = Table("filing", f"Filing {len(task.photos):,} photos of {_megabytes(task):.1f} MB, no thumbnails", COLUMNS)
    for title, runs in (("fresh copies", copies), ("interleaved", links)):
        for name in PROGRAMS:
            table.rows.append(_row(f"{name}, {title}", task, runs.get(name), runs.get("exiftool")))
    table.raw = {
        title: {name: [asdict(run) for run in each] for name, each in runs.items()}
        for title, runs in (("copies", copies), ("links", links))
    }
    for title, runs in (("fresh copies", copies), ("interleaved", links)):
        table.verdicts += _verdicts(title, task, runs)
    table.notes = [
        f"medians of {task.runs} runs; `box once` from start to exit, on its own root, log and status on the same disk",
        "the photos are in the page cache: all of them were read, by whoever measures, just before each run",
        "watch.settle_seconds = 0.01, its least: settling is waiting for the writer, not work",
        "every run was checked: the number of files and of days, and `box verify` without a difference",
        "exiftool moves in one process; jhead reads the header and renames: no digest, no record, nothing made durable",
    ]
    return table


def with_thumbnails(task: Task) -> Table:
    """Box with and without thumbnails, in turn."""
    runs: dict[str, list[Run]] = {"thumbnails of 320": [], "none": []}
    for _ in range(task.runs):
        for title, pixels in (("thumbnails of 320", 320), ("none", 0)):
            runs[title].append(box(task, links=True, thumbnails=pixels))
    columns = (COLUMNS[0], COLUMNS[1], "x none", *COLUMNS[3:])
    table = Table("thumbnails", f"Filing {len(task.photos):,} photos with thumbnails", columns)
    table.rows = [_row(title, task, each, runs["none"]) for title, each in runs.items()]
    table.raw = {title: [asdict(run) for run in each] for title, each in runs.items()}
    table.notes = [f"medians of {task.runs} runs, interleaved, on hard links; the RSS is of Box and its two children"]
    return table


def _megabytes(task: Task) -> float:
    return sum(os.path.getsize(path) for path in task.photos) / len(task.photos) / 1e6


def _row(title: str, task: Task, runs: list[Run] | None, beside: list[Run] | None) -> tuple[str | float | None, ...]:
    if not runs:
        return (f"{title}: not installed", *[None] * (len(COLUMNS) - 1))
    wall, cpu = running.median(runs, "wall_seconds"), running.median(runs, "cpu_seconds")
    return (
        title, len(task.photos) / wall, _times(runs, beside), wall, cpu, cpu / len(task.photos) * 1e3,
        max(run.rss_bytes for run in runs) / 1e6, running.median(runs, "written_bytes") / 1e6,
        running.median(runs, "others_share") * 100,
    )  # fmt: skip


def _times(runs: list[Run], beside: list[Run] | None) -> float | None:
    """How many times as fast as the other, run by run in their order; the middle one."""
    if not beside:
        return None
    return statistics.median(b.wall_seconds / a.wall_seconds for a, b in zip(runs, beside, strict=True))


def _verdicts(title: str, task: Task, runs: dict[str, list[Run]]) -> list[str]:
    speed = len(task.photos) / running.median(runs["box"], "wall_seconds")
    said = [
        verdict(f"{title}: photos per second", speed, PHOTOS_PER_SECOND, least=True),
        verdict(f"{title}: photos per second, the aim", speed, PHOTOS_PER_SECOND_AIM, least=True),
    ]
    times = _times(runs["box"], runs.get("exiftool"))
    if times is not None:
        said.append(verdict(f"{title}: times exiftool", times, TIMES_EXIFTOOL, least=True))
    limit = _times(runs["box"], runs.get("jhead"))
    if limit is not None:
        said.append(
            f"       {title}: {limit:.2f} of jhead's speed, with a digest, a journal, a log, and all of it durable"
        )
    return said
