"""camtrap-dp: a package is valid, whole or not there, counted, and never replaces another."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from frictionless import Package, system

from box import storage
from box.beside import beside, engine_of
from box.config import Config
from box.engine import Engine
from box.errors import Stopped, UsageError
from box.events import PhotoFiled, QuotaSet
from box.models import photo_pages, usage
from box.models.base import Store
from box.models.jobs import Claimed
from box.photos import camtrap
from box.status import Problems
from box.tasks import asking, at_work, by_request, camtrap_package, spool
from box.tasks.at_work import AtWork
from box.tasks.chore import Inside, Reporter
from tests.crashing import ONCE
from tests.helpers import PATIENCE_SECONDS, REPOSITORY, inbox, jpeg, library

HERE = {"latitude": 50.699, "longitude": 4.013}
UNBOUND = {"workers__count": 1, "jobs__retry_base_seconds": 0, "jobs__retry_cap_seconds": 0}


# --- what is asked for and what came of it ---------------------------------------------------------------------------


def box_says(config: Config, *words: str) -> str:
    """What the real program says when it finds something wrong, empty when all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "box", "--config", config.path, *words],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def once(config: Config) -> None:
    box_says(config, "once")


def ask(config: Config, user: str = "me", **args: object) -> dict[str, Any]:
    """Ask for a package and have it made; the row of the job, its result as a value."""
    with beside(config) as box:
        job = box.engine.request(asking.wanted(by_request(), "camtrap-dp", args, user=user))
    once(config)
    with beside(config) as box:
        state, code, message, result = box.store.row(
            "SELECT state, code, message, result FROM jobs WHERE id = ?", (job,)
        )
    return {"state": state, "code": code, "message": message, "result": json.loads(result or "{}")}


def package_of(config: Config, done: dict[str, Any]) -> Path:
    assert done["state"] == "completed", done
    return Path(config.box.root, done["result"]["path"])


