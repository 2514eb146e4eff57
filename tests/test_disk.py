"""Moving files: never over another one, never in pieces, and names that every file system takes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import disk, file_names
from tests import filesystems

NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name and b"\0" not in name)


@given(NAMES, st.sampled_from([".jpg", ".reason.json"]))
def test_what_goes_with_a_file_has_a_name_that_every_file_system_takes(name: bytes, suffix: str):
    made = file_names.with_suffix(os.fsdecode(name), suffix)
    assert made.endswith(suffix)
    assert len(os.fsencode(made)) <= 255
    assert made == os.fsdecode(name) + suffix or len(name) + len(suffix) > 255


def test_long_names_that_begin_alike_keep_names_of_their_own():
    one, other = "x" * 254 + "1", "x" * 254 + "2"
    assert file_names.with_suffix(one, ".jpg") != file_names.with_suffix(other, ".jpg")


@given(NAMES, st.integers(1, 100_000))
def test_a_numbered_name_keeps_its_extension_and_its_characters_whole(name: bytes, number: int):
    text = os.fsdecode(name)
    made = file_names.numbered(text, number)
    assert len(os.fsencode(made)) <= 255
    assert os.path.splitext(made)[1] == os.path.splitext(text)[1] or len(name) > 245
    os.fsencode(made).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 40])
def test_a_free_name_is_free_and_found_without_looking_at_all(tmp_path: Path, count: int):
    for number in range(1, count + 1):
        (tmp_path / file_names.numbered("a.jpg", number)).touch()
    name = file_names.free_name(str(tmp_path), "a.jpg")
    assert not (tmp_path / name).exists()
    assert name == file_names.numbered("a.jpg", count + 1)
    assert file_names.free_name(str(tmp_path), "a.jpg", {str(tmp_path / name)}) != name


def test_a_folder_is_made_with_all_that_is_above_it_however_much_that_is(tmp_path: Path):
    names = "a/" * 1100
    disk.make_folder(f"{tmp_path}/{names}".rstrip("/"))
    disk.make_folder(f"{tmp_path}/{names}".rstrip("/"))
    assert os.path.isdir(f"{tmp_path}/{names}")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        disk.make_folder(str(tmp_path / "link/a"))
    filesystems.run("rm", "-r", tmp_path / "a")  # deeper than pytest can remove


def test_a_small_text_file_is_never_written_through_a_link_or_into_a_pipe(tmp_path: Path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "a.part").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / "b.part")
    for name in "ab":
        disk.write_whole(str(tmp_path / name), "text")
        assert (tmp_path / name).read_text() == "text"
    assert (tmp_path / "precious").read_text() == "precious"


def test_nothing_is_overwritten_not_even_a_broken_link(tmp_path: Path):
    (tmp_path / "new").write_text("new")
    (tmp_path / "there").write_text("old")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            disk.move_new(str(tmp_path / "new"), str(tmp_path / name), str(tmp_path / "part"))
    assert (tmp_path / "there").read_text() == "old"
    assert (tmp_path / "new").read_text() == "new"


def test_a_verified_copy_has_the_bytes_and_times_and_leaves_nothing_after_an_error(tmp_path: Path):
    (tmp_path / "a").write_bytes(os.urandom(100_000))
    os.utime(tmp_path / "a", ns=(5, 1_700_000_000_000_000_123))
    digest = disk.copy_verified(str(tmp_path / "a"), str(tmp_path / "b"))
    assert digest == disk.digest_of(str(tmp_path / "a"))
    assert (tmp_path / "b").stat().st_mtime_ns == 1_700_000_000_000_000_123
    with pytest.raises(FileNotFoundError):
        disk.copy_verified(str(tmp_path / "none"), str(tmp_path / "c"))
    assert not (tmp_path / "c").exists()


def test_a_small_file_is_replaced_whole_and_may_be_read_by_everybody(tmp_path: Path):
    path = tmp_path / "status.json"
    old = os.umask(0o077)
    try:
        disk.write_whole(str(path), "one")
        disk.write_whole(str(path), "two")
    finally:
        os.umask(old)
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


def test_full_is_told_from_other_errors():
    assert disk.is_full(OSError(errno.ENOSPC, ""))
    assert disk.is_full(OSError(errno.EDQUOT, ""))
    assert not disk.is_full(OSError(errno.EIO, ""))


@pytest.mark.parametrize(
    ("name", "numbered"),
    [
        ("ask.job.toml", "ask-2.job.toml"),
        ("a.tar.gz", "a-2.tar.gz"),
        (".job.toml", ".job-2.toml"),
        ("b.toml", "b-2.toml"),
    ],
)
def test_an_ending_of_two_parts_stays_whole(name: str, numbered: str):
    assert file_names.numbered(name, 2) == numbered
