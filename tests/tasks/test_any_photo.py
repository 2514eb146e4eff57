"""photo, whatever a photo says and is called: it is filed, over nothing, under a day that it bears, or under none."""

from __future__ import annotations

import io
import os
import re
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from box.config import as_dict
from box.sections import Photos
from box.tasks import landing, photo
from box.tasks.handler import Request
from tests.tasks.test_photo import Here

OPTIONS = as_dict(replace(Photos(), thumbnail_pixels=0))
ORIGINAL, DIGITIZED, OFFSET = 0x9003, 0x9004, 0x9011
NAME_BYTES_MAX = 255

pieces = st.sampled_from([
    *"0123456789:-. TZ+_()%", "2024", "1999", "05", "31", "13", "24:00:00", "10:11:12", "0000", "0012", "20240504",
    "_185959", "IMG_", "PXL_", "-WA0001", "\n", "\xff", "é",
])  # fmt: skip
moments = st.datetimes().map(lambda at: at.isoformat(" ", "seconds").replace("-", ":"))
texts = (st.text(max_size=20) | st.lists(pieces, max_size=12).map("".join) | moments).map(
    lambda text: text.encode("utf-8", "replace")
)
names = st.builds(
    lambda stem, ending: re.sub(rb"[/\0]", b"_", stem)[: NAME_BYTES_MAX - len(ending)] + ending,
    texts | st.binary(min_size=NAME_BYTES_MAX, max_size=NAME_BYTES_MAX),
    st.sampled_from([b".jpg", b".JPG", b""]),
).filter(lambda name: name not in {b"", b".", b".."})


@given(st.dictionaries(st.sampled_from([ORIGINAL, DIGITIZED, OFFSET]), texts), names)
@example({ORIGINAL: b"2024:05:04 24:00:00"}, b"IMG_20240230_101112.jpg")
@example({ORIGINAL: b"0012:05:04 10:11:12", DIGITIZED: b"2024:05:04 10:11:12Z"}, b"\xff\xfe\n.jpg")
@example({DIGITIZED: b"2024: 5: 4 10:11:12"}, b"x" * NAME_BYTES_MAX)
def test_it_is_filed_over_nothing_and_under_a_day_that_it_bears_or_none(fields: dict[int, bytes], name: bytes):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data = _picture(fields)
        (root / "users/me/inbox").mkdir(parents=True)
        path = os.fsencode(root / "users/me/inbox") + b"/" + name
        Path(os.fsdecode(path)).write_bytes(data)
        seen = os.lstat(path)
        request = Request(1, "me", os.fsdecode(path), seen.st_size, seen.st_mtime_ns, seen.st_ino, f"{root}/scratch")
        found = photo.run(request, Here(OPTIONS))
        placement = found.placements[0]
        day = placement.folder.rpartition("/")[2]
        assert day == "undated" or _bears(day, [*fields.values(), name])
        place = root / "users/me/photos" / placement.folder
        place.mkdir(parents=True)
        (place / placement.name).write_bytes(b"stands here already")
        landing.carry_out(folder, landing.plan(folder, request, found, set()).moves, set())
        assert (place / placement.name).read_bytes() == b"stands here already"
        assert sorted(each.read_bytes() for each in place.iterdir()) == sorted([b"stands here already", data])
        assert not os.path.lexists(path)


def _picture(fields: dict[int, bytes]) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(fields)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def _bears(day: str, said: list[bytes]) -> bool:
    """Whether one of these has year, month and day, one behind the other."""
    at = datetime.fromisoformat(day)
    pattern = rf"{at.year:04}[^0-9]{{0,2}}0?{at.month}[^0-9]{{0,2}}0?{at.day}".encode()
    return any(re.search(pattern, text) for text in said)
