"""Backups in processes of their own, on one thread, to be killed at any system call; what reads them back, too.

Every step is a call that changes something on a disk. The tests try some of them, spread evenly; with
`BOX_EVERY_STEP=1` all of them, one by one.

As a program it is a server: for each line `WHAT<tab>CONFIG<tab>PATH` it forks a child, tells its number, and later how
it ended. The child waits to be woken, so that strace can be put on it first: what Python does to start is not traced,
and takes its time only once.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TypeVar

import pytest

from box import cli
from box import config as configuration
from box.config import Config
from box.errors import BoxError
from tests.backup.library import Library, verify
from tests.backup.repositories import Repository

CALLS = (
    "mkdir", "openat", "write", "utimensat", "fsync", "fdatasync", "rename", "renameat2", "unlink", "unlinkat",
    "ftruncate", "pwrite64", "rmdir", "symlink", "sendfile", "chmod", "fchmod", "chown", "fchown",
)  # fmt: skip
"""What changes something on a disk, and is called; of `openat` only what makes or empties a file."""

OTHERS = (
    "creat", "truncate", "fallocate", "writev", "pwritev", "pwritev2", "copy_file_range", "sync", "syncfs",
    "sync_file_range", "msync", "mknod", "mknodat", "mkdirat", "link", "linkat", "symlinkat", "renameat", "fchmodat",
    "fchownat", "lchown", "utime", "utimes", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr",
)  # fmt: skip
"""What would, too; whoever begins to call one has to name it above."""

_T = TypeVar("_T")

EVERY = bool(os.environ.get("BOX_EVERY_STEP"))


def some(steps: Sequence[_T], most: int) -> Sequence[_T]:
    """At most so many of them, spread evenly from the first to the last; all, if that is asked for."""
    if EVERY or len(steps) <= most:
        return steps
    return [steps[number * (len(steps) - 1) // max(1, most - 1)] for number in range(most)]


class Crashes:
    """Runs backups in children of a server, and kills them."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def steps(self, config: Config, destination: Path, what: str = "backup") -> dict[str, list[int]]:
        """Let one run to its end; the numbers of the calls of each name that change something."""
        found: dict[str, list[int]] = {call: [] for call in CALLS}
        number: Counter[str] = Counter()
        with tempfile.NamedTemporaryFile("r") as log:
            calls = ",".join((*CALLS, *OTHERS))
            assert self._run(what, config, destination, "-o", log.name, "-e", f"trace={calls}") == 0
            for call, rest in re.findall(r"^(\w+)\((.*)", log.read(), re.MULTILINE):
                number[call] += 1
                if call != "openat" or "O_CREAT" in rest or "O_TRUNC" in rest:
                    found[call].append(number[call])
        return found

    def kill(self, config: Config, destination: Path, call: str, number: int, what: str = "backup") -> None:
        """Kill one just before its n-th call of that name."""
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        status = self._run(what, config, destination, "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        assert status == -signal.SIGKILL, "it was killed"

    def _run(self, what: str, config: Config, destination: Path, *options: str) -> int:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(f"{what}\t{config.path}\t{destination}\n")
        self._server.stdin.flush()
        child = int(self._server.stdout.readline())
        strace = subprocess.Popen(["strace", "-p", str(child), *options], stderr=subprocess.PIPE, text=True)
        assert strace.stderr
        line = strace.stderr.readline()
        assert "attached" in line, line
        os.kill(child, signal.SIGCONT)
        status = int(self._server.stdout.readline())
        strace.stderr.close()
        strace.wait()
        return status


@contextmanager
def crashes() -> Iterator[Crashes]:
    """A server, as long as it is needed."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    if os.geteuid() != 0:
        pytest.skip("only root can put strace on a process that is not its own child")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.backup.crashing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent.parent,
    )  # fmt: skip
    try:
        yield Crashes(server)
    finally:
        assert server.stdin and server.stdout
        server.stdin.close()
        server.wait()
        server.stdout.close()


def _serve() -> None:
    sys.dont_write_bytecode = True  # what is loaded late would be written by the first child, and by no other
    for line in sys.stdin:
        what, config, destination = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(_DO[what](config, destination))
        os.waitpid(child, os.WUNTRACED)
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _back_up(config: str, destination: str) -> int:
    library = Library(configuration.load(config, os.environ))
    try:
        library.back_up(Path(destination))
    except BoxError:
        return 1
    return 0


def _repair(config: str, destination: str) -> int:
    library = Library(configuration.load(config, os.environ))
    try:
        verify(library, Path(destination), repair=True)
    except BoxError:
        return 1
    return 0


def _init(config: str, destination: str) -> int:
    with redirect_stdout(StringIO()):
        return cli.main(["--config", config, "backup", "init", destination, "--folder", "--json"])


def _restic(config: str, _: str) -> int:
    Repository(Library(configuration.load(config, os.environ)), Path(), Path()).work("backup")
    return 0


def _restore(config: str, target: str) -> int:
    """The backup beside the root, into another root."""
    with redirect_stdout(StringIO()):
        return cli.main(["restore", str(Path(config).parent.parent / "copies"), "--to", target, "--json"])


_DO = {"backup": _back_up, "init": _init, "repair": _repair, "restic": _restic, "restore": _restore}

if __name__ == "__main__":
    _serve()
