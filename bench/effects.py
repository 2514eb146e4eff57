"""What the soak calls. The rule: called twice, a function does no more than called once; what it did is durable."""

from __future__ import annotations

import os


class NotYet(Exception):
    """The first attempt fails, and may be made again."""

    code = "not-yet"
    retryable = True


class OutOfOrder(Exception):
    """A job was begun before the one that it had to wait for was done."""

    code = "out-of-order"


def nothing(number: int) -> int:
    """No effect."""
    return number


def effect(folder: str, number: int) -> str:
    """Note the number in a file of its own; "found" if it stands there already, from an attempt that was killed."""
    return _write(folder, "done", number)


def second_time(folder: str, number: int) -> str:
    """The same, but not in the first attempt."""
    if _write(folder, "tried", number) == "made":
        raise NotYet(f"{number} fails the first time")
    return _write(folder, "done", number)


def follows(folder: str, number: int, after: int) -> str:
    """The same, after another one."""
    if not os.path.exists(path(folder, "done", after)):
        raise OutOfOrder(f"{number} was begun before {after} was done")
    return _write(folder, "done", number)


def path(folder: str, what: str, number: int) -> str:
    """Where a number is noted."""
    return os.path.join(folder, what, f"{number // 1000:03d}", str(number))


def _write(folder: str, what: str, number: int) -> str:
    target = path(folder, what, number)
    try:
        with open(target, encoding="ascii") as file:
            return "found" if file.read() == f"{number}\n" else "damaged"
    except FileNotFoundError:
        pass
    part = os.path.join(folder, "parts", f"{number}.{os.getpid()}")
    with open(part, "w", encoding="ascii") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(part, target)
    descriptor = os.open(os.path.dirname(target), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return "made"
