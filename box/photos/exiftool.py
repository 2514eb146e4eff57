"""exiftool, as one process for many files. The rule: whatever it does, the one who asks goes on in time.

It is started when it is first asked, in its stay-open mode, and ends with this process; there may be none. It reads
file names as lines, takes some for options, and older ones start what ends in `|`: so a name that is not plain is given
as a link that has one. One that hangs, dies or talks without end is replaced, and asked once more; then there is no
answer. (PyExifTool speaks the same protocol, but waits for ever when exiftool dies.)

For the child process only.
"""

from __future__ import annotations

import math
import os
import re
import resource
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Final

from box.photos import helping

_TRIES: Final = 2
"""It may have died of something else: of want of memory, or by somebody's hand."""
_SECONDS: Final = 30.0
"""For one answer, its start included; a third of what the job has left, where that is less."""
_BYTES_MAX: Final = 64_000_000
"""The largest preview of a large camera has a third of that."""
_READ_BYTES: Final = 65536
_PLAIN: Final = re.compile(r"/[\w/.,()+ -]*\w")
"""Names that mean nothing to anybody; letters and digits of all languages among them."""

_processes: Final[list[subprocess.Popen[bytes]]] = []
"""The one that runs, if any."""


def ask(arguments: Sequence[str], path: str) -> bytes | None:
    """What it prints about a file, None without an answer. The arguments are ours, and the path is plain."""
    for _ in range(_TRIES):
        process = _running()
        if process is None:
            return None
        seconds = helping.seconds(_SECONDS)
        _limit(process.pid, seconds)
        answer = _converse(process, [*arguments, path], time.monotonic() + seconds)
        if answer is not None:
            return answer
        end()
    return None


@contextmanager
def plain(path: str, ending: str, scratch: str) -> Iterator[str]:
    """A path by which it can be asked about a file; empty where there can be none.

    `ending`: what the link's name should end in, for some files are only known by that; `scratch`: a folder for it,
    made if need be.
    """
    if _PLAIN.fullmatch(path) and _is_utf8(path):
        yield path
        return
    link = os.path.join(scratch, f"source.{ending}")
    try:
        os.makedirs(scratch, exist_ok=True)
        os.symlink(path, link)
    except OSError:  # a file system without links
        yield ""
        return
    try:
        yield link if _PLAIN.fullmatch(link) and _is_utf8(link) else ""
    finally:
        os.unlink(link)


def pids() -> tuple[int, ...]:
    """The process that is kept for the next file, if any."""
    return tuple(process.pid for process in _processes)


def end() -> None:
    """End it; the next question starts another."""
    while _processes:
        process = _processes.pop()
        process.kill()
        for pipe in _pipes(process):
            with suppress(OSError):  # what it was not sent any more
                pipe.close()
        process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """(its input, its output): it was started with both."""
    return process.stdin, process.stdout  # type: ignore[return-value]


def _is_utf8(path: str) -> bool:
    return path.isprintable() and not any("\ud800" <= letter <= "\udfff" for letter in path)


def _running() -> subprocess.Popen[bytes] | None:
    """The process, started if there is none; None where the program is not installed or cannot be started."""
    if _processes and _processes[0].poll() is not None:
        end()
    program = None if _processes else shutil.which("exiftool")
    if program:
        # An empty -config: no settings of whoever runs Box.
        command = [program, "-config", "", "-stay_open", "True", "-@", "-", "-common_args", "-q", "-q"]
        with suppress(OSError):
            _processes.append(helping.start(command, subprocess.PIPE))
    return _processes[0] if _processes else None


def _limit(pid: int, seconds: float) -> None:
    """Give it processor time for one more answer: its limit counts all that it has used since it began."""
    with suppress(OSError, AttributeError, ValueError, IndexError):  # not Linux: then the clock has to do
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        hard = resource.prlimit(pid, resource.RLIMIT_CPU)[1]
        wanted = math.ceil(used + seconds)
        resource.prlimit(pid, resource.RLIMIT_CPU, (wanted if hard < 0 else min(wanted, hard), hard))


def _converse(process: subprocess.Popen[bytes], lines: Sequence[str], until: float) -> bytes | None:
    """Ask, and read to the mark that ends the answer; None when it has ended, is too slow or does not stop."""
    number = int.from_bytes(os.urandom(4), "big")  # nobody can put the mark into a file
    mark = b"{ready%d}\n" % number
    asked = ("\n".join([*lines, f"-execute{number}"]) + "\n").encode()
    answer = bytearray()
    to, out = (pipe.fileno() for pipe in _pipes(process))
    poll = select.poll()
    poll.register(out, select.POLLIN)
    try:
        os.write(to, asked)  # small enough for the pipe, and it waits for nothing else
    except OSError:
        return None
    while not answer.endswith(mark):
        left = until - time.monotonic()
        if left <= 0 or len(answer) > _BYTES_MAX:
            return None
        if poll.poll(math.ceil(left * 1000)):
            data = os.read(out, _READ_BYTES)
            if not data:
                return None
            answer += data
    return bytes(answer[: -len(mark)])
