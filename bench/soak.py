"""The soak. The rule: the real service, killed again and again, and its workers too; at the end all was done once.

In the first half of the jobs the service itself is killed, in both halves its children: so the one service of the
second half shows whether anything leaks. What each job should have come to is then looked for in its effects, in the
ledger and in the log.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import asking, machine, roots, running
from bench.asking import Asked, Asker
from bench.machine import REPOSITORY
from bench.tables import Table, verdict
from box import beside, layout, log
from box import config as configuration
from box.client import Client
from box.events import JobRequested, JobStarted, JobSucceeded
from box.models.base import Store

LOOK_SECONDS = 0.1
JOBS_EACH_KILL = 2000
"""Of the service; of its workers, half as many."""
KILLS_LEAST = 3
DELAY_SECONDS = 0.5
"""A kill comes up to so much later than it could."""
STALL_SECONDS = 180.0
"""Without a job that ends, something hangs."""
STOP_SECONDS = 60.0
PARTS = 5
GROWTH_MOST = 1.1
MORE_MOST = 2.0
COLUMNS = (
    "", "seconds", "jobs", "jobs/s", "kills", "workers killed", "RSS MB", "children RSS MB", "descriptors", "children",
    "WAL MB", "database MB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at a moment."""

    at: float
    done: int
    kills: int
    workers_killed: int
    pid: int
    rss_bytes: int
    children_bytes: int
    descriptors: int
    children: int
    wal_bytes: int
    database_bytes: int


@dataclass(slots=True)
class Soaked:
    """A root under load: its service, who kills it, and what was seen."""

    config: str
    draw: random.Random
    store: Store
    looks: list[Look] = field(default_factory=list)
    kills: int = 0
    workers_killed: int = 0
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        return os.path.dirname(self.config)

    def start(self) -> subprocess.Popen[bytes]:
        """The real program."""
        with open(os.path.join(self.root, "soak.log"), "ab") as out:
            self.process = subprocess.Popen(
                roots.command(self.config, "run"), cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, "PYTHONPATH": REPOSITORY},
            )  # fmt: skip
        self.starts += 1
        return self.process

    def kill(self) -> None:
        """Kill the service, and start it again."""
        assert self.process
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def kill_worker(self) -> bool:
        """Kill one of its children; whether there was one."""
        assert self.process
        children = running.tree(self.process.pid)[1:]
        if not children:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.draw.choice(children), signal.SIGKILL)
            self.workers_killed += 1
        return True

    def done(self) -> int:
        """How many jobs have ended."""
        sql = "SELECT sum(jobs) FROM job_counts WHERE state NOT IN ('queued', 'running')"
        return self.store.value(sql) or 0

    def look(self) -> int:
        """Note what is to be seen; how many jobs are done."""
        assert self.process
        if (code := self.process.poll()) is not None:
            raise roots.WrongOutcome(f"box run ended with {code}; see {self.root}/soak.log")
        pid, done = self.process.pid, self.done()
        children = running.tree(pid)[1:]
        wal, database = (_size(os.path.join(self.root, name)) for name in ("box.db-wal", "box.db"))
        self.looks.append(
            Look(
                time.monotonic(), done, self.kills, self.workers_killed, pid, running.resident(pid),
                sum(map(running.resident, children)), _descriptors(pid), len(children), wal, database,
            )
        )  # fmt: skip
        return done

    def stop(self) -> None:
        """Gracefully."""
        assert self.process
        self.process.terminate()
        if code := self.process.wait(STOP_SECONDS):
            raise roots.WrongOutcome(f"box run stopped with {code}; see {self.root}/soak.log")


def soak(folder: str, jobs: int, seed: int, patience_seconds: float) -> Table:
    """Ask for so many jobs, kill meanwhile, wait until all are done, and look at what came of them."""
    root = os.path.join(folder, "soak")
    config = roots.make(
        root,
        **{"quota.users": dict.fromkeys(asking.USERS, roots.QUOTA)},
        users={"names": list(asking.USERS)},
        watch={"settle_seconds": 0.05, "sweep_seconds": 10},
        photos={"thumbnail_pixels": 0},
        # Innocent jobs are killed here so often that no limit on attempts can tell them from bad ones.
        jobs={"attempts_max": 100, "quarantine_after": 100, "retry_base_seconds": 0.2, "batch": 100},
        logs={"level": "warning"},
    )
    for user in asking.USERS:
        layout.make_user(root, user)
    effects = os.path.join(root, "effects")
    for name in ("done", "tried", "parts"):
        os.makedirs(os.path.join(effects, name))
    machine.wait_for_quiet(patience_seconds)
    settings = configuration.load(config, {})
    with _open(config, seed) as soaked, beside.beside(settings) as way, Client(settings) as client:
        asker = Asker(root, effects, way, client, seed)
        _run(soaked, asker, jobs)
        soaked.stop()
        attempts = _check(soaked, asker.asked, effects)
    roots.check_clean(config)
    table = _table(soaked, asker.asked, attempts)
    shutil.rmtree(root)
    return table


