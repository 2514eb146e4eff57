"""The real program, in processes of its own. The rule: readiness is what it tells its manager, never a pause."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from box.sections import Config
from tests.crashing import Crashes

READY_SECONDS = 60
COMMAND_SECONDS = 120


class Box:
    """One root and the program that works on it."""

    def __init__(self, config: Config, folder: Path, crashes: Crashes) -> None:
        self.config = config
        self._crashes = crashes
        self.root = Path(config.box.root)
        self.inbox = self.root / "users" / config.users.names[0] / "inbox"
        self._folder = folder

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = self.command(*arguments)[3:]
        return self._crashes.run(command, self.environment(**environment), self.root, COMMAND_SECONDS)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "box", *arguments, "--config", self.config.path]

    def environment(self, **more: str) -> dict[str, str]:
        package = str(Path(__file__).resolve().parents[2])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BOX_") and name != "NO_COLOR"}
        return {**kept, "PYTHONPATH": package, "PYTHONIOENCODING": "utf-8", **more}

    def json(self, *arguments: str) -> Any:
        """What a command prints for programs, whatever its exit code."""
        done = self(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
        """A command at work, and what gives its next line; empty once it has ended, if only for taking too long."""
        with subprocess.Popen(
            self.command(*arguments), env=self.environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            deadline = threading.Timer(READY_SECONDS, process.kill)
            deadline.start()
            try:
                yield process, process.stdout.readline
            finally:
                deadline.cancel()
                process.kill()

    def shows(self, text: str) -> None:
        """Wait until the status page says that; it is written at most once a second."""
        with self.started("status", "--watch") as (_, next_line):
            while text not in (line := next_line()):
                assert line, f"the status never said {text!r}"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """The service, from the moment it says that it is ready until it has stopped."""
        address = str(self._folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, (self._folder / "run.log").open("w") as log:
            told.bind(address)
            told.settimeout(READY_SECONDS)
            service = subprocess.Popen(
                self.command("run"), env=self.environment(NOTIFY_SOCKET=address), stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
            try:
                while b"READY=1" not in told.recv(4096):
                    pass
                yield service
            finally:
                os.unlink(address)
                if service.poll() is None:
                    service.send_signal(signal.SIGTERM)
                service.communicate(timeout=60)


@pytest.fixture
def box(make_root: Callable[..., Config], tmp_path: Path, crashes: Crashes) -> Box:
    """A root for the user `me`; drops settle fast."""
    return Box(make_root(), tmp_path, crashes)


@pytest.fixture
def make_box(make_root: Callable[..., Config], tmp_path: Path, crashes: Crashes) -> Callable[..., Box]:
    """Makes roots for other users, or with other keys."""
    return lambda *users, **keys: Box(make_root(*users, **keys), tmp_path, crashes)


@pytest.fixture
def photo(corpora: Path, tmp_path: Path) -> Path:
    """A photo of 2009-04-10 outside of every root."""
    target = tmp_path / "camera" / "IMG0001.JPG"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((corpora / "camera-trap/raw_images/StationA/IMG0001.JPG").read_bytes())
    os.utime(target, ns=(1_240_000_000_123_456_789, 1_240_000_000_123_456_789))
    return target
