"""photo: what is found in good pictures, and what becomes of bad ones."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from pillow_heif import register_heif_opener

from box.config import as_dict
from box.errors import BoxError, SourceChanged, Unprocessable
from box.events import FilePlaced, PhotoFiled
from box.photos.details import Details
from box.photos.formats import HEAD_BYTES, PICTURES, media_type
from box.sections import Photos
from box.tasks import photo
from box.tasks.child import Child
from box.tasks.handler import Found, Landed, Placement, Request
from box.tasks.limits import ChildLimits

register_heif_opener()

LIMITS = ChildLimits(
    memory_bytes=512_000_000, cpu_seconds=60, deadline_seconds=60, file_bytes=10**7, open_files_max=64, files_max=10**6
)
OPTIONS = as_dict(replace(Photos(), thumbnail_pixels=100, pixels_max=10_000_000))
WITHOUT = {**OPTIONS, "thumbnail_pixels": 0}
FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"]
SIZE = (160, 120)
NAMES = [b"a \"b\" 'c'.jpg", b"new\nline.jpg", "\N{CACTUS}.jpg".encode(), b"\xff\xfe.jpg", b"-rf"]


class Here:
    """`Tools` in this process."""

    def __init__(self, options: dict[str, Any]):
        self.options = options

    def progress(self, percent: float, message: str = "") -> None:
        pass

    def check_cancelled(self) -> None:
        pass


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """Noise, unless an image is given, in a file of that kind: no two pixels are alike, so none can be missed."""
    if image is None:
        image = Image.frombytes("RGB", SIZE, random.Random(kind).randbytes(SIZE[0] * SIZE[1] * 3))
    out = io.BytesIO()
    (image.quantize() if kind == "GIF" else image).save(out, kind, **options)
    return out.getvalue()


def in_tiff(exif: Image.Exif) -> ImageFileDirectory_v2:
    """The same fields for a TIFF, whose own directory holds them."""
    fields = ImageFileDirectory_v2()
    for tag, value in exif.items():
        fields[tag] = value
    fields[0x8769] = dict(exif.get_ifd(0x8769))
    return fields


def dated(taken: str = "2024:05:03 23:59:58", offset: str = "") -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker ", "Model", 6
    exif.get_ifd(0x8769)[0x9003] = taken
    if offset:
        exif.get_ifd(0x8769)[0x9011] = offset
    return exif


@pytest.fixture
def drop(tmp_path: Path) -> Callable[..., Request]:
    """Writes a file and gives the request that is about it."""

    def write(data: bytes, name: str = "IMG_0001.JPG") -> Request:
        path = os.path.join(tmp_path, name)
        with open(path, "wb") as file:
            file.write(data)
        return asked(path, str(tmp_path / "scratch"))

    return write


def asked(path: str, scratch: str) -> Request:
    status = os.lstat(path)
    return Request(7, "me", path, status.st_size, status.st_mtime_ns, status.st_ino, scratch)


def found(request: Request, options: dict[str, Any] = OPTIONS) -> Found:
    return photo.run(request, Here(options))


def refusal(request: Request, options: dict[str, Any] = OPTIONS) -> str:
    """The code with which it is refused."""
    with pytest.raises(Unprocessable) as refused:
        found(request, options)
    assert str(refused.value)
    return refused.value.code


# --- good pictures ---------------------------------------------------------------------------------------------------


def test_a_photo_goes_to_its_day_with_all_that_is_known_of_it(drop):
    data = encoded("JPEG", exif=dated(offset="+02:00"))
    request = drop(data)
    before = os.stat(request.source)
    told = found(request)
    assert told == Found(
        (
            Placement("photos", "2024/2024-05-03", "IMG_0001.JPG", base_length=8, digest=told.digest, facts=told.facts),
            Placement("thumbnails", "2024/2024-05-03", suffix=".jpg", made="thumbnail-0.jpg"),
        ),
        blake3(data).hexdigest(),
        {
            "media_type": "image/jpeg",
            "width": 160,
            "height": 120,
            **asdict(Details(make="Maker", model="Model", orientation=6)),
            "taken_at": "2024-05-03T23:59:58+02:00",
            "taken_from": "EXIF:DateTimeOriginal",
            "zone": "file",
            "confidence": "high",
            "day": "",
            "doubt": "",
            "main": "",
        },
    )
    after = os.stat(request.source)
    assert Path(request.source).read_bytes() == data
    assert (before.st_mtime_ns, before.st_ino, before.st_mode) == (after.st_mtime_ns, after.st_ino, after.st_mode)


def test_a_night_is_one_folder_and_a_wrong_clock_has_none(drop):
    nights = {**OPTIONS, "day_starts_at": "12:00"}
    after_midnight = found(drop(encoded("JPEG", exif=dated("2024:05:04 02:30:00"))), nights)
    assert {placement.folder for placement in after_midnight.placements} == {"2024/2024-05-03"}
    assert (after_midnight.facts["taken_at"], after_midnight.facts["day"]) == ("2024-05-04T02:30:00", "2024-05-03")
    reset = found(drop(encoded("JPEG", exif=dated("2000:01:01 00:00:12"))))
    assert {placement.folder for placement in reset.placements} == {"undated"}
    assert (reset.facts["taken_at"], reset.facts["doubt"]) == ("2000-01-01T00:00:12", "factory-date")


def test_without_a_date_inside_the_name_tells_the_day(drop):
    named = found(drop(encoded("JPEG"), "mothbox_2024_05_02__21_30_05_HDR0.jpg"))
    assert named.placements[0].folder == "2024/2024-05-02"
    assert (named.facts["taken_at"], named.facts["taken_from"]) == ("2024-05-02T21:30:05", "name")
    day = found(drop(encoded("JPEG"), "IMG-20240504-WA0001.jpg"))
    assert (day.placements[0].folder, day.facts["taken_at"]) == ("2024/2024-05-04", "2024-05-04")


def test_xmp_inside_a_picture_without_exif_tells_the_day(drop):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    xmp += b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2024-05-03T10:11:12"/>'
    in_it = found(drop(encoded("JPEG", xmp=xmp + b"</rdf:RDF></x:xmpmeta>")))
    assert (in_it.placements[0].folder, in_it.facts["confidence"]) == ("2024/2024-05-03", "low")


def test_the_thumbnail_stands_upright_in_the_scratch_folder(drop):
    request = drop(encoded("JPEG", exif=dated()))
    found(request)
    assert os.listdir(request.scratch) == ["thumbnail-0.jpg"]
    with Image.open(os.path.join(request.scratch, "thumbnail-0.jpg")) as made:
        assert (made.format, made.size) == ("JPEG", (75, 100))


def test_a_tiff_is_not_turned_twice(drop):
    request = drop(encoded("TIFF", exif=dated()))
    assert found(request).facts["orientation"] == 6
    assert (found(request).facts["width"], found(request).facts["height"]) == (160, 120)
    with Image.open(os.path.join(request.scratch, "thumbnail-0.jpg")) as made:
        assert made.size == (75, 100)


def test_a_second_attempt_writes_over_what_the_first_one_left(drop):
    request = drop(encoded("PNG"))
    os.mkdir(request.scratch)
    Path(request.scratch, "thumbnail-0.jpg").write_bytes(bytes(100_000))
    found(request)
    with Image.open(os.path.join(request.scratch, "thumbnail-0.jpg")) as made:
        made.load()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_recognised_by_its_content(drop, kind: str):
    for options in (OPTIONS, WITHOUT):
        facts = found(drop(encoded(kind), "no name at all"), options).facts
        assert facts["media_type"] == f"image/{kind.lower()}"
        assert (facts["width"], facts["height"]) == SIZE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_day_is_found_in_every_format_that_has_one(drop, kind: str):
    metadata = {"tiffinfo": in_tiff(dated())} if kind == "TIFF" else {"exif": dated()}
    assert found(drop(encoded(kind, **metadata)), WITHOUT).placements[0].folder == "2024/2024-05-03"


def test_without_thumbnails_nothing_is_written(drop):
    request = drop(encoded("JPEG", exif=dated()))
    assert len(found(request, WITHOUT).placements) == 1
    assert not os.path.exists(request.scratch)


def test_without_a_date_it_is_undated(drop):
    result = found(drop(encoded("JPEG")), WITHOUT)
    assert result.placements[0].folder == "undated"
    assert (result.facts["taken_at"], result.facts["taken_from"]) == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kept_as_they_are(drop, name: bytes):
    kept = os.fsdecode(name)
    names = [(placement.name, placement.suffix) for placement in found(drop(encoded("JPEG"), kept)).placements]
    assert names == [(kept, ""), ("", ".jpg")]


@pytest.mark.parametrize("broken", [b"", b"II*\0\xff\xff\xff\xff", bytes(200), b"II*\0garbage"])
def test_broken_exif_does_not_condemn_a_picture(drop, broken: bytes):
    for options in (OPTIONS, WITHOUT):
        result = found(drop(encoded("JPEG", exif=b"Exif\0\0" + broken)), options)
        assert result.placements[0].folder == "undated"
        assert result.facts["orientation"] == 1


def test_make_and_model_are_text_whatever_the_camera_wrote(drop):
    exif = dated()
    exif[0x010F], exif[0x0110] = b"  Kam\xc3\xa9ra \0rubbish", "\x01tabs\tand\nlines " + "x" * 300
    facts = found(drop(encoded("JPEG", exif=exif)), WITHOUT).facts
    assert facts["make"] == "Kaméra"
    assert facts["model"].startswith("tabs and lines xxx")
    assert len(facts["model"]) == 100


# --- what a viewer shows is not refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_nothing_but_its_end_marker_is_taken(drop, missing: int, progressive: bool):
    request = drop(encoded("JPEG", progressive=progressive, exif=dated())[:-missing])
    assert len(found(request).placements) == 2
    assert found(request, WITHOUT).facts["width"] == 160
    assert found(request, WITHOUT).placements[0].folder == "2024/2024-05-03"


def test_a_jpeg_whose_end_marker_became_zeros_is_taken(drop):
    assert found(drop(encoded("JPEG")[:-2] + bytes(5000)))


def test_a_png_that_lacks_nothing_but_its_end_is_taken(drop):
    assert len(found(drop(encoded("PNG")[:-12])).placements) == 2


def test_a_gif_that_lacks_nothing_but_its_trailer_is_taken(drop):
    assert len(found(drop(encoded("GIF")[:-1])).placements) == 2


def test_a_long_text_in_a_png_does_not_condemn_it(drop):
    info = PngInfo()
    info.add_text("workflow", "x" * 5_000_000, zip=True)
    assert len(found(drop(encoded("PNG", pnginfo=info))).placements) == 2


def test_a_whole_tiff_in_a_dialect_that_nobody_here_speaks_is_filed_without_thumbnail(drop):
    data = encoded("TIFF", tiffinfo=in_tiff(dated()))
    compression = struct.pack("<HHIHH", 259, 3, 1, 1, 0)
    assert compression in data
    result = found(drop(data.replace(compression, struct.pack("<HHIHH", 259, 3, 1, 34712, 0))))
    assert [placement.area for placement in result.placements] == ["photos"]
    assert (result.facts["width"], result.facts["height"]) == SIZE
    assert result.facts["taken_at"] == "2024-05-03T23:59:58"


@pytest.mark.parametrize("kind", ["PNG", "HEIF", "AVIF"])
def test_a_picture_too_large_for_the_memory_is_filed_without_thumbnail(drop, kind: str):
    request = drop(encoded(kind, Image.new("RGB", (8000, 8000))))
    limits = replace(LIMITS, memory_bytes=128_000_000)
    child = Child(limits, {"photos": {**OPTIONS, "pixels_max": 10**9}})
    try:
        ((_, result),) = child.perform("photo", [request])
    finally:
        child.close()
    assert isinstance(result, Found)
    assert [placement.area for placement in result.placements] == ["photos"]


# --- bad pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_off_picture_is_refused(drop, kind: str, part: float, options: dict[str, Any]):
    data = encoded(kind)
    assert refusal(drop(data[: int(len(data) * part)]), options) == "truncated"


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_whose_second_half_was_never_written_is_refused(drop, progressive: bool, options: dict[str, Any]):
    data = encoded("JPEG", progressive=progressive)
    half = len(data) // 2
    assert refusal(drop(data[:half] + bytes(len(data) - half)), options) == "truncated"


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
def test_a_gif_that_is_cut_off_in_a_later_frame_is_refused(drop, options: dict[str, Any]):
    frames = [Image.frombytes("L", SIZE, random.Random(n).randbytes(SIZE[0] * SIZE[1])) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert found(drop(out.getvalue()), options)
    assert refusal(drop(out.getvalue()[:-5000]), options) == "truncated"


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
def test_a_tiff_that_is_cut_off_in_a_later_page_is_refused(drop, options: dict[str, Any]):
    pages = [Image.frombytes("L", SIZE, random.Random(n).randbytes(SIZE[0] * SIZE[1])) for n in range(3)]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    assert found(drop(out.getvalue()), options)
    for missing in (100, 5000, len(out.getvalue()) // 2):
        assert refusal(drop(out.getvalue()[:-missing]), options) == "truncated"


def test_a_tiff_whose_one_picture_is_whole_is_taken_though_the_place_of_the_next_is_blank(drop):
    data = bytearray(encoded("TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, 0xFFFF_FFFF)
    assert len(found(drop(bytes(data))).placements) == 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_picture_of_rubbish_is_refused(drop, kind: str):
    """Its structure may lead to its end, but the decoder finds no pixels."""
    data = bytearray(encoded(kind, **({"compression": "tiff_deflate"} if kind == "TIFF" else {})))
    start = data.index(b"\xff\xda") - 200 if kind == "JPEG" else 60
    data[start : start + 150] = b"\x55" * 150
    assert refusal(drop(bytes(data))) in {"corrupt", "truncated"}


@pytest.mark.parametrize("data", [b"just a text", b"\0" * 500, b"\xff\xd8", b"%PDF-1.7\n", b""])
def test_what_is_no_picture_is_refused_whatever_its_name(drop, data: bytes):
    assert refusal(drop(data, "photo.jpg")) == "not-a-picture"


def bomb(kind: str, side: int) -> bytes:
    """A small file that says it is a picture of `side` x `side` pixels."""
    data = bytearray(encoded(kind))
    if kind == "JPEG":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    elif kind == "PNG":
        struct.pack_into(">II", data, 16, side, side)
    elif kind == "GIF":
        struct.pack_into("<HH", data, 6, side, side)
    elif kind == "BMP":
        struct.pack_into("<ii", data, 18, side, side)
    elif kind == "WEBP":
        data = bytearray(b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + struct.pack("<I", side - 1)[:3] * 2)
    else:
        for tag in (256, 257):
            struct.pack_into("<I", data, data.index(struct.pack("<HHI", tag, 4, 1)) + 8, side)
    return bytes(data)


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_decompression_bomb_is_refused_before_anything_is_unpacked(drop, kind: str, options: dict[str, Any]):
    assert refusal(drop(bomb(kind, 60_000)), options) == "too-many-pixels"


@pytest.mark.parametrize("options", [OPTIONS, WITHOUT], ids=["thumbnails", "none"])
def test_a_bomb_that_shows_but_a_corner_of_itself_is_refused_too(drop, options: dict[str, Any]):
    data = bytearray(encoded("HEIF", Image.new("RGB", (61, 47))))
    struct.pack_into(">II", data, data.index(b"ispe") + 8, 60_000, 60_000)
    assert refusal(drop(bytes(data)), options) == "too-many-pixels"


# --- the source is the one that settled -------------------------------------------------------------------------------


def test_a_file_that_is_another_than_the_settled_one_is_not_looked_at(drop):
    request = drop(encoded("JPEG"))
    for other in ({"size": 1}, {"mtime_ns": 1}, {"inode": 1}):
        with pytest.raises(SourceChanged):
            found(replace(request, **other))


def test_a_file_that_is_gone_or_no_file_any_more_is_not_looked_at(drop):
    request = drop(encoded("JPEG"))
    os.rename(request.source, request.source + ".moved")
    with pytest.raises(SourceChanged):
        found(request)
    for replacement in (
        lambda: os.symlink(request.source + ".moved", request.source),
        lambda: os.mkfifo(request.source),
        lambda: os.mkdir(request.source),
    ):
        replacement()
        with pytest.raises(SourceChanged):
            found(request)
        os.rmdir(request.source) if os.path.isdir(request.source) else os.unlink(request.source)


class Meddling(dict[str, Any]):
    """Options that somebody looks at while somebody else writes to the file."""

    path = ""

    def __getitem__(self, key: str) -> Any:
        with open(self.path, "ab") as file:
            file.write(b"more")
        return super().__getitem__(key)


@pytest.mark.parametrize("cut", [None, -3000])
def test_a_file_that_changes_while_it_is_read_is_not_to_blame(drop, cut: int | None):
    request = drop(encoded("JPEG")[:cut])
    options = Meddling(OPTIONS)
    options.path = request.source
    with pytest.raises(SourceChanged):
        found(request, options)


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_a_picture_that_lies_in_the_library_is_read_there_whatever_it_is_called(drop):
    request = drop(encoded("JPEG", exif=dated()), "clip.THM")
    assert found(request).facts == {"main": ""}, "in an inbox it is about the clip"
    result = found(replace(request, args={"stays": True}))
    assert (result.placements[0].stays, result.facts["media_type"]) == (True, "image/jpeg")


def test_the_main_file_comes_first_whichever_was_asked_for(drop):
    far = drop(encoded("JPEG", exif=dated("2024:05:09 10:00:00")), "a_HDR1.jpg")
    main = drop(encoded("JPEG", exif=dated("2024:05:04 10:00:00")), "a_HDR0.jpg")
    about = drop(b"x", "a_HDR0.xmp")
    result = found(replace(far, members=(main.files[0], about.files[0])), WITHOUT)
    assert [(p.folder, p.name) for p in result.placements] == [
        ("2024/2024-05-04", "a_HDR0.jpg"), ("2024/2024-05-09", "a_HDR1.jpg"), ("2024/2024-05-04", "a_HDR0.xmp"),
    ]  # fmt: skip
    assert [p.facts["main"] for p in result.placements] == ["", "", "*"]
    assert [p.apart for p in result.placements] == [False, True, False]


def test_the_report_names_the_photo_and_its_thumbnail(drop):
    request = drop(encoded("JPEG", exif=dated()))
    result = found(request)
    landed = (Landed("users/me/photos/a-2.jpg", 10, 20), Landed("users/me/thumbnails/a-2.jpg.jpg", 30, 40))
    filed, placed = photo.HANDLER.report(request, result, landed)
    assert filed == PhotoFiled(
        source="", path="users/me/photos/a-2.jpg", size=10, mtime_ns=20, digest=result.digest, media_type="image/jpeg",
        width=160, height=120, taken_at="2024-05-03T23:59:58", taken_from="EXIF:DateTimeOriginal", orientation=6,
        make="Maker", model="Model", thumbnail="users/me/thumbnails/a-2.jpg.jpg", confidence="high",
    )  # fmt: skip
    assert placed == FilePlaced(path="users/me/thumbnails/a-2.jpg.jpg", size=30, mtime_ns=40, job=7)


def test_the_report_of_a_photo_without_thumbnail_is_one_event(drop):
    request = drop(encoded("BMP"))
    (filed,) = photo.HANDLER.report(request, found(request, WITHOUT), (Landed("users/me/photos/a.bmp", 1, 2),))
    assert isinstance(filed, PhotoFiled)
    assert filed.thumbnail == ""


def test_the_service_never_loads_the_decoder():
    program = "import sys, box.tasks; assert not {'PIL', 'blake3'} & set(sys.modules), sys.modules.keys()"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


# --- real files, in a real child --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def children() -> Iterator[dict[int, Child]]:
    """By the size of the thumbnails that they make."""
    made = {
        pixels: Child(LIMITS, {"photos": {**OPTIONS, "thumbnail_pixels": pixels, "pixels_max": 10**8}})
        for pixels in (0, 320)
    }
    yield made
    for child in made.values():
        child.close()


def pictures(corpora: Path) -> list[Path]:
    return [
        path
        for path in sorted(corpora.rglob("*"))
        if path.is_file() and media_type(path.name, path.read_bytes()[:HEAD_BYTES])
    ]


@pytest.mark.parametrize("pixels", [0, 320])
def test_every_real_picture_is_filed(corpora, children, tmp_path, pixels: int):
    paths = pictures(corpora)
    requests = [asked(str(path), str(tmp_path / str(number))) for number, path in enumerate(paths)]
    assert len(requests) > 300
    for path, (_, result) in zip(paths, children[pixels].perform("photo", requests), strict=True):
        if path.name == "QuickTime.heic" and pixels:  # a sample without its picture
            assert isinstance(result, Unprocessable)
            continue
        assert isinstance(result, Found), (path, result)
        # Most samples of RAW files and films were made without picture and preview.
        if not pixels or result.facts["media_type"] in PICTURES:
            assert len(result.placements) == (2 if pixels else 1), path


def test_whatever_happens_to_a_real_picture_it_is_filed_or_refused_and_nothing_dies(corpora, children, tmp_path):
    dice = random.Random(3)
    requests = []
    for path in dice.sample(pictures(corpora), 60):
        data = bytearray(path.read_bytes())
        for _ in range(dice.choice([1, 5, 50])):
            data[dice.randrange(min(len(data), dice.choice([100, 1000, 10**7])))] = dice.randrange(256)
        changed = tmp_path / f"{len(requests)}-{path.name}"
        changed.write_bytes(data[: dice.choice([len(data), dice.randrange(1, len(data))])])
        requests.append(asked(str(changed), str(tmp_path / f"scratch-{len(requests)}")))
    first = children[320].pid
    for request, result in children[320].perform("photo", requests):
        known = {"corrupt", "truncated", "too-many-pixels", "not-a-picture", "too-much-memory"}
        assert isinstance(result, Found) or (isinstance(result, BoxError) and result.code in known), (request, result)
    assert first in {None, children[320].pid}
