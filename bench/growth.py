"""Growth. The rule: what one more photo costs may not depend on how many there were.

The same histories go through the engine into two databases, in turn: a young one, and one into which the same engine
wrote a million events before. Both are warm, both durable.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import statistics
import time
from dataclasses import asdict, dataclass

from bench import machine, roots
from bench.tables import Table, verdict
from box.engine import Engine, create
from box.events import Event, FileSettled, JobRequested, JobStarted, JobSucceeded, PhotoFiled
from box.models.base import Store
from box.policy import Policy

FLAT = 1.2
BYTES_EACH_EVENT = 700
EVENTS_A_PHOTO = 5
A_GROUP = 100
GROUPS = 5
SINGLES = 50
TURNS_A_RUN = 10
"""A turn takes half a second; the disk's mood changes from one to the next."""
BUILT_AT_ONCE = 500
A_NIGHT = 40
YOUNG_EVENTS = 1000
COLUMNS = (
    "",
    "events in the log",
    "CPU us/event",
    "wall us/event",
    "written B/event",
    "database MB",
    "x CPU",
    "x wall",
)


@dataclass(slots=True)
class History:
    """A database and how far its story goes."""

    store: Store
    engine: Engine
    photos: int = 0
    events: int = 0
    size: int = 1_500_000
    """Of a photo."""


def open_history(path: str, *, durable: bool = True) -> History:
    store = Store(path, durable=durable)
    create(store)
    policy = Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, quota_bytes={"me": 1 << 60})
    return History(store, Engine(store, policy, commit_seconds=0))


def photo(number: int, size: int) -> tuple[FileSettled, PhotoFiled]:
    day = f"{2000 + number // A_NIGHT // 336}/{number // A_NIGHT // 28 % 12 + 1:02d}-{number // A_NIGHT % 28 + 1:02d}"
    source, mtime_ns = f"users/me/inbox/IMG_{number:07d}.JPG", 1_700_000_000_000_000_000 + number
    return (
        FileSettled(user="me", path=source, size=size, mtime_ns=mtime_ns, inode=number + 1, media_type="image/jpeg"),
        PhotoFiled(
            user="me", source=source, path=f"users/me/photos/{day}/IMG_{number:07d}.JPG", size=size,
            mtime_ns=mtime_ns, digest=hashlib.sha256(str(number).encode()).hexdigest(), media_type="image/jpeg",
            width=2592, height=1944, taken_at=f"{day.replace('/', '-')}T22:00:00+02:00", taken_from="DateTimeOriginal",
            make="Box", model="Trail camera",
        ),
    )  # fmt: skip


def file_some(history: History, count: int) -> None:
    """`count` more photos from settled to filed, in three transactions, as a batch of the service does it."""
    photos = [photo(number, history.size) for number in range(history.photos, history.photos + count)]
    recorded = history.engine.record(*(settled for settled, _ in photos))
    jobs = [each.position for each in recorded if isinstance(each.event, JobRequested)]
    lease = f"{history.photos:016x}"
    history.engine.record(*(JobStarted(user="me", job=job, lease=lease) for job in jobs))
    done: list[Event] = []
    for (_, filed), job in zip(photos, jobs, strict=True):
        done += [filed, JobSucceeded(user="me", job=job, lease=lease)]
    last = history.engine.record(*done)[-1]
    history.photos += count
    history.events = last.position


