"""`box run`, `box once`. The rule: say where things are, then leave the process to the service."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from box import layout, logs, status
from box.cli import output, settings, words
from box.sections import Config

if TYPE_CHECKING:
    from box.service import Service
    from box.tally import Once


def run(args: Namespace) -> int:
    """Serve until somebody says stop."""
    config = settings.load(args)
    service = _built(config, debug=args.debug)
    if output.is_terminal():
        for user, folder in layout.inboxes(config.box.root, config.users.names).items():
            output.line(f"Drop files  {words.path(folder)}" + (f"  ({user})" if len(config.users.names) > 1 else ""))
        output.line(
            f"Status      {words.path(os.path.join(status.folder(config), status.NAME))}, or `box status --watch`"
        )
        output.line("Stop        Ctrl-C; running jobs finish first, a second Ctrl-C stops at once")
    return service.run()


def once(args: Namespace) -> int:
    """Handle what is there; 1 if something failed or went into quarantine."""
    config = settings.load(args)
    service = _built(config, debug=args.debug)
    progress = output.Progress()
    done = service.once(lambda so_far: progress.show(None, _counts(so_far)))
    if args.json:
        output.value(asdict(done))
    else:
        output.line(
            f"{_counts(done)}; {words.count(done.left, 'file')} left in the inboxes; {words.duration(done.seconds)}"
        )
    return 1 if done.failed or done.quarantined else 0


def _built(config: Config, *, debug: bool) -> Service:
    from box import service  # noqa: PLC0415 - after the configuration was read: a mistake in it is said at once

    if debug:
        config = replace(config, logs=replace(config.logs, level="debug"))
    logs.setup(config.logs.level, config.logs.format)
    return service.build(config)


def _counts(once: Once) -> str:
    return (
        f"{once.filed:,} filed, {words.count(once.duplicates, 'duplicate')} dropped, "
        f"{once.quarantined:,} quarantined, {once.failed:,} failed"
    )
