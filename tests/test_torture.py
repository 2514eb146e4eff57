"""What organisers get wrong, all in one drop: every case right, nothing lost, and the second run changes nothing.

The kinds of cases are those that are told of today's organisers: dates that lie or disagree, clocks that fell back,
pairs whose halves are apart, names that collide, what is no photo, what is not there in full.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from pillow_heif import register_heif_opener

from box.config import Config
from box.models.base import Store
from tests.helpers import inbox, jpeg, library, projections

register_heif_opener()

DAY = "2024-05-04"
SHOT = "2024:05:04 10:11:12"
OTHER = "2010:01:05 10:11:12"
"""What another field says, and nobody should believe."""
OLD_SECONDS = 1_117_000_000
"""2005: the time of each file, as a careless copy leaves it."""

ORIGINAL, DIGITIZED, OFFSET, MAKER_NOTE, SUB_SECONDS = 0x9003, 0x9004, 0x9011, 0x927C, 0x9291
MODIFIED, MAKE, MODEL = 0x0132, 0x010F, 0x0110
GPS, GPS_TIME, GPS_DATE = 0x8825, 7, 0x1D

_made: list[bytes] = []


def picture(
    shot: Mapping[int, object],
    *,
    kind: str = "JPEG",
    modified: str = "",
    gps: Mapping[int, object] = {},
    **more: object,
) -> bytes:
    """A picture that is like no other one, with these fields."""
    number = len(_made) + 1
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = "Box", f"Test {number}"
    if modified:
        exif[MODIFIED] = modified
    exif.get_ifd(0x8769).update(shot)
    if gps:
        exif.get_ifd(GPS).update(gps)
    out = io.BytesIO()
    if kind == "TIFF":  # whose own directory holds the fields
        fields = ImageFileDirectory_v2()
        for tag, value in exif.items():
            fields[tag] = value
        fields[0x8769] = dict(shot)
        more["tiffinfo"] = fields
    Image.new("RGB", (64, 48), (number % 256, 90, 200)).save(out, kind, exif=exif, **more)
    _made.append(out.getvalue())
    return out.getvalue()


def taken(original: str = SHOT, **more: object) -> bytes:
    """A picture with that date."""
    return picture({ORIGINAL: original}, **more)


def bare(kind: str = "JPEG") -> bytes:
    """A picture without any date."""
    return picture({}, kind=kind)


def hyperfire() -> bytes:
    """Notes of a Reconyx, which has its date only there."""
    notes = bytearray(200)
    notes[:4] = b"\x01\xf1\x03\x00"
    struct.pack_into("<6H", notes, 22, 12, 11, 10, 5, 4, 2024)
    return bytes(notes)


def xmp(date: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:DateTimeOriginal="{date}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def takeout(seconds: int) -> bytes:
    return json.dumps({"title": "x.jpg", "photoTakenTime": {"timestamp": str(seconds)}}).encode()


def atom(name: bytes, *inside: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(b"".join(inside)), name) + b"".join(inside)


def film(created: int, creation_date: str = "") -> bytes:
    """A QuickTime film without pictures: its time in UTC, in seconds since 1904, and as iPhones write it."""
    head = atom(b"mvhd", bytes(4), struct.pack(">4I", created, created, 600, 600), bytes(80))
    keys = b""
    if creation_date:
        name, data = b"com.apple.quicktime.creationdate", struct.pack(">2I", 1, 0) + creation_date.encode()
        keys = atom(
            b"meta",
            atom(b"hdlr", bytes(8), b"mdta", bytes(13)),
            atom(b"keys", bytes(4), struct.pack(">I", 1), atom(b"mdta", name)),
            atom(b"ilst", atom(struct.pack(">I", 1), atom(b"data", data))),
        )
    _made.append(b"")
    free = atom(b"free", str(len(_made)).encode())
    return atom(b"ftyp", b"qt  ", bytes(4), b"qt  ") + atom(b"moov", head, keys) + free


def avi(date: str) -> bytes:
    """A film as old cameras make it."""
    head = b"hdrl" + b"IDIT" + struct.pack("<I", len(date)) + date.encode()
    body = b"AVI LIST" + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


UTC_1904 = 2_082_844_800
"""Seconds from 1904 to 1970."""
LATE_UTC = 1_714_861_800
"""2024-05-04 22:30 in UTC, half past midnight of the next day in Berlin."""
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)


@dataclass(frozen=True)
class Case:
    """Files of one drop, and where each belongs; `later` comes when those are filed."""

    what: str
    files: Mapping[str, bytes]
    where: Mapping[str, str]
    """Folder by the file's name: a day, `undated`, `quarantine`, `inbox`, and `day/new name`; empty when it is dropped
    because it is there already."""
    later: Mapping[str, bytes] = field(default_factory=dict)


def one(what: str, name: str, data: bytes, where: str) -> Case:
    return Case(what, {name: data}, {name: where})


def together(what: str, files: Mapping[str, bytes], day: str = DAY, **later: bytes) -> Case:
    """All of them go to that day under their names."""
    return Case(what, files, dict.fromkeys([*files, *later], day), later)


LONG = "a name that is longer than what Google's export keeps of it"
SAME = taken()
BURST = {f"IMG_20240504_1011120{n}.jpg": taken() for n in range(5)}


def dates_of_cameras() -> list[Case]:
    return [
        one("a date", "plain.jpg", taken(), DAY),
        one("upper case", "PLAIN2.JPG", taken(), DAY),
        one("original before digitized", "dig.jpg", picture({ORIGINAL: SHOT, DIGITIZED: OTHER}), DAY),
        one("original before modified", "mod.jpg", picture({ORIGINAL: SHOT}, modified=OTHER), DAY),
        one("digitized where there is no original", "only-dig.jpg", picture({DIGITIZED: SHOT}), DAY),
        one("modified is none", "only-mod.jpg", picture({}, modified=OTHER), "undated"),
        one("nothing at all", "none.jpg", bare(), "undated"),
        one("evening with an offset", "west.jpg", picture({ORIGINAL: "2024:05:04 23:59:58", OFFSET: "-07:00"}), DAY),
        one("morning far east", "east.jpg", picture({ORIGINAL: "2024:05:04 05:00:00", OFFSET: "+11:00"}), DAY),
        one("with fractions", "sub.jpg", picture({ORIGINAL: SHOT, SUB_SECONDS: "99"}), DAY),
        one("zeros", "zeros.jpg", taken("0000:00:00 00:00:00"), "undated"),
        one("blanks", "blanks.jpg", taken("    :  :     :  :  "), "undated"),
        one("no date", "rubbish.jpg", taken("yesterday at noon"), "undated"),
        one("year 12", "year12.jpg", taken("0012:05:04 10:11:12"), "undated"),
        one("month 13", "month13.jpg", taken("2024:13:04 10:11:12"), "undated"),
        one("30 February", "feb30.jpg", taken("2024:02:30 10:11:12"), "undated"),
        one("hour 24", "hour24.jpg", taken("2024:05:04 24:00:00"), "undated"),
        one("broken, but another one is good", "second.jpg", picture({ORIGINAL: OTHER[:9], DIGITIZED: SHOT}), DAY),
        one("with a Z", "zulu.jpg", taken("2024-05-04T10:11:12Z"), DAY),
        one("an offset inside", "inside.jpg", taken("2024:05:04 23:30:00+02:00"), DAY),
        one("the day alone", "dayonly.jpg", taken("2024:05:04"), DAY),
        one("maker's notes of a Reconyx", "RCNX0001.JPG", picture({MAKER_NOTE: hyperfire()}), DAY),
        one(
            "GPS, the day of the place", "gps.jpg",
            picture({}, gps={GPS_DATE: "2024:05:04", GPS_TIME: (22.0, 30.0, 0.0)}), "2024-05-05",
        ),
        one("factory date", "factory.jpg", taken("2000:01:01 00:00:31"), "undated"),
        one("before there were such cameras", "unix.jpg", taken("1970:01:02 00:00:31"), "undated"),
        one("the future", "future.jpg", taken("2098:01:05 10:11:12"), "undated"),
        one("factory date, but its name knows", "IMG_20240504_101113.jpg", taken("2015:01:01 00:03:00"), DAY),
        one("XMP inside says otherwise", "xmp-inside.jpg", taken(xmp=xmp("2010-01-05T10:11:12")), DAY),
    ]  # fmt: skip


def formats() -> list[Case]:
    return [
        one("HEIC", "IMG_0042.HEIC", taken(kind="HEIF"), DAY),
        one("AVIF", "modern.avif", taken(kind="AVIF"), DAY),
        one("PNG", "drawn.png", taken(kind="PNG"), DAY),
        one("WebP", "web.webp", taken(kind="WEBP"), DAY),
        one("TIFF", "scan.tif", taken(kind="TIFF"), DAY),
        one("BMP by its name", "moth_2024_05_04__21_30_05_HDR0.bmp", bare("BMP"), DAY),
        one("GIF by its name", "2024-05-04 18.59.59.gif", bare("GIF"), DAY),
        one("RAW", "DSC_0001.NEF", taken(kind="TIFF"), DAY),
        one("HEIC called JPEG", "IMG_0043.JPG", taken(kind="HEIF"), DAY),
        one("JPEG called RAW", "DSC_0002.NEF", taken(), DAY),
        one("a film called picture", "film.jpg", film(UTC_1904 + LATE_UTC), "2024-05-05"),
        one("a wrong ending", "really-a-png.jpg", taken(kind="PNG"), DAY),
        one("no ending", "picture", taken(), DAY),
        one("film with an offset", "clip.MOV", film(UTC_1904 + LATE_UTC, "2024-05-04T15:30:00-0700"), DAY),
        one("film in UTC", "utc.MOV", film(UTC_1904 + LATE_UTC), "2024-05-05"),
        one("film whose clock was never set", "unset.MOV", film(0), "undated"),
        one("AVI", "old.avi", avi("Sat May 04 10:11:12 2024"), DAY),
    ]


def names() -> list[Case]:
    told = {
        "IMG_20240504_101112.jpg": DAY, "IMG-20240504-WA0001.jpg": DAY, "2024-05-04 18.59.59.jpg": DAY,
        "PXL_20231231_233232177.jpg": "2024-01-01", "Screenshot_2024-05-04-10-11-12-123_com.app.png": DAY,
        "signal-2024-05-04-101112.jpg": DAY, "photo_2024-05-04_10-11-12.jpg": DAY,
        "WhatsApp Image 2024-05-04 at 6.59.59 PM.jpeg": DAY, "Screen Shot 2024-05-04 at 10.11.12 AM.png": DAY,
        "20240504_101112(0).jpg": DAY, "MVIMG_20240504_101112.jpg": DAY, "IMG_20240504_101115~2.jpg": DAY,
        "WIN_20240504_10_11_12_Pro.jpg": DAY, "DJI_20240504101112_0001_D.JPG": DAY,
        "00000IMG_00000_BURST20240504101112345_COVER.jpg": DAY, "C360_2024-05-04-10-11-12-345.jpg": DAY,
        "moth01_2024_05_04__21_30_05_HDR1.jpg": DAY, "ST03__2024-05-04__18-59-59(1).JPG": DAY,
        "DSC20241344.jpg": "undated", "20240504.jpg": "undated", "0049-2024-0504.jpg": "undated",
        "order 20240504101.jpg": "undated", "0049172202405041.jpg": "undated", "12024-05-04.jpg": "undated",
        "FB_IMG_1714817472000.jpg": "undated", "2024-13-45.jpg": "undated",
        "IMG_1714817472.jpg": "undated", "IMG_0001.JPG": "undated",
    }  # fmt: skip
    return [one(f"the name {name}", name, bare(), where) for name, where in told.items()]


def groups() -> list[Case]:
    raw = {"P1.NEF": taken(kind="TIFF"), "P1.JPG": taken()}
    live = {"IMG_7.HEIC": taken("2024:05:04 23:59:58", kind="HEIF"), "IMG_7.MOV": film(UTC_1904 + LATE_UTC)}
    hdr = {f"hdr_2024_05_04__21_30_05_HDR{n}.jpg": bare() for n in range(3)}
    about = {"hdr_2024_05_04__21_30_05_HDR0_botdetection.json": b"{}", "hdr_2024_05_04__21_30_05_HDR1.json": b"[]"}
    return [
        together("RAW and JPEG", raw),
        together("the halves of a live photo", live),
        together("a sidecar with both endings", {"S1.jpg": taken(), "S1.jpg.xmp": xmp("2010-01-05T10:11:12")}),
        together("a sidecar with its own ending", {"S2.jpg": taken(), "S2.xmp": xmp("2010-01-05T10:11:13")}),
        together("a sidecar knows what the picture does not", {"S3.jpg": bare(), "S3.xmp": xmp("2024-05-04T10:11:12")}),
        together("a table of detections", {"S4.jpg": taken(), "S4.jpg.json": b"{1}", "S4_botdetection.json": b"{2}"}),
        together("Takeout", {"T1.jpg": bare(), "T1.jpg.supplemental-metadata.json": takeout(1_714_817_472)}),
        together("Takeout, cut off", {"T2.jpg": bare(), "T2.jpg.supplemental-me.json": takeout(1_714_817_473)}),
        together(
            "edits, a small picture and a voice", {"V.JPG": taken(), "V.AAE": b"x", "V.THM": bare(), "V.WAV": WAV}
        ),
        together("a set of exposures with what was found", {**hdr, **about}),
        together("a burst", BURST),
        together("the edited form", {"IMG_E0099.JPG": taken(), "IMG_0099.JPG": taken(), "IMG_O0099.AAE": b"x"}),
        together("Takeout, cut at 46 letters", {f"{LONG}.jpg": bare(), f"{LONG[:46]}.json": takeout(1_714_817_474)}),
        together("the group of a RAW alone", {"R1.NEF": taken(kind="TIFF"), "R1.xmp": xmp("2010-01-05T10:11:15")}),
        together("a sidecar that comes later", {"L1.jpg": taken()}, **{"L1.jpg.xmp": b"<late/>"}),
        one("a sidecar without its picture", "lonely.xmp", xmp("2024-05-04T10:11:14"), DAY),
        together("no ending of a picture in lower case", {"low.jpg": taken(), "low.JPG.xmp": b"<x/>"}),
    ]


def collisions() -> list[Case]:
    first, second, third = taken(), taken(), taken()
    again = {"C2.jpg": taken(), "C2.xmp": b"<2/>"}
    return [
        Case(
            "numbers that begin anew", {"100MEDIA/IMG_0001.JPG": first, "101MEDIA/IMG_0001.JPG": second},
            {"100MEDIA/IMG_0001.JPG": DAY, "101MEDIA/IMG_0001.JPG": f"{DAY}/IMG_0001-2.JPG"},
        ),
        Case(
            "the same name on another day's card", {"C1.jpg": third}, {"C1.jpg": DAY, "n/C1.jpg": f"{DAY}/C1-2.jpg"},
            {"n/C1.jpg": taken()},
        ),
        Case(
            "a group whose name is taken", {"C2.jpg": taken(), "C2.xmp": b"<1/>"},
            {"C2.jpg": DAY, "C2.xmp": DAY, "n/C2.jpg": f"{DAY}/C2-2.jpg", "n/C2.xmp": f"{DAY}/C2-2.xmp"},
            {f"n/{name}": data for name, data in again.items()},
        ),
        Case(
            "names that differ in their case", {"case.jpg": taken(), "Case.jpg": taken(), "CASE.JPG": taken()},
            dict.fromkeys(("case.jpg", "Case.jpg", "CASE.JPG"), DAY),
        ),
        Case("the same bytes under another name", {"D1.jpg": SAME}, {"D1.jpg": DAY, "D2.jpg": ""}, {"D2.jpg": SAME}),
        Case(
            "another name of the same file", {"D3.jpg": (twice := taken())}, {"D3.jpg": DAY, "n/D3.jpg": ""},
            {"n/D3.jpg": twice},
        ),
        one("no ASCII", "Äpfel \N{CACTUS}.jpg", taken(), DAY),
        one("no UTF-8", os.fsdecode(b"\xff\xfe.jpg"), taken(), DAY),
        one("a line in a name", "new\nline.jpg", taken(), DAY),
        one("an option as a name", "-rf *.jpg", taken(), DAY),
    ]  # fmt: skip


def no_photos() -> list[Case]:
    whole = jpeg(7, size=(640, 480))
    bomb = bytearray(taken())
    struct.pack_into(">HH", bomb, bomb.index(b"\xff\xc0") + 5, 60_000, 60_000)
    return [
        one("empty", "empty.jpg", b"", "inbox"),
        one("cut off", "cut.jpg", whole[: len(whole) // 2], "quarantine"),
        one("a film cut off", "cut.MOV", film(UTC_1904 + LATE_UTC)[:60], "quarantine"),
        one("something else that calls itself a picture", "other.jpg", b"\0no picture", "inbox"),
        one("unpacks to too much", "bomb.jpg", bytes(bomb), "quarantine"),
        one("a document cut off", "report.pdf", b"%PDF-1.7\n", "quarantine"),
        one("half a copy", "IMG_20240504_101114.jpg.part", taken(), "inbox"),
        one("half a download", "dl.jpg.crdownload", taken(), "inbox"),
        one("half of Syncthing", ".syncthing.IMG_1.jpg.tmp", taken(), "inbox"),
        one("half of it elsewhere", "~syncthing~IMG_1.jpg.tmp", taken(), "inbox"),
        one("the other half of a file on a Mac", "._IMG_1.jpg", taken(), "inbox"),
        one("pictures of a shell", "Thumbs.db", taken(), "inbox"),
        one("pictures of a store", "@eaDir/SYNOPHOTO.jpg", taken(), "inbox"),
    ]


def cases() -> list[Case]:
    return [*dates_of_cameras(), *formats(), *names(), *groups(), *collisions(), *no_photos()]


def lay(top: Path, files: Mapping[str, bytes], what: str) -> None:
    for name, data in files.items():
        target = top / what / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (OLD_SECONDS, OLD_SECONDS))


def area(case: Case, name: str, where: str) -> str:
    """Where a file is expected, as a path below the user's folder."""
    if where == "inbox":
        return f"inbox/{case.what}/{name}"
    day, _, other = where.partition("/")
    year = f"{day[:4]}/" if day[0] == "2" else ""
    top = day if day == "quarantine" else f"photos/{year}{day}"
    return f"{top}/{other or name.rpartition('/')[2]}"


