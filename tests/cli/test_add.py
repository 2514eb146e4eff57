"""`box add`: copies, waits, tells."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess

import pytest
from test_serve import on_a_terminal

from box.cli import add, copying
from box.cli.copying import Copied
from box.cli.following import Drop
from box.paths import to_text

FILED = "users/me/photos/2009/2009-04-10/IMG0001.JPG"


def test_it_says_where_a_photo_went_and_the_original_stays(box, photo):
    before = photo.stat()
    with box.running():
        done = box("add", str(photo))
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"IMG0001.JPG -> {FILED}\n")
    assert (box.root / FILED).read_bytes() == photo.read_bytes()
    assert (box.root / FILED).stat().st_mtime_ns == before.st_mtime_ns == photo.stat().st_mtime_ns
    assert [name for name in os.listdir(box.inbox) if name != ".box"] == []


def test_every_file_is_accounted_for(make_box, photo, tmp_path):
    box = make_box(quota__users={"me": "70 kB"})
    folder = tmp_path / "card"
    (folder / "a" / ".hidden").mkdir(parents=True)
    shutil.copy(photo, folder / "a" / "one.jpg")
    shutil.copy(photo, folder / "a" / "two.jpg")
    (folder / "broken.jpg").write_bytes(photo.read_bytes()[:2000])
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100_000))
    (folder / "note.bin").write_bytes(bytes(range(256)))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "half.part").write_text("x")
    (folder / "a" / "link.jpg").symlink_to(photo)
    (folder / "a" / ".hidden" / "secret.jpg").write_bytes(photo.read_bytes())
    os.mkfifo(folder / "pipe")
    with box.running():
        done = box("add", str(folder), "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    outcomes = {os.path.basename(each["source"]): each for each in told["files"]}
    assert {name: each["outcome"] for name, each in outcomes.items()} | {"one.jpg": "", "two.jpg": ""} == {
        "one.jpg": "", "two.jpg": "", "broken.jpg": "quarantined", "huge.png": "quota", "note.bin": "left",
    }  # fmt: skip
    assert sorted(outcomes[name]["outcome"] for name in ("one.jpg", "two.jpg")) == ["duplicate", "filed"]
    assert len({outcomes[name]["path"] for name in ("one.jpg", "two.jpg")}) == 1
    assert outcomes["broken.jpg"]["path"] == "users/me/quarantine/broken.jpg" and outcomes["broken.jpg"]["message"]
    assert outcomes["one.jpg"]["inbox"] == "users/me/inbox/card/a/one.jpg", "sub-folders are kept"
    skipped = {os.path.basename(each["path"]): each["message"] for each in told["skipped"]}
    assert skipped == {
        "empty.jpg": "is empty", "pipe": "is not a file", "link.jpg": "is a link",
        "half.part": "Box never touches files of this name", ".hidden": "Box never touches folders of this name",
    }  # fmt: skip
    assert told["refused"] == []
    assert box.json("verify")["differences"] == []


def test_people_read_one_line_a_file_and_a_sum(box, photo, tmp_path):
    (tmp_path / "note.bin").write_bytes(bytes(range(256)))
    (tmp_path / "~draft.txt").write_text("hello")
    with box.running():
        done = box("add", str(photo), str(tmp_path / "note.bin"), str(tmp_path / "~draft.txt"))
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert sorted(lines[:2]) == [f"IMG0001.JPG -> {FILED}", "note.bin left in the inbox: no kind of job takes it yet"]
    assert lines[2:] == ["2 files copied: 1 filed, 1 left in the inbox"]
    assert done.stderr == f"skipped {tmp_path}/~draft.txt: Box never touches files of this name\n"


def test_without_the_service_the_files_wait_and_it_ends_with_3(box, photo):
    done = box("add", str(photo), str(photo))
    assert done.returncode == 3
    assert "the service is not running" in done.stderr and "`box run` or `box once`" in done.stderr
    assert sorted(os.listdir(box.inbox)) == [".box", "IMG0001-2.JPG", "IMG0001.JPG"]
    assert box("once").stdout.startswith("1 filed, 1 duplicate dropped")


def test_no_wait_only_copies(box, photo):
    with box.running():
        done = box("add", "--no-wait", str(photo))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 file copied: 1 waiting\n"


def test_waiting_can_have_an_end(make_box, photo):
    box = make_box(watch__settle_seconds=60)
    with box.running():
        done = box("add", str(photo), "--wait-seconds", "200 ms")
    assert done.returncode == 1
    assert "time is up" in done.stderr
    assert (box.inbox / "IMG0001.JPG").is_file()


def test_ctrl_c_ends_the_waiting_with_130_and_the_copies_stay(make_box, photo):
    box = make_box(watch__settle_seconds=60)
    with box.running(), on_a_terminal(box.command("add", str(photo)), box.environment()) as (process, read_until):
        read_until("0 of 1 through")
        process.send_signal(signal.SIGINT)
        text = read_until("had been copied")
        assert process.wait(60) == 130
    assert f"interrupted: 1 file had been copied to {box.inbox}" in text
    assert (box.inbox / "IMG0001.JPG").is_file()


def test_when_the_service_goes_away_it_says_so_with_3(make_box, photo):
    box = make_box(watch__settle_seconds=60)
    with box.running() as service:
        command = box.command("add", str(photo))
        with on_a_terminal(command, box.environment()) as (process, read_until):
            read_until("0 of 1 through")
            service.kill()
            service.wait()
            text = read_until("the service is not running")
            assert process.wait(60) == 3
    assert "the files wait in" in text


def test_the_address_of_a_feed_is_subscribed_to_and_that_of_a_page_is_not(make_box):
    box = make_box(podcasts__every_seconds="none")
    with box.running():
        done = box("add", "--json", "https://Example.org/feed.xml", "https://example.org/about")
    feed, page = json.loads(done.stdout)["files"]
    assert (done.returncode, feed["outcome"], page["outcome"]) == (1, "filed", "quarantined")
    assert feed["path"].endswith("/example-org-feed-xml.url")
    assert [each["url"] for each in json.loads(box("feeds", "--json").stdout)] == ["https://example.org/feed.xml"]


@pytest.mark.parametrize("url", ["ftp://example.org/x", "https://", "https://a b.org/"])
def test_an_address_of_another_kind_is_refused_with_one_clear_error(box, photo, url):
    done = box("add", str(photo), url)
    assert done.returncode == 2
    assert done.stderr.startswith(f"box: {url!r} is no address")
    assert done.stderr.count("\n") == 1
    assert os.listdir(box.inbox) == [".box"], "nothing was copied"


def test_a_path_that_is_not_there_is_wrong_usage_and_nothing_is_copied(box, photo):
    done = box("add", str(photo), str(photo) + "x")
    assert (done.returncode, done.stderr) == (2, f"box: {photo}x: No such file or directory; nothing was copied\n")
    assert os.listdir(box.inbox) == [".box"]


def test_nothing_to_add_is_an_error(box, tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    done = box("add", str(tmp_path / "empty.jpg"))
    assert done.returncode == 1
    assert done.stderr == f"skipped {tmp_path}/empty.jpg: is empty\nbox: nothing was added\n"


def test_with_several_users_one_must_be_named(make_box, photo):
    box = make_box("ann", "ben")
    assert box("add", str(photo)).stderr == "box: there are several users: say --user with one of ann, ben\n"
    assert box("add", str(photo), "--user", "zoe").returncode == 2
    assert box("add", str(photo), "--user", "ben").returncode == 3
    assert (box.root / "users/ben/inbox/IMG0001.JPG").is_file()


def test_an_inbox_that_is_away_takes_nothing(box, photo):
    (box.inbox / ".box").unlink()
    done = box("add", str(photo))
    assert done.returncode == 1
    assert ".box" in done.stderr and "box init" in done.stderr and done.stderr.count("\n") == 1
    assert os.listdir(box.inbox) == []


def test_a_link_that_was_named_is_followed(box, photo, tmp_path):
    (tmp_path / "link").symlink_to(photo.parent)
    box("add", str(tmp_path / "link"))
    assert (box.inbox / "link" / "IMG0001.JPG").is_file()


def test_box_does_not_copy_itself(box, photo):
    shutil.copy(photo, box.inbox / "there.jpg")
    done = box("add", "--no-wait", str(box.root.parent))
    assert f"skipped {box.root}: belongs to Box itself" in done.stderr
    assert not (box.inbox / box.root.parent.name / "root").exists()
    assert "is in an inbox already" in box("add", str(box.inbox / "there.jpg")).stderr


def test_what_a_killed_add_left_behind_is_removed_but_not_what_another_one_holds(box, photo):
    left, held = box.inbox / ".box-add-1-0.part", box.inbox / ".box-add-2-0.part"
    for part in (left, held):
        part.write_text("half")
        os.utime(part, (0, 0))
    with subprocess.Popen(["flock", str(held), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        holder.stdin.write(b"held\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"held\n"
        box("add", str(photo))
        holder.stdin.close()
    assert not left.exists() and held.exists()


def test_names_of_any_bytes_arrive_as_they_are(box, photo, tmp_path):
    names = ['it\'s "quoted".jpg', "two\nlines.jpg", "caf\u00e9 \U0001f4f7.jpg", "not utf-8 \udcff.jpg"]
    folder = tmp_path / "card"
    folder.mkdir()
    for n, name in enumerate(names):
        (folder / name).write_bytes(photo.read_bytes() + bytes([n]))
    with box.running():
        told = box.json("add", str(folder))
    assert {each["inbox"] for each in told["files"]} == {f"users/me/inbox/card/{to_text(name)}" for name in names}
    assert {each["outcome"] for each in told["files"]} == {"filed"}
    assert set(os.listdir(box.root / "users/me/photos/2009/2009-04-10")) == set(names)


def test_what_does_not_fit_on_the_disk_is_refused_before_the_first_copy(make_box, photo):
    box = make_box(storage__free_bytes_min=10**15)
    done = box("add", str(photo))
    assert done.returncode == 1
    assert "are to be copied" in done.stderr and "storage.free_bytes_min" in done.stderr
    assert os.listdir(box.inbox) == [".box"]


def test_a_terminal_sees_how_far_it_is(box, photo):
    with box.running(), on_a_terminal(box.command("add", str(photo)), box.environment()) as (process, read_until):
        text = read_until(FILED)
        assert process.wait(60) == 0
    assert "%  copying 1 of 1" in text
    assert f"\r\x1b[KIMG0001.JPG -> {FILED}" in text


def test_a_terminal_sees_how_far_the_job_of_a_drop_is(box):
    """As the status says it: another user's job, and one that says nothing, are not shown."""
    told = {"message": "reading", "done": 3, "total": 12, "bytes": 4000}
    active = [
        {"id": 7, "progress": 99.0, **told},
        {"id": 8, "progress": None, **told},
        {"id": 9, "progress": 25.0, **told},
    ]
    (box.root / "status.json").write_text(json.dumps({"jobs": {"active": active}}))
    run = add._Run(box.config, copying.Plan(), as_json=False)
    assert add._at_work(run) == ""
    for job in (8, 9):
        drop = Drop(f"/{job}", str(job), Copied(f"users/me/inbox/{job}", 1, 1), job=job)
        run.following.add(drop)
    assert add._at_work(run) == "; job 9: 25 %, 3 of 12, 4.0 kB, reading"
