"""redate: a camera's wrong clock is put right for the photos that it took; the files stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from box import beside
from box import events as e
from box.errors import ConfigError
from box.models import photos, shelves
from box.tasks import redate
from tests.tasks.shelves import assert_right, do, drop, once, told, tree

DAYS = 86400


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("+3 days 02:00:00", 3 * DAYS + 7200),
        ("3 days", 3 * DAYS),
        ("-1 h 30 min", -5400),
        ("-00:30", -1800),
        ("+ 02:00:05", 7205),
        ("-2 days 12:00", -2 * DAYS - 43200),
        (-60, -60),
        ("3600", 3600),
    ],
)
def test_a_shift_is_what_people_write(written: object, seconds: int):
    assert redate.shift("shift", written) == seconds


@pytest.mark.parametrize(
    "written", ["", "soon", "0", "+", "-", "00:00", 0, True, None, "1 d 25:61", "1.5", "2000 years", [1]]
)
def test_what_is_no_shift_is_refused(written: object):
    with pytest.raises(ConfigError, match=r"^shift = "):
        redate.shift("shift", written)


@pytest.mark.parametrize("written", ["", "yesterday", "2024", "2024-05-03T10:00:00+02:00", 5])
def test_what_is_no_time_of_the_camera_is_refused(written: object):
    with pytest.raises(ConfigError, match=r"^since = "):
        redate.HANDLER.arguments["since"].read("since", written)


def test_a_time_that_satellites_told_is_not_the_clock_s_and_stays(make_root):
    config = make_root()
    drop(config, {"a.jpg": "2024:05:04 23:00:00"}, first=7)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Box", "Test 7"
    exif.get_ifd(0x8825).update({7: (10.0, 0.0, 0.0), 29: "2024:05:04"})
    Image.new("RGB", (8, 8)).save(Path(config.box.root, "users/me/inbox/b.jpg"), exif=exif)
    once(config)
    assert set(tree(config, "photos")) == {"photos/2024/2024-05-04/a.jpg", "photos/2024/2024-05-04/b.jpg"}
    do(config, "redate", camera="Box Test 7", shift="+3 days")
    assert set(tree(config, "photos")) == {"photos/2024/2024-05-07/a.jpg", "photos/2024/2024-05-04/b.jpg"}


def test_the_photos_of_a_camera_go_to_their_true_days_and_back(make_root):
    config = make_root(photos__thumbnail_pixels=32)
    drop(config, {"a.jpg": "2024:05:04 23:00:00", "b.jpg": "2024:05:06 10:00:00"}, first=7)
    drop(config, {"c.jpg": "2024:05:04 23:00:00"}, first=9)
    once(config)
    day = Path(config.box.root, "users/me/photos/2024/2024-05-04")
    (day / "a.jpg.xmp").write_text("about a")
    once(config)
    before = tree(config, "photos", "thumbnails")
    args = {"camera": "box TEST 7", "shift": "+3 days 02:00:00", "since": "2024-05-04", "until": "2024-05-04"}
    dry = do(config, "redate", dry_run=True, **args)
    assert (dry["photos"], dry["count"]) == (1, 2)
    assert tree(config, "photos", "thumbnails") == before
    real = do(config, "redate", **args)
    moved = [(event.source, event.path) for event in told(config, e.FileMoved) if "/thumbnails/" not in event.path]
    assert moved == [tuple(move) for move in dry["moves"]]
    assert (real["photos"], real["moved"]) == (1, 2)
    after = tree(config, "photos", "thumbnails")
    assert "photos/2024/2024-05-08/a.jpg" in after
    assert "photos/2024/2024-05-08/a.jpg.xmp" in after
    assert "thumbnails/2024/2024-05-08/a.jpg.jpg" in after
    assert "photos/2024/2024-05-04/c.jpg" in after, "another camera's"
    assert sorted(after.values()) == sorted(before.values())
    with beside.beside(config) as box:
        found = shelves.find(box.store, "users/me/photos/2024/2024-05-08/a.jpg")
        assert found is not None
        assert (found.taken_at, found.day, found.redated) == ("2024-05-08T01:00:00", "2024-05-08", real["number"])
        assert photos.totals(box.store).last_day == "2024-05-08"
    assert_right(config)
    assert do(config, "organize")["moved"] == 0
    assert do(config, "put-back", job=real["number"])["moved"] == 2
    assert tree(config, "photos", "thumbnails") == before
    with beside.beside(config) as box:
        found = shelves.find(box.store, "users/me/photos/2024/2024-05-04/a.jpg")
        assert found is not None
        assert (found.taken_at, found.day) == ("2024-05-04T23:00:00", "2024-05-04")
    assert_right(config)


def test_a_shift_within_a_day_moves_no_file_but_is_kept_and_is_taken_back(make_root):
    config = make_root(photos__thumbnail_pixels=0)
    drop(config, {"a.jpg": "2024:05:04 10:00:00"})
    once(config)
    real = do(config, "redate", camera="Test 0", shift="01:00")
    assert (real["photos"], real["moved"]) == (1, 0)
    path = "users/me/photos/2024/2024-05-04/a.jpg"

    def taken_at() -> str:
        with beside.beside(config) as box:
            found = shelves.find(box.store, path)
            assert found is not None
            return found.taken_at

    assert taken_at() == "2024-05-04T11:00:00"
    do(config, "put-back", job=real["number"])
    assert taken_at() == "2024-05-04T10:00:00"
    assert_right(config)
