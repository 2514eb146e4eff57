"""camtrap-dp: a deployment of a camera trap becomes a Camtrap DP package. The rule: what nobody knows is not made up.

The package (https://camtrap-dp.tdwg.org, version 1.0.2) stands in `exports/` with the files of the photos in it. Who
asks says which photos they are and what no camera can know; the rest is read from what is known of the photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import BoxError
from box.photos import camtrap, deployment
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument
from box.units import Read

if TYPE_CHECKING:
    from box.models.jobs import Claimed

TEXT_MAX: Final = 200
"""Characters in what a person says about a deployment."""


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Write the package; the result says where, of how many files, and what is wrong with it. Raises BoxError."""
    from box import people  # noqa: PLC0415 - a child that knows this kind loads no database
    from box.tasks import camtrap_package  # noqa: PLC0415 - as above

    names = people.users(inside.config)
    if not job.user and len(names) > 1:
        raise BoxError(f"whose photos? say --user, one of {', '.join(names)}")
    return camtrap_package.write(inside, job, reporter, job.user or names[0])


# --- what it takes ---------------------------------------------------------------------------------------------------


def _words(where: str, value: object) -> str:
    """A line of text; identifiers that look like numbers were read as such."""
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else units.text(where, value)
    if not text.strip() or not text.isprintable() or len(text) > TEXT_MAX:
        raise units.refused(where, value, f"a line of at most {TEXT_MAX} characters")
    return text.strip()


def _time(where: str, value: object) -> str:
    text = value.isoformat() if isinstance(value, date) else units.text(where, value).strip()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        wanted = 'a day, or a time such as "2024-05-01 18:30" (at the camera) or "2024-05-01T18:30:00+02:00"'
        raise units.refused(where, value, wanted) from None
    return text


def _zone(where: str, value: object) -> str:
    text = units.text(where, value).strip()
    try:
        deployment.zone_named(text)
    except ValueError:
        raise units.refused(where, value, 'a time zone, such as "Europe/Brussels" or "+01:00"') from None
    return text


def _degrees(most: int) -> Read[float]:
    def read(where: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not -most <= value <= most:
            raise units.refused(where, value, f"degrees, -{most} to {most}")
        return float(value)

    return read


ARGUMENTS: Final = {
    "deployment": Argument(_words, "its name", required=True),
    "folder": Argument(_words, 'the folder of its photos, "." for all; else the one of its name'),
    "camera": Argument(_words, "serial number, model, or maker and model"),
    "start": Argument(_time, "when it began; what was taken before is not in it"),
    "end": Argument(_time, "when it ended; what was taken later is not in it"),
    "timezone": Argument(_zone, "of the clock of the camera, where the files do not say"),
    "latitude": Argument(_degrees(90), "where the camera stood; else what the files say"),
    "longitude": Argument(_degrees(180), "where the camera stood; else what the files say"),
    "location": Argument(_words, "the name of that place"),
    "setup_by": Argument(_words, "who set it up"),
    "project": Argument(_words, "the title of the project"),
    "capture_method": Argument(units.choice(*camtrap.CAPTURE_METHODS), "activityDetection (else), or timeLapse"),
    "sampling_design": Argument(units.choice(*camtrap.SAMPLING_DESIGNS), "opportunistic (else), targeted, ..."),
    "public": Argument(units.yes_or_no, "whether everybody may see the files; else nobody"),
    "dry_run": Argument(units.yes_or_no, "only say what would come of it"),
}

HANDLER = Chore(kind="camtrap-dp", run=run, arguments=ARGUMENTS)
