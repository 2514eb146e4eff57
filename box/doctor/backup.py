"""Backups. The rule: what restic needs is looked at here; the repository, which may be far away, is not asked."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator

from box.backup import restic
from box.backup.restic import ResticMissing
from box.doctor.finding import Finding
from box.errors import UsageError
from box.sections import Config

_SECONDS = 20


def engine(config: Config) -> Iterator[Finding]:
    """restic, where backups are made with it."""
    backup = config.backup
    if backup.engine != "restic":
        return
    try:
        program = restic.program()
    except ResticMissing as error:
        yield Finding(
            "restic", "fail", "backup.engine is restic, and it is not installed", str(error).partition(": ")[2]
        )
    else:
        yield Finding("restic", "ok", f"{program}, {_version(program)}")
    if not backup.repository:
        yield Finding(
            "backup", "fail", "backup.repository says none", "say where the repository is; nothing is backed up"
        )
    if not backup.password_file and not backup.environment_file:
        yield Finding(
            "backup", "fail", "backup.password_file says none", "write the password into a file, and say which"
        )
    for key, path in (("password_file", backup.password_file), ("environment_file", backup.environment_file)):
        if path:
            yield _secret(f"backup.{key}", path)
    if backup.environment_file and os.access(backup.environment_file, os.R_OK):
        try:
            restic.read_environment(backup.environment_file)
        except UsageError as error:
            yield Finding("backup", "fail", str(error), "correct it")


def _secret(key: str, path: str) -> Finding:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return Finding("backup", "fail", f"{key}: {path}: {error.strerror}", "make it, and keep a copy somewhere else")
    if not os.access(path, os.R_OK):
        return Finding("backup", "fail", f"{key}: {path} cannot be read", f"give uid {os.geteuid()} the right to it")
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return Finding("backup", "warn", f"{key}: others can read {path}", f"`chmod 600 {path}`")
    return Finding("backup", "ok", f"{key}: {path}")


def _version(program: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and what is in the command is ours
            [program, "version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "which does not start"
    return " ".join(done.stdout.decode("utf-8", "replace").split()[:2]) or "which says nothing"
