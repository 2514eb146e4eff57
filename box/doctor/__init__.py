"""The doctor. The rule: look, never mend; what is wrong is said with what to do about it.

A check is a generator of findings. Those of the machine need nothing; the others need a configuration that can be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from box.doctor import backup, machine, place, work
from box.doctor.finding import Finding
from box.errors import BoxError
from box.sections import Config

__all__ = ["Finding", "examine"]


def examine(load: Callable[[], Config]) -> Iterator[Finding]:
    """All findings, one after the other; `load` gives the configuration or raises what is wrong with it."""
    for of_machine in (machine.python, machine.sqlite, machine.clock, machine.memory, machine.helpers):
        yield from of_machine()
    try:
        config = load()
    except BoxError as error:
        yield Finding("config", "fail", str(error), "correct it; the other checks need it")
        return
    yield Finding("config", "ok", f"{config.path} is valid")
    root = config.box.root
    try:
        os.listdir(root)
    except FileNotFoundError:
        yield Finding("root", "fail", f"there is no folder {root}", "`box init` makes it; or mount its disk")
        return
    except OSError as error:
        yield Finding("root", "fail", f"{root}: {error.strerror}", f"give uid {os.geteuid()} the right to it")
        return
    for of_box in (
        place.permissions, place.file_system, place.space, place.drives, place.children,
        work.inboxes, work.watches, work.models, work.database, work.service, backup.engine,
    ):  # fmt: skip
        try:
            yield from of_box(config)
        except OSError as error:
            name = of_box.__name__.replace("_", " ")
            yield Finding(name, "fail", f"{error.filename or root}: {error.strerror}", "give Box the right to it")
