"""A look at pictures and films that other programs help with: real files, the real exiftool and ffmpeg, and neither."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from box.errors import Unprocessable
from box.photos import exiftool, formats, isobmff
from box.photos.details import Details
from box.photos.look import Look, look

register_heif_opener()

OPTIONS = {"thumbnail_pixels": 100, "pixels_max": 10**8}
FILMS = {
    "mov": ("video/quicktime", ["-f", "mov"]),
    "mp4": ("video/mp4", ["-f", "mp4"]),
    "3gp": ("video/3gpp", ["-f", "3gp"]),
    "avi": ("video/x-msvideo", ["-f", "avi"]),
    "mts": ("video/mp2t", ["-f", "mpegts", "-mpegts_m2ts_mode", "1"]),
}
SAMPLES = ("exif-samples", "camera-trap")
CREATED = "2024-05-04T10:11:12Z"


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    yield
    exiftool.end()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two seconds of a moving pattern in every kind of film, each made at the same time."""
    folder = tmp_path_factory.mktemp("films")
    for ending, (_, options) in FILMS.items():
        source = ["-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=2"]
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", *source, "-metadata", f"creation_time={CREATED}"]
        codec = ["-c:v", "h263" if ending == "3gp" else "mpeg2video" if ending == "mts" else "mpeg4"]
        subprocess.run([*command, *codec, *options, str(folder / f"film.{ending}")], check=True)
    return {ending: folder / f"film.{ending}" for ending in FILMS}


def seen(path: Path | str, tmp_path: Path, **options: int) -> Look:
    with open(path, "rb") as file:
        return look(file, str(path), os.fstat(file.fileno()).st_size, OPTIONS | options, str(tmp_path / "scratch"))


def refusal(path: Path, tmp_path: Path) -> str:
    with pytest.raises(Unprocessable) as refused:
        seen(path, tmp_path)
    return refused.value.code


