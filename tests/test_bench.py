"""The bench measures what it says: every one of its runs is done and checked here, with tiny numbers and no clock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench import effects, photoset, soak, tables
from bench.asking import Asked

REPOSITORY = Path(__file__).resolve().parent.parent
PHOTOS = 6
NAMES = (
    "filing",
    "thumbnails",
    "latency",
    "close",
    "rest",
    "events",
    "jobs",
    "metrics",
    "quota",
    "search",
    "start",
    "texts",
)
OF_PHOTOS = ("formats", "flood")

type_bench = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bench(tmp_path: Path) -> type_bench:
    """Runs it, in a scratch folder of its own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bench", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "BENCH_DIR": str(tmp_path / "scratch"), **environment},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    return run


TINY = (
    "--runs=1", f"--photos={PHOTOS}", "--jobs=2", "--events=3000", "--history=300", "--files=90", "--known=50",
    "--many=20", "--passages=300", "--texts=1", "--dump=20000", "--pages=3",
    "--rest=1", "--each=2", "--flood=30", "--patience=0",
)  # fmt: skip


def measured(bench: type_bench, tmp_path: Path, *names: str, **environment: str) -> dict[str, Any]:
    """The tables by name."""
    out = tmp_path / "figures.json"
    done = bench(*names, *TINY, f"--json={out}", **environment)
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    assert written["machine"]["cores"]
    return {table["name"]: table for table in written["tables"]}


def test_everything_is_measured_and_nothing_is_left_but_the_photos(bench: type_bench, tmp_path: Path) -> None:
    found = measured(bench, tmp_path, *NAMES)
    assert tuple(found) == NAMES
    for table in found.values():
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    scratch = tmp_path / "scratch"
    assert not [
        name for name in ("latency", "rest", "growth", "jobs", "refresh", "quota", "start") if (scratch / name).exists()
    ]
    assert len(list((scratch / "photos").glob("*.JPG"))) == PHOTOS


def test_photos_of_all_kinds_and_very_many_are_measured(bench: type_bench, tmp_path: Path) -> None:
    found = measured(bench, tmp_path, *OF_PHOTOS)
    assert {"jpg", "png", "tif", "webp", "heic", "avif"} <= {row[0] for row in found["formats"]["rows"]}
    (row,) = found["flood"]["rows"]
    assert row[0] == 30
    assert len(found["flood"]["verdicts"]) == 3
    assert not (tmp_path / "scratch/root").exists()


def test_a_backup_is_measured_beside_its_peers(bench: type_bench, tmp_path: Path) -> None:
    found = measured(bench, tmp_path, "backup")["backup"]
    there = [name for name in ("box", "rsync", "restic") if name == "box" or shutil.which(name)]
    rows = {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}
    for phase in ("first", "unchanged", "1 % changed"):
        for name in there:
            assert rows[f"{name}, {phase}, {PHOTOS} files"]["CPU s"] > 0
    assert rows[f"box, first, {PHOTOS} files"]["on the drive MB"] > PHOTOS * 1.5
    assert rows[f"box, unchanged, {PHOTOS} files"]["on the drive MB"] == 0
    assert not (tmp_path / "scratch/backup").exists()


def test_two_years_are_measured_when_they_are_named(bench: type_bench, tmp_path: Path) -> None:
    table = measured(bench, tmp_path, "two-years", "--a-day=20", "--months=6")["two-years"]
    assert [row[0] for row in table["rows"]] == ["1", "2", "3", "4", "5", "6"]
    last = dict(zip(table["columns"], table["rows"][-1], strict=True))
    assert last["photos"] == 20 * 30 * 6
    assert last["events ever"] > last["events in the table"] > 0
    assert last["archive MB"] > 0
    assert table["raw"]["events"] == last["events ever"]
    assert not (tmp_path / "scratch/two-years").exists()


