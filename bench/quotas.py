"""Quotas. The rule: whether something fits is one question, however many files there are; a walk counts them all.

The files are real, of no bytes, a thousand in a folder. Their rows are inserted as the folds would leave them: through
the engine a million would take minutes, and the rows would be the same.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

from bench import machine, roots
from bench.tables import Table, percentiles, verdict
from box import beside, storage
from box import config as configuration
from box.engine import create
from box.models.base import Store
from box.weighing import Weighing

CHECK_US = 50.0
CHECKS = 20_000
A_FOLDER = 1000
BYTES_EACH_FILE = 700
"""Of a row and an inode."""
COLUMNS = ("files known", "database MB", "check us p50", "check us p99", "walk s", "x a check")


def check_cost(folder: str, most: int, patience_seconds: float) -> Table:
    """A quota check with that many files known, beside a walk over them."""
    roots.need_room(folder, most * BYTES_EACH_FILE)
    table = Table("quota", "Does it fit?", COLUMNS)
    for files in sorted({min(1000, most), most}):
        root = os.path.join(folder, "quota")
        config = configuration.load(roots.make(root), {})
        fill(root, files)
        with beside.beside(config) as box:
            machine.wait_for_quiet(patience_seconds)
            took = [_check(box) for _ in range(CHECKS)]
            check = percentiles([seconds * 1e6 for seconds in took])
            began = time.perf_counter()
            weighing = Weighing(box.store, root, "me", by_blocks=False)
            wrong = sum(1 for _ in weighing.wrong())
            walk = time.perf_counter() - began
            size = box.store.file_bytes() / 1e6
        if wrong or weighing.found["photos"] != (files, 0):
            raise roots.WrongOutcome(f"the walk met {weighing.found}, of which {wrong} are charged wrong")
        times = walk * 1e6 / check["p50"]
        table.rows.append((f"{files:,}", size, check["p50"], check["p99"], walk, round(times)))
        table.raw[str(files)] = {"check_seconds": took, "walk_seconds": walk}
        shutil.rmtree(root)
    table.verdicts.append(verdict(f"{most:,} files: a check, p50", check["p50"], CHECK_US, " us"))
    table.notes = [
        f"{CHECKS:,} checks one after the other, by `storage.check_quota`, the database open",
        f"the walk is that of `box quota recalculate`: every file is looked at, {A_FOLDER:,} in a folder, caches warm",
    ]
    return table


def _check(box: beside.Beside) -> float:
    began = time.perf_counter()
    storage.check_quota("me", 1_500_000, box=box)
    return time.perf_counter() - began


def fill(root: str, files: int) -> None:
    """So many files on the disk, and their rows."""
    store = Store(os.path.join(root, "box.db"), durable=False)
    create(store)
    connection: Any = store.peewee.connection()
    with store.transaction():
        connection.executemany(
            "INSERT INTO files (folder, name, size, mtime_ns, charged) VALUES (?, ?, 0, ?, 0)", _made(root, files)
        )
        store.execute("INSERT INTO usage (user, area, files, bytes) VALUES ('me', 'photos', ?, 0)", (files,))
        store.execute(
            "INSERT INTO accounts (user, used_bytes, reserved_bytes, elsewhere_bytes, quota_is_set)"
            " VALUES ('me', 0, 0, 0, 0)"
        )
    store.close()


def _made(root: str, files: int) -> Iterator[tuple[str, str, int]]:
    for number in range(files):
        folder, name = f"users/me/photos/{number // A_FOLDER:06d}", f"IMG_{number:07d}.JPG"
        if number % A_FOLDER == 0:
            os.makedirs(os.path.join(root, folder))
        path = os.path.join(root, folder, name)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        yield folder, name, os.stat(path).st_mtime_ns
