"""Real photos, dropped all at once: each under the day that exiftool finds, in quarantine, or undated; none is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests.helpers import inbox, library

TOPS = ("camera-trap", "exif-samples")


def test_every_picture_is_filed_under_the_day_that_exiftool_finds(make_root, run_box, corpora: Path):
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed, and it is what the days are compared with")
    # Two clocks in these samples were wrong, and one ran ahead of this year: what they show is not believed.
    config = make_root(photos__thumbnail_pixels=0, photos__duplicates="keep", photos__earliest="1970-01-02")
    given: dict[bytes, list[Path]] = defaultdict(list)
    for top in TOPS:
        for path in sorted((corpora / top).rglob("*")):
            if path.is_file():
                target = inbox(config) / path.relative_to(corpora)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
                given[path.read_bytes()].append(path)
    done = run_box("--config", config.path, "once", timeout=600)
    assert done.returncode in (0, 1), done.stderr
    verified = run_box("--config", config.path, "verify")
    assert verified.returncode == 0, verified.stdout
    said = json.loads(
        subprocess.run(
            ["exiftool", "-json", "-q", "-G1", "-r", "-DateTimeOriginal", *(corpora / top for top in TOPS)],
            capture_output=True, check=False,
        ).stdout
    )  # fmt: skip
    day_of = {Path(each.pop("SourceFile")): str(next(iter(each.values()), ""))[:10].replace(":", "-") for each in said}
    filed, wrong = library(config), []
    for name, data in filed.items():
        folder = name.rpartition("/")[0]
        days = {day_of.get(path, "") for path in given[data]}
        if folder == "undated":
            wrong += [(name, days) for day in days if day > "1970-01-02" and day < "2026-01-01"]
        elif days != {""} and folder.rpartition("/")[2] not in days:
            wrong.append((name, days))
    assert wrong == []
    texts = list(library(config, "media").values())
    kept = [*filed.values(), *library(config, "quarantine").values(), *texts]
    left = [path for path in inbox(config).rglob("*") if path.is_file() and path.name != ".box"]
    assert {path.suffix for path in left} <= {".md", ".txt", ".csv", ""}, "only what is no picture stays in the inbox"
    for data, paths in given.items():
        count = kept.count(data) + sum(path.read_bytes() == data for path in left)
        assert count == len(paths) or texts.count(data) == 1, paths
    traps = [name for name in filed if any("camera-trap" in path.parts for path in given[filed[name]])]
    assert len(traps) == 170, "169 pictures and a film"


def test_where_no_program_helps_every_makers_file_is_filed_by_what_box_reads_by_name_or_undated(
    make_root, run_box, corpora: Path, tmp_path: Path
):
    config = make_root(photos__thumbnail_pixels=0)
    (tmp_path / "bin").mkdir()
    given = {path.name: path.read_bytes() for path in sorted((corpora / "makers").iterdir())}
    for number, name in enumerate(("CanonRaw.cr3", "FujiFilm.raf", "QuickTime.mov", "M2TS.mts")):
        given[f"IMG_20240504_10111{number}{Path(name).suffix}"] = given[name] + b"\0"
    for name, data in given.items():
        (inbox(config) / name).write_bytes(data)
    done = run_box("--config", config.path, "once", PATH=str(tmp_path / "bin"))
    assert done.returncode == 1, "some that begin like texts and sounds are none"
    assert run_box("--config", config.path, "verify").returncode == 0
    filed = library(config)
    left = {path.name: path.read_bytes() for path in inbox(config).iterdir() if path.name != ".box"}
    others = {**library(config, "media"), **library(config, "quarantine")}
    left |= {Path(path).name: data for path, data in others.items() if not path.endswith(".reason.json")}
    assert {Path(path).name: data for path, data in filed.items()} | left == given, "none is lost"
    assert len(filed) > 75
    place = {Path(path).name: Path(path).parent.name for path in filed}
    assert {day for name, day in place.items() if name.startswith("IMG_")} == {"2024-05-04"}
    for name in ("CanonRaw.cr3", "QuickTime.mov", "M2TS.mts", "SigmaDP2.x3f"):
        assert place[name] == "undated", "only exiftool reads it, and nothing in its name is a date"
    assert (place["CanonRaw.cr2"], place["Nikon.nef"]) == ("2005-08-03", "2004-06-09"), "TIFF is read here"
