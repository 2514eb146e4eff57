"""Repositories of restic for tests: the real program, and chores called as a worker calls them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from box.models import backed
from box.models.backed import type_state
from box.models.jobs import Claimed
from box.status import Problems
from box.tasks import asking, backup, by_request, verify_backup
from box.tasks.chore import Inside, Reporter
from tests.backup.library import Library

PASSWORD = "not to be seen by anybody"  # noqa: S105 - of tests


class Repository:
    """A repository in a folder, a library that is backed up to it, and the means to look into it."""

    def __init__(self, library: Library, path: Path, password: Path) -> None:
        self.library, self.path, self.password = library, path, password

    def restic(self, *arguments: str, code: int = 0) -> str:
        """Run restic as a person would."""
        done = subprocess.run(
            ["restic", "--no-cache", "-r", str(self.path), "-p", str(self.password), *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout

    def snapshots(self) -> list[dict[str, Any]]:
        return list(json.loads(self.restic("snapshots", "--json", "--no-lock")) or [])

    def set(self, **keys: object) -> None:
        """Change keys of [backup]."""
        config = self.library.config
        self.library.config = replace(config, backup=replace(config.backup, **keys))

    def work(self, kind: str, job: Claimed | None = None, **args: object) -> dict[str, Any]:
        """Run a chore; what its result says of the repository."""
        job = job or self.job(kind, **args)
        inside = Inside(self.library.config, self.library.engine, Problems(), lambda _path, _is_folder: None)
        chore = {"backup": backup, "verify-backup": verify_backup}[kind].HANDLER
        try:
            return dict(chore.run(inside, job, Reporter(self.library.at_work, job.id))["destinations"][0])
        finally:
            self.library.at_work.ended("lease", [job.id])

    def job(self, kind: str, **args: object) -> Claimed:
        """A job that was asked for and claimed."""
        wanted = asking.wanted(by_request(), kind, args)
        number = self.library.engine.request(wanted)
        self.library.at_work.claimed("lease", [number])
        self.library.at_work.began(number)
        return Claimed(number, kind, "", "", 0, 0, 0, dict(json.loads(wanted.args or "{}")), 1, "lease")

    def state(self, path: str) -> type_state:
        """What retention is told of a file, as it is now."""
        status = os.stat(self.library.root / path)
        return backed.state_of(self.library.store, path, status.st_size, status.st_mtime_ns)

    def restored(self, to: Path) -> dict[str, bytes]:
        """What the last snapshot brings back: path -> bytes."""
        self.restic("restore", "latest", "--target", str(to))
        return {str(each.relative_to(to)): each.read_bytes() for each in sorted(to.rglob("*")) if each.is_file()}


def need_restic() -> None:
    """Skip where there is no restic."""
    if shutil.which("restic") is None:
        pytest.skip("restic is not installed: apt-get install restic")
