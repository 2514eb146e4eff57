"""clean-photos on real disks: what goes, what stays, where it goes to, and that nothing else happens."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from box import compaction
from box import events as e
from box.errors import BoxError, Stopped, UsageError
from box.models import backed, camera_clocks, files, photo_lists, usage
from box.retention import Steadiness
from box.tasks import asking, by_request, telling_time
from box.tasks.at_work import AtWork
from box.tasks.chore import Reporter
from tests import filesystems
from tests.helpers import inbox, library
from tests.tasks.disks import MB, Library, days_ago, library_of, picture, small_disk
from tests.tasks.shelves import once

BuildLibrary = Callable[..., Library]


@pytest.fixture
def on_disk(tmp_path, mount, make_root) -> Iterator[BuildLibrary]:
    """Builds a library on a small disk, with any keys of the configuration."""
    opened = []

    def build(*users: str, **keys: object) -> Library:
        opened.append(library_of(small_disk(tmp_path, mount, make_root, *users, **keys)))
        return opened[-1].__enter__()

    yield build
    for each in opened:
        each.__exit__(None, None, None)


def gone(box: Library) -> list[str]:
    """The photos that went, in their order."""
    return [event.source for event in box.told(e.PhotoTrashed) if event.source.split("/")[2] == "photos"]


def trashed(path: str, days: int = 0) -> str:
    """Where a file went that many days ago."""
    _, user, place = path.split("/", 2)
    return f"users/{user}/trash/{days_ago(days)}/{place}"


# --- what goes -------------------------------------------------------------------------------------------------------


def test_the_oldest_go_to_the_trash_until_enough_will_be_free_and_no_more(on_disk: BuildLibrary):
    box = on_disk()
    paths = [box.file(age) for age in (150, 400, 300, 5, 200, 100)]
    box.back_up(paths)
    oldest_first = [paths[i] for i in (1, 2, 4, 0, 5)]
    done = box.clean(2 * MB)
    assert gone(box) in (oldest_first[:2], oldest_first[:3])
    assert (done["trashed"], done["removed"]) == (len(gone(box)), 0)
    assert box.lie("photos") == sorted(set(paths) - set(gone(box)))
    assert [path for path in box.lie("trash") if "/photos/" in path] == sorted(trashed(path) for path in gone(box))
    box.assert_right()
    assert box.clean(0)["trashed"] == 0, "what lies in the trash will be free"


def test_what_belongs_together_goes_together_and_the_trash_counts(on_disk: BuildLibrary):
    box = on_disk()
    photo, other = box.file(200), box.file(190)
    raw = box.file(200, name=Path(photo).stem + ".NEF", media_type="image/x-nikon-nef", small=False)
    beside = box.companion(photo + ".xmp")
    box.engine.record(e.FileNoticed(user="me", path=other, size=1, mtime_ns=1))  # else its row is as the disk has it
    box.back_up([photo, raw, beside])
    used, days = (
        usage.balance(box.engine.store, "me"),
        photo_lists.users_of(box.engine.store, days_ago(200).isoformat()),
    )
    assert days == ["me"]
    box.clean(3 * MB)
    small = photo.replace("/photos/", "/thumbnails/") + ".jpg"
    assert box.lie("trash") == sorted(trashed(path) for path in (photo, raw, beside, small))
    assert not (box.root / photo).parent.exists(), "a day that is empty goes"
    assert {event.main for event in box.told(e.PhotoTrashed)} == {"", photo}
    assert usage.balance(box.engine.store, "me") == used
    assert usage.by_area(box.engine.store, "me")["trash"][0] == 4
    assert photo_lists.users_of(box.engine.store, days_ago(200).isoformat()) == []
    assert all(len(event.digest) == 64 for event in box.told(e.PhotoTrashed))


def test_a_group_stays_as_long_as_one_of_it_is_too_young_or_has_no_backup(on_disk: BuildLibrary):
    box = on_disk()
    photo = box.file(200)
    beside = box.companion(photo + ".xmp")
    box.back_up([photo])
    done = box.clean(MB)
    assert done["stays"] == {"without a backup": 1}
    assert done["reasons"] == [{"path": photo, "why": "without a backup"}]
    box.back_up([beside])
    assert box.clean(MB)["trashed"] == 2


def test_photos_without_a_day_are_as_old_as_their_filing(on_disk: BuildLibrary):
    box = on_disk()
    undated, doubtful = box.file(None), box.file(400, doubt="factory-date")
    box.back_up([undated, doubtful])
    assert camera_clocks.all_of(box.engine.store)[0].photos == 1
    assert box.clean(3 * MB, days_to_keep=2)["trashed"] == 0
    box.days = 2
    assert box.clean(3 * MB, days_to_keep=2)["trashed"] == 0
    box.days = 4
    assert box.clean(3 * MB, days_to_keep=2)["trashed"] == 2
    assert camera_clocks.all_of(box.engine.store) == []


def test_only_the_photos_of_the_user_who_is_named_go(on_disk: BuildLibrary):
    box = on_disk("me", "ann")
    mine, hers = box.file(300), box.file(200, user="ann")
    box.back_up([mine, hers])
    box.clean(5 * MB, user="ann")
    assert gone(box) == [hers]
    box.clean(5 * MB)
    assert gone(box) == [hers, mine]


@pytest.mark.parametrize("name", ["é 🦉.JPG", "a\\b.JPG", "\udcff.JPG", "line\nbreak.JPG"])
def test_any_name_goes_and_comes_back(on_disk: BuildLibrary, name: str):
    box = on_disk()
    path = box.file(300, name=name)
    box.back_up([path])
    number = box.clean(MB)["number"]
    assert gone(box) == [path]
    box.assert_right()
    assert box.do("put-back", job=number)["moved"] == 1
    assert box.lie("photos") == [path]
    box.assert_right()


def test_a_photo_that_comes_again_on_the_day_on_which_it_went_lies_beside_its_twin(on_disk: BuildLibrary):
    box = on_disk()
    for _ in range(3):
        path = box.file(300, name="again.JPG")
        box.back_up([path])
        box.clean(5 * MB)
    assert [path for path in box.lie("trash") if path.endswith("/again.JPG")] == [
        f"users/me/trash/{days_ago(0)}{number}/{path.split('/', 2)[2]}" for number in ("-2", "-3", "")
    ]
    box.assert_right()


# --- what stays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "backups", "why"),
    [
        ("verified", [], "without a backup"),
        ("verified", [{"verified": False}], "with a backup that was not verified yet"),
        ("verified", [{"damaged": "there"}], "without a backup"),
        ("verified", [{"damaged": "here"}], "without a backup"),
        ("verified", [{"digest": "0" * 64}], "with a backup of other bytes"),
        ("verified", [{"digest": ""}], ""),  # as in a repository of restic
        ("copied", [], "without a backup"),
        ("copied", [{"verified": False}], ""),
        ("copied", [{"verified": False, "damaged": "there"}], "without a backup"),
        ("none", [], ""),
    ],
)
def test_a_photo_goes_only_if_its_backup_is_what_the_owner_wants(
    on_disk: BuildLibrary, wanted: str, backups: list[dict[str, Any]], why: str
):
    box = on_disk(retention__require_backup=wanted)
    path = box.file(300)
    for backup in backups:
        box.back_up([path], **backup)
    done = box.clean(5 * MB)
    assert done.get("stays", {}) == ({why: 1} if why else {})
    assert gone(box) == ([] if why else [path])


@dataclass(frozen=True, slots=True)
class Meanwhile(Reporter):
    """Somebody does something after it was decided what goes and before it does."""

    act: Callable[[], object] = lambda: None

    def check(self) -> None:
        """The shelver asks this, after what goes was chosen and before it goes."""
        self.act()

    def progress(self, *_: object, **__: object) -> None:
        """Nobody watches."""


@pytest.mark.parametrize("what", ["damaged", "unbacked", "changed", "kept", "keep-file", "gone"])
def test_what_may_go_is_asked_again_when_it_goes(on_disk: BuildLibrary, what: str):
    box = on_disk()
    path, other = box.file(300), box.file(299)
    box.back_up([path, other])

    def act() -> None:
        if what == "damaged":
            box.back_up([path], damaged="there")
        elif what == "unbacked":
            box.engine.at_once(lambda t: backed.put(t.store, "drive", (), [path], 100))
        elif what == "changed":
            os.utime(box.path(path), ns=(1, 1))
        elif what == "kept":
            box.engine.record(e.PhotosKept(user="me", path=path))
        elif what == "keep-file":
            (box.path(path).parent.parent / ".keep").touch()
        else:
            box.path(path).unlink(missing_ok=True)

    job = box.ask("clean-photos", min_free_percent=box.floor_above(5 * MB))
    work = box.prepared(job, Meanwhile(AtWork(), job.id, act))
    result = work.clean()
    assert path not in gone(box)
    assert (other in gone(box)) == (what != "keep-file")
    assert result["trashed"] == (0 if what == "keep-file" else 1)
    assert (box.path(path).exists()) == (what != "gone")


@pytest.mark.parametrize("how", ["photo", "day", "folder", "year", "area"])
def test_what_somebody_wants_to_stay_stays_and_goes_again_when_they_do_not(on_disk: BuildLibrary, how: str):
    box = on_disk()
    path = box.file(300)
    beside = box.companion(path + ".xmp")
    box.back_up([path, beside])
    folder = box.path(path).parent
    places = {"folder": folder, "year": folder.parent, "area": folder.parent.parent}

    def keep(kept: bool) -> None:
        if how == "photo":
            box.engine.record(e.PhotosKept(user="me", path=path, kept=kept))
        elif how == "day":
            box.engine.record(e.PhotosKept(user="me", day=days_ago(300).isoformat(), kept=kept))
        elif kept:
            (places[how] / ".keep").touch()
        else:
            (places[how] / ".keep").unlink()

    keep(True)
    assert box.clean(5 * MB)["stays"] == {"to be kept": 1}
    keep(False)
    assert box.clean(5 * MB)["trashed"] == 2


def test_a_photo_that_is_to_stay_is_known_for_it_wherever_it_is_moved(on_disk: BuildLibrary):
    box = on_disk()
    path = box.file(300, small=False)
    box.engine.record(e.PhotosKept(user="me", path=path))
    moved = path.replace("/photos/", "/photos/all/")
    box.path(moved).parent.mkdir(parents=True)
    box.path(path).rename(box.path(moved))
    status = box.path(moved).stat()
    box.engine.record(e.FileMoved(user="me", source=path, path=moved, size=status.st_size, mtime_ns=status.st_mtime_ns))
    box.back_up([moved])
    assert box.clean(5 * MB)["stays"] == {"to be kept": 1}


def test_what_is_not_as_it_is_known_stays(on_disk: BuildLibrary):
    box = on_disk()
    changed, unread, linked, missing = (box.file(300 - n) for n in range(4))
    box.back_up([changed, unread, linked, missing])
    os.utime(box.path(changed), ns=(5, 5))
    with box.path(unread).open("ab") as file:
        file.write(b"more")
    status = box.path(unread).stat()
    box.engine.record(e.FileNoticed(user="me", path=unread, size=status.st_size, mtime_ns=status.st_mtime_ns))
    os.link(box.path(linked), box.root / "elsewhere")
    box.path(missing).unlink()
    done = box.clean(5 * MB)
    assert done["stays"] == {
        "changed since they were looked at": 2, "changed by hand and not read again yet": 1,
        "known by another name too, so that nothing would be free": 1,
    }  # fmt: skip
    assert done["left"] == 4
    assert gone(box) == []


def test_photos_on_another_disk_than_the_root_stay(on_disk: BuildLibrary, mount):
    box = on_disk("me", "ann")
    mount(filesystems.tmpfs(box.root / "users/ann/photos", "8m"))
    hers, mine = box.file(300, user="ann"), box.file(200)
    box.back_up([hers, mine])
    done = box.clean(5 * MB)
    assert done["stays"]["on another file system than the root"] == 1
    assert gone(box) == [mine]


# --- for good --------------------------------------------------------------------------------------------------------


def test_where_space_is_critical_the_trash_goes_first_and_then_photos_for_good(on_disk: BuildLibrary):
    box = on_disk()
    first, second, *others = (box.file(400 - n) for n in range(7))
    box.back_up([first, second, *others])
    box.leave_free(10.5)
    box.do("clean-photos", min_free_percent=12)
    box.days = 1
    box.do("clean-photos", min_free_percent=15)
    box.days = 3
    assert gone(box)[:2] == [first, second]
    in_trash = len(gone(box))
    box.leave_free(5)
    done = box.do("clean-photos", min_free_percent=20)
    removed = [event.path for event in box.told(e.FileRemoved)]
    assert removed[: in_trash * 2] == sorted(removed[: in_trash * 2], key=lambda path: path.split("/")[3])
    assert done["trashed"] == 0
    assert box.lie("trash") == []
    assert 20 <= done["free_percent"] < 24, "no more than needed"
    assert {event.digest for event in box.told(e.FileRemoved)} == {event.digest for event in box.told(e.PhotoTrashed)}
    box.assert_right()


def test_who_asks_for_much_room_once_gets_it_by_way_of_the_trash(on_disk: BuildLibrary):
    """Whether space is critical the owner has written down; an argument does not make it so."""
    box = on_disk()
    path = box.file(300)
    box.back_up([path])
    box.leave_free(30)
    assert box.do("clean-photos", min_free_percent=95)["trashed"] == 1
    assert [each for each in box.lie("trash") if "/photos/" in each] == [trashed(path)]
    assert box.told(e.FileRemoved) == []


def test_who_asks_for_little_room_once_loses_nothing_for_good_before_half_of_that_is_lost(on_disk: BuildLibrary):
    box = on_disk(retention__min_free_percent=80)
    paths = [box.file(300 - n) for n in range(5)]
    box.back_up(paths)
    box.leave_free(12)
    done = box.do("clean-photos", min_free_percent=15)
    assert (done["trashed"] > 0, done["removed"]) == (True, 0)


def test_a_trash_of_no_days_is_none(on_disk: BuildLibrary):
    box = on_disk(retention__trash_days=0)
    path = box.file(300)
    box.back_up([path])
    done = box.clean(MB)
    assert (done["trashed"], done["removed"]) == (0, 1)
    assert box.lie("photos") == box.lie("trash") == []
    assert [event.why for event in box.told(e.FileRemoved)] == ["trash", "trash"], "and its thumbnail"
    box.assert_right()


def test_what_goes_for_good_is_proved_once_more_just_before(on_disk: BuildLibrary):
    box = on_disk(retention__trash_days=0)
    path = box.file(300)
    box.back_up([path])

    def act() -> None:
        if box.lie("trash"):
            box.engine.at_once(lambda t: backed.put(t.store, "drive", (), [path], 100))

    job = box.ask("clean-photos", min_free_percent=box.floor_above(MB))
    box.prepared(job, Meanwhile(AtWork(), job.id, act)).clean()
    assert [path for path in box.lie("trash") if "/photos/" in path] == [trashed(path)]
    box.assert_right()


def test_younger_ones_go_only_below_the_emergency_and_only_until_that_is_over(on_disk: BuildLibrary):
    box = on_disk(retention__emergency_free_percent=10)
    paths = [box.file(30 - n, small=False) for n in range(8)]
    box.back_up(paths)
    box.leave_free(12)
    assert box.do("clean-photos")["removed"] == 0
    box.leave_free(5)
    done = box.do("clean-photos")
    assert 10 <= done["free_percent"] < 14
    assert gone(box) == paths[: done["removed"]]
    assert done["removed"] == 2


# --- the trash -------------------------------------------------------------------------------------------------------


def test_what_lay_in_the_trash_for_long_enough_is_removed_with_its_digest_by_either_kind(on_disk: BuildLibrary):
    box = on_disk(retention__trash_days=30)
    path, other = box.file(300), box.file(200)
    box.back_up([path, other])
    box.do("clean-photos", min_free_percent=box.floor_above(0.5 * MB))
    assert gone(box) == [path]
    box.days = 30
    assert box.do("empty-trash")["removed"] == 0
    box.days = 31
    assert box.do("empty-trash", dry_run=True)["removed"] == 1
    assert box.do("empty-trash")["removed"] == 1, "and the thumbnail, which is not counted"
    digests = {event.path: event.digest for event in box.told(e.PhotoTrashed)}
    assert {event.path: event.digest for event in box.told(e.FileRemoved)} == digests
    assert box.lie("trash") == []
    box.assert_right()
    box.clean(0.5 * MB)
    box.days = 62
    assert box.clean(0)["removed"] == 1


def test_what_lost_its_backup_while_it_lay_in_the_trash_stays_there(on_disk: BuildLibrary):
    box = on_disk(photos__thumbnail_pixels=0)
    path = box.file(300, small=False)
    box.back_up([path])
    box.clean(MB)
    digest = box.told(e.PhotoTrashed)[0].digest
    box.engine.at_once(lambda t: backed.put(t.store, "drive", (), [path], 100))
    box.days = 40
    done = box.do("empty-trash")
    assert (done["removed"], done["reasons"]) == (0, [{"path": trashed(path), "why": "without a backup"}])
    size, mtime_ns = files.find(box.engine.store, trashed(path)) or (0, 0)
    copy = backed.Copy(
        path=path, size=size, mtime_ns=mtime_ns, digest=digest, copied_at="", verified_at="2026", damaged="",
        present=False, seq=101,
    )  # fmt: skip
    box.engine.at_once(lambda t: backed.put(t.store, "drive", [copy], (), 101))
    box.days = 40
    assert box.do("empty-trash")["removed"] == 1


@pytest.mark.parametrize("how", ["the day", "a file .keep"])
@pytest.mark.parametrize("is_critical", [False, True])
def test_what_somebody_wants_to_stay_after_it_went_to_the_trash_stays_there(
    on_disk: BuildLibrary, how: str, is_critical: bool
):
    box = on_disk()
    kept, other = box.file(300), box.file(299)
    beside = box.companion(kept + ".xmp")
    box.back_up([kept, other, beside])
    job = box.clean(5 * MB)["number"]
    if how == "the day":
        box.engine.record(e.PhotosKept(user="me", day=days_ago(300).isoformat()))
    else:
        box.path(kept).parent.mkdir(parents=True)
        (box.path(kept).parent / ".keep").touch()
    if is_critical:
        box.leave_free(5)
        box.do("clean-photos")
    else:
        box.days = 40
        assert {"path": trashed(kept), "why": "to be kept"} in box.do("empty-trash")["reasons"]
    small = kept.replace("/photos/", "/thumbnails/") + ".jpg"
    assert box.lie("trash") == sorted(trashed(path) for path in (kept, beside, small))
    assert box.do("put-back", job=job)["moved"] == 2
    (box.path(kept).parent / ".keep").unlink(missing_ok=True)
    assert box.lie("photos") == sorted([kept, beside])
    box.assert_right()


def test_what_people_put_into_the_trash_goes_by_its_age_alone_and_not_sooner(on_disk: BuildLibrary):
    box = on_disk()
    for place in ("mine.jpg", "old/mine.jpg", f"{days_ago(300)}/photos/mine.jpg"):
        path = box.root / "users/me/trash" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(1, MB))
        status = path.stat()
        text = f"users/me/trash/{place}"
        box.engine.record(e.FileNoticed(user="me", path=text, size=status.st_size, mtime_ns=status.st_mtime_ns))
    box.leave_free(5)
    assert box.do("clean-photos")["removed"] == 0
    box.days = 30
    assert box.do("empty-trash")["removed"] == 0
    box.days = 31
    assert box.do("empty-trash")["removed"] == 3
    assert all(len(event.digest) == 64 for event in box.told(e.FileRemoved))
    box.assert_right()


def test_a_drop_with_the_bytes_of_a_photo_in_the_trash_is_filed_anew(on_disk: BuildLibrary):
    box = on_disk()
    (inbox(box.config) / "a.JPG").write_bytes(picture(1, MB))
    box.engine.store.close()
    once(box.config)
    with library_of(box.config) as box:
        box.back_up(box.lie("photos"))
        box.clean(MB)
        assert box.lie("photos") == []
    (inbox(box.config) / "b.JPG").write_bytes(picture(1, MB))
    once(box.config)
    assert [path.rpartition("/")[2] for path in library(box.config)] == ["b.JPG"]
    with library_of(box.config) as box:
        assert box.told(e.DuplicateDropped) == []
        box.assert_right()


# --- when nothing goes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["clean-photos", "empty-trash"])
@pytest.mark.parametrize("wrong", ["behind the log", "behind a photo", "jumped"])
def test_a_clock_that_cannot_be_trusted_removes_nothing_and_says_so(on_disk: BuildLibrary, kind: str, wrong: str):
    box = on_disk(retention__enabled=True)
    path = box.file(-30 if wrong == "behind a photo" else 300)
    box.back_up([path])
    if wrong == "behind the log":
        box.days = -2
    elif wrong == "jumped":
        box.inside.clock.look(box.now.timestamp() - 2 * 86_400, box.running)
    with pytest.raises(BoxError, match="the clock cannot be trusted, so nothing is removed: it shows") as failed:
        box.do(kind)
    assert failed.value.code == "clock-untrusted"
    assert box.lie("photos") == [path]
    (problem,) = box.problems.listed()
    assert problem["code"] == "retention"
    assert "The clock cannot be trusted" in problem["message"]


@pytest.fixture
def ahead(on_disk: BuildLibrary) -> tuple[Library, str]:
    """A box that starts again, and its clock is two years ahead of all that is on record; and a photo of a week ago."""
    box = on_disk(retention__enabled=True)
    path = box.file(7)
    box.back_up([path])
    box.days = 730
    start_again(box)
    return box, path


def start_again(box: Library) -> None:
    """A new process, which has not seen the clock before."""
    box.inside = replace(box.inside, clock=Steadiness())


@pytest.mark.parametrize("kind", ["clean-photos", "empty-trash"])
def test_a_clock_that_is_far_ahead_already_when_box_starts_removes_nothing_and_says_what_helps(
    ahead: tuple[Library, str], kind: str
):
    box, path = ahead
    with pytest.raises(BoxError, match=r"no time server has set it: .* or with trust_clock=true") as failed:
        box.do(kind)
    assert failed.value.code == "clock-untrusted"
    (problem,) = box.problems.listed()
    assert problem["code"] == "retention"
    assert "nothing is on record of the day before" in problem["message"]
    for _ in range(3):  # what it records meanwhile proves nothing, nor does another start
        box.days += 0.3
        start_again(box)
        with pytest.raises(BoxError, match="no time server has set it"):
            box.do(kind)
    assert box.lie("photos") == [path]


@pytest.mark.parametrize("by", ["a time server", "the owner", "a day", "a day with starts"])
def test_such_a_clock_is_believed_when_somebody_knows_or_a_day_has_gone_by(ahead: tuple[Library, str], by: str):
    box, path = ahead
    args = {"trust_clock": True} if by == "the owner" else {}
    box.synchronised = by == "a time server"
    if by.startswith("a day"):
        for _ in range(3):
            with pytest.raises(BoxError):
                box.clean(MB)
            box.days += 0.4
            if by == "a day with starts":
                start_again(box)
    box.clean(MB, **args)
    assert gone(box) == [path]


def test_a_clock_that_was_put_while_box_looked_is_believed_at_once_if_the_owner_says_so(on_disk: BuildLibrary):
    box = on_disk()
    path = box.file(300)
    box.back_up([path])
    box.inside.clock.look(box.now.timestamp() - 2 * 86_400, box.running)
    box.synchronised = True  # it may have been set by something wrong, for which a day is waited
    with pytest.raises(BoxError, match=r"was put 2\.0 days ahead: .* or with trust_clock=true"):
        box.clean(MB)
    box.clean(MB, trust_clock=True)
    assert gone(box) == [path]


def test_nobody_can_say_that_a_clock_is_right_which_is_behind(on_disk: BuildLibrary):
    box = on_disk()
    path = box.file(300)
    box.back_up([path])
    box.days, box.synchronised = -2, True
    with pytest.raises(BoxError, match="something was recorded on"):
        box.clean(MB, trust_clock=True)
    assert box.lie("photos") == [path]


def test_a_clock_that_is_so_far_ahead_that_all_the_log_was_archived_is_not_believed_for_that(
    ahead: tuple[Library, str],
):
    box, path = ahead
    box.engine.record(e.QuotaSet(user="me", quota_bytes=None))
    assert compaction.compact_events(box.engine, 30 * 86_400.0, box.now.timestamp()).events > 0
    with pytest.raises(BoxError, match="no time server has set it"):
        box.clean(MB)
    assert box.lie("photos") == [path]


def test_the_kernel_is_asked_whether_a_time_server_has_set_the_clock():
    """As `adjtimex` and `timedatectl` have it; here only that it answers without harm."""
    before = time.time()
    assert telling_time.is_synchronised() in (True, False)
    assert abs(time.time() - before) < 60


def test_the_log_is_searched_for_the_latest_time_that_it_bears(on_disk: BuildLibrary):
    """A board without a clock began in 1970, and recorded a lot."""
    box = on_disk()
    box.days = 5
    box.engine.record(e.QuotaSet(user="me", quota_bytes=None))
    box.days = 0
    box.engine.record(*(e.QuotaSet(user="me", quota_bytes=None) for _ in range(50)))
    with pytest.raises(BoxError, match=f"something was recorded on {days_ago(-5)}"):
        box.do("clean-photos")
    box.days = 6
    assert box.do("clean-photos")["trashed"] == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"days_to_keep": 0}, "days_to_keep = 0: expected 1 to 36500"),
        ({"days_to_keep": -5}, "days_to_keep = -5"),
        ({"days_to_keep": "many"}, "days_to_keep = 'many': expected a whole number"),
        ({"min_free_percent": 4}, "min_free_percent = 4: expected 5 to 95"),
        ({"min_free_percent": 96}, "min_free_percent = 96: expected 5 to 95"),
        ({"min_free_percent": 20.5}, "min_free_percent = 20.5"),
        ({"percent": 20}, "clean-photos takes no 'percent'"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(args: dict[str, object], says: str):
    with pytest.raises(UsageError) as refused:
        asking.wanted(by_request(), "clean-photos", args)
    assert says in str(refused.value)


def test_what_cannot_make_room_says_why_in_the_status_until_it_can(on_disk: BuildLibrary):
    box = on_disk(retention__enabled=True)
    old, kept, young = box.file(300), box.file(299), box.file(3)
    box.engine.record(e.PhotosKept(user="me", path=kept))
    box.leave_free(15)
    box.do("clean-photos")
    (problem,) = box.problems.listed()
    assert re.fullmatch(
        r"No more photos may go: 1 without a backup, 1 to be kept; the others were taken within the last 90 days\."
        r" 1[45]\.\d % of the disk is free, retention\.min_free_percent is 20\.",
        problem["message"],
    ), young
    box.back_up([old])
    box.do("clean-photos", min_free_percent=17)
    assert box.problems.listed() == []


# --- a dry run, a stop -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [12, 5])
def test_a_dry_run_says_exactly_what_a_run_does_and_does_nothing(on_disk: BuildLibrary, free: int):
    box = on_disk()
    paths = [box.file(400 - n, name=f"{n % 3}.JPG") for n in range(6)]
    beside = box.companion(paths[1] + ".xmp")
    box.back_up([paths[0], *paths[2:], beside])
    box.leave_free(10.5)
    box.do("clean-photos", min_free_percent=12)
    box.days = 31
    box.leave_free(free)
    before = box.lie("photos"), box.lie("trash")
    said = box.do("clean-photos", dry_run=True)
    assert (box.lie("photos"), box.lie("trash")) == before
    events = len(box.told(e.PhotoTrashed)), len(box.told(e.FileRemoved))
    done = box.do("clean-photos")
    came = [event for event in box.told(e.PhotoTrashed)[events[0] :] if "/photos/" in event.source]
    went = [event for event in box.told(e.FileRemoved)[events[1] :] if "/photos/" in event.path]
    there = {event.path: event.source for event in came}
    moved = [(event.source, event.path) for event in came if box.path(event.path).exists()]
    removed = [(there.get(event.path, event.path), "") for event in went]
    assert sorted(map(tuple, said["moves"])) == sorted([*moved, *removed])
    assert (said["count"], said.get("removed", 0)) == (done["trashed"] + done["removed"], done["removed"])
    assert said["stays"] == done["stays"]
    assert said["reasons"] == done["reasons"]
    assert done["removed"] > 0 and (done["trashed"] > 0) == (free == 12)


def test_a_run_that_is_cancelled_stops_and_what_went_can_be_brought_back(on_disk: BuildLibrary):
    box = on_disk(retention__require_backup="none")
    paths = [box.file(400, 4096, name=f"{n}.JPG", small=False) for n in range(120)]
    job = box.ask("clean-photos", min_free_percent=95)

    def act() -> None:
        if box.told(e.PhotoTrashed):
            raise Stopped("cancelled on request")

    with pytest.raises(Stopped):
        box.prepared(job, Meanwhile(AtWork(), job.id, act)).clean()
    box.engine.record(e.JobCancelled(user="", job=job.id, lease=job.lease, reason="cancelled on request"))
    assert 0 < len(gone(box)) < 120
    assert len(box.lie("photos")) + len(box.lie("trash")) == 120
    box.assert_right()
    assert box.do("put-back", job=job.id)["moved"] == len(gone(box))
    assert box.lie("photos") == sorted(paths)
    box.assert_right()
