"""Starting. The rule: from exec to READY, as a service manager sees it, with a library that is there already."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass

from bench import growth, machine, roots, running
from bench.machine import REPOSITORY
from bench.tables import Table, percentiles, verdict

START_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
TINY_BYTES = 7
"""Of a photo that only has to be there."""
COLUMNS = ("", "files", "runs", "READY p50 s", "max s", "status p50 s", "CPU s", "RSS MB")


def start_up(folder: str, files: int, runs: int, patience_seconds: float) -> Table:
    """From exec to READY, with that many known files."""
    root = os.path.join(folder, "start")
    config = roots.make(root)
    _fill(root, files)
    roots.check_clean(config)
    started: list[Start] = []
    for _ in range(runs + 1):
        machine.wait_for_quiet(patience_seconds)
        started.append(_start(config))
    roots.check_clean(config)
    shutil.rmtree(root)
    table = Table("start", f"Start-up with {files:,} known files", COLUMNS)
    for title, some in (("the first, every folder is new", started[:1]), ("later ones", started[1:])):
        ready = percentiles([each.ready_seconds for each in some])
        others = (
            statistics.median(getattr(each, name) for each in some)
            for name in ("told_seconds", "cpu_seconds", "rss_mb")
        )
        table.rows.append((title, files, len(some), ready["p50"], ready["max"], *others))
        table.verdicts.append(verdict(f"{title}: exec to READY, p50", ready["p50"], START_SECONDS, " s"))
    table.raw = {"starts": [asdict(each) for each in started]}
    table.notes = [
        "from exec to READY=1 on the manager's socket: recovered, watching, claiming; CPU and RSS at that moment",
        "status: to the first status.json of that process",
    ]
    return table


def _fill(root: str, files: int) -> None:
    """Photos that the log knows and the disk holds."""
    history = growth.open_history(os.path.join(root, "box.db"))
    history.size = TINY_BYTES
    for number in range(files):
        _, filed = growth.photo(number, TINY_BYTES)
        path = os.path.join(root, filed.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(b"%07d" % number)
        os.utime(path, ns=(filed.mtime_ns, filed.mtime_ns))
    while history.photos < files:
        growth.file_some(history, min(growth.BUILT_AT_ONCE, files - history.photos))
    history.store.close()
    os.sync()


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the service."""

    ready_seconds: float
    told_seconds: float
    cpu_seconds: float
    rss_mb: float


def _start(config: str) -> Start:
    """Start the service, and stop it again when it has come to rest."""
    address = os.path.join(tempfile.gettempdir(), f"box-bench-{os.getpid()}.notify")  # a long path is none for a socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_SECONDS)
        with open(os.path.join(os.path.dirname(config), "start.log"), "ab") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                roots.command(config, "run"), cwd=REPOSITORY, stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": address},
            )  # fmt: skip
        try:
            while b"READY=1" not in manager.recv(4096):
                pass
            took = time.perf_counter() - began
            cpu, rss = running.cpu_seconds(process.pid), running.resident(process.pid) / 1e6
            while _pid_of_status(config) != process.pid and process.poll() is None:
                time.sleep(0.001)
            told = time.perf_counter() - began
            _settle(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            os.unlink(address)
    if process.returncode:
        raise roots.WrongOutcome(f"box run ended with {process.returncode}")
    return Start(took, told, cpu, rss)


def _pid_of_status(config: str) -> int:
    try:
        with open(os.path.join(os.path.dirname(config), "status.json"), encoding="utf-8") as file:
            return int(json.load(file)["pid"])
    except FileNotFoundError:
        return 0


def _settle(pid: int) -> None:
    """Until the sweep that follows the start is through: the next start is another one."""
    for _ in range(60):
        before = running.cpu_seconds(pid)
        time.sleep(0.5)
        if running.cpu_seconds(pid) - before < 0.005:
            return
