"""The archive: a file is whole or refused, follows the one before it, and is never written over."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from box import archive
from box.archive import Header
from box.errors import BoxError, OutOfSpace
from tests.helpers import REPOSITORY

RECORDS = [{"n": number, "text": f"é 🦉 line {number}\u2028"} for number in range(1, 101)]


def write(root: Path, records: list[Any] = RECORDS, kind: str = "events", previous: str = "") -> archive.Written:
    with archive.lock(str(root)):
        lines = (json.dumps(each, ensure_ascii=False) for each in records)
        return archive.write(str(root), kind, Header(1, len(records), len(records), previous), lines)


def test_what_was_written_is_read_again_and_the_name_says_what_it_is(tmp_path: Path):
    written = write(tmp_path, previous="abc")
    assert written.name == "archive/events-000000000001-000000000100.jsonl.zst"
    data = (tmp_path / written.name).read_bytes()
    assert (written.digest, written.bytes) == (blake3(data).hexdigest(), len(data))
    assert list(archive.read(str(tmp_path), written.name, written.digest)) == RECORDS
    assert list(archive.read(str(tmp_path), written.name, skip=97)) == RECORDS[97:]
    assert archive.header(str(tmp_path), written.name) == Header(1, 100, 100, "abc")
    assert os.listdir(tmp_path / "archive") == [Path(written.name).name]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=30))
def test_any_records_come_back_and_the_same_records_make_the_same_bytes(records: list[Any]):
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder, "one"), Path(folder, "other")
        one.mkdir()
        other.mkdir()
        written = write(one, records)
        assert list(archive.read(str(one), written.name, written.digest)) == records
        assert write(other, records) == written


def test_by_hand_it_is_read_with_zstd(tmp_path: Path):
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed: apt-get install zstd")
    written = write(tmp_path)
    shown = subprocess.run(["zstd", "-dc", tmp_path / written.name], capture_output=True, check=True).stdout
    head, *lines = shown.decode().split("\n")[:-1]
    assert json.loads(head) == {"format": 1, "first": 1, "last": 100, "count": 100, "previous": ""}
    assert [json.loads(line) for line in lines] == RECORDS


def test_the_same_bytes_are_not_written_twice_and_other_bytes_get_another_name(tmp_path: Path):
    first = write(tmp_path)
    assert write(tmp_path) == first
    before = (tmp_path / first.name).read_bytes()
    other = write(tmp_path, previous="another life")
    assert other.name == "archive/events-000000000001-000000000100-2.jsonl.zst"
    assert write(tmp_path, previous="another life") == other
    assert (tmp_path / first.name).read_bytes() == before
    assert archive.holding(str(tmp_path), "events", 100) == [other.name, first.name]
    assert archive.holding(str(tmp_path), "events", 101) == archive.holding(str(tmp_path), "jobs", 1) == []


def cut(data: bytes) -> bytes:
    return data[:-7]


def cut_between_two_blocks(data: bytes) -> bytes:
    return data[: len(data) // 2]


def changed(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def doubled(data: bytes) -> bytes:
    return data + data


def emptied(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [cut, cut_between_two_blocks, changed, doubled, emptied], ids=lambda f: f.__name__)
@pytest.mark.parametrize("is_digest_known", [True, False])
def test_a_file_that_is_not_the_one_that_was_written_is_refused(tmp_path: Path, spoil, is_digest_known: bool):
    written = write(tmp_path)
    path = tmp_path / written.name
    path.write_bytes(spoil(path.read_bytes()))
    told: list[Any] = []
    with pytest.raises(BoxError, match="put it back from a backup") as refused:
        told.extend(archive.read(str(tmp_path), written.name, written.digest if is_digest_known else ""))
    assert told == [] or not is_digest_known
    assert written.name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_in_the_place_of_another_is_refused_and_one_that_is_gone_is_named(tmp_path: Path):
    written, other = write(tmp_path), write(tmp_path, RECORDS[:50])
    shutil.copy(tmp_path / other.name, tmp_path / written.name)
    with pytest.raises(BoxError, match="its digest is another"):
        list(archive.read(str(tmp_path), written.name, written.digest))
    (tmp_path / written.name).unlink()
    with pytest.raises(BoxError, match="is not there"):
        list(archive.read(str(tmp_path), written.name, written.digest))
    with pytest.raises(BoxError, match="is not there"):
        archive.header(str(tmp_path), written.name)


def test_a_format_of_a_later_version_is_refused(tmp_path: Path):
    (tmp_path / "later.jsonl.zst").write_bytes(archive._zstd().compress(b'{"format": 2, "colour": "red"}\n'))
    with pytest.raises(BoxError, match="run the version that wrote it"):
        list(archive.read(str(tmp_path), "later.jsonl.zst"))


def test_what_a_crash_left_half_written_is_written_over(tmp_path: Path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/events.part").write_bytes(b"half" * 1_000_000)
    written = write(tmp_path)
    assert os.listdir(tmp_path / "archive") == [Path(written.name).name]
    assert list(archive.read(str(tmp_path), written.name, written.digest)) == RECORDS


def test_an_error_leaves_nothing(tmp_path: Path):
    def lines():
        yield "{}"
        raise OSError(28, "No space left on device")

    with archive.lock(str(tmp_path)), pytest.raises(OutOfSpace, match="free some"):
        archive.write(str(tmp_path), "jobs", Header(1, 2, 2), lines())
    assert os.listdir(tmp_path / "archive") == []


def _write_many(root: str, name: int) -> None:
    for number in range(20):
        write(Path(root), [{"n": number, "by": name}])


def test_two_processes_write_one_after_the_other(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(tmp_path), name)) for name in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
        assert each.exitcode == 0
    names = archive.holding(str(tmp_path), "events", 1)
    assert len(names) == len(os.listdir(tmp_path / "archive")) == 40
    found = {(row["n"], row["by"]) for name in names for row in archive.read(str(tmp_path), name)}
    assert found == {(number, name) for number in range(20) for name in range(2)}


def test_memory_stays_flat_however_much_is_read(tmp_path: Path):
    with archive.lock(str(tmp_path)):
        big = archive.write(
            str(tmp_path),
            "events",
            Header(1, 30_000, 30_000),
            (json.dumps({"n": n, "x": "x" * 900}) for n in range(30_000)),
        )
    tracemalloc.start()
    try:
        assert sum(1 for _ in archive.read(str(tmp_path), big.name, big.digest)) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 6_000_000, "of 27 MB"
    finally:
        tracemalloc.stop()


def test_who_does_not_archive_does_not_load_zstd():
    code = "import sys, box.service, box.cli.jobs; assert not {'backports', 'compression.zstd'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
