"""put-back of filings: a group goes back as a whole or not at all, and never to where something else stands."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from box import beside
from box import events as e
from box.config import Config
from tests.helpers import PATIENCE_SECONDS, inbox, jpeg, running, start_box, until
from tests.tasks.shelves import ask, assert_right, do, drop, once, row_of, told, tree, with_photos

GROUP = {"g/IMG_1.JPG": jpeg(1), "g/IMG_1.JPG.xmp": b"<x/>", "g/IMG_1.aae": b"edits", "g/IMG_1.json": b"{}"}


@pytest.fixture
def filed(make_root) -> Config:
    """A group of four files and a photo that stands for itself."""
    config: Config = make_root(photos__thumbnail_pixels=32)
    for path, data in GROUP.items():
        (inbox(config) / path).parent.mkdir(exist_ok=True)
        (inbox(config) / path).write_bytes(data)
    drop(config, {"x.jpg": "2024:05:04 10:11:12"}, first=10)
    once(config)
    return config


def job_of(config: Config, name: str) -> int:
    with beside.beside(config) as box:
        return int(box.store.value("SELECT id FROM jobs WHERE kind = 'photo' AND source LIKE ?", (f"%{name}",)))


def photo(config: Config, name: str) -> Path:
    return next(Path(config.box.root, "users/me/photos").rglob(name))


def reasons(result: dict[str, object]) -> list[str]:
    listed = result["reasons"]
    assert isinstance(listed, list)
    return [each["why"] for each in listed]


def test_a_group_that_was_filed_goes_back_as_a_whole_and_is_filed_as_a_whole_again(filed: Config):
    before, job = tree(filed), job_of(filed, "IMG_1.JPG")
    assert do(filed, "put-back", job=job, dry_run=True)["count"] == len(GROUP)
    back = do(filed, "put-back", job=job)
    assert back["moved"] == len(GROUP)
    assert {path: data for path, data in tree(filed, "inbox").items() if path != "inbox/.box"} == {
        f"inbox/{path}": data for path, data in GROUP.items()
    }
    assert_right(filed)
    again = do(filed, "put-back", job=job)
    assert (again["moved"], again["back_already"]) == (0, 1)
    undoing = ask(filed, "put-back", job=back["number"])
    assert start_box(filed, "once").wait(PATIENCE_SECONDS) == 1
    row = row_of(filed, undoing)
    assert (row["code"], row["message"]) == (
        "cannot-be-undone", f"job {back['number']} took back a filing: box jobs retry {job} files it again",
    )  # fmt: skip
    with beside.beside(filed) as box:
        box.engine.record(e.JobRetried(user="me", job=job))
    once(filed)
    assert tree(filed) == before
    assert_right(filed)


def test_a_group_of_which_one_file_was_changed_stays_as_a_whole(filed: Config):
    photo(filed, "IMG_1.JPG.xmp").write_text("changed by hand")
    before = tree(filed)
    result = do(filed, "put-back", job=job_of(filed, "IMG_1.JPG"))
    assert (result["moved"], reasons(result)) == (0, ["it was changed since"])
    assert tree(filed) == before
    assert_right(filed)


def test_a_photo_that_was_removed_or_replaced_stays_so(filed: Config):
    path = photo(filed, "x.jpg")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)  # of the same size
    result = do(filed, "put-back", job=job_of(filed, "x.jpg"))
    assert (result["moved"], reasons(result)) == (0, ["it was changed since"])
    assert path.read_bytes() == data
    path.unlink()
    result = do(filed, "put-back", job=job_of(filed, "x.jpg"))
    assert (result["moved"], reasons(result)) == (0, ["it was moved on or taken away since"])
    assert_right(filed)


def test_what_stands_in_the_inbox_under_the_old_name_is_not_replaced(filed: Config):
    with running(filed):
        (inbox(filed) / "x.jpg").write_bytes(b"no photo, but there")
        job = ask(filed, "put-back", job=job_of(filed, "x.jpg"))
        until(lambda: row_of(filed, job)["state"] == "completed", "it is done")
        result = json.loads(row_of(filed, job)["result"])
    assert (result["moved"], reasons(result)) == (0, ["something else stands at users/me/inbox/x.jpg by now"])
    assert photo(filed, "x.jpg").exists()
    once(filed)
    assert b"no photo, but there" in tree(filed).values()
    assert_right(filed)


def test_what_was_redated_and_then_organised_is_undone_in_the_reverse_order_only(filed: Config):
    before = tree(filed)
    first = do(filed, "redate", camera="Test 1", shift="+40 days")
    config = with_photos(filed, folder="%Y/%m/{camera}", name="{counter}_{stem}")
    then = do(config, "organize")
    early = do(config, "put-back", job=first["number"])
    assert (early["moved"], reasons(early)) == (0, ["it was redated, moved on or taken away since"])
    assert do(config, "put-back", job=then["number"])["moved"] == then["moved"]
    back = do(config, "put-back", job=first["number"])
    assert back["moved"] == len(GROUP)
    assert tree(config) == before
    assert_right(config)
    assert do(config, "put-back", job=back["number"])["moved"] == len(GROUP), "an undoing can be undone"
    assert "photos/2024/2024-06-13/IMG_1.JPG.xmp" in tree(config)
    assert_right(config)


def test_an_inbox_on_a_full_disk_keeps_the_undoing_waiting_and_the_photo_is_whole(make_root, tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    config = make_root(photos__thumbnail_pixels=0, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0)
    small = inbox(config)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "box-test", str(small)], check=True)
    try:
        (small / ".box").touch()
        data = jpeg(1) + b"\0" * 40_000
        (small / "x.jpg").write_bytes(data)
        once(config)
        (small / ".filler").write_bytes(b"\0" * 100_000)
        with running(config):
            job = ask(config, "put-back", job=job_of(config, "x.jpg"))
            until(lambda: told(config, e.JobReleased) or row_of(config, job)["state"] != "queued", "it was tried")
            until(lambda: [each for each in told(config, e.JobReleased) if each.job == job], "it waits")
            assert photo(config, "x.jpg").read_bytes() == data
            assert not (small / "x.jpg").exists()
            (small / ".filler").unlink()
        once(config)
        assert row_of(config, job)["state"] == "completed"
        assert (small / "x.jpg").read_bytes() == data
        assert not [path for path in small.iterdir() if path.name not in {".box", "x.jpg"}]
        assert_right(config)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
