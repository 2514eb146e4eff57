"""ZIPs from anywhere."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from box.errors import Unprocessable
from box.library import packed


def make_zip(path: Path, parts: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return str(path)


def read_all(path: str) -> None:
    with packed.open_zip(path, "a.zip") as opened:
        for name in opened.names:
            opened.read(name)


def code_of(path: str) -> str:
    with pytest.raises(Unprocessable) as refused:
        read_all(path)
    assert "a.zip" in str(refused.value)
    return refused.value.code


def test_parts_are_read_by_name_whole_or_piece_by_piece(tmp_path: Path):
    path = make_zip(tmp_path / "a.zip", {"one": b"1" * 1000, "../../two": b"2"})
    with packed.open_zip(path, "a.zip") as opened:
        assert opened.names == ("one", "../../two")
        assert opened.size("one") == 1000
        assert opened.read("../../two") == b"2"
        with opened.stream("one") as stream:
            assert stream.read(10) == b"1" * 10
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_a_part_that_is_missing_or_too_long_is_told(tmp_path: Path):
    path = make_zip(tmp_path / "a.zip", {"one": b"1" * 1000})
    with packed.open_zip(path, "a.zip") as opened:
        with pytest.raises(Unprocessable, match="longer than 999 bytes") as refused:
            opened.read("one", 999)
        assert refused.value.code == "oversized"
        with pytest.raises(Unprocessable, match="two is missing") as refused:
            opened.read("two")
        assert refused.value.code == "corrupt"


def test_what_unpacks_to_far_more_than_it_is_is_a_bomb(tmp_path: Path):
    assert code_of(make_zip(tmp_path / "a.zip", {"one": b"\0" * (packed.INNOCENT_BYTES + 1)})) == "bomb"
    small = make_zip(tmp_path / "b.zip", {"one": b"\0" * 1_000_000})
    with packed.open_zip(small, "b.zip") as opened:
        assert len(opened.read("one")) == 1_000_000


def test_parts_that_lie_over_one_another_are_a_bomb(tmp_path: Path):
    path = Path(make_zip(tmp_path / "a.zip", {"one": bytes(range(256)) * 4000}))
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5000, 5000, len(entry) * 5000, start, 0)
    names = b"".join(entry.replace(b"one", b"%03d" % (each % 1000)) for each in range(5000))
    path.write_bytes(data[:start] + names + tail)
    assert code_of(str(path)) == "bomb"


def test_a_part_that_lies_about_its_size_is_damage(tmp_path: Path):
    path = Path(make_zip(tmp_path / "a.zip", {"one": b"1" * 100_000}))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 100_000), struct.pack("<L", 10)))
    assert code_of(str(path)) == "corrupt"


@pytest.mark.parametrize("count", [packed.ENTRIES_MAX + 1, 200_000])
def test_more_files_than_any_document_has_are_a_bomb(tmp_path: Path, count: int):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    path = tmp_path / "a.zip"
    size = len(entry) * count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, size, 0, 0)
    path.write_bytes(entry * count + end)
    assert code_of(str(path)) == "bomb"


def test_a_password_is_told(tmp_path: Path):
    path = Path(make_zip(tmp_path / "a.zip", {"one": b"1"}))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert code_of(str(path)) == "encrypted"


@pytest.mark.parametrize("damage", ["head", "middle", "tail", "empty", "noise"])
def test_damage_is_told(tmp_path: Path, damage: str):
    path = Path(make_zip(tmp_path / "a.zip", {"one": bytes(range(256)) * 100, "two": b"2" * 1000}))
    data = path.read_bytes()
    middle = len(data) // 3
    path.write_bytes(
        {
            "head": data[40:],
            "middle": data[:middle] + b"\xff" * 40 + data[middle + 40 :],
            "tail": data[:-30],
            "empty": b"",
            "noise": b"PK\x03\x04" + bytes(range(256)) * 9,
        }[damage]
    )
    assert code_of(str(path)) == "corrupt"