def cost_per_event(folder: str, events: int, runs: int, patience_seconds: float) -> Table:
    """At the beginning of a log and at its millionth event."""
    roots.need_room(folder, events * BYTES_EACH_EVENT * 2)
    scratch = os.path.join(folder, "growth")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    old = open_history(os.path.join(scratch, "old.db"), durable=False)
    began = time.perf_counter()
    while old.events < events:
        file_some(old, min(BUILT_AT_ONCE, -(-(events - old.events) // EVENTS_A_PHOTO)))
    built = time.perf_counter() - began
    old.store.close()
    continued = open_history(os.path.join(scratch, "old.db"))
    continued.photos, continued.events = old.photos, old.events
    os.sync()
    table = _compare(scratch, continued, events, runs, patience_seconds)
    table.notes.append(
        f"the old log was written through the engine in {built:.0f} s, {BUILT_AT_ONCE} photos a transaction"
    )
    continued.store.close()
    shutil.rmtree(scratch)
    return table


def _compare(scratch: str, old: History, events: int, runs: int, patience_seconds: float) -> Table:
    table = Table("events", "Cost per event", COLUMNS)
    shapes = {f"groups of {A_GROUP}": (A_GROUP, GROUPS), "one photo at a time": (1, SINGLES)}
    turns = runs * TURNS_A_RUN
    took: dict[str, dict[str, list[Cost]]] = {shape: {"young": [], "old": []} for shape in shapes}
    megabytes = {}
    machine.wait_for_quiet(patience_seconds)
    for turn in range(turns):
        young = open_history(os.path.join(scratch, f"young-{turn}.db"))
        file_some(young, YOUNG_EVENTS // EVENTS_A_PHOTO)
        both = [("young", young), ("old", old)]
        for name, history in both if turn % 2 else reversed(both):
            file_some(history, A_GROUP)  # warm
            for shape, (size, times) in shapes.items():
                took[shape][name].append(_measure(history, size, times))
        megabytes = {"young": young.store.file_bytes() / 1e6, "old": old.store.file_bytes() / 1e6}
        young.store.close()
    for shape, found in took.items():
        cpu, wall = (_ratio(found["old"], found["young"], field) for field in ("cpu_seconds", "wall_seconds"))
        for name, count, ratios in (("young", YOUNG_EVENTS, (1.0, 1.0)), ("old", events, (cpu, wall))):
            cost = [statistics.median(getattr(each, field) for each in found[name]) for field in Cost.__slots__]
            table.rows.append(
                (shape, f"{count:,}", cost[0] * 1e6, cost[1] * 1e6, round(cost[2]), megabytes[name], *ratios)
            )
        table.verdicts.append(verdict(f"{shape}: CPU, old against young", cpu, FLAT, " x"))
        table.verdicts.append(verdict(f"{shape}: wall, old against young", wall, FLAT, " x"))
    table.raw = {shape: {k: [asdict(c) for c in v] for k, v in found.items()} for shape, found in took.items()}
    most = YOUNG_EVENTS + EVENTS_A_PHOTO * (A_GROUP * (GROUPS + 1) + SINGLES)
    table.notes = [
        f"a turn takes a fresh young log from {YOUNG_EVENTS:,} to {most:,} events, and the old one as much further",
        f"medians of {turns} turns, {GROUPS} groups of {A_GROUP} photos and {SINGLES} single ones each; paired ratios",
        "a photo: FileSettled, JobRequested | JobStarted | PhotoFiled, JobSucceeded: three transactions, each fsynced",
    ]
    return table


@dataclass(frozen=True, slots=True)
class Cost:
    """What an event costs."""

    cpu_seconds: float
    wall_seconds: float
    written_bytes: float


def _ratio(old: list[Cost], young: list[Cost], field: str) -> float:
    return float(statistics.median(getattr(o, field) / getattr(y, field) for o, y in zip(old, young, strict=True)))


def _measure(history: History, size: int, times: int) -> Cost:
    """Some more photos, so many a transaction."""
    events, cpu, wall = history.events, time.process_time(), time.perf_counter()
    blocks = resource.getrusage(resource.RUSAGE_SELF).ru_oublock
    for _ in range(times):
        file_some(history, size)
    count = history.events - events
    blocks = resource.getrusage(resource.RUSAGE_SELF).ru_oublock - blocks
    return Cost((time.process_time() - cpu) / count, (time.perf_counter() - wall) / count, blocks * 512 / count)
