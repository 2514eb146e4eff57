"""The command line. The rule: what was asked for, one table each, and the machine above them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable

from bench import (
    backups,
    claiming,
    filing,
    growth,
    jobs,
    latency,
    machine,
    photos,
    quotas,
    refreshing,
    rest,
    searching,
    soak,
    starting,
    texts,
    two_years,
)
from bench.roots import WrongOutcome
from bench.tables import Table


def _task(args: argparse.Namespace) -> filing.Task:
    return filing.task_for(args.dir, args.photos, args.runs, args.patience)


NOOPS_A_JOB = 40
"""Latency takes half a second a job, a job that does nothing takes a millisecond."""

BENCHES: dict[str, Callable[[argparse.Namespace], Table]] = {
    "filing": lambda a: filing.compared(_task(a)),
    "thumbnails": lambda a: filing.with_thumbnails(_task(a)),
    "latency": lambda a: latency.commit_to_start(a.dir, a.jobs, a.patience),
    "close": lambda a: latency.close_to_filed(a.dir, min(a.jobs, a.photos), a.patience),
    "rest": lambda a: rest.at_rest(a.dir, a.photos, a.rest, a.patience),
    "events": lambda a: growth.cost_per_event(a.dir, a.events, a.runs, a.patience),
    "jobs": lambda a: jobs.jobs_a_second(a.dir, a.jobs * NOOPS_A_JOB, a.runs, a.patience),
    "metrics": lambda a: refreshing.refresh_cost(a.dir, a.history, a.patience),
    "quota": lambda a: quotas.check_cost(a.dir, a.known, a.patience),
    "search": lambda a: searching.searched(a.dir, a.passages, a.seed, a.patience),
    "texts": lambda a: texts.read(a.dir, a.texts, a.dump, a.pages, a.runs, a.markitdown, a.patience),
    "backup": lambda a: backups.compared(a.dir, a.photos, a.many, a.runs, a.patience),
    "start": lambda a: starting.start_up(a.dir, a.files, a.runs, a.patience),
    "formats": lambda a: photos.by_format(a.dir, a.each, a.patience),
    "flood": lambda a: photos.flood(a.dir, a.flood, a.patience),
    "soak": lambda a: soak.soak(a.dir, a.mixed, a.seed, a.patience),
    "claims": lambda a: claiming.by_rules(a.labelled),
    "two-years": lambda a: two_years.two_years(a.dir, a.a_day, a.months, a.patience),
}
WHEN_NAMED = {"claims", "soak", "two-years"}
"""They take very long, or need what is not here, and are not done unless asked for."""


def main() -> int:
    """Measure and print; 1 if a run did not do its work."""
    args = _arguments()
    for name in [name for name in os.environ if name.startswith("BOX_")]:
        del os.environ[name]  # every root of the bench says by itself how it is configured
    args.dir = os.path.abspath(args.dir)
    os.makedirs(args.dir, exist_ok=True)
    facts = machine.facts(args.dir)
    print("\n".join(f"{name:12} {value}" for name, value in facts.items()), flush=True)
    tables = []
    for name in args.names or [name for name in BENCHES if name not in WHEN_NAMED]:
        try:
            table = BENCHES[name](args)
        except WrongOutcome as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            return 1
        tables.append(table)
        print(f"\n{table.text()}", flush=True)
        if args.json:
            with open(args.json, "w", encoding="utf-8") as out:
                json.dump({"machine": facts, "tables": [each.as_dict() for each in tables]}, out, indent=2)
    return 0


def _arguments() -> argparse.Namespace:
    scratch = os.environ.get("BENCH_DIR") or os.path.join(tempfile.gettempdir(), "box-bench")
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Box on this machine.",
        epilog=f"Scratch: {scratch} (BENCH_DIR), on a real disk; 2,000 photos take 3 GB there, kept between runs, and"
        " as much again for a copy, removed each time; backup takes 15 GB, removed. Peers: apt install"
        " libimage-exiftool-perl jhead rsync restic. Texts: pandoc libreoffice-writer-nogui libreoffice-calc-nogui",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHES)} (default: all but claims, soak and two-years)",
    )
    parser.add_argument("--runs", type=int, default=3, help="of each program; medians are shown (default: 3)")
    parser.add_argument("--photos", type=int, default=2000, help="(default: 2000)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=100,
        help="whose latency is measured; forty times as many that do nothing (default: 100)",
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="in the old log (default: 1,000,000)")
    parser.add_argument("--history", type=int, default=1_000_000, help="jobs in the longest (default: 1,000,000)")
    parser.add_argument("--mixed", type=int, default=100_000, help="jobs of the soak (default: 100,000)")
    parser.add_argument("--seed", type=int, default=20261127, help="of the soak and of texts")
    parser.add_argument("--files", type=int, default=10_000, help="known at the start (default: 10,000)")
    parser.add_argument("--known", type=int, default=1_000_000, help="whose quota is checked (default: 1,000,000)")
    parser.add_argument("--passages", type=int, default=1_000_000, help="that are searched (default: 1,000,000)")
    parser.add_argument("--texts", type=int, default=10, help="that are read, of each format (default: 10)")
    parser.add_argument("--dump", type=int, default=20_000_000, help="bytes of an XML dump (default: 20,000,000)")
    parser.add_argument("--pages", type=int, default=500, help="of a long PDF (default: 500)")
    parser.add_argument(
        "--markitdown", default=os.environ.get("BOX_MARKITDOWN", ""), metavar="PYTHON",
        help="an interpreter that has markitdown (default: BOX_MARKITDOWN)",
    )  # fmt: skip
    parser.add_argument("--many", type=int, default=50_000, help="small files backed up (default: 50,000)")
    parser.add_argument("--each", type=int, default=200, help="files of each format (default: 200)")
    parser.add_argument("--flood", type=int, default=100_000, help="photos in one drop (default: 100,000)")
    parser.add_argument("--a-day", type=int, default=5000, help="photos a day for two years (default: 5000)")
    parser.add_argument(
        "--labelled", default=os.environ.get("BOX_LABELLED", ""), metavar="FOLDER",
        help="a folder with labelled texts, see docs/benchmarks.md (default: BOX_LABELLED)",
    )  # fmt: skip
    parser.add_argument("--months", type=int, default=24, help="that these two years have (default: 24)")
    parser.add_argument(
        "--rest", type=float, default=60, metavar="SECONDS", help="to watch a service at rest (default: 60)"
    )
    parser.add_argument(
        "--patience", type=float, default=60, metavar="SECONDS", help="to wait for a quiet machine (default: 60)"
    )
    parser.add_argument("--dir", default=scratch, help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="all single runs, for programs")
    args = parser.parse_args()
    if unknown := set(args.names) - set(BENCHES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    return args


if __name__ == "__main__":
    sys.exit(main())
