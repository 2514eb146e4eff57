"""Functions that are called as jobs by the real service. The rule: each tells by a file that it has begun."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from box.tasks import call


def begin(folder: str) -> None:
    """Say so: the file holds the process that does it."""
    part = Path(folder, f".{os.getpid()}")
    part.write_text(str(os.getpid()))
    part.rename(Path(folder, "began"))


def nothing() -> str:
    return "done"


def listens(folder: str) -> None:
    """Work on and on, and look often whether it should end."""
    begin(folder)
    while True:
        call.current().check_cancelled()
        time.sleep(0.01)


def tells(folder: str) -> None:
    """The same, by saying how far it is."""
    begin(folder)
    while True:
        call.current().progress(25, "a quarter", done=1, total=4, size_bytes=1000)
        time.sleep(0.01)


def is_deaf(folder: str) -> None:
    begin(folder)
    while True:
        signal.pause()


def counts(times: int) -> int:
    """Say how far it is, far too often."""
    for number in range(times):
        call.current().progress(done=number, total=times)
    return times


def steps(folder: str, *names: str, last: str = "listens") -> None:
    """Make a file a step. One whose name begins with `!` cannot be taken back; with `?` or `&` that fails."""
    for name in names:
        path = str(Path(folder, name))
        undo = {"!": "", "?": "tests.errands:fail", "&": "tests.errands:step_back"}.get(name[0], REMOVE)
        call.current().step(f"make {name}", (undo, [path]) if undo else None)
        Path(path).write_text(name)
    {"listens": listens, "is_deaf": is_deaf}[last](folder)


def steps_slowly(path: str) -> None:
    """A step that is undone slowly."""
    call.current().step("make it", ("tests.errands:remove_slowly", [path]))
    Path(path).touch()
    listens(str(Path(path).parent))


def waits_for(folder: str, name: str) -> None:
    """Be deaf, and end when there is a file of that name."""
    begin(folder)
    while not Path(folder, name).exists():
        time.sleep(0.01)


REMOVE = "tests.errands:remove"


def remove(path: str) -> None:
    """Take a step back, and write down in which order that was."""
    Path(path).unlink(missing_ok=True)
    with open(Path(path).parent / "removed", "a", encoding="utf-8") as file:
        file.write(Path(path).name + "\n")


def remove_slowly(path: str) -> None:
    """Wait for a file before it is taken back."""
    begin(str(Path(path).parent))
    while not Path(path).with_name("go on").exists():
        call.current().check_cancelled()
        time.sleep(0.01)
    remove(path)


def step_back(path: str) -> None:
    """An undoing that takes a step itself."""
    call.current().step("undo the undoing", (REMOVE, [path]))


def fail(path: str) -> None:
    raise ValueError(f"{path} does not want to go")
