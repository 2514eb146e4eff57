"""`box run`, `box once`. The rule: say where things are, then leave the process to the service."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TextIO, cast

from box import layout, logs, people, status_file
from box.cli import INTERRUPTED, output, settings, words
from box.sections import Config

if TYPE_CHECKING:
    from box.service import Service
    from box.tally import Once


def run(args: Namespace) -> int:
    """Serve until somebody says stop."""
    config = settings.load(args)
    service = _built(_debugged(config) if args.debug else config)
    if "NOTIFY_SOCKET" not in os.environ:  # systemd's journal has no use for it; people and scripts have
        users = people.users(config)
        several = len(users) > 1
        for user, folder in layout.inboxes(config.box.root, users).items():
            output.line(f"Drop files  {words.path(folder)}" + (f"  ({user})" if several else ""))
        told = os.path.join(status_file.folder(config), status_file.NAME)
        output.line(f"Status      {words.path(told)}, or `box status --watch`")
        output.line("Stop        Ctrl-C lets running jobs finish first, a second Ctrl-C stops at once")
        output.flush()
    return service.run()


def once(args: Namespace) -> int:
    """Handle what is there; 1 if something failed or went into quarantine."""
    config = settings.load(args)
    progress = output.Progress()
    if args.debug:
        config = _debugged(config)
    elif config.logs.level == "info":  # the progress and the result say what the lines would; cron mails what is left
        config = replace(config, logs=replace(config.logs, level="warning"))
    service = _built(config)
    with _interruptions() as caught:
        done = service.once(lambda so_far: progress.show(None, _counts(so_far)))
    if args.json:
        output.value(asdict(done))
    else:
        left = words.count(done.left, "file")
        output.line(f"{_counts(done)}; {left} left in the inboxes; {words.duration(done.seconds)}")
    if caught:
        return INTERRUPTED
    if done.held_up_by:
        output.error(done.held_up_by)
    return 1 if done.failed or done.quarantined or done.held_up_by else 0


def _debugged(config: Config) -> Config:
    return replace(config, logs=replace(config.logs, level="debug"))


def _built(config: Config) -> Service:
    from box import service  # noqa: PLC0415 - after the configuration was read: a mistake in it is said at once
    from box.tasks import strays  # noqa: PLC0415 - as above

    strays.adopt()
    logs.setup(config.logs.level, config.logs.format, cast("TextIO", output.LogStream()))
    return service.build(config)


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """The signals that came meanwhile, filled in at the end: the service catches them, stops, and does not say so."""
    caught: list[int] = []
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield caught
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        numbers = os.read(reading, 100)
        os.close(reading)
        caught += [number for number in numbers if number in (signal.SIGINT, signal.SIGTERM)]


def _counts(once: Once) -> str:
    return (
        f"{once.filed:,} filed, {words.count(once.duplicates, 'duplicate')} dropped, "
        f"{once.quarantined:,} quarantined, {once.failed:,} failed"
    )