def table(package: Path, name: str) -> list[dict[str, str]]:
    with (package / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def drop(config: Config, station: str, *photos: bytes, first: int = 1) -> None:
    folder = inbox(config) / station
    folder.mkdir(parents=True, exist_ok=True)
    for number, photo in enumerate(photos, first):
        (folder / f"IMG_{number:04}.JPG").write_bytes(photo)


@pytest.fixture
def station(make_root) -> Config:
    """Two photos of a station, filed, and one of somebody else's."""
    config = make_root(**UNBOUND, photos__thumbnail_pixels=0)
    drop(config, "ST03", jpeg(1), jpeg(2, "2024:05:06 01:02:03"))
    drop(config, "holidays", jpeg(3))
    once(config)
    return config


# --- the standard ----------------------------------------------------------------------------------------------------


class Shelf(requests.adapters.BaseAdapter):
    """Answers what a validator asks the web for from local copies, and nothing else."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 200, str(request.url), request
        body = io.BytesIO(self.texts[str(request.url)].encode())  # a KeyError is a schema that nobody meant
        response.raw = urllib3.HTTPResponse(body=body, preload_content=False)
        return response

    def close(self) -> None:
        pass


@pytest.fixture
def faults(corpora: Path) -> Iterator[Callable[[Path], list[str]]]:
    """What frictionless finds wrong with a package, by the standard's own profile and table schemas."""
    standard = corpora / "camtrap-dp"
    texts = {f"{camtrap.STANDARD}/{path.name}": path.read_text("utf-8") for path in standard.glob("*.json")}
    # What the profile builds upon: data packages as frictionless itself sees them, and GeoJSON.
    texts["https://specs.frictionlessdata.io/schemas/data-package.json"] = json.dumps(Package.metadata_profile)
    geojson = Path(sys.modules["frictionless"].__file__ or "").parent / "assets" / "profiles" / "geojson.json"
    texts["http://json.schemastore.org/geojson.json"] = geojson.read_text("utf-8")
    session = requests.Session()
    session.mount("https://", Shelf(texts))
    session.mount("http://", Shelf(texts))

    def validate(package: Path) -> list[str]:
        try:
            report = Package(str(package / "datapackage.json")).validate()
        except Exception as error:  # noqa: BLE001 - what is no package at all is raised
            return [str(error)]
        return [": ".join(map(str, row)) for row in report.flatten(["type", "note"])]

    with system.use_context(http_session=session):
        yield validate


def test_the_example_of_the_standard_is_valid_and_each_fault_is_found(corpora, faults, tmp_path):
    """The judge is no rubber stamp."""
    example = tmp_path / "example"
    shutil.copytree(corpora / "camtrap-dp" / "example", example)
    for path in example.rglob("*"):
        path.chmod(0o755)
    assert faults(example) == []
    for name, old, new in (
        ("deployments.csv", "2020-05-30T04:57:37+02:00", "2020-05-30T04:57:37"),
        ("deployments.csv", "51.496", "151.496"),
        ("media.csv", "media/20210531082538-RCNX0031.JPG", "../20210531082538-RCNX0031.JPG"),
        ("media.csv", "07840dcc,00a2c20d", "07840dcc,nowhere"),
        ("media.csv", "401386c7", "07840dcc"),
        ("datapackage.json", '"targeted"', '"by feeling"'),
        ("datapackage.json", '"taxonomic"', '"species"'),
        ("datapackage.json", '"type": "Polygon"', '"type": "Blob"'),
    ):
        path, text = example / name, (example / name).read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        assert faults(example), (name, new)
        path.write_text(text, "utf-8")
    assert faults(example) == []


def test_a_package_is_valid_by_the_standard_s_own_profile_and_schemas(station, faults):
    package = package_of(station, ask(station, deployment="ST03", **HERE))
    assert faults(package) == []
    assert [row["fileName"] for row in table(package, "media")] == ["IMG_0001.JPG", "IMG_0002.JPG"]
    assert table(package, "observations") == []


GIVEN_BY_OTHERS = {
    "mediaID": "the platform gives its own; ours is of the bytes",
    "exifData": "the example leaves it empty",
}
"""The columns of the ten rows that no camera file can know."""


def test_the_ten_photos_of_the_standard_s_example_give_its_rows(corpora, make_root, faults):
    example = corpora / "camtrap-dp" / "example"
    theirs = [row for row in table(example, "media") if row["filePath"].startswith("media/")]
    (deployment,) = (r for r in table(example, "deployments") if r["deploymentID"] == theirs[0]["deploymentID"])
    config = make_root()
    folder = inbox(config) / "card"
    folder.mkdir()
    for path in sorted((example / "media").iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())
    once(config)
    done = ask(
        config, deployment=deployment["deploymentID"], folder="card", public=True, timezone="+01:00",
        start=deployment["deploymentStart"], end=deployment["deploymentEnd"], location=deployment["locationName"],
        latitude=float(deployment["latitude"]), longitude=float(deployment["longitude"]),
    )  # fmt: skip
    package = package_of(config, done)
    assert faults(package) == []
    ours = table(package, "media")
    assert len(ours) == len(theirs) == 10
    for our, their in zip(ours, theirs, strict=True):
        assert {k: v for k, v in our.items() if k not in GIVEN_BY_OTHERS} == {
            k: v for k, v in their.items() if k not in GIVEN_BY_OTHERS
        }
        assert json.loads(our["exifData"])["Make"] == "RECONYX"
        assert (package / our["filePath"]).read_bytes() == (example / their["filePath"]).read_bytes()
    (row,) = table(package, "deployments")
    for column in ("deploymentID", "locationName", "latitude", "longitude", "deploymentStart", "deploymentEnd",
                   "timestampIssues"):  # fmt: skip
        assert row[column] == deployment[column], column


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_times_without_a_zone_are_flagged_unless_somebody_knows_it(station):
    (row,) = table(package_of(station, ask(station, deployment="ST03", **HERE)), "deployments")
    assert row["timestampIssues"] == "true"
    assert "the time zone of 2 files is not known" in row["deploymentComments"]
    package = package_of(station, ask(station, deployment="ST03", timezone="Europe/Brussels", **HERE))
    (row,) = table(package, "deployments")
    assert (row["timestampIssues"], row["deploymentStart"]) == ("false", "2024-05-04T10:11:12+02:00")


def test_another_run_makes_another_package_with_the_same_identifiers(station):
    first, second = (package_of(station, ask(station, deployment="ST 03", folder="ST03", **HERE)) for _ in range(2))
    assert (first.name, second.name) == ("camtrap-dp-st-03", "camtrap-dp-st-03-2")
    assert table(first, "media") == table(second, "media")
    assert len({row["mediaID"] for row in table(first, "media")}) == 2


def test_the_same_bytes_twice_are_two_files_with_two_identifiers(make_root, faults):
    config = make_root(photos__duplicates="keep", photos__thumbnail_pixels=0)
    drop(config, "ST03", jpeg(1), jpeg(1), jpeg(2))
    once(config)
    package = package_of(config, ask(config, deployment="ST03", **HERE))
    ids = [row["mediaID"] for row in table(package, "media")]
    assert sorted(Counter(each.partition("-")[0] for each in ids).values()) == [1, 2]
    assert faults(package) == []


def test_names_that_no_other_system_takes_are_made_such_and_never_the_same(make_root, faults):
    config = make_root(photos__thumbnail_pixels=0)
    folder = os.fsencode(inbox(config) / "ST03")
    os.mkdir(folder)
    for number, name in enumerate((b"a?.jpg", b"a:.jpg", b"a...jpg", b"\xff\xfe.jpg", "é\n.jpg".encode(), b"..b.jpg")):
        with open(folder + b"/" + name, "wb") as file:
            file.write(jpeg(number))
    once(config)
    package = package_of(config, ask(config, deployment="ST03", **HERE))
    assert faults(package) == []
    names = {row["fileName"] for row in table(package, "media")}
    assert names == {"a_.jpg", "a_-2.jpg", "a.jpg", "_xff_xfe.jpg", "é_.jpg"}  # what begins with a dot is no drop
    assert {path.name for path in (package / "media").iterdir()} == names


def test_only_the_time_that_was_named_is_in_it_and_what_is_left_out_is_told(station):
    drop(station, "ST03", jpeg(7, ""), first=7)
    once(station)
    done = ask(station, deployment="ST03", start="2024-05-05", end="2024-05-06", timezone="UTC", **HERE)
    assert done["result"]["left_out"] == {"other-time": 1, "undated": 1}
    package = package_of(station, done)
    assert [row["fileName"] for row in table(package, "media")] == ["IMG_0002.JPG"]
    (row,) = table(package, "deployments")
    assert (row["deploymentStart"], row["deploymentEnd"]) == ("2024-05-05T00:00:00+00:00", "2024-05-06T23:59:59+00:00")


def test_what_cannot_be_a_package_says_what_is_missing(station):
    for args, code, said in (
        ({"deployment": "ST04", **HERE}, "no-photos", "no photo in a folder 'ST04' belongs to the deployment"),
        ({"deployment": "ST03", "camera": "HC500", **HERE}, "no-photos", "no photo of that camera belongs"),
        ({"deployment": "ST03", "start": "2025-01-01", **HERE}, "no-photos", "(left out: 2 other-time)"),
        ({"deployment": "ST03"}, "no-place", "the photos do not say where they were taken, or disagree: say latitude="),
    ):
        done = ask(station, **args)
        assert (done["state"], done["code"]) == ("failed", code)
        assert said in done["message"]
    assert library(station, "exports") == library(station, "temp") == {}


def test_a_dry_run_says_the_same_and_makes_nothing(station):
    told = ask(station, deployment="ST03", dry_run=True, **HERE)
    assert library(station, "exports") == {}
    assert told == ask(station, deployment="ST03", **HERE)
    assert told["result"]["media"] == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment", ""), ("deployment", "a\nb"), ("deployment", "x" * 201), ("deployment", True), ("deployment", []),
        ("latitude", 91), ("latitude", float("nan")), ("longitude", -181), ("latitude", "north"), ("latitude", True),
        ("start", "yesterday"), ("end", 5), ("timezone", "Middle/Earth"), ("capture_method", "by hand"),
        ("sampling_design", "nice"), ("public", "perhaps"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_when_it_is_asked_for(name, value):
    with pytest.raises(UsageError, match=f"^{name}"):
        asking.wanted(by_request(), "camtrap-dp", {"deployment": "ST03", name: value})


def test_a_name_may_look_like_a_number():
    args = asking.wanted(by_request(), "camtrap-dp", {"deployment": 7, "camera": 123456}).args
    assert json.loads(args) == {"deployment": "7", "camera": "123456"}


def test_whose_photos_has_to_be_said_where_there_are_several_users(make_root):
    config = make_root("ann", "ben")
    once(config)
    done = ask(config, user="", deployment="ST03")
    assert (done["state"], "say --user, one of ann, ben" in done["message"]) == ("failed", True)


# --- the disk and the sums -------------------------------------------------------------------------------------------


def test_the_files_of_a_package_take_no_room_and_are_not_charged_again(station):
    package = package_of(station, ask(station, deployment="ST03", **HERE))
    filed = Path(station.box.root, "users/me/photos/2024/2024-05-04/IMG_0001.JPG")
    assert (package / "media/2024-05-04/IMG_0001.JPG").stat().st_ino == filed.stat().st_ino
    made = [path.stat() for path in package.rglob("*") if path.is_file()]
    with beside(station) as box:
        tables = sum(status.st_size for status in made if status.st_nlink == 1)
        assert 0 < tables < sum(status.st_size for status in made)
        assert usage.by_area(box.store, "me")["exports"] == (6, tables)
        assert usage.balance(box.store, "me").reserved_bytes == 0, "given back with the end of the job"
        assert "SpaceReserved" in [kind for (kind,) in box.store.rows("SELECT kind FROM events")]
        assert storage.recalculate("me", box=box) == {}
        placed = box.store.value("SELECT count(*) FROM events WHERE kind = 'FilePlaced'")
        assert placed == 6
    assert box_says(station, "verify") == ""


def test_where_a_file_cannot_have_a_second_name_it_is_copied(station, tmp_path):
    elsewhere = Path("/dev/shm")  # noqa: S108 - a file system of its own
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    away = elsewhere / f"box-test-{os.getpid()}"
    photos = Path(station.box.root, "users/me/photos")
    try:
        shutil.move(photos / "2024", away)
        (photos / "2024").symlink_to(away)
        package = package_of(station, ask(station, deployment="ST03", **HERE))
        copy, original = package / "media/2024-05-04/IMG_0001.JPG", away / "2024-05-04/IMG_0001.JPG"
        assert copy.read_bytes() == original.read_bytes()
        assert copy.stat().st_mtime_ns == original.stat().st_mtime_ns
    finally:
        shutil.rmtree(away, ignore_errors=True)


def test_what_does_not_fit_the_quota_is_not_made(station):
    with beside(station) as box:
        used = usage.balance(box.store, "me").used_bytes
        box.engine.record(QuotaSet(user="me", quota_bytes=used + 100))
    done = ask(station, deployment="ST03", **HERE)
    assert (done["state"], done["code"]) == ("failed", "over-quota")
    assert library(station, "exports") == library(station, "temp") == {}


def test_a_photo_that_is_gone_by_then_is_left_out_and_told(station):
    with beside(station) as box:
        os.unlink(Path(station.box.root, "users/me/photos/2024/2024-05-06/IMG_0002.JPG"))
        done = run(station, box.engine, deployment="ST03", **HERE)
    assert (done["media"], done["left_out"]) == (1, {"gone": 1})
    assert [row["fileName"] for row in table(Path(station.box.root, done["path"]), "media")] == ["IMG_0001.JPG"]


def run(config: Config, engine: Engine, doing: AtWork | None = None, **args: object) -> dict[str, Any]:
    """Do it here and now, as a worker does; the result."""
    wanted = asking.wanted(by_request(), "camtrap-dp", args, user="me")
    job = engine.record(wanted)[0].position
    engine.store.execute("UPDATE jobs SET state = 'running', lease = 'L', attempts = 1 WHERE id = ?", (job,))
    claimed = Claimed(job, "camtrap-dp", "me", "", 0, 0, 0, json.loads(wanted.args), 1, "L")
    doing = doing or AtWork()
    doing.claimed("L", [job])
    inside = Inside(config, engine, Problems(), lambda _path, _is_dir: None)
    return dict(by_request()["camtrap-dp"].run(inside, claimed, Reporter(doing, job)))


def test_a_cancelled_one_leaves_nothing(station, monkeypatch):
    monkeypatch.setattr(at_work, "TOLD_SECONDS", 0.0)
    monkeypatch.setattr(camtrap_package, "CHECK_EVERY", 1)

    def stop() -> None:
        seen.append(sorted(path.name for path in Path(station.box.root).glob("users/me/temp/*/package/media/*/*")))
        if seen[-1]:  # in the middle of it
            doing.stop_all(Stopped("cancelled on request"))

    seen: list[list[str]] = []
    doing = AtWork(on_progress=stop)
    with beside(station) as box, pytest.raises(Stopped):
        run(station, box.engine, doing, deployment="ST03", **HERE)
    assert seen[-1] == ["IMG_0001.JPG"]
    assert library(station, "exports") == library(station, "temp") == {}


def test_one_whose_lease_is_lost_lands_nothing(station):
    with beside(station) as box:

        def lose() -> None:
            box.engine.store.execute("UPDATE jobs SET lease = 'another' WHERE state = 'running'")

        with pytest.raises(Stopped) as caught:
            run(station, box.engine, AtWork(on_progress=lose), deployment="ST03", **HERE)
        assert caught.value.outcome == "lost"
        assert box.store.value("SELECT count(*) FROM journal") == 0
    assert library(station, "exports") == library(station, "temp") == {}


POINTS = [
    *(("linkat", n) for n in (1, 2)),  # the files get their second names
    *(("fsync", n) for n in (1, 4, 7, 8, 9)),  # tables and folders; it stands, and nothing is told of it
    ("renameat2", 1),  # it lands
    *(("fdatasync", n) for n in range(2, 6)),  # SQLite's commits: claim, journal, what is told, outcome
    ("mkdir", 3),
    ("rmdir", 1),  # the scratch folder goes
]


@pytest.mark.parametrize(("call", "number"), POINTS, ids=str)
def test_killed_just_before_each_step_it_is_whole_or_not_there_and_in_the_end_once(station, crashes, call, number):
    """The service is killed before the n-th such system call of a thread; the next start makes it whole."""
    before = library(station)
    wanted = asking.wanted(by_request(), "camtrap-dp", {"deployment": "ST03", **HERE}, user="me")
    with beside(station) as box:
        box.engine.request(wanted)
    crashes.kill(call, number, ONCE, station.path)
    whole = {
        "datapackage.json", "deployments.csv", "media.csv", "observations.csv", "media/2024-05-04/IMG_0001.JPG",
        "media/2024-05-06/IMG_0002.JPG",
    }  # fmt: skip
    there = library(station, "exports")
    assert set(there) in (set(), {f"camtrap-dp-st03/{name}" for name in whole})
    done = crashes.box("--config", station.path, "once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(library(station, "exports")) == {f"camtrap-dp-st03/{name}" for name in whole}
    assert not there or library(station, "exports") == there
    assert library(station) == before
    assert list(Path(station.box.root).glob("users/me/temp/*")) == []
    assert box_says(station, "verify") == ""
    with beside(station) as box:
        assert box.store.rows("SELECT DISTINCT state FROM jobs") == [("completed",)]


# --- many ------------------------------------------------------------------------------------------------------------


def photo_filed(number: int) -> PhotoFiled:
    return PhotoFiled(
        user="me", source=f"users/me/inbox/ST03/{number}.jpg", path=f"users/me/photos/2024/{number}.jpg", size=1,
        mtime_ns=1, digest=f"{number:064x}", media_type="image/jpeg", width=1, height=1,
        taken_at=f"2024-05-04T{number % 24:02}:00:00",
    )  # fmt: skip


def test_four_times_the_photos_take_no_more_memory(make_root, monkeypatch):
    monkeypatch.setattr(photo_pages, "PAGE_ROWS", 100)
    monkeypatch.setattr(spool, "RUN_ROWS", 1000)
    peaks = []
    for photos in (50, 1000, 4000):  # the first one imports what they need
        config = make_root(name=f"root-{photos}")
        once(config)
        store = Store(f"{config.box.root}/box.db")
        engine = engine_of(config, store)
        folder = Path(config.box.root, "users/me/photos/2024")
        folder.mkdir()
        filed = []
        for number in range(photos):
            (folder / f"{number}.jpg").write_bytes(b"x")
            filed.append(photo_filed(number))
        engine.record(*filed)
        filed.clear()
        tracemalloc.start()
        try:
            done = run(config, engine, deployment="ST03", **HERE)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert done["media"] == photos
        times = [row["timestamp"] for row in table(Path(config.box.root, done["path"]), "media")]
        assert times == sorted(times)
        store.close()
    assert peaks[2] < 1.5 * peaks[1], peaks
