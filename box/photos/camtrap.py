"""Camtrap DP. The rule: a package says what the camera and a person said; what only an expert can know stays empty.

The tables and the descriptor of the Camera Trap Data Package standard, version 1.0.2 (https://camtrap-dp.tdwg.org),
from records of photos. Pure: no disk, no clock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from box.photos.deployment import Shot, Summary

STANDARD: Final = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2"

CAPTURE_METHODS: Final = ("activityDetection", "timeLapse")
SAMPLING_DESIGNS: Final = (
    "opportunistic", "targeted", "simpleRandom", "systematicRandom", "clusteredRandom", "experimental",
)  # fmt: skip

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "deployments": (
        "deploymentID", "locationID", "locationName", "latitude", "longitude", "coordinateUncertainty",
        "deploymentStart", "deploymentEnd", "setupBy", "cameraID", "cameraModel", "cameraDelay", "cameraHeight",
        "cameraDepth", "cameraTilt", "cameraHeading", "detectionDistance", "timestampIssues", "baitUse", "featureType",
        "habitat", "deploymentGroups", "deploymentTags", "deploymentComments",
    ),
    "media": (
        "mediaID", "deploymentID", "captureMethod", "timestamp", "filePath", "filePublic", "fileName", "fileMediatype",
        "exifData", "favorite", "mediaComments",
    ),
    "observations": (
        "observationID", "deploymentID", "mediaID", "eventID", "eventStart", "eventEnd", "observationLevel",
        "observationType", "cameraSetupType", "scientificName", "count", "lifeStage", "sex", "behavior", "individualID",
        "individualPositionRadius", "individualPositionAngle", "individualSpeed", "bboxX", "bboxY", "bboxWidth",
        "bboxHeight", "classificationMethod", "classifiedBy", "classificationTimestamp", "classificationProbability",
        "observationTags", "observationComments",
    ),
}  # fmt: skip
"""The columns of the tables, in the order of the standard."""

MEDIA_KINDS: Final = ("image/", "video/", "audio/")
"""How the media types begin that the standard takes."""

_ID_CHARS: Final = 32
"""Hexadecimal digits of an identifier: 128 bits, as many as a UUID has."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a person says of a deployment."""

    id: str
    latitude: float
    longitude: float
    start: datetime
    end: datetime
    location: str = ""
    setup_by: str = ""
    capture_method: str = CAPTURE_METHODS[0]
    sampling_design: str = SAMPLING_DESIGNS[0]
    project: str = ""
    public: bool = False
    """Whether everybody may see the files."""


def media_id(digest: str, number: int = 1) -> str:
    """The identifier of a file: by its bytes, so that it outlives names and runs; `number` counts the same ones."""
    return digest[:_ID_CHARS] + (f"-{number}" if number > 1 else "")


def package_name(deployment: str) -> str:
    """The name of a package and of its folder: lower case and dashes, as the standard wants it."""
    return f"camtrap-dp-{re.sub('[^a-z0-9]+', '-', deployment.lower()).strip('-') or 'deployment'}"


def file_path(shot: Shot, top: str) -> str:
    """Where a file stands in its package: below `media/` as it does below the folder `top`, under names for any system.

    The standard takes no `..`, not even in a name, and no system takes all names of another.
    """
    below = f"{shot.folder}/{shot.name}".removeprefix(top).strip("/")
    return "media/" + "/".join(_portable(name) for name in below.split("/"))


def _portable(name: str) -> str:
    text = "".join("_" if c in '<>:"|?*\\' or not c.isprintable() else c for c in name)
    return re.sub(r"\.{2,}", ".", text).strip(". ") or "_"


def timestamp(at: datetime) -> str:
    """A moment as the standard writes it: to the second, with its offset from UTC."""
    return at.isoformat(timespec="seconds")


def media_row(shot: Shot, at: datetime, deployment: Deployment, identifier: str, path: str) -> tuple[str, ...]:
    """A row of `media.csv`."""
    row = {
        "mediaID": identifier,
        "deploymentID": deployment.id,
        "captureMethod": deployment.capture_method,
        "timestamp": timestamp(at),
        "filePath": path,
        "filePublic": _truth(deployment.public),
        "fileName": path.rpartition("/")[2],
        "fileMediatype": shot.media_type,
        "exifData": exif_data(shot),
        "mediaComments": shot.doubt,
    }
    return _row("media", row)


def exif_data(shot: Shot) -> str:
    """What the file says of camera and exposure, as JSON. No place: who blurs that of a rare animal blurs it once."""
    values = {
        "Make": shot.make, "Model": shot.model, "SerialNumber": shot.serial, "LensModel": shot.lens,
        "ExposureTime": shot.exposure, "FNumber": shot.aperture, "ISO": shot.iso, "ImageWidth": shot.width,
        "ImageHeight": shot.height, "Orientation": shot.orientation,
    }  # fmt: skip
    return json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=False)


def deployment_row(deployment: Deployment, summary: Summary) -> tuple[str, ...]:
    """The row of `deployments.csv`."""
    issues = summary.issues()
    row = {
        "deploymentID": deployment.id,
        "locationName": deployment.location,
        "latitude": str(deployment.latitude),
        "longitude": str(deployment.longitude),
        "deploymentStart": timestamp(deployment.start),
        "deploymentEnd": timestamp(deployment.end),
        "setupBy": deployment.setup_by,
        "cameraID": _only(summary.serials),
        "cameraModel": _only({"-".join(filter(None, names)) for names in summary.cameras}),
        "timestampIssues": _truth(bool(issues)),
        "deploymentComments": "; ".join(issues),
    }
    return _row("deployments", row)


def _only(values: set[str]) -> str:
    """The value, if all have the same."""
    return next(iter(values)) if len(values) == 1 else ""


def _row(table: str, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(values.get(column, "") for column in COLUMNS[table])


def _truth(value: bool) -> str:  # noqa: FBT001 - a cell
    return "true" if value else "false"


def descriptor(deployment: Deployment, created: datetime, version: str) -> dict[str, Any]:
    """`datapackage.json`. `version` is Box's own."""
    resources = [
        {
            "name": table, "path": f"{table}.csv", "profile": "tabular-data-resource", "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "schema": f"{STANDARD}/{table}-table-schema.json",
        }
        for table in COLUMNS
    ]  # fmt: skip
    return {
        "resources": resources,
        "profile": f"{STANDARD}/camtrap-dp-profile.json",
        "name": package_name(deployment.id),
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "title": f"Deployment {deployment.id}",
        "contributors": [{"title": deployment.setup_by or "unknown", "role": "contributor"}],
        "sources": [{"title": "Box", "version": version}],
        "project": {
            "title": deployment.project or f"Deployment {deployment.id}",
            "samplingDesign": deployment.sampling_design,
            "captureMethod": [deployment.capture_method],
            "individualAnimals": False,
            "observationLevel": ["media"],
        },
        "spatial": {"type": "Point", "coordinates": [deployment.longitude, deployment.latitude]},
        "temporal": {"start": deployment.start.date().isoformat(), "end": deployment.end.date().isoformat()},
        "taxonomic": [],
    }
