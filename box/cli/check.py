"""`box rebuild`, `box verify`, `box doctor`. The rule: what is wrong is listed; only rebuild changes anything."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from box.cli import output, settings, words


def rebuild(args: Namespace) -> int:
    """Fold the whole log into empty tables."""
    from box import engine, locks  # noqa: PLC0415 - the doctor must be able to say that a package is missing
    from box.beside import beside  # noqa: PLC0415 - as above

    config = settings.load(args)
    began = time.monotonic()
    with beside(config) as box:
        lock = locks.RootLock(config.box.root)
        lock.take()
        try:
            count = engine.rebuild(box.store)
        finally:
            lock.release()
    seconds = time.monotonic() - began
    if args.json:
        output.value({"events": count, "seconds": round(seconds, 3)})
    else:
        output.line(f"{words.count(count, 'event')} folded again in {words.duration(seconds)}; `box verify` compares")
    return 0


def verify(args: Namespace) -> int:
    """Every difference between the log, the tables and the disk, one a line; 1 if there is one."""
    from box import verify as verification  # noqa: PLC0415 - as in rebuild
    from box.beside import beside  # noqa: PLC0415 - as in rebuild

    config = settings.load(args)
    progress = output.Progress()
    progress.show(None, "comparing the log, the tables and the disk ...")
    found = []
    began = time.monotonic()
    with beside(config) as box:
        for difference in verification.differences(box.store, config, deep=args.deep):
            found.append(asdict(difference))
            if not args.json:
                output.line(f"{words.padded(difference.where, 5)} {words.printable(str(difference))}")
    progress.clear()
    if args.json:
        output.value({"differences": found, "seconds": round(time.monotonic() - began, 3)})
    else:
        result = words.count(len(found), "difference") if found else "no difference: log = tables = disk = sums"
        output.line(
            f"{output.styled(result, 'red' if found else 'green')} ({words.duration(time.monotonic() - began)})"
        )
    return 1 if found else 0


def doctor(args: Namespace) -> int:
    """Every check with its finding; 1 if one failed."""
    from box import doctor as checks  # noqa: PLC0415 - as in rebuild

    styles = {"ok": "green", "warn": "yellow", "fail": "red"}
    findings = checks.examine(lambda: settings.load(args))
    data: list[dict[str, Any]] = []
    for finding in findings:
        data.append(asdict(finding))
        if not args.json:
            state = output.styled(words.padded(finding.state, 4), styles[finding.state])
            output.line(f"{state} {words.padded(finding.check, 12)} {words.printable(finding.message)}")
            if finding.advice:
                output.line(f"{'':17} -> {words.printable(finding.advice)}")
    counts = {state: sum(each["state"] == state for each in data) for state in styles}
    if args.json:
        output.value({"checks": data, **counts})
    else:
        output.line(f"{counts['ok']} ok, {words.count(counts['warn'], 'warning')}, {counts['fail']} failed")
    return 1 if counts["fail"] else 0
