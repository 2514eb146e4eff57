"""A Camtrap DP package in the making. The rule: photos pass by one at a time, so a hundred thousand take no memory.

First the table of photos is read once, in one state: what belongs goes to a spool, in the order of its time. Then the
spool is read: each file gets its second name in the package and its row in `media.csv`. What is known of all of them
comes last.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from operator import attrgetter
from typing import Any, Final

from box import __version__, disk, file_names
from box.errors import BoxError
from box.models import photo_pages
from box.models.base import Store
from box.models.jobs import Claimed
from box.paths import join
from box.photos import camtrap, deployment
from box.photos.camtrap import Deployment
from box.photos.deployment import Shot, Summary, Wanted
from box.tasks import export
from box.tasks.chore import Inside, Reporter
from box.tasks.reserving import Allowance
from box.tasks.spool import Spool

GATHERED_PERCENT: Final = 10
LINKED_PERCENT: Final = 90
"""How far a job is when it has read the table, and when all files are in the package; the rest is making it stand."""

_OTHERS: Final = attrgetter(*(each.name for each in fields(Shot)[2:]))
"""The fields of a photo behind its folder and its name."""

CHECK_EVERY: Final = 100
"""Photos between two questions whether to end."""

ROW_BYTES_MIN: Final = 200
"""No row of `media.csv` is shorter: what does not even leave room for these is refused before anything is written."""


@dataclass(slots=True)
class _Package:
    inside: Inside
    job: Claimed
    user: str
    reporter: Reporter
    scratch: str
    zone: tzinfo | None
    summary: Summary = field(default_factory=Summary)

    @property
    def root(self) -> str:
        return self.inside.config.box.root

    @property
    def made(self) -> str:
        return f"{self.scratch}/package"


def write(inside: Inside, job: Claimed, reporter: Reporter, user: str) -> Mapping[str, Any]:
    """Write the package that a job asks for (`box.tasks.camtrap_dp` says with what); what came of it."""
    # With the attempt in its name: a worker that was taken for dead writes somewhere else than the one after it.
    scratch = f"{inside.config.box.root}/users/{user}/temp/job-{job.id}.{job.attempts}"
    zone = deployment.zone_named(job.args.get("timezone", "") or inside.config.photos.timezone)
    export.check_file_system(inside.config.box.root, user)
    os.makedirs(scratch)
    try:
        return _write(_Package(inside, job, user, reporter, scratch, zone))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(package: _Package) -> Mapping[str, Any]:
    args, engine, summary = package.job.args, package.inside.engine, package.summary
    spool = Spool(package.scratch)
    _gather(package, spool)
    if not summary.photos:
        raise _nothing(args, summary)
    made = _deployment(package)
    at_least = summary.photos * ROW_BYTES_MIN
    place = export.free_place(package.root, package.user, camtrap.package_name(made.id))
    if args.get("dry_run"):
        export.check_quota(engine, package.user, at_least)
    else:
        allowance = Allowance(engine, package.job, package.user)
        allowance.take(at_least)
        _fill(package, spool, made, allowance)
        if summary.left_out["gone"] == summary.photos:
            raise _nothing(args, summary)
        package.reporter.progress(LINKED_PERCENT, "it lands")
        result = _result(package, made, place)
        export.land(package.root, allowance, package.made, place, result)
    return _result(package, made, place)


def _gather(package: _Package, spool: Spool) -> None:
    """What belongs to the deployment goes to the spool, what is known of it to the summary."""
    args, summary, zone = package.job.args, package.summary, package.zone
    folder = args.get("folder") or ("" if "camera" in args else args["deployment"])
    start, end = (deployment.limit(args.get(name, ""), zone, is_end=name == "end") for name in ("start", "end"))
    wanted = Wanted(folder.strip("/"), args.get("camera", ""), start, end)
    with _shots(package) as shots:
        for number, shot in enumerate(shots):
            if number % CHECK_EVERY == 0:
                package.reporter.progress(0, f"{spool.count} of {number} photos belong to the deployment")
            if not shot.media_type.startswith(camtrap.MEDIA_KINDS) or not deployment.is_of(shot, wanted):
                continue
            at = deployment.moment(shot.taken_at, zone)
            against = deployment.reason_against(shot, at, wanted)
            if at is None or against:
                summary.left_out[against] += 1
                continue
            summary.add(shot, at, zone_is_known=deployment.has_zone(shot, zone))
            key = at.astimezone(UTC).isoformat(timespec="microseconds")
            spool.add((key, shot.name, shot.folder, *_OTHERS(shot)))


@contextmanager
def _shots(package: _Package) -> Iterator[Iterator[Shot]]:
    # A connection of its own: what is read is of one moment, and the service does not wait for it.
    store = Store(package.inside.engine.store.path)
    try:
        with store.snapshot():
            yield photo_pages.shots(store, package.user)
    finally:
        store.close()


def _nothing(args: Mapping[str, Any], summary: Summary) -> BoxError:
    left_out = ", ".join(f"{number} {why}" for why, number in sorted(summary.left_out.items()))
    where = f"in a folder {args.get('folder') or args['deployment']!r}" if "camera" not in args else "of that camera"
    error = BoxError(f"no photo {where} belongs to the deployment{f' (left out: {left_out})' if left_out else ''}")
    error.code = "no-photos"
    return error


def _deployment(package: _Package) -> Deployment:
    """What was said of it, completed by what the photos say. Raises BoxError where nobody says it."""
    args, zone, span = package.job.args, package.zone, package.summary.span()
    latitude, longitude = _place(args, package.summary)
    start = deployment.limit(args.get("start", ""), zone, is_end=False) or span.first
    end = deployment.limit(args.get("end", ""), zone, is_end=True) or span.last
    assert start is not None, "there are photos"  # noqa: S101
    assert end is not None, "there are photos"  # noqa: S101
    said = {name: args[name] for name in _SAID if name in args}
    return Deployment(args["deployment"], latitude, longitude, start, end, **said)


def _place(args: Mapping[str, Any], summary: Summary) -> tuple[float, float]:
    if "latitude" in args and "longitude" in args:
        return args["latitude"], args["longitude"]
    place = summary.place()
    if place is None:
        error = BoxError("the photos do not say where they were taken, or disagree: say latitude= and longitude=")
        error.code = "no-place"
        raise error
    return place


_SAID: Final = ("location", "setup_by", "capture_method", "sampling_design", "project", "public")


def _fill(package: _Package, spool: Spool, made: Deployment, allowance: Allowance) -> None:
    """Write all files of the package."""
    os.mkdir(package.made)
    with _table(package.made, "media") as write:
        for row in _media(package, spool, made, allowance):
            write.writerow(row)
    with _table(package.made, "observations"):
        pass  # who has seen the pictures fills it
    with _table(package.made, "deployments") as write:
        write.writerow(camtrap.deployment_row(made, package.summary))
    text = json.dumps(camtrap.descriptor(made, datetime.now(UTC), __version__), ensure_ascii=False, indent=2)
    with open(f"{package.made}/datapackage.json", "w", encoding="utf-8") as out:
        out.write(text + "\n")


@contextmanager
def _table(folder: str, name: str) -> Iterator[Any]:
    """A table with its head; what is written to it."""
    with open(f"{folder}/{name}.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(camtrap.COLUMNS[name])
        yield writer


def _media(package: _Package, spool: Spool, made: Deployment, allowance: Allowance) -> Iterator[tuple[str, ...]]:
    """Each photo gets its second name in the package, and its row."""
    top, total = package.summary.folder(), spool.count
    free_bytes_min = package.inside.config.storage.free_bytes_min
    repeated = photo_pages.repeated(package.inside.engine.store, package.user)
    met: Counter[str] = Counter()
    for number, (_, name, folder, *rest) in enumerate(spool):
        if number % CHECK_EVERY == 0:
            percent = GATHERED_PERCENT + (LINKED_PERCENT - GATHERED_PERCENT) * number / total
            package.reporter.progress(percent, f"{number} of {total} files")
        shot = Shot(folder, name, *rest)
        path = _free_path(package.made, camtrap.file_path(shot, top))
        target = f"{package.made}/{path}"
        if export.put(join(package.root, f"{folder}/{name}"), target, free_bytes_min, allowance) is None:
            package.summary.left_out["gone"] += 1
            continue
        digest = shot.digest or disk.digest_of(target)  # changed by hand, and not read again yet
        met[digest] += digest in repeated or not shot.digest
        at = deployment.moment(shot.taken_at, package.zone)
        assert at is not None, "it was spooled by it"  # noqa: S101
        yield camtrap.media_row(shot, at, made, camtrap.media_id(digest, met[digest]), path)


def _free_path(package: str, path: str) -> str:
    """The path, or one with a number where two names have become the same."""
    folder, _, name = path.rpartition("/")
    os.makedirs(f"{package}/{folder}", exist_ok=True)
    return f"{folder}/{file_names.free_name(f'{package}/{folder}', name)}"


def _result(package: _Package, made: Deployment, place: str) -> dict[str, Any]:
    summary = package.summary
    return {
        "path": place,
        "media": summary.photos - summary.left_out["gone"],
        "size_bytes": summary.size,
        "start": camtrap.timestamp(made.start),
        "end": camtrap.timestamp(made.end),
        "timestamp_issues": list(summary.issues()),
        "left_out": {why: number for why, number in sorted(summary.left_out.items()) if number},
    }