def test_a_small_soak_does_each_job_once_however_often_box_and_its_workers_are_killed(
    bench: type_bench, tmp_path: Path
) -> None:
    table = measured(bench, tmp_path, "soak", "--mixed=200")["soak"]
    everything = dict(zip(table["columns"], table["rows"][-1], strict=True))
    assert everything[""] == "all"
    assert everything["jobs"] >= 200
    assert everything["kills"] == 3
    assert everything["workers killed"] >= 3
    assert len(table["verdicts"]) == 4
    assert not (tmp_path / "scratch/soak").exists()


@pytest.mark.parametrize("wrong", ["no effect", "twice", "never asked for", "damaged"])
def test_a_soak_sees_an_effect_that_is_missing_or_there_twice(tmp_path: Path, wrong: str) -> None:
    asked = Asked(jobs=3, effects={7, 8}, maybe={9})
    for name in ("done/000", "tried", "parts"):
        (tmp_path / name).mkdir(parents=True)
    for number in (7, 8):
        assert effects.effect(str(tmp_path), number) == "made"
        assert effects.effect(str(tmp_path), number) == "found"
    assert soak.wrong_effects(asked, str(tmp_path / "done")) == []
    match wrong:
        case "no effect":
            (tmp_path / "done/000/7").unlink()
        case "twice":
            (tmp_path / "done/001").mkdir()
            (tmp_path / "done/001/7").write_text("7\n")
        case "never asked for":
            effects.effect(str(tmp_path), 10)
        case _:
            (tmp_path / "done/000/7").write_text("7\n7\n")
    assert len(soak.wrong_effects(asked, str(tmp_path / "done"))) == 1


def test_a_peer_that_is_not_installed_is_said_so_in_its_row(bench: type_bench, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "find", "xargs"):
        os.symlink(shutil.which(name) or "", programs / name)
    rows = measured(bench, tmp_path, "filing", PATH=str(programs))["filing"]["rows"]
    assert [row[0] for row in rows if row[1] is None] == [
        f"{name}, {how}: not installed" for how in ("fresh copies", "interleaved") for name in ("exiftool", "jhead")
    ]


def test_a_name_that_it_does_not_know_is_refused_with_those_it_knows(bench: type_bench) -> None:
    done = bench("fillings")
    assert done.returncode == 2
    assert "fillings" in done.stderr
    assert all(name in done.stderr for name in (*NAMES, "backup", *OF_PHOTOS))


def test_photos_are_the_same_each_time_and_differ_from_each_other(tmp_path: Path) -> None:
    first, second = (photoset.make(str(tmp_path / name), 3) for name in ("a", "b"))
    assert [Path(path).read_bytes() for path in first] == [Path(path).read_bytes() for path in second]
    assert len({Path(path).read_bytes() for path in first}) == 3


def test_photos_carry_the_time_at_which_the_set_says_they_were_taken(tmp_path: Path) -> None:
    path = photoset.make(str(tmp_path), 2)[1]
    with Image.open(path) as image:
        inner = image.getexif().get_ifd(0x8769)
    assert inner[0x9003] == photoset.taken_at(1).strftime("%Y:%m:%d %H:%M:%S")
    assert inner[0x9011] == "+02:00"


def test_fifty_nights_across_midnight_are_fifty_one_days() -> None:
    assert photoset.days(2000) == 51
    assert photoset.days(1) == 1


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert tables.percentiles([float(n) for n in range(1, 101)]) == {"p50": 50.5, "p99": 99.0, "max": 100.0}
    assert tables.percentiles([3.0]) == {"p50": 3.0, "p99": 3.0, "max": 3.0}


def test_a_target_is_met_on_the_right_side_of_it() -> None:
    assert tables.verdict("speed", 600, 600, least=True).startswith("met")
    assert tables.verdict("speed", 599, 600, least=True).startswith("MISSED")
    assert tables.verdict("memory", 51, 50, " MB").startswith("MISSED")
