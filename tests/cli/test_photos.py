"""`box photos`: what is known of a photo, and which are kept twice."""

from __future__ import annotations

import io
import os
import shutil
from datetime import date

import pytest
from blake3 import blake3
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from box import retention
from box.beside import beside
from box.events import PhotoTrashed
from box.models import files, photo_lists
from box.models.photos import Photo
from tests.helpers import jpeg

PLACE = "users/me/photos/2024/2024-05-04"


@pytest.fixture
def filed(make_box):
    """Three photos of me and one of ann, two of them the same; and something that is no photo."""
    box = make_box("me", "ann", photos__duplicates="keep")
    for name, number in (("a.jpg", 1), ("b.jpg", 2), ("again.jpg", 1)):
        (box.inbox / name).write_bytes(jpeg(number))
    (box.root / "users/ann/inbox/hers.jpg").write_bytes(jpeg(1))
    (box.inbox / "letter.bin").write_bytes(bytes(range(256)))
    (box.root / PLACE).mkdir(parents=True)
    (box.root / PLACE / "a.jpg.xmp").write_text("<x/>")
    assert box("once").returncode == 0
    return box


def test_show_tells_all_that_is_known(filed):
    known = filed.json("photos", "show", f"{PLACE}/a.jpg")
    assert known["path"] == f"{PLACE}/a.jpg"
    assert (known["user"], known["taken_at"], known["day"]) == ("me", "2024-05-04T10:11:12", "2024-05-04")
    assert (known["make"], known["model"], known["width"], known["height"]) == ("Box", "Test 1", 64, 48)
    assert known["size"] == len(jpeg(1)) and len(known["digest"]) == 64
    assert known["origin"] == "users/me/inbox/a.jpg"
    assert known["beside"] == [f"{PLACE}/a.jpg.xmp"]
    assert (filed.root / known["thumbnail"]).exists()
    assert not {"folder", "name", "group_key"} & set(known)
    shown = dict(line.split(maxsplit=1) for line in filed("photos", "show", f"{PLACE}/a.jpg").stdout.splitlines())
    assert shown["taken"] == "2024-05-04 10:11:12"
    assert shown["camera"] == "Box Test 1"
    assert shown["picture"] == "image/jpeg, 64 x 48, orientation 1"
    assert shown["beside"] == f"{PLACE}/a.jpg.xmp"
    assert "doubt" not in shown, "what there is nothing to say of is not shown"


def test_all_that_is_stored_of_a_photo_is_shown_and_is_the_same_after_a_rebuild(make_box):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model 7", 6
    exif.get_ifd(0x8769).update({
        0x9003: "2024:05:04 10:11:12", 0x9291: "25", 0x9011: "+02:00", 0x829A: IFDRational(1, 250),
        0x829D: IFDRational(28, 10), 0x8827: 400, 0xA431: "S-0815", 0xA434: "Lens 50mm",
    })  # fmt: skip
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 30.0, 0.0), 3: "E", 4: (151.0, 15.0, 0.0)})
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG", exif=exif)
    box = make_box()
    (box.inbox / "a.jpg").write_bytes(out.getvalue())
    assert box("once").returncode == 0
    known = box.json("photos", "show", f"{PLACE}/a.jpg")
    told = {
        "digest": blake3(out.getvalue()).hexdigest(), "size": len(out.getvalue()), "media_type": "image/jpeg",
        "width": 64, "height": 48, "orientation": 6, "make": "Maker", "model": "Model 7", "serial": "S-0815",
        "lens": "Lens 50mm", "exposure": "1/250", "aperture": 2.8, "iso": 400, "latitude": -33.5, "longitude": 151.25,
        "taken_at": "2024-05-04T10:11:12.25+02:00", "taken_from": "EXIF:DateTimeOriginal", "zone": "file",
        "confidence": "high", "doubt": "", "day": "2024-05-04",
    }  # fmt: skip
    assert {name: known[name] for name in told} == told
    shown = box("photos", "show", f"{PLACE}/a.jpg").stdout
    for text in (
        "10:11:12.25+02:00",
        "S-0815",
        "Lens 50mm",
        "1/250",
        "f/2.8",
        "ISO 400",
        "-33.500000, 151.25",
        "tion 6",
    ):
        assert text in shown
    assert box("rebuild").returncode == 0
    assert box.json("photos", "show", f"{PLACE}/a.jpg") == known
    assert box("photos", "show", f"{PLACE}/a.jpg").stdout == shown


