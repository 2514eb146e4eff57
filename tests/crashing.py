"""The program in children of a process that has loaded it: quick to start, and killed at any system call.

    server.kill("renameat2", 2, ONCE, config.path)  `box once`, killed just before the second such call of a thread
    server.steps(WORK, config.path)                 all calls by which it changes anything, in their order
    server.box("--config", config.path, "verify")   a command, run to its end
    server.run(["verify"], environment, folder)     the same, as `subprocess.run` would

As a program it is the server: for each line, what is to be called, it forks a child, tells its number, and later how it
ended. A child that is to be killed waits to be woken, so that strace can be put on it first: what Python does to start
is not traced, and takes its time only once.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import pytest

import box
from box import cli, service
from box import config as configuration
from box.config import Config
from box.models import ready

REPOSITORY = Path(__file__).resolve().parent.parent

CALLS = (
    "mkdir", "mkdirat", "open", "openat", "creat", "write", "writev", "pwrite64", "pwritev", "pwritev2", "utimensat",
    "fsync", "fdatasync", "syncfs", "sync_file_range", "fallocate", "ftruncate", "truncate", "rename", "renameat",
    "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat",
    "chown", "fchown", "lchown", "fchownat", "copy_file_range", "sendfile", "setxattr", "fsetxattr", "mknod", "mknodat",
    "utime", "utimes", "futimesat", "sync", "msync",
)  # fmt: skip
"""What changes files, or makes a change durable."""

ONCE = "tests.crashing:once"
WORK = "tests.crashing:work"
_COMMAND = "tests.crashing:command"

_WRITING = os.O_WRONLY | os.O_TRUNC | os.O_APPEND

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """A system call of a run."""

    call: str
    number: int
    """Of those of that name; where there is a path, of those that have that, too."""
    path: str = ""
    """Of what is opened to be made: how often files are opened only to be read is not the same in each run."""


def some(steps: Sequence[T], count: int) -> Sequence[T]:
    """So many of the steps, evenly spread and the last one among them; all of them with BOX_EVERY_STEP=1."""
    if os.environ.get("BOX_EVERY_STEP") or len(steps) <= count:
        return steps
    return [steps[(number + 1) * len(steps) // count - 1] for number in range(count)]


class Crashes:
    """Has things done in children of the server, and kills them."""

    def __init__(self, server: subprocess.Popen[str], said: IO[str]) -> None:
        """`said` is the file to which children write what they print."""
        self._server = server
        self._said = said

    def each_step(
        self, what: str, config: Config, count: int, spared: Collection[str] = (), calls: Collection[str] = CALLS,
        **environment: str,
    ) -> Iterator[Step]:  # fmt: skip
        """After each of so many steps of a run (see `some`), of those calls: it was killed just before that.

        Each time the root is what it was at first, but for files by names that are `spared`.
        """
        root = Path(config.box.root)
        with tempfile.TemporaryDirectory() as start:
            shutil.copytree(root, start, ignore=lambda *_: spared, dirs_exist_ok=True)
            steps = [step for step in self.steps(what, config.path, **environment) if step.call in calls]
            for step in some(steps, count):
                for path in root.iterdir():
                    if path.is_dir():
                        shutil.rmtree(path)
                    elif path.name not in spared:
                        path.unlink()
                shutil.copytree(start, root, dirs_exist_ok=True)
                self.kill_at(step, what, config.path, **environment)
                yield step

    def steps(self, what: str, *arguments: str, **environment: str) -> list[Step]:
        """Let it run to its end; every call of its one thread by which it changed anything, in their order."""
        with tempfile.NamedTemporaryFile("r") as log:
            calls = ",".join(f"?{call}" for call in CALLS)
            assert self._traced(what, arguments, environment, "-o", log.name, "-e", f"trace={calls}") == 0, self.said()
            return list(_steps(log.read()))

    def kill(self, call: str, number: int, what: str, *arguments: str, **environment: str) -> None:
        """It is killed just before a thread of it makes its n-th call of that name, and was not done before."""
        self.kill_at(Step(call, number), what, *arguments, **environment)

    def kill_at(self, step: Step, what: str, *arguments: str, **environment: str) -> None:
        """It is killed just before that step."""
        effect = f"inject={step.call}:signal=SIGKILL:when={step.number}"
        where = ["-P", step.path] if step.path else []
        status = self._traced(
            what, arguments, environment, "-o", "/dev/null", "-e", f"trace={step.call}", "-e", effect, *where
        )
        assert status == -signal.SIGKILL, f"it was to be killed: {step}, {status}, {self.said()}"

    def box(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command, run to its end."""
        status = self.do(_COMMAND, *arguments, **environment)
        return subprocess.CompletedProcess(arguments, status, self.said(), "")

    def run(
        self, arguments: Sequence[str], environment: dict[str, str], cwd: Path, timeout_seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """A command in just that environment, run to its end. Raises TimeoutExpired."""
        if environment.get("PYTHONPATH", "") not in ("", ".", str(REPOSITORY)):  # it should load something else
            return subprocess.run(
                [sys.executable, "-m", "box", *arguments], cwd=cwd, env=environment, capture_output=True, text=True,
                timeout=timeout_seconds, check=False,
            )  # fmt: skip
        with tempfile.NamedTemporaryFile("r+") as out, tempfile.NamedTemporaryFile("r+") as err:
            whole = {"environment": environment, "cwd": str(cwd), "out": out.name, "err": err.name}
            child = self._send([_COMMAND, list(arguments), whole, False])
            if not select.select([self._server.stdout], [], [], timeout_seconds)[0]:
                os.kill(child, signal.SIGKILL)
                self._answer()
                raise subprocess.TimeoutExpired(list(arguments), timeout_seconds)
            status = self._answer()
            return subprocess.CompletedProcess(arguments, status, out.read(), err.read())

    def do(self, what: str, *arguments: str, **environment: str) -> int:
        """Have something done; how it ended."""
        self._ask(what, arguments, environment, waits=False)
        return self._answer()

    def said(self) -> str:
        """What the last child printed."""
        return Path(self._said.name).read_text(errors="replace")

    def _traced(self, what: str, arguments: Sequence[str], environment: dict[str, str], *options: str) -> int:
        if shutil.which("strace") is None:
            pytest.skip("strace is not installed: apt-get install strace")
        child = self._ask(what, arguments, environment, waits=True)
        with subprocess.Popen(
            ["strace", "-f", "-p", str(child), *options], stderr=subprocess.PIPE, text=True
        ) as strace:  # fmt: skip
            assert strace.stderr
            is_attached = any("attached" in line for line in strace.stderr)
            os.kill(child, signal.SIGCONT)
            status = self._answer()
            assert is_attached, "strace could not be put on it"
        return status

    def _ask(self, what: str, arguments: Sequence[str], environment: dict[str, str], *, waits: bool) -> int:
        name = self._said.name
        whole = {"environment": {**os.environ, **environment}, "cwd": str(REPOSITORY), "out": name, "err": name}
        return self._send([what, list(arguments), whole, waits])

    def _send(self, line: list[object]) -> int:
        """Have it begun; the number of its process."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps(line) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())


def _steps(log: str) -> Iterator[Step]:
    counts: Counter[tuple[str, str]] = Counter()
    for call, rest in re.findall(r"^(?:\d+ +)?(\w+)\((.*)$", log, re.MULTILINE):
        is_opening = call in ("open", "openat")
        if is_opening and not re.search(r"O_CREAT|O_TRUNC", rest):
            continue  # it only reads what is there
        path = rest.split('"')[1] if is_opening else ""
        counts[call, path] += 1
        if call not in ("write", "writev") or not re.match(r"[12],", rest):  # it prints
            yield Step(call, counts[call, path], path)


@contextmanager
def crashes() -> Iterator[Crashes]:
    """A server, as long as it is needed."""
    with (
        tempfile.NamedTemporaryFile("r") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.crashing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=REPOSITORY,
        ) as server,
    ):  # fmt: skip
        yield Crashes(server, said)


# --- the server ------------------------------------------------------------------------------------------------------


def serve() -> None:
    """Do what each line of stdin asks for."""
    sys.dont_write_bytecode = True  # what is loaded late would be written by the first child, and by no other
    for module in pkgutil.walk_packages(box.__path__, "box."):
        if not module.name.endswith(("__main__", "child_main")):
            importlib.import_module(module.name)
    for line in sys.stdin:
        what, arguments, whole, waits = json.loads(line)
        module, _, name = what.partition(":")
        function = getattr(importlib.import_module(module), name)
        child = os.fork()
        if child == 0:
            _enter(**whole)
            if waits:
                _wait()
            os._exit(_code(function, arguments))
        if waits:
            os.waitpid(child, os.WUNTRACED)
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _enter(environment: dict[str, str], cwd: str, out: str, err: str) -> None:
    """Be where a process of its own would be."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(cwd)
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, out, _WRITING), (2, err, _WRITING)):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)


def _wait() -> None:
    """Until somebody has put strace on this process, who is not its parent."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1 & (1 << 64) - 1), 0, 0, 0)  # PR_SET_PTRACER, to anybody
    os.kill(os.getpid(), signal.SIGSTOP)


def _code(function: object, arguments: Sequence[str]) -> int:
    assert callable(function)
    try:
        return int(function(*arguments) or 0)
    except BaseException as error:  # noqa: BLE001 - this is where a child ends
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


# --- what it does ----------------------------------------------------------------------------------------------------


def command(*arguments: str) -> int:
    """A command of the program."""
    return cli.main(list(arguments))


def once(config: str) -> int:
    """`box once`: the whole program, with all its threads."""
    return command("--config", config, "once")


def work(config: str) -> int:
    """What waits in the ledger is claimed and done as workers do it, but on one thread, and nothing else runs."""
    made = service.build(configuration.load(config, os.environ))
    queue = made.consumer.huey
    made.upkeep.promote()  # what was handed back may be done again
    while ready.any_unfinished(made.store):
        queue.execute(queue.dequeue())
    made.stop()
    return 0


if __name__ == "__main__":
    serve()