@contextlib.contextmanager
def _open(config: str, seed: int) -> Iterator[Soaked]:
    """The service is up and has made its database; whatever happens, it does not outlive us."""
    path = os.path.join(os.path.dirname(config), "box.db")
    subprocess.run(roots.command(config, "once"), cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    soaked = Soaked(config, random.Random(seed), Store(path))
    try:
        soaked.start()
        yield soaked
    finally:
        soaked.store.close()
        if soaked.process and soaked.process.poll() is None:
            soaked.process.kill()
            soaked.process.wait()


def _run(soaked: Soaked, asker: Asker, jobs: int) -> None:
    kills = max(KILLS_LEAST, jobs // JOBS_EACH_KILL // 2)
    services = sorted(soaked.draw.uniform(0, jobs / 2) for _ in range(kills))
    workers = sorted(soaked.draw.uniform(0, jobs * 0.95) for _ in range(2 * kills))
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            asker.ask(jobs, lambda asked: asked - soaked.looks[-1].done if soaked.looks else asked)
        except BaseException as error:  # noqa: BLE001  told by the main thread
            failed.append(error)

    asking_thread = threading.Thread(target=ask, daemon=True)
    asking_thread.start()
    most, since = 0, time.monotonic()
    while asking_thread.is_alive() or most < asker.asked.jobs:
        done = soaked.look()
        if failed:
            raise failed[0]
        if done > most:
            most, since = done, time.monotonic()
        if time.monotonic() - since > STALL_SECONDS:
            raise roots.WrongOutcome(f"{done} of {asker.asked.jobs} jobs are done and no more for {STALL_SECONDS:g} s")
        if services and done >= services[0]:
            time.sleep(soaked.draw.uniform(0, DELAY_SECONDS))
            soaked.kill()
            services.pop(0)
        elif workers and done >= workers[0]:
            time.sleep(soaked.draw.uniform(0, DELAY_SECONDS) / 5)
            if soaked.kill_worker():
                workers.pop(0)
        time.sleep(LOOK_SECONDS)
    soaked.look()


# --- what came of it -------------------------------------------------------------------------------------------------


def _check(soaked: Soaked, asked: Asked, effects: str) -> int:
    """Raise WrongOutcome unless each was done once in effect; how many attempts it took."""
    wrong: list[str] = []
    states = dict(soaked.store.rows("SELECT id, state FROM jobs"))
    requested, started, succeeded = _told(soaked.store)
    cancelled = {job for job, state in states.items() if state == "cancelled"}
    completed = {job for job, state in states.items() if state == "completed"}
    wrong += [f"job {job} is {state}" for job, state in states.items() if state not in {"cancelled", "completed"}]
    wrong += [f"job {job} was cancelled" for job in cancelled - {*asked.never, *asked.perhaps}]
    wrong += [f"job {job} was done before its time" for job in {*asked.never} - cancelled]
    wrong += [f"job {job} succeeded {succeeded[job]} times" for job in completed if succeeded[job] != 1]
    wrong += [f"job {job} succeeded and is {states.get(job)}" for job in set(succeeded) - completed]
    if len(states) != asked.jobs:
        wrong.append(f"there are {len(states)} jobs, and {asked.jobs} were asked for")
    wrong += [
        f"{key!r}: {requested.get(key)}, not once {job}"
        for key, job in asked.keys.items()
        if requested.get(key) != [job]
    ]
    wrong += wrong_effects(asked, os.path.join(effects, "done"))
    wrong += wrong_photos(soaked.root, asked)
    if wrong:
        raise roots.WrongOutcome(f"{len(wrong)} are wrong: " + "; ".join(wrong[:20]))
    return started


def _told(store: Store) -> tuple[dict[str, list[int]], int, Counter[int]]:
    """(key -> jobs that were asked for with it, attempts, job -> how often it succeeded), from the log."""
    requested: dict[str, list[int]] = {}
    succeeded: Counter[int] = Counter()
    started = 0
    for each in log.read(store):
        match each.event:
            case JobRequested(key=key) if key:
                requested.setdefault(key, []).append(each.position)
            case JobStarted():
                started += 1
            case JobSucceeded(job=job):
                succeeded[job] += 1
            case _:
                pass
    return requested, started, succeeded


def wrong_effects(asked: Asked, folder: str) -> list[str]:
    found: Counter[int] = Counter()
    wrong = []
    for top, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(top, name), encoding="ascii") as file:
                text = file.read()
            if text != f"{name}\n":
                wrong.append(f"the effect of {name} is {text!r}")
            found[int(name)] += 1
    wrong += [f"{number} has no effect" for number in asked.effects - set(found)]
    wrong += [f"{number} has an effect" for number in set(found) - asked.effects - asked.maybe]
    return wrong + [f"{number} has {times} effects" for number, times in found.items() if times != 1]


def wrong_photos(root: str, asked: Asked) -> list[str]:
    wrong = []
    for user, photos in asked.photos.items():
        filed: Counter[str] = Counter()
        for top, _, names in os.walk(os.path.join(root, "users", user, "photos")):
            for name in names:
                with open(os.path.join(top, name), "rb") as file:
                    filed[hashlib.sha256(file.read()).hexdigest()] += 1
        wanted = Counter(hashlib.sha256(made).hexdigest() for made in photos)
        if filed != wanted:
            wrong.append(f"{user}: {(wanted - filed).total()} photos are missing, {(filed - wanted).total()} too many")
        left = [name for name in os.listdir(os.path.join(root, "users", user, "inbox")) if name != ".box"]
        if left:
            wrong.append(f"{user}: {len(left)} files are left in the inbox, such as {left[0]}")
    return wrong


# --- figures ---------------------------------------------------------------------------------------------------------


def _table(soaked: Soaked, asked: Asked, attempts: int) -> Table:
    looks = soaked.looks
    table = Table("soak", f"A soak of {asked.jobs:,} mixed jobs", COLUMNS)
    for number, part in enumerate(_parts(looks), start=1):
        table.rows.append(_row(f"part {number} of {PARTS}", part))
    table.rows.append(_row("all", looks))
    last = [look for look in looks if look.pid == looks[-1].pid]
    first, *_, end = _parts(last)
    for what, unit in (("rss_bytes", "x"), ("children_bytes", "x"), ("descriptors", ""), ("children", "")):
        before, after = (statistics.median(getattr(look, what) for look in part) for part in (first, end))
        name = what.removesuffix("_bytes") + " of the last service, its last fifth against its first"
        if unit:
            table.verdicts.append(verdict(name, after / max(before, 1), GROWTH_MOST, " x"))
        else:
            table.verdicts.append(verdict(name, after - before, MORE_MOST, " more"))
    photos, seconds = sum(map(len, asked.photos.values())), looks[-1].at - looks[0].at
    table.notes = [
        f"{asked.jobs:,} jobs in {seconds:.0f} s: {asked.jobs / seconds:,.0f} a second, in {attempts:,} attempts",
        f"killed: {soaked.kills} times the service, {soaked.workers_killed} times one of its workers",
        f"once in effect: {len(asked.effects):,} effects, {photos:,} photos, {len(asked.keys):,} keys",
        f"cancelled: {len(asked.never):,} jobs before their time, {len(asked.perhaps):,} at work or before",
        "`box verify` without a difference; each job that was done has one JobSucceeded",
        f"the last service lived for {last[-1].at - last[0].at:.0f} s; the largest value of each part is shown",
    ]
    table.raw = {"looks": [[getattr(look, name) for name in Look.__slots__] for look in looks]}
    return table


def _parts(looks: Sequence[Look]) -> list[Sequence[Look]]:
    """Fifths of them."""
    size = max(1, len(looks) // PARTS)
    return [looks[size * i : size * (i + 1) if i < PARTS - 1 else None] or looks[-1:] for i in range(PARTS)]


def _row(title: str, part: Sequence[Look]) -> tuple[str | float | int, ...]:
    first, last = part[0], part[-1]
    seconds, done = last.at - first.at, last.done - first.done
    return (
        title, seconds, done, done / max(seconds, LOOK_SECONDS), last.kills - first.kills,
        last.workers_killed - first.workers_killed, _most(part, "rss_bytes") / 1e6,
        _most(part, "children_bytes") / 1e6, _most(part, "descriptors"), _most(part, "children"),
        _most(part, "wal_bytes") / 1e6, last.database_bytes / 1e6,
    )  # fmt: skip


def _most(part: Sequence[Look], what: str) -> int:
    found: int = max(getattr(look, what) for look in part)
    return found


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0
