"""Roots and what is dropped into them. The rule: each run gets its own, on one disk, and its outcome is looked at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

from bench.machine import REPOSITORY

BOX = (sys.executable, "-m", "box")
QUOTA = "1 TB"
"""Set, so that every photo is accounted against it; never reached."""
JOURNAL_BYTES = 50_000_000
"""What a root takes beside its photos, at most."""


class WrongOutcome(Exception):
    """A run that did not do its work has no speed."""


def make(folder: str, **keys: Mapping[str, object]) -> str:
    """A fresh root at `folder`, `box init` and then these sections of the configuration; the path of config.toml."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([*BOX, "init", folder], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    sections: dict[str, Mapping[str, object]] = {"quota.users": {"me": QUOTA}, "storage": {"free_bytes_min": 0}, **keys}
    text = ""
    for section, values in sections.items():
        text += f"[{section}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in values.items())
    path = os.path.join(folder, "config.toml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def command(config: str, *arguments: str) -> list[str]:
    """How the program is started on that root."""
    return [*BOX, "--config", config, *arguments]


def inbox(config: str) -> str:
    """Where to drop."""
    return os.path.join(os.path.dirname(config), "users", "me", "inbox")


def photos(config: str) -> str:
    """Where they come to stand."""
    return os.path.join(os.path.dirname(config), "users", "me", "photos")


def drop(paths: Iterable[str], folder: str, *, links: bool) -> None:
    """Put the files there, as copies or as hard links, and wait until they are on the disk."""
    os.makedirs(folder, exist_ok=True)
    for path in paths:
        target = os.path.join(folder, os.path.basename(path))
        if links:
            os.link(path, target)
        else:
            shutil.copyfile(path, target)
    os.sync()


def warm(folder: str) -> None:
    """Read all of it, so that every program finds it in the page cache: it is not the disk that is measured."""
    block = bytearray(1 << 20)
    for top, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(top, name), "rb", buffering=0) as file:
                while file.readinto(block):
                    pass


def check_filed(folder: str, files: int, days: int) -> None:
    """Raise WrongOutcome unless just so many files stand there, in so many folders."""
    found = [len(names) for _, _, names in os.walk(folder) if names]
    if (sum(found), len(found)) != (files, days):
        raise WrongOutcome(f"{folder}: {sum(found)} files in {len(found)} folders, not {files} in {days}")


def check_clean(config: str) -> None:
    """Raise WrongOutcome unless log, projections and disk agree."""
    done = subprocess.run(command(config, "verify"), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WrongOutcome(f"box verify: {done.stdout}{done.stderr}")


def need_room(folder: str, wanted_bytes: float) -> None:
    """Say how much the bench takes, and raise WrongOutcome if it is not there."""
    free = shutil.disk_usage(folder).free
    if free < wanted_bytes:
        raise WrongOutcome(
            f"{folder} has {free / 1e9:.1f} GB free and {wanted_bytes / 1e9:.1f} GB are needed: set BENCH_DIR"
        )
