"""The real program under strace, which makes the n-th of a kind of system call fail, lie, or be the last one.

    injected(config, "fsync", "error=EIO", when="1")                   that fsync of each thread says EIO
    injected(config, "write", "error=ENOSPC", when="3+", paths=[part]) from the third on, on that file only
    injected(config, "fsync,fdatasync", "retval=0")                    none is made, and all say that they were
    killed(config, "renameat2", 2)                                     killed just before the second

strace counts each kind of call of each thread by itself. Never use `--seccomp-bpf`: with it, no signal comes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from box.config import Config
from tests.helpers import PATIENCE_SECONDS, REPOSITORY


def injected(
    config: Config,
    calls: str,
    effect: str,
    *arguments: str,
    when: str = "",
    paths: Iterable[Path | str] = (),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """`box once`, or what the arguments say, with that effect on those calls; a folder of `paths` is only itself."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    inject = f"inject={calls}:{effect}" + (f":when={when}" if when else "")
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    for path in paths:
        command += ["-P", str(path)]
    return subprocess.run(
        [*command, sys.executable, "-m", "box", "--config", config.path, *(arguments or ("once",))],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def killed(config: Config, call: str, number: int, *arguments: str, **environment: str) -> None:
    """It is killed just before the n-th such call of a thread, and was not done before."""
    done = injected(config, call, "signal=SIGKILL", *arguments, when=str(number), **environment)
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stdout + done.stderr
