"""A library to rearrange: real files, filed by the real service; jobs that are asked for and done."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from box import beside
from box.config import Config
from box.events import Event
from box.log import read
from box.models import job_history
from box.service import build
from box.tasks import asking, by_request
from box.verify import differences
from tests.helpers import PATIENCE_SECONDS, inbox, jpeg, start_box

Photos = dict[str, str]
"""Path below the inbox -> when it was taken."""


def drop(config: Config, photos: Photos, first: int = 0) -> None:
    for number, (path, taken) in enumerate(photos.items(), start=first):
        file = inbox(config) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(number, taken))


def once(config: Config) -> None:
    """Have the real program do all there is to do."""
    photos = config.photos
    mind = {
        "BOX_PHOTOS_FOLDER": photos.folder, "BOX_PHOTOS_NAME": photos.name,
        "BOX_PHOTOS_PORTABLE_NAMES": str(photos.portable_names).lower(),
    }  # fmt: skip
    process = start_box(config, "once", **mind)
    assert process.wait(PATIENCE_SECONDS) == 0, Path(config.box.root, "test.log").read_text()


def once_here(config: Config) -> None:
    """The same in this process, which is quicker; for what is not killed."""
    box = build(config)
    box.once()
    box.runner.close()


def with_photos(config: Config, **keys: Any) -> Config:
    """The same box, whose owner has another mind."""
    return replace(config, photos=replace(config.photos, **keys))


def ask(config: Config, kind: str, **args: object) -> int:
    with beside.beside(config) as box:
        return box.engine.request(asking.wanted(by_request(), kind, args))


def do(config: Config, kind: str, **args: object) -> dict[str, Any]:
    """Ask for a job and have it done: its result."""
    job = ask(config, kind, **args)
    once(config)
    row = row_of(config, job)
    assert row["state"] == "completed", row
    return {"number": job, **json.loads(row["result"] or "{}")}


def row_of(config: Config, job: int) -> dict[str, Any]:
    with beside.beside(config) as box:
        row = job_history.of_job(box.store, job)
    assert row is not None
    return row


def told(config: Config, kind: type[Event], since: int = 0) -> list[Any]:
    """The events of a kind after a position."""
    with beside.beside(config) as box:
        return [each.event for each in read(box.store, since) if isinstance(each.event, kind)]


def tree(config: Config, *areas: str) -> dict[str, bytes]:
    """All files of a user, or of some areas: path -> bytes."""
    top = Path(config.box.root, "users", "me")
    found = {str(p.relative_to(top)): p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}
    return {path: data for path, data in found.items() if not areas or path.split("/")[0] in areas}


def folders(config: Config) -> set[str]:
    top = Path(config.box.root, "users", "me")
    return {str(p.relative_to(top)) for area in ("photos", "thumbnails") for p in (top / area).rglob("*") if p.is_dir()}


def assert_right(config: Config) -> None:
    """Log, tables, sums and disk are one."""
    with beside.beside(config) as box:
        assert [str(each) for each in differences(box.store, config, deep=True)] == []
