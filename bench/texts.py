"""Reading texts. The rule: a peer reads the same files in the same run, and processor time is compared, not the clock.

Of Box, twice: all that the child does for a drop (digest, recognising, reading, the note with its front matter), and of
that the reader alone. What is more is the overhead. Beside it what `box once` takes for all of them with its start,
landing, index and claims.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench import machine, roots, running, textset
from bench.tables import Cell, Table, verdict
from box.library import safe_xml, xml_flow

OVERHEAD_MAX: Final = 0.15
RSS_MB_MAX: Final = 200.0
DUMP_MB_A_SECOND: Final = 80.0
COLUMNS: Final = (
    "format", "texts", "MB", "texts/s", "MB/s", "reader ms", "child ms", "overhead %", "markitdown ms", "pypdf ms"
)  # fmt: skip


def read(folder: str, each: int, dump_bytes: int, pages: int, runs: int, markitdown: str, patience: float) -> Table:
    """All formats; `markitdown` is an interpreter that has it, empty if there is none."""
    texts = os.path.join(folder, "documents")
    shutil.rmtree(texts, ignore_errors=True)
    os.makedirs(texts)
    sets = textset.make(texts, each, dump_bytes, pages)
    table = Table("texts", "Reading texts, by format", COLUMNS)
    roots.warm(texts)
    machine.wait_for_quiet(patience)
    box = _in(sys.executable, "bench.texts_by_box", sets, runs)
    pypdf = _in(
        sys.executable, "bench.texts_by_peers", {k: v for k, v in sets.items() if k.endswith("pdf")}, runs, "pypdf"
    )
    other = _in(markitdown, "bench.texts_by_peers", sets, 1, "markitdown") if markitdown else {}
    whole = reader = 0.0
    for kind, paths in sets.items():
        size = sum(os.stat(path).st_size for path in paths)
        child, alone = box[kind]["child"], box[kind]["reader"]
        whole, reader = whole + child, reader + alone
        table.rows.append((
            kind, len(paths), size / 1e6, len(paths) / child, size / 1e6 / child, *_ms(paths, alone, child),
            100 * (child / alone - 1), *_ms(paths, other.get(kind), pypdf.get(kind)),
        ))  # fmt: skip
    table.raw = {"box": box, "pypdf": pypdf, "markitdown": other}
    table.verdicts.append(verdict("overhead, all formats", 100 * (whole / reader - 1), 100 * OVERHEAD_MAX, " %"))
    dump = next(row for row in table.rows if row[0] == "dump")
    table.verdicts.append(verdict("a dump", float(dump[4] or 0), DUMP_MB_A_SECOND, " MB/s", least=True))
    streamed = min(_streamed_seconds(sets["dump"][0]) for _ in range(runs))
    size = os.path.getsize(sets["dump"][0]) / 1e6
    table.verdicts.append(verdict("its XML alone", size / streamed, DUMP_MB_A_SECOND, " MB/s", least=True))
    if "long pdf" in sets:
        resident = _box_once(folder, sets["long pdf"])[1] / 1e6
        table.verdicts.append(verdict(f"RSS of the child, {pages} pages of PDF", resident, RSS_MB_MAX, " MB"))
    small = [path for kind, paths in sets.items() if kind not in {"dump", "long pdf"} for path in paths]
    run, resident = _box_once(folder, small)
    table.notes = [
        f"processor time, the best of {runs} rounds; each program in one process, everything imported",
        (
            f"`box once` for the {len(small)} small ones, with start, landing, index, claims: {run.cpu_seconds:.1f} s,"
            f" {1000 * run.cpu_seconds / len(small):.0f} ms each; its child at most {resident / 1e6:.0f} MB"
        ),
        *(["markitdown is not here: an interpreter that has it, as --markitdown"] if not markitdown else []),
        *(f"{name} is not installed" for name in ("pandoc", "soffice") if not shutil.which(name)),
    ]
    shutil.rmtree(texts)
    return table


def _streamed_seconds(path: str) -> float:
    """Processor time for the XML of a dump with all its limits, without what its pages say being made Markdown."""
    began = time.process_time()
    with xml_flow.opened(path, path) as stream:
        for _ in safe_xml.events(stream, path):
            pass
    return time.process_time() - began


def _ms(paths: Sequence[str], *seconds: float | None) -> tuple[Cell, ...]:
    return tuple(None if each is None else 1000 * each / len(paths) for each in seconds)


def _in(interpreter: str, module: str, sets: Mapping[str, list[str]], runs: int, *more: str) -> dict[str, Any]:
    """What that module of ours measures there, by format."""
    done = subprocess.run(
        [interpreter, "-m", module, str(runs), *more],
        cwd=machine.REPOSITORY, input=json.dumps(sets), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise roots.WrongOutcome(f"{module} {' '.join(more)}: {done.stderr[-1000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _box_once(folder: str, paths: Sequence[str]) -> tuple[running.Run, int]:
    """`box once` on a fresh root with these files; and the peak RSS of its largest child."""
    root = os.path.join(folder, "root")
    # What ends in a number, as names of photos do, would wait for one that it may be about.
    config = roots.make(root, watch={"settle_seconds": 0.01}, photos={"group_wait_seconds": 0})
    roots.drop(paths, roots.inbox(config), links=False)
    run = running.run(roots.command(config, "once"), os.path.join(folder, "log"), cwd=machine.REPOSITORY)
    found = [name for _, _, names in os.walk(os.path.join(root, "users/me/notes")) for name in names]
    if run.code or len(found) != len(paths):
        raise roots.WrongOutcome(f"{len(found)} notes of {len(paths)} texts, exit code {run.code}")
    roots.check_clean(config)
    shutil.rmtree(root)
    return run, run.child_rss_bytes
