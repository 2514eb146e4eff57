"""Cards: what is listed of a place, and what a volume is called."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from box.watchers.cards import Card, cards, originals, volume_of
from box.watchers.ignore import Ignored
from box.watchers.mounts import source_of


def put(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def places(card: Card, *ignore: str) -> list[str]:
    refused: list[str] = []
    found = [each.place for files in originals(card, Ignored(ignore), lambda p, _: refused.append(p)) for each in files]
    return found + [f"! {os.path.basename(path)}" for path in refused]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own at media/pi/CARD."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount anything")
    folder = tmp_path / "media/pi/CARD"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "box-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_paths_on_a_card_are_told_from_where_it_is_mounted(mounted: Path, tmp_path: Path):
    put(mounted / "DCIM/100/a.jpg", mounted / "MISC/a.jpg")
    (card,) = cards(f"{tmp_path}/media/*/*/DCIM", f"{tmp_path}/media")
    assert (card.base, places(card)) == (str(mounted), ["DCIM/100/a.jpg"])
    both = cards(f"{tmp_path}/media/*/*/*", f"{tmp_path}/media")
    assert [places(each) for each in both] == [["DCIM/100/a.jpg"], ["MISC/a.jpg"]], "never the same name twice"


def test_paths_in_a_folder_that_is_no_card_are_told_from_what_the_entry_names(tmp_path: Path):
    put(tmp_path / "scans/b/2.jpg", tmp_path / "scans/a/1.jpg", tmp_path / "scans/3.jpg")
    (card,) = cards(f"{tmp_path}/scans", f"{tmp_path}/scans")
    assert places(card) == ["3.jpg", "a/1.jpg", "b/2.jpg"]
    found = cards(f"{tmp_path}/scans/*", f"{tmp_path}/scans")
    assert [places(card) for card in found] == [["a/1.jpg"], ["b/2.jpg"]]
    assert places(card, "b/") == ["3.jpg", "a/1.jpg", "b/2.jpg"][:2]


def test_nothing_is_there_is_no_error(tmp_path: Path):
    assert cards(f"{tmp_path}/none/*/DCIM", f"{tmp_path}/none") == []
    put(tmp_path / "file")
    assert cards(f"{tmp_path}/file", f"{tmp_path}/file") == []


def test_links_lead_nowhere_but_for_one_that_the_entry_names(tmp_path: Path):
    put(tmp_path / "real/DCIM/a.jpg")
    (tmp_path / "media").mkdir()
    (tmp_path / "media/link").symlink_to(tmp_path / "real")
    (tmp_path / "real/DCIM/more").symlink_to(tmp_path)
    assert cards(f"{tmp_path}/media/*/DCIM", f"{tmp_path}/media") == []
    (card,) = cards(f"{tmp_path}/media/link/DCIM", f"{tmp_path}/media/link/DCIM")
    assert places(card) == ["a.jpg"]


def test_another_file_system_below_it_is_not_entered(mounted: Path, tmp_path: Path):
    put(mounted / "a.jpg", tmp_path / "media/b.jpg")
    (card,) = cards(f"{tmp_path}/media", f"{tmp_path}/media")
    assert places(card) == ["b.jpg"]


def test_a_card_that_went_away_is_not_there(mounted: Path, tmp_path: Path):
    put(mounted / "DCIM/a.jpg")
    (card,) = cards(f"{tmp_path}/media/*/*/DCIM", f"{tmp_path}/media")
    assert card.is_there()
    subprocess.run(["umount", "-l", str(mounted)], check=True)
    assert not card.is_there()
    with pytest.raises(OSError, match="DCIM"):
        places(card)
    put(mounted / "DCIM/other.jpg")  # in the folder below the mount point
    assert not card.is_there()
    subprocess.run(["mount", "-t", "tmpfs", "box-test", str(mounted)], check=True)  # for the fixture to unmount


def test_a_folder_that_cannot_be_listed_is_told_and_the_rest_is_listed(
    open_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
):
    put(open_folder / "a/1.jpg", open_folder / "closed/2.jpg", open_folder / "z/3.jpg")
    (open_folder / "closed").chmod(0o000)
    (card,) = cards(str(open_folder), str(open_folder))
    with as_nobody():
        assert places(card) == ["a/1.jpg", "z/3.jpg", "! closed"]
    (open_folder / "closed").chmod(0o755)


def test_a_volume_is_called_by_the_uuid_of_its_file_system(tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can make the name of a device")
    names, device = tmp_path / "by-uuid", tmp_path.stat().st_dev
    names.mkdir()
    assert volume_of(str(tmp_path), device, str(names)) == ""
    os.mknod(names / "other", 0o600 | 0o060000, os.makedev(7, 250))
    os.mknod(tmp_path / "sdz1", 0o600 | 0o060000, device)
    (names / "1234-ABCD").symlink_to("../sdz1")
    assert volume_of(str(tmp_path), device, str(names)) == "1234-ABCD"
    (names / "1234-ABCD").rename(names / "a b\\x2f..")
    assert volume_of(str(tmp_path), device, str(names)) == "", "what makes no name of a folder is none"
    assert volume_of(str(tmp_path), device, str(tmp_path / "none")) == ""
    note = tmp_path / f"b{os.major(device)}:{os.minor(device)}"
    note.write_text("S:disk/by-uuid/77\nE:ID_FS_UUID_ENC=77\nE:ID_FS_UUID=5678-EF00\n")
    assert volume_of(str(tmp_path), device, str(tmp_path / "none"), str(tmp_path)) == "5678-EF00"


def test_what_is_mounted_is_read_from_the_kernel_s_table(mounted: Path):
    assert source_of(str(mounted / "DCIM")) == "box-test"
    assert source_of(str(mounted), "/none") == ""
