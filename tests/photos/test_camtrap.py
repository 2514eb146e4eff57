"""Camtrap DP: rows and descriptor as the standard has them; validated in tests/tasks/test_camtrap_dp.py."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from box.photos import camtrap
from box.photos.camtrap import Deployment
from box.photos.deployment import Summary
from tests.photos.test_deployment import SHOT

AT = datetime(2021, 4, 11, 20, 43, 9, 990_000, tzinfo=timezone(timedelta(hours=1)))
DEPLOYMENT = Deployment(id="ST03", latitude=50.699, longitude=4.013, start=AT, end=AT)


def by_column(table: str, row: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in zip(camtrap.COLUMNS[table], row, strict=True) if value}


def test_the_columns_are_those_of_the_standard_in_its_order(corpora):
    for table, columns in camtrap.COLUMNS.items():
        schema = json.loads((corpora / "camtrap-dp" / f"{table}-table-schema.json").read_text())
        assert columns == tuple(field["name"] for field in schema["fields"])
    profile = json.loads((corpora / "camtrap-dp" / "camtrap-dp-profile.json").read_text())
    project = profile["allOf"][1]["properties"]["project"]["properties"]
    assert set(camtrap.SAMPLING_DESIGNS) == set(project["samplingDesign"]["enum"])
    assert set(camtrap.CAPTURE_METHODS) == set(project["captureMethod"]["items"]["enum"])


def test_a_row_says_what_the_file_says():
    row = by_column("media", camtrap.media_row(SHOT, AT, DEPLOYMENT, "id", "media/RCNX0031.JPG"))
    exif = json.loads(row.pop("exifData"))
    assert row == {
        "mediaID": "id", "deploymentID": "ST03", "captureMethod": "activityDetection", "filePublic": "false",
        "timestamp": "2021-04-11T20:43:09+01:00", "filePath": "media/RCNX0031.JPG", "fileName": "RCNX0031.JPG",
        "fileMediatype": "image/jpeg",
    }  # fmt: skip
    assert exif == {
        "Make": "RECONYX", "Model": "HYPERFIRE 2 COVERT", "SerialNumber": "H2RXEM06043616", "ExposureTime": "1/30",
        "ISO": 1600, "ImageWidth": 2048, "ImageHeight": 1440, "Orientation": 1,
    }  # fmt: skip


def test_the_place_of_a_photo_is_not_told_with_its_exposure():
    assert "50.69" not in camtrap.exif_data(replace(SHOT, latitude=50.699, longitude=4.013))


def test_a_clock_in_doubt_is_told_beside_the_file_and_of_the_deployment():
    shot = replace(SHOT, doubt="before photos.earliest")
    assert by_column("media", camtrap.media_row(shot, AT, DEPLOYMENT, "id", "p"))["mediaComments"] == shot.doubt
    summary = Summary()
    summary.add(shot, AT, zone_is_known=True)
    row = by_column("deployments", camtrap.deployment_row(DEPLOYMENT, summary))
    assert row["timestampIssues"] == "true"
    assert row["deploymentComments"] == "the clock of the camera is in doubt in 1 files"


def test_a_deployment_names_its_camera_if_there_is_one():
    summary = Summary()
    summary.add(SHOT, AT, zone_is_known=True)
    row = by_column("deployments", camtrap.deployment_row(DEPLOYMENT, summary))
    assert row == {
        "deploymentID": "ST03", "latitude": "50.699", "longitude": "4.013", "timestampIssues": "false",
        "deploymentStart": "2021-04-11T20:43:09+01:00", "deploymentEnd": "2021-04-11T20:43:09+01:00",
        "cameraID": "H2RXEM06043616", "cameraModel": "RECONYX-HYPERFIRE 2 COVERT",
    }  # fmt: skip
    summary.add(replace(SHOT, model="HC500", serial="x"), AT, zone_is_known=True)
    row = by_column("deployments", camtrap.deployment_row(DEPLOYMENT, summary))
    assert {"cameraID", "cameraModel"}.isdisjoint(row)


def test_an_identifier_is_of_the_bytes_and_counts_those_that_are_the_same():
    assert camtrap.media_id("ab" * 32) == "ab" * 16
    assert camtrap.media_id("ab" * 32, 2) == "ab" * 16 + "-2"


NAMES = st.text(min_size=1, max_size=12).filter(lambda name: "/" not in name and name not in {".", ".."})


@given(NAMES, NAMES)
def test_a_path_is_one_that_the_standard_and_every_system_take(folder, name):
    shot = replace(SHOT, folder=f"users/me/photos/{folder}", name=name)
    path = camtrap.file_path(shot, "users/me/photos")
    assert re.fullmatch(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$", path)  # the standard's own pattern
    assert path.count("/") == 2
    for piece in path.split("/"):
        assert piece
        assert piece == piece.strip(". ")
        assert piece.isprintable()
        assert not set('<>:"|?*\\') & set(piece)


@given(st.text())
def test_a_package_has_a_name_of_the_standard(deployment):
    assert re.fullmatch(r"[-a-z0-9]+", camtrap.package_name(deployment))


def test_names_that_any_system_takes_stay_as_they_are():
    assert camtrap.file_path(SHOT, "users/me/photos/2021/2021-04-11") == "media/RCNX0031.JPG"
    assert camtrap.file_path(SHOT, "users/me/photos") == "media/2021/2021-04-11/RCNX0031.JPG"
    odd = replace(SHOT, name="Été à 20° (1)~ü.JPG")
    assert camtrap.file_path(odd, odd.folder) == "media/Été à 20° (1)~ü.JPG"