def test_every_case_that_organisers_get_wrong_is_right(make_root, run_box):
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed, and films have their dates by it")
    config = make_root(
        photos__thumbnail_pixels=0, photos__timezone="Europe/Berlin", photos__group_wait_seconds="1 second"
    )
    every = cases()
    assert len({case.what for case in every}) == len(every) >= 100
    for turn in ("files", "later"):
        for case in every:
            lay(inbox(config), getattr(case, turn), case.what)
        done = run_box("--config", config.path, "once")
        assert done.returncode in (0, 1), done.stderr
    there = found(config)
    wrong = {}
    for case in every:
        for name, data in {**case.files, **case.later}.items():
            where = case.where[name]
            if where and there.pop(area(case, name, where), None) != data:
                wrong[case.what, name] = [path for path, other in there.items() if other == data]
    assert wrong == {}
    assert [path for path in there if not path.endswith((".reason.json", "/.box"))] == []
    there, known = found(config), told(config)
    for command in ("once", "verify", "rebuild", "verify"):
        again = run_box("--config", config.path, command)
        assert again.returncode == 0, again.stdout + again.stderr
    assert (found(config), told(config)) == (there, known)


def found(config: Config) -> dict[str, bytes]:
    """Every file of the user, by its path."""
    areas = ("photos", "quarantine", "inbox")
    return {f"{top}/{name}": data for top in areas for name, data in library(config, top).items()}


def told(config: Config) -> list[tuple[object, ...]]:
    """What is stored of each photo."""
    with closing(Store(os.path.join(config.box.root, "box.db"))) as store:
        return projections(store)["photos"]


def test_a_night_is_one_folder_where_the_day_starts_at_noon(make_root, run_box):
    config = make_root(photos__thumbnail_pixels=0, photos__day_starts_at="12:00")
    night = {
        "early.jpg": (taken("2024:05:04 11:59:59"), "2024-05-03"), "noon.jpg": (taken("2024:05:04 12:00:00"), DAY),
        "late.jpg": (taken("2024:05:05 02:30:00"), DAY), "dawn.jpg": (taken("2024:05:05 11:59:59"), DAY),
        "moth_2024_05_05__02_30_00_HDR0.jpg": (bare(), DAY), "IMG-20240504-WA0002.jpg": (bare(), DAY),
    }  # fmt: skip
    lay(inbox(config), {name: data for name, (data, _) in night.items()}, "card")
    assert run_box("--config", config.path, "once").returncode == 0
    assert library(config) == {f"2024/{day}/{name}": data for name, (data, day) in night.items()}
