"""The status as others read it. The rule: the file is the only thing that is asked; its age says whether to believe it.

Apart from what writes it, so that `box status` need not load the database to read a small file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from box.errors import NotRunning
from box.sections import Config

NAME: Final = "status.json"
STALE_FACTOR: Final = 3
"""A status that is older than so many times its period belongs to a service that is gone or stuck."""


def folder(config: Config) -> str:
    """Where the status files are: `status.dir`, else the root."""
    return config.status.dir or config.box.root


def read(config: Config) -> dict[str, Any]:
    """The status that the service wrote last. Raises NotRunning if there is none, or it is stale."""
    path = os.path.join(folder(config), NAME)
    try:
        with open(path, encoding="utf-8") as file:
            status: dict[str, Any] = json.load(file)
    except ValueError:  # it is not fsynced: a power cut may have left it empty
        raise NotRunning(f"{path} is damaged; `box run` writes a new one") from None
    except FileNotFoundError:
        raise NotRunning(f"there is no {path}: the service has not run here yet; `box run` starts it") from None
    return status


def check_fresh(status: Mapping[str, Any], config: Config) -> None:
    """Raise NotRunning if the status is older than it can be while the service runs."""
    age = time.time() - timestamp(status["updated_at"])
    if age > STALE_FACTOR * config.status.rest_seconds:
        raise NotRunning(f"the status is {age:.0f} s old: the service is not running; `box run` starts it")


def active(config: Config) -> dict[int, dict[str, Any]]:
    """What the status says of running jobs, by their numbers; nothing if there is no status."""
    try:
        return {each["id"]: each for each in read(config)["jobs"]["active"]}
    except NotRunning:
        return {}


def progress_of(config: Config, job: int) -> dict[str, Any] | None:
    """What the status says of a running job, None if it says nothing."""
    return active(config).get(job)


def timestamp(text: str) -> float:
    """Seconds since the epoch of a time as the log writes it."""
    return datetime.fromisoformat(text).timestamp()