def without_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *programs: str) -> None:
    """A PATH that holds these programs only."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in programs:
        os.symlink(str(shutil.which(program)), folder / program)
    monkeypatch.setenv("PATH", str(folder))


def patterned(size: tuple[int, int] = (200, 100)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


# --- RAW --------------------------------------------------------------------------------------------------------------

RAW = {
    "CanonRaw.cr2": ("2005:08:03 18:59:18", "Canon EOS 350D DIGITAL"),
    "CanonRaw.cr3": ("2018:02:21 12:08:56", "Canon EOS M50"),
    "Nikon.nef": ("2004:06:09 16:02:35", "NIKON D70"),
    "DNG.dng": ("2005:08:03 18:59:18", "Canon EOS 350D DIGITAL"),
    "FujiFilm.raf": ("2007:05:22 13:58:30", "FinePix S5Pro"),
    "Panasonic.rw2": ("2008:08:06 15:21:56", "DMC-LX3"),
    "Minolta.mrw": ("2004:11:18 23:14:58", "DiMAGE A2"),
    "PhaseOne.iiq": ("2013:06:19 15:44:21", "Credo 40"),
    "SigmaDP2.x3f": ("2009:11:28 13:05:20", "SIGMA DP2"),
}
BY_MAKERS_NOTES = {
    "CanonRaw.crw": ("2003:11:10 17:39:26", "Canon EOS DIGITAL REBEL"),
    "Sigma.x3f": ("2001:01:01 00:36:35", "SIGMA SD10"),
    "KyoceraRaw.raw": ("2005:07:16 18:14:30", "N DIGITAL"),
}


@pytest.mark.parametrize("name", RAW)
def test_a_raw_file_has_the_time_and_the_camera_that_exiftool_sees(corpora, tmp_path, name: str):
    found = seen(corpora / "makers" / name, tmp_path)
    assert (found.evidence["EXIF:DateTimeOriginal"], found.details.model) == RAW[name]
    assert found.width > 0 < found.height


@pytest.mark.parametrize("name", BY_MAKERS_NOTES)
def test_a_raw_file_without_exif_has_the_time_of_the_makers_notes(corpora, tmp_path, name: str):
    found = seen(corpora / "makers" / name, tmp_path)
    assert (found.evidence["MakerNotes:DateTimeOriginal"], found.details.model) == BY_MAKERS_NOTES[name]


@pytest.mark.parametrize(("name", "serial"), [("CanonRaw.cr2", "0123456789"), ("Nikon.nef", "12345678")])
def test_the_makers_notes_of_a_raw_file_are_read_too(corpora, tmp_path, name: str, serial: str):
    """Which exiftool leaves out where it is told to be fast (-fast2), with the dates of some cameras."""
    assert seen(corpora / "makers" / name, tmp_path, thumbnail_pixels=0).details.serial == serial


def test_all_that_is_stored_of_a_raw_file_is_read(corpora, tmp_path):
    found = seen(corpora / "makers/CanonRaw.cr3", tmp_path)
    assert found.media_type == "image/x-canon-cr3"
    assert (found.width, found.height) == (6000, 4000)
    assert found.evidence["EXIF:OffsetTimeOriginal"] == "+00:00"
    assert found.evidence["EXIF:SubSecTimeOriginal"] == "21"
    assert found.details == Details(
        make="Canon", model="Canon EOS M50", serial="613040000565", lens="EF-M15-45mm f/3.5-6.3 IS STM",
        exposure="1/80", aperture=3.5, iso=12800,
    )  # fmt: skip


@pytest.fixture
def raw(corpora, tmp_path) -> Callable[..., Path]:
    """A RAW file with that preview and orientation, and a place, written into a copy of a real one."""

    def make(preview: bytes, orientation: int = 1) -> Path:
        path, jpg = tmp_path / "made.rw2", tmp_path / "preview.jpg"
        shutil.copy(corpora / "makers/Panasonic.rw2", path)
        path.chmod(0o600)
        jpg.write_bytes(preview)
        place = ["-GPSLatitude=48.5", "-GPSLatitudeRef=N", "-GPSLongitude=16.25", "-GPSLongitudeRef=W"]
        turned = [f"-IFD0:Orientation#={orientation}", f"-JpgFromRaw<={jpg}"]
        subprocess.run(["exiftool", "-q", "-m", "-overwrite_original", *turned, *place, str(path)], check=True)
        return path

    return make


def test_the_thumbnail_of_a_raw_file_is_its_preview_turned_upright(raw, tmp_path):
    found = seen(raw(jpeg(patterned()), orientation=6), tmp_path)
    assert found.details.orientation == 6
    assert found.thumbnail is not None
    assert found.thumbnail.size == (50, 100)
    top, bottom = found.thumbnail.getpixel((25, 10)), found.thumbnail.getpixel((25, 90))
    assert top[0] > 200
    assert bottom[2] > 200


def test_the_place_of_a_raw_file_is_read_with_its_signs(raw, tmp_path):
    details = seen(raw(jpeg(patterned())), tmp_path).details
    assert (details.latitude, details.longitude) == (48.5, -16.25)


def test_a_preview_that_unpacks_to_too_much_or_to_nothing_is_left(raw, tmp_path):
    data = bytearray(jpeg(patterned()))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, 60_000, 60_000)
    assert seen(raw(bytes(data)), tmp_path).thumbnail is None
    assert seen(raw(data[:300]), tmp_path).thumbnail is None


def test_a_raw_file_that_was_cut_off_is_refused_where_that_is_sure(corpora, tmp_path):
    whole = (corpora / "makers/CanonRaw.cr3").read_bytes()
    cut = tmp_path / "cut.cr3"
    cut.write_bytes(whole[:-100])
    assert refusal(cut, tmp_path) == "truncated"
    out = io.BytesIO()
    patterned().save(out, "TIFF")
    cut = tmp_path / "cut.nef"
    cut.write_bytes(out.getvalue())
    assert seen(cut, tmp_path).media_type == "image/x-nikon-nef"
    cut.write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    assert refusal(cut, tmp_path) == "truncated"


# --- films ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FILMS)
def test_a_film_has_its_size_and_a_picture(films, tmp_path, ending: str):
    found = seen(films[ending], tmp_path)
    assert found.media_type == FILMS[ending][0]
    assert (found.width, found.height) == (176, 144)
    assert found.thumbnail is not None
    assert found.thumbnail.size == (100, 82)
    assert len(found.thumbnail.getcolors(10_000) or ()) > 100


@pytest.mark.parametrize("ending", ["mov", "mp4", "3gp"])
def test_a_film_says_when_it_was_made(films, tmp_path, ending: str):
    assert seen(films[ending], tmp_path).evidence["QuickTime:CreateDate"] == "2024:05:04 10:11:12"


def test_the_times_of_other_films_are_told_under_their_names(corpora, tmp_path):
    makers = corpora / "makers"
    assert seen(makers / "M2TS.mts", tmp_path).evidence == {"H264:DateTimeOriginal": "2008:12:31 23:16:24+01:00"}
    assert seen(makers / "Pentax.avi", tmp_path).evidence == {"RIFF:DateTimeOriginal": "2009:10:27 12:14:00"}


def test_the_creation_date_of_an_iphone_comes_with_its_offset(films, tmp_path):
    path = tmp_path / "IMG_0001.MOV"
    shutil.copy(films["mov"], path)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-Keys:CreationDate=2024:05:04 12:11:12+02:00", path], check=True
    )
    assert seen(path, tmp_path).evidence["Keys:CreationDate"] == "2024:05:04 12:11:12+02:00"


def test_a_film_that_was_held_upright_has_an_upright_picture(films, tmp_path):
    path = tmp_path / "upright.mov"
    shutil.copy(films["mov"], path)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-Rotation=90", path], check=True)
    found = seen(path, tmp_path)
    assert found.details.orientation == 6
    assert found.thumbnail is not None
    assert found.thumbnail.height > found.thumbnail.width


def test_a_film_that_is_shorter_than_a_second_has_a_picture(tmp_path):
    path = tmp_path / "short.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=0.3"]
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", *source, "-c:v", "mpeg4", str(path)], check=True)
    small = seen(path, tmp_path).thumbnail
    assert small is not None
    assert small.size == (64, 48)


@pytest.mark.parametrize("ending", ["mov", "mp4", "3gp"])
def test_a_film_that_is_cut_off_is_refused(films, tmp_path, ending: str):
    whole = films[ending].read_bytes()
    for length in (formats.HEAD_BYTES, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / f"cut.{ending}"
        cut.write_bytes(whole[:length])
        assert refusal(cut, tmp_path) == "truncated"


@pytest.mark.parametrize("ending", ["mov", "mp4", "3gp"])
def test_what_a_maker_appends_to_a_film_does_not_matter(films, tmp_path, ending: str):
    longer = tmp_path / f"longer.{ending}"
    longer.write_bytes(films[ending].read_bytes() + b"SEFT trailer of a phone" * 10)
    assert seen(longer, tmp_path).thumbnail


def test_a_playlist_that_pretends_to_be_a_film_leads_nowhere(tmp_path):
    (tmp_path / "secret.ts").write_bytes(b"secret")
    fake = tmp_path / "fake.mov"
    box = struct.pack(">I", 8) + b"wide" + struct.pack(">I", 8) + b"moov"
    fake.write_bytes(box + b"\n#EXTM3U\n#EXTINF:1,\nfile:" + str(tmp_path / "secret.ts").encode() + b"\n")
    assert seen(fake, tmp_path).thumbnail is None


# --- HEIC and AVIF ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "orientation"), [("HMD_Nokia_8.3_5G.heif", 6), ("iphone_13_pro_max.HEIC", 6)])
def test_a_heic_picture_is_turned_as_its_container_says_and_not_its_exif(corpora, tmp_path, name, orientation):
    found = seen(corpora / "exif-samples/heic/mobile" / name, tmp_path)
    assert found.details.orientation == orientation
    assert found.width > found.height
    assert found.thumbnail is not None
    assert found.thumbnail.size == (75, 100)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_picture_is_shown_as_it_was_held(tmp_path, orientation: int):
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = orientation, "A camera"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:04 10:11:12"
    plain, path = tmp_path / "plain.jpg", tmp_path / "picture.bin"
    patterned().save(plain, "JPEG", exif=exif)
    patterned().save(path, "AVIF", exif=exif)
    found, expected = seen(path, tmp_path), seen(plain, tmp_path)
    assert found.media_type == "image/avif"
    assert found.evidence == expected.evidence == {"EXIF:DateTimeOriginal": "2024:05:04 10:11:12"}
    assert found.details == expected.details
    assert (found.width, found.height) == (200, 100)
    assert found.thumbnail is not None
    assert expected.thumbnail is not None
    assert found.thumbnail.size == expected.thumbnail.size
    for corner in ((5, 5), (found.thumbnail.width - 5, found.thumbnail.height - 5)):
        one, other = found.thumbnail.getpixel(corner), expected.thumbnail.getpixel(corner)
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 40


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_heic_or_avif_picture_that_is_cut_off_is_refused(tmp_path, kind: str):
    out = io.BytesIO()
    Image.effect_noise((200, 100), 90).convert("RGB").save(out, kind)
    path = tmp_path / "cut"
    for length in (formats.HEAD_BYTES, len(out.getvalue()) // 2, len(out.getvalue()) - 1):
        path.write_bytes(out.getvalue()[:length])
        assert refusal(path, tmp_path) == "truncated"


def test_without_its_decoder_a_heic_picture_has_its_date_and_no_thumbnail(corpora, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)  # what it is where it is not installed
    found = seen(corpora / "exif-samples/heic/IMG_5195.HEIC", tmp_path)
    assert found.evidence["EXIF:DateTimeOriginal"] == "2021:04:11 15:47:53"
    assert (found.width, found.height, found.thumbnail) == (2566, 3313, None)
    cut = tmp_path / "cut.heic"
    cut.write_bytes((corpora / "exif-samples/heic/IMG_5195.HEIC").read_bytes()[:-1000])
    assert refusal(cut, tmp_path) == "truncated"


@given(st.binary(max_size=300))
def test_no_bytes_can_break_the_reader_of_boxes(data: bytes):
    for prefix in (b"", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\1\0meta\0\0\0\0"):
        whole = prefix + data
        assert isobmff.flaw(lambda at, count, whole=whole: whole[at : at + count], len(whole)) in {"", "truncated"}
        with suppress(IndexError, struct.error):
            assert isobmff.main_item(whole).width >= 0


# --- names, and programs that are missing or die ----------------------------------------------------------------------

NAMES = [
    b"new\nline.mov", b"-execute\n-ver\n.mov", b"carriage\r.mov", b"@list.mov", b"#comment.mov", b"-delete.mov",
    b" lead and trail .mov ", b"touch stolen|", b"|touch stolen", b"%d%f.mov", b"*?[a]{b}.mov", b"$(touch stolen).mov",
    b"`touch stolen`.mov", b"\xff\xfe.mov", "\N{CACTUS} über.mov".encode(), b"a;b&c'd\"e.mov", b"\\n.mov", b"- .mov",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_more_than_a_name(films, tmp_path, monkeypatch, name: bytes):
    monkeypatch.chdir(tmp_path)
    path = os.path.join(os.fsencode(tmp_path), name)
    shutil.copy(films["mov"], path)
    before = sorted(os.listdir(os.fsencode(tmp_path)))
    found = seen(os.fsdecode(path), tmp_path)
    assert found.evidence == {"QuickTime:CreateDate": "2024:05:04 10:11:12"}
    assert found.thumbnail is not None
    after = sorted(os.listdir(os.fsencode(tmp_path)))
    assert [each for each in after if each != b"scratch"] == before
    assert not (tmp_path / "scratch").exists() or not list((tmp_path / "scratch").iterdir())


def test_one_exiftool_answers_for_many_files(corpora, films, tmp_path):
    seen(films["mov"], tmp_path)
    first = exiftool.pids()
    assert len(first) == 1
    for path in (films["mp4"], corpora / "makers/CanonRaw.cr2", corpora / "makers/CanonRaw.crw"):
        seen(path, tmp_path)
    assert exiftool.pids() == first


def test_an_exiftool_that_was_killed_is_replaced(films, tmp_path):
    seen(films["mov"], tmp_path)
    (first,) = exiftool.pids()
    os.kill(first, signal.SIGKILL)
    assert seen(films["mp4"], tmp_path).evidence
    assert exiftool.pids() not in {(), (first,)}


@pytest.mark.parametrize("doing", ["kill -9 $$", "exit 3", "cat >/dev/null", "yes", "sleep 3600", "echo '{ready1}'"])
def test_an_exiftool_that_dies_hangs_or_babbles_costs_no_more_than_its_answer(
    corpora, tmp_path, monkeypatch, doing: str
):
    without_programs(monkeypatch, tmp_path, "sh", "cat", "yes", "sleep")
    program = tmp_path / "bin/exiftool"
    program.write_text(f"#!/bin/sh\nread line\n{doing}\n")
    program.chmod(0o755)
    monkeypatch.setattr(exiftool, "_SECONDS", 1.0)
    found = seen(corpora / "makers/CanonRaw.cr2", tmp_path)
    assert found.evidence["EXIF:DateTimeOriginal"] == "2005:08:03 18:59:18"
    assert exiftool.pids() == ()


@pytest.mark.parametrize("answer", ["", "[]", "{}", "[1]", "[{}, {}]", "nonsense", '[{"EXIF:DateTimeOriginal": [1]}]'])
def test_what_is_no_answer_about_a_file_is_taken_for_none(corpora, tmp_path, monkeypatch, answer: str):
    without_programs(monkeypatch, tmp_path, "sh")
    program = tmp_path / "bin/exiftool"
    program.write_text(
        "#!/bin/sh\nwhile read -r line; do case $line in -execute*) "
        f"printf '%s\\n{{ready%s}}\\n' {json.dumps(answer)!s} \"${{line#-execute}}\";; esac; done\n"
    )
    program.chmod(0o755)
    found = seen(corpora / "makers/CanonRaw.cr2", tmp_path)
    assert found.evidence["EXIF:DateTimeOriginal"] == "2005:08:03 18:59:18"


@pytest.mark.parametrize("name", ["CanonRaw.cr2", "Nikon.nef", "DNG.dng", "PhaseOne.iiq"])
def test_without_exiftool_a_raw_file_that_is_tiff_has_its_time_and_camera(corpora, tmp_path, monkeypatch, name: str):
    without_programs(monkeypatch, tmp_path)
    found = seen(corpora / "makers" / name, tmp_path)
    assert found.evidence["EXIF:DateTimeOriginal"] == RAW[name][0]
    assert found.details.model


def test_without_the_programs_everything_is_taken_all_the_same(corpora, films, tmp_path, monkeypatch):
    without_programs(monkeypatch, tmp_path)
    for path in (*films.values(), *(corpora / "makers" / name for name in {**RAW, **BY_MAKERS_NOTES})):
        found = seen(path, tmp_path)
        assert found.media_type
        assert found.thumbnail is None


def test_every_readable_sample_has_the_time_that_exiftool_sees(corpora, tmp_path):
    command = ["exiftool", "-r", "-j", "-q", "-q", "-EXIF:DateTimeOriginal", *(corpora / each for each in SAMPLES)]
    reports = json.loads(subprocess.run(command, check=False, capture_output=True).stdout)
    compared = 0
    for report in reports:
        try:
            found = seen(report["SourceFile"], tmp_path, thumbnail_pixels=0)
        except Unprocessable:
            continue
        theirs = report.get("DateTimeOriginal")
        if theirs:
            assert found.evidence.get("EXIF:DateTimeOriginal") == theirs, report
            compared += 1
    assert compared > 200