def test_a_photo_is_found_by_any_path_to_it(filed, tmp_path):
    whole = filed.root / PLACE / "a.jpg"
    (tmp_path / "link").symlink_to(filed.root / PLACE)
    for path in (str(whole), f"{PLACE}/a.jpg", f"./{PLACE}/../2024-05-04/a.jpg", str(tmp_path / "link" / "a.jpg")):
        assert filed.json("photos", "show", path)["path"] == f"{PLACE}/a.jpg"
    whole.unlink()
    assert filed.json("photos", "show", f"{PLACE}/a.jpg")["path"] == f"{PLACE}/a.jpg", "as long as no sweep missed it"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("users/me/inbox/letter.bin", "is a drop that waits in the inbox"), (f"{PLACE}/a.jpg.xmp", "is no photo"),
        (f"{PLACE}/none.jpg", "Box knows no file"), ("/etc/hostname", "does not lie in"),
        ("../../etc/hostname", "does not lie in"),
    ],
)  # fmt: skip
def test_what_is_no_photo_gets_one_sentence(filed, path, says):
    done = filed("photos", "show", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr and done.stderr.count("\n") == 1


def test_duplicates_are_listed_with_what_could_be_freed(filed):
    (group,) = filed.json("photos", "duplicates")
    size = len(jpeg(1))
    paths = ["users/ann/photos/2024/2024-05-04/hers.jpg", f"{PLACE}/a.jpg", f"{PLACE}/again.jpg"]
    assert (group["count"], group["size"], group["spare_bytes"], group["paths"]) == (3, size, 2 * size, paths)
    (own,) = filed.json("photos", "duplicates", "--user", "me")
    assert own["paths"] == paths[1:]
    assert filed.json("photos", "duplicates", "--user", "ann") == []
    assert filed("photos", "duplicates", "--user", "ann").stdout == "no photo is kept twice\n"
    lines = filed("photos", "duplicates").stdout.splitlines()
    assert lines[0].startswith("3 x ") and lines[-1].startswith("3 photos in 1 group: ")
    assert lines[1:-1] == [f"  {path}" for path in paths]
    assert filed("photos").stdout.splitlines() == lines
    assert filed("photos", "duplicates", "--user", "zoe").returncode == 2


def test_a_photo_that_was_changed_by_hand_is_no_duplicate(filed):
    shutil.copy(filed.root / PLACE / "b.jpg", filed.root / PLACE / "a.jpg")
    os.utime(filed.root / PLACE / "a.jpg", ns=(1, 1))
    assert filed("once").returncode == 0
    groups = {tuple(each["paths"]) for each in filed.json("photos", "duplicates")}
    assert groups == {
        ("users/ann/photos/2024/2024-05-04/hers.jpg", f"{PLACE}/again.jpg"), (f"{PLACE}/a.jpg", f"{PLACE}/b.jpg"),
    }, "it was read again"  # fmt: skip


def test_many_groups_come_in_pages(store):
    columns = [f.column_name for f in Photo._meta.sorted_fields]
    filler = {name: 0 if name in {"width", "height", "orientation", "iso", "size"} else "" for name in columns}
    for number in range(photo_lists.PAGE + 3):
        for copy in "ab":
            row = {**filler, "folder": "f", "name": f"{number}{copy}", "digest": f"{number:05}", "user": copy}
            marks = ", ".join("?" * len(columns))
            store.execute(f"INSERT INTO photos ({', '.join(columns)}) VALUES ({marks})", [row[c] for c in columns])
    assert [c.digest for c in photo_lists.copies(store)] == [f"{n:05}" for n in range(photo_lists.PAGE + 3)]
    assert list(photo_lists.copies(store, "a")) == []


# --- what is to stay -------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_and_no_longer(filed):
    path = f"{PLACE}/a.jpg"
    assert filed("photos", "keep", path).stdout == f"{path}: kept\n"
    assert "kept         yes: it stays when the disk fills up" in filed("photos", "show", path).stdout
    assert filed.json("photos", "keep", path, "--undo") == [{"user": "me", "path": path, "day": "", "kept": False}]
    assert "kept" not in filed("photos", "show", path).stdout


def test_a_day_is_kept_for_everybody_who_has_photos_of_it_or_for_one(filed):
    day = "2024-05-04"
    assert filed("photos", "keep", day).stdout == (
        f"all photos of {day} of ann: kept\nall photos of {day} of me: kept\n"
    )
    assert (
        filed("photos", "keep", day, "--user", "ann", "--undo").stdout
        == f"all photos of {day} of ann: no longer kept\n"
    )
    assert filed("photos", "keep", day, "--undo").stdout == f"all photos of {day} of me: no longer kept\n"
    assert filed("photos", "keep", "2031-01-01", "--user", "me").returncode == 0, "photos of that day may still come"


def test_a_day_is_kept_for_those_too_whose_photos_of_it_lie_in_the_trash(filed):
    hers = "users/ann/photos/2024/2024-05-04/hers.jpg"
    with beside(filed.config) as box:
        size, mtime_ns = files.find(box.store, hers)
        there = retention.trash_path(hers, date(2026, 11, 21), 1)
        box.engine.record(
            PhotoTrashed(user="ann", source=hers, path=there, size=size, mtime_ns=mtime_ns, digest="d", job=1)
        )
    told = filed.json("photos", "keep", "2024-05-04")
    assert [fact["user"] for fact in told] == ["ann", "me"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("2031-01-01",), 1, "nobody has a photo of 2031-01-01; --user says whose"),
        (("2024-05-04", "--undo"), 1, "2024-05-04 is kept for nobody"),
        (("2024-05-04", "--user", "bob"), 2, "bob"),
        ((f"{PLACE}/a.jpg.xmp",), 1, "is no photo that Box has read"),
        ((f"{PLACE}/a.jpg", "--user", "ann"), 2, "is me's, not ann's"),
        (("2024-05-99",), 1, "Box knows no file"),
        (("/etc/passwd",), 1, "does not lie in"),
    ],
)
def test_what_cannot_be_kept_is_said(filed, arguments, code, says):
    done = filed("photos", "keep", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
