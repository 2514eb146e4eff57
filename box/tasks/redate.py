"""redate: the clock of a camera was wrong, its photos go to their true days. The rule: a photo is moved once by a job.

The files are as they were: what they say, and by how much that is wrong, is in the log. A group follows its main file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import ConfigError
from box.tasks.chore import SHELVING, Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.events import PhotoRedated
    from box.models.jobs import Claimed
    from box.models.shelves import Filed
    from box.photos.clock import Clock
    from box.tasks.rearranging import Rearranging
    from box.tasks.shelving import Parcel
    from box.tasks.sorting import Member

SHIFT_SECONDS_MAX: Final = 100 * 366 * units.DAY

_SHIFT = re.compile(r"([+-]?)\s*(.*?)\s*(?:([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9]))?)?", re.DOTALL)


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Redate and move; the result says how many photos and files, or with `dry_run` which files go where."""
    from box.tasks.rearranging import Rearranging  # noqa: PLC0415 - a child that knows this kind loads no database

    work = Rearranging.of(inside, job, reporter)
    told: list[int] = [0]
    result = work.done(_parcels(work, told))
    return {"photos": told[0], **result}


def _parcels(work: Rearranging, told: list[int]) -> Iterator[Parcel]:
    from dataclasses import asdict  # noqa: PLC0415 - as above

    from box.photos.clock import clock_of  # noqa: PLC0415 - as above

    rules, now = clock_of(asdict(work.inside.config.photos)), time.time()
    for photo in work.photos():
        if photo.redated != work.job.id and _is_meant(photo, work.job.args):
            group = work.sorter.group_of(photo)
            try:
                group, facts = _redated(group, work.job, rules, now)
            except ValueError as error:
                work.sorter.left.add(photo.path, str(error))
                continue
            parcel = work.sorter.moved(group, facts) if facts else None
            if parcel is not None:
                told[0] += len(facts)
                yield parcel


def _is_meant(photo: Filed, args: Mapping[str, Any]) -> bool:
    """Whether it is that camera's, and its clock showed a time between the two; satellites showed what they showed."""
    from box.photos.naming import camera_of  # noqa: PLC0415 - as above

    names = (camera_of(photo.make, photo.model), f"{photo.make} {photo.model}", photo.model, photo.serial)
    if not photo.taken_at or photo.taken_from.startswith("GPS:"):
        return False
    if args["camera"].casefold() not in {name.casefold() for name in names if name}:
        return False
    since, until = args.get("since", ""), args.get("until", "")
    return photo.taken_at[: len(since)] >= since and (not until or photo.taken_at[: len(until)] <= until)


def _redated(
    group: Sequence[Member], job: Claimed, rules: Clock, now: float
) -> tuple[list[Member], tuple[PhotoRedated, ...]]:
    """The group as it will be, and the events that say so. Raises ValueError past the calendar."""
    from dataclasses import replace  # noqa: PLC0415 - as above

    from box.events import PhotoRedated  # noqa: PLC0415
    from box.photos.redating import redated  # noqa: PLC0415

    shift = job.args["shift"]
    facts: list[PhotoRedated] = []
    members: list[Member] = []
    for each in group:
        photo = each.photo
        if photo is not None and photo.taken_at:
            new = redated(photo.taken_at, shift, rules, now)
            day, doubt = (facts[0].day, facts[0].doubt) if facts else (new.day, new.doubt)
            facts.append(
                PhotoRedated(
                    user=photo.user, path=each.path, taken_at=new.at, day=day, doubt=doubt, shift_seconds=shift,
                    job=job.id, taken_before=photo.taken_at, day_before=photo.day, doubt_before=photo.doubt,
                    main="" if each.path == group[0].path else group[0].path,
                )
            )  # fmt: skip
            photo = photo._replace(taken_at=new.at, day=day, doubt=doubt)
        members.append(replace(each, photo=photo))
    return members, tuple(facts)


def shift(where: str, value: object) -> int:
    """Seconds, from a text such as "+3 days 02:00:00", "-1 h 30 min" or "-00:30"; negative is back."""
    wanted = 'how much later, such as "+3 days 02:00:00", "-1 h" or "-00:30:00"'
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    else:
        match = _SHIFT.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= 100 else None
        if match is None or not (match[2] or match[3]):
            raise units.refused(where, value, wanted)
        clock = int(match[3] or 0) * 3600 + int(match[4] or 0) * 60 + int(match[5] or 0)
        try:
            seconds = clock + (units.to_whole_seconds(where, match[2]) if match[2] else 0)
        except ConfigError:
            raise units.refused(where, value, wanted) from None
        seconds = -seconds if match[1] == "-" else seconds
    if not 0 < abs(seconds) <= SHIFT_SECONDS_MAX:
        raise units.refused(where, value, f"{wanted}, not nothing and at most a hundred years")
    return seconds


def _moment(where: str, value: object) -> str:
    """A day, or a time of a day, as the camera's clock showed it."""
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise units.refused(where, value, 'a day or a time, such as "2024-05-03" or "2024-05-03 18:00"') from None
    if time.tzinfo is not None:
        raise units.refused(where, value, "a time without an offset: the camera's clock had none")
    return time.isoformat(timespec="seconds") if len(str(value)) > 10 else time.date().isoformat()


def _camera(where: str, value: object) -> str:
    text = " ".join(units.text(where, value if not isinstance(value, int) else str(value)).split())
    if not text:
        raise units.refused(where, value, "a camera, such as its make and model")
    return text


HANDLER = Chore(
    kind="redate",
    run=run,
    arguments={
        "camera": Argument(_camera, "whose photos: make and model, model, or serial number", required=True),
        "shift": Argument(shift, 'how much later they were taken, such as "+3 days 02:00:00"', required=True),
        "since": Argument(_moment, "only those from this time on, as the camera has it"),
        "until": Argument(_moment, "only those up to this time; a day counts as a whole"),
        "user": Argument(units.a_user, "whose; else everybody's"),
        "dry_run": Argument(units.yes_or_no, "only say what would be moved, and where to"),
    },
    exclusive_with=SHELVING,
)
