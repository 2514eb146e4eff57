"""Words to the service manager. The rule: it is told only what is so, and where there is none, nothing happens.

The protocol is sd_notify(3): one datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names.
"""

from __future__ import annotations

import os

SEND_SECONDS_MAX = 1.0
"""A manager that does not read must not hold up the loop that tells it."""


def ready(status: str = "") -> bool:
    """Recovery is over and drops are watched. Like all of these: whether somebody was told."""
    return _send("READY=1", _status(status))


def alive() -> bool:
    """The loop that proves progress came round again."""
    return _send("WATCHDOG=1")


def status(text: str) -> bool:
    """What `systemctl status` shows, one line."""
    return _send(_status(text))


def stopping(status: str = "") -> bool:
    """The way down has begun: no more pings are to be expected."""
    return _send("STOPPING=1", _status(status))


def ping_seconds() -> float | None:
    """How often `alive` is due, half of what the manager waits for; None where no watchdog waits for this process."""
    asked = os.environ.get("WATCHDOG_USEC", "")
    if not asked.isdecimal() or not int(asked) or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(asked) / 2e6


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}" if text else ""


def _send(*lines: str) -> bool:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    import socket  # noqa: PLC0415 - the short commands import this module too, and tell nobody

    if address[0] == "@":  # an abstract socket: its name begins with a zero byte
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(SEND_SECONDS_MAX)
        try:
            channel.sendto("\n".join(filter(None, lines)).encode("utf-8", "backslashreplace"), address)
        except OSError:  # nobody listens there: the service matters more than who watches it
            return False
    return True
