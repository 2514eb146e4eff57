"""Landing: what a restart finds on the disk, it finishes or undoes; nothing leaves its place in the library."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import disk
from box.errors import BoxError, SourceChanged
from box.tasks import landing
from box.tasks.handler import Found, Member, Placement, Request
from box.tasks.landing import Move

THUMBNAIL = Placement("thumbnails", "2024", suffix=".jpg", made="thumbnail.jpg")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "users/me/inbox").mkdir(parents=True)
    (tmp_path / "users/me/temp/job-7").mkdir(parents=True)
    (tmp_path / "users/me/inbox/a.jpg").write_text("photo")
    (tmp_path / "users/me/temp/job-7/thumbnail.jpg").write_text("small")
    return tmp_path


def request_of(root: Path) -> Request:
    source = root / "users/me/inbox/a.jpg"
    seen = source.stat()
    scratch = str(root / "users/me/temp/job-7")
    return Request(7, "me", str(source), seen.st_size, seen.st_mtime_ns, seen.st_ino, scratch)


def plan_of(root: Path) -> landing.Plan:
    return landing.plan(str(root), request_of(root), Found((Placement("photos", "2024", "a.jpg"), THUMBNAIL)), set())


def tree(root: Path) -> dict[str, str]:
    top = root / "users/me"
    return {str(p.relative_to(top)): p.read_text() for p in sorted(top.rglob("*")) if p.is_file()}


BEFORE = {"inbox/a.jpg": "photo", "temp/job-7/thumbnail.jpg": "small"}
AFTER = {"photos/2024/a.jpg": "photo", "thumbnails/2024/a.jpg.jpg": "small"}


def test_a_plan_touches_nothing_and_moves_the_drop_last(root: Path):
    plan = plan_of(root)
    assert [move.target for move in plan.moves] == [
        "users/me/thumbnails/2024/a.jpg.jpg",
        "users/me/photos/2024/a.jpg",
    ]
    assert [landed.path for landed in plan.landed] == [
        "users/me/photos/2024/a.jpg",
        "users/me/thumbnails/2024/a.jpg.jpg",
    ]
    assert tree(root) == BEFORE


def test_what_goes_with_a_file_takes_the_name_that_the_file_got(root: Path):
    (root / "users/me/photos/2024").mkdir(parents=True)
    (root / "users/me/photos/2024/a.jpg").write_text("another")
    taken = {str(root / "users/me/photos/2024/a-2.jpg")}
    plan = landing.plan(str(root), request_of(root), Found((Placement("photos", "2024", "a.jpg"), THUMBNAIL)), taken)
    assert [landed.path for landed in plan.landed] == [
        "users/me/photos/2024/a-3.jpg",
        "users/me/thumbnails/2024/a-3.jpg.jpg",
    ]


def test_moves_survive_the_journal(root: Path):
    moves = plan_of(root).moves
    assert landing.load(landing.dump(moves)) == moves


def test_carried_out_all_stands(root: Path):
    folders: set[str] = set()
    landing.carry_out(str(root), plan_of(root).moves, folders)
    assert tree(root) == AFTER
    assert folders == {str(root / "users/me" / f) for f in ("inbox", "temp/job-7", "photos/2024", "thumbnails/2024")}


def test_when_the_name_was_just_taken_everything_is_as_before(root: Path):
    plan = plan_of(root)
    (root / "users/me/photos/2024").mkdir(parents=True)
    (root / "users/me/photos/2024/a.jpg").write_text("somebody was quicker")
    with pytest.raises(FileExistsError):
        landing.carry_out(str(root), plan.moves, set())
    assert tree(root) == {**BEFORE, "photos/2024/a.jpg": "somebody was quicker"}


def test_another_file_under_the_drops_name_is_not_taken(root: Path):
    plan = plan_of(root)
    source = root / "users/me/inbox/a.jpg"
    source.unlink()
    source.write_text("newer")
    with pytest.raises(SourceChanged):
        landing.carry_out(str(root), plan.moves, set())
    assert tree(root) == {"inbox/a.jpg": "newer", "temp/job-7/thumbnail.jpg": "small"}


@pytest.mark.parametrize("done", [0, 1, 2])
def test_killed_after_any_move_a_restart_finishes(root: Path, done: int):
    plan = plan_of(root)
    for move in plan.moves[:done]:
        landing.carry_out(str(root), [move], set())
    assert landing.finish(str(root), plan.moves)
    assert tree(root) == AFTER
    assert landing.finish(str(root), plan.moves), "finishing twice is finishing once"
    assert tree(root) == AFTER


@pytest.mark.parametrize("how", [os.link, shutil.copy2])
def test_killed_between_the_copy_and_the_removal_a_restart_removes_the_source(root: Path, how):
    plan = plan_of(root)
    landing.carry_out(str(root), plan.moves[:1], set())
    (root / "users/me/photos/2024").mkdir(parents=True)
    how(root / "users/me/inbox/a.jpg", root / "users/me/photos/2024/a.jpg")
    assert landing.finish(str(root), plan.moves)
    assert tree(root) == AFTER


def test_killed_during_a_copy_a_restart_removes_the_part(root: Path):
    plan = plan_of(root)
    (root / "users/me/photos/2024").mkdir(parents=True)
    (root / "users/me/photos/2024/.a.jpg.box.part").write_text("pho")
    assert landing.finish(str(root), plan.moves)
    assert tree(root) == AFTER


def test_what_somebody_took_away_meanwhile_is_undone(root: Path):
    plan = plan_of(root)
    landing.carry_out(str(root), plan.moves[:1], set())
    (root / "users/me/inbox/a.jpg").unlink()
    assert not landing.finish(str(root), plan.moves)
    assert tree(root) == {}


def test_an_unfinished_removal_is_not_finished_but_decided_again(root: Path):
    main = Found((Placement("photos", "2024", "a.jpg"),))
    gone = landing.plan(str(root), request_of(root), main, set(), {0: "users/me/photos/b.jpg"})
    assert not landing.finish(str(root), gone.moves)
    assert (root / "users/me/inbox/a.jpg").exists()
    landing.carry_out(str(root), gone.moves, set())
    assert landing.finish(str(root), gone.moves)


@pytest.mark.parametrize(
    "placement",
    [
        Placement("photos", "../../other", "a.jpg"),
        Placement("photos", "/etc", "a.jpg"),
        Placement("photos", "2024", "../a.jpg"),
        Placement("photos", "2024", ".."),
        Placement("inbox", "", "a.jpg"),
        Placement("..", "", "a.jpg"),
        Placement("photos", "2024", "a\0.jpg"),
        Placement("photos", "2024", "a.jpg", made="../../../../etc/passwd"),
        Placement("photos", "2024", "a.jpg", suffix="/../../x"),
    ],
)
def test_a_placement_outside_its_area_is_refused(root: Path, placement: Placement):
    with pytest.raises(BoxError):
        landing.plan(str(root), request_of(root), Found((placement,)), set())


def test_a_link_that_a_handler_made_is_not_taken(root: Path):
    made = root / "users/me/temp/job-7/thumbnail.jpg"
    made.unlink()
    made.symlink_to("/etc/passwd")
    with pytest.raises(BoxError, match="no regular file"):
        plan_of(root)


def test_a_copy_that_differs_from_its_source_is_not_kept(root: Path):
    move = Move("users/me/inbox/a.jpg", "users/me/photos/2024/a.jpg", 5, 0, 0)
    assert not landing.finish(str(root), [move]), "another mtime: it is not the file that was meant"
    assert disk.digest_of(str(root / "users/me/inbox/a.jpg"))


# --- groups ----------------------------------------------------------------------------------------------------------

GROUP = Found(
    (
        Placement("photos", "2024", "a.jpg", file=0, base_length=1),
        THUMBNAIL,
        Placement("photos", "2024", "a.jpg.xmp", file=1, base_length=1),
        Placement("photos", "2024", "a.mov", file=2, base_length=1),
    )
)
GROUP_BEFORE = {**BEFORE, "inbox/a.jpg.xmp": "about", "inbox/a.mov": "film"}
GROUP_AFTER = {**AFTER, "photos/2024/a.jpg.xmp": "about", "photos/2024/a.mov": "film"}


@pytest.fixture
def group(root: Path) -> Request:
    members = []
    for name, text in (("a.jpg.xmp", "about"), ("a.mov", "film")):
        path = root / "users/me/inbox" / name
        path.write_text(text)
        seen = path.stat()
        members.append(Member(str(path), seen.st_size, seen.st_mtime_ns, seen.st_ino))
    return replace(request_of(root), members=tuple(members))


def test_a_group_lands_as_a_whole_and_its_main_file_last(root: Path, group: Request):
    plan = landing.plan(str(root), group, GROUP, set())
    assert plan.moves[-1].target == "users/me/photos/2024/a.jpg"
    landing.carry_out(str(root), plan.moves, set())
    assert tree(root) == GROUP_AFTER


@pytest.mark.parametrize("taken", ["a.jpg", "a.jpg.xmp", "a.mov"])
def test_when_one_name_of_a_group_is_taken_all_get_the_same_number(root: Path, group: Request, taken: str):
    (root / "users/me/photos/2024").mkdir(parents=True)
    (root / "users/me/photos/2024" / taken).write_text("another")
    (root / "users/me/photos/2024/a-2.mov").write_text("another")
    plan = landing.plan(str(root), group, GROUP, set())
    assert {Path(landed.path).name for landed in plan.landed} == {"a-3.jpg", "a-3.jpg.jpg", "a-3.jpg.xmp", "a-3.mov"}
    landing.carry_out(str(root), plan.moves, set())
    assert tree(root)[f"photos/2024/{taken}"] == "another"


def test_what_is_counted_always_has_a_number(root: Path, group: Request):
    main, thumbnail, *others = GROUP.placements
    counted = [replace(each, counted=True) for each in (main, *others)]
    taken = {str(root / "users/me/photos/2024/a0001.mov")}
    plan = landing.plan(str(root), group, Found((counted[0], thumbnail, *counted[1:])), taken)
    assert {Path(landed.path).name for landed in plan.landed} == {
        "a0002.jpg", "a0002.jpg.jpg", "a0002.jpg.xmp", "a0002.mov",
    }  # fmt: skip


@pytest.mark.parametrize("done", range(5))
def test_killed_after_any_move_of_a_group_a_restart_finishes(root: Path, group: Request, done: int):
    plan = landing.plan(str(root), group, GROUP, set())
    landing.carry_out(str(root), plan.moves[:done], set())
    assert landing.finish(str(root), plan.moves)
    assert tree(root) == GROUP_AFTER


@pytest.mark.parametrize("done", range(4))
@pytest.mark.parametrize("gone", ["a.jpg", "a.jpg.xmp", "a.mov"])
def test_when_a_file_of_a_group_is_gone_the_others_go_back_to_where_they_were(
    root: Path, group: Request, gone: str, done: int
):
    plan = landing.plan(str(root), group, GROUP, set())
    landing.carry_out(str(root), plan.moves[:done], set())
    missing = root / "users/me/inbox" / gone
    if not missing.exists():  # it stands in the library already
        missing = root / "users/me/photos/2024" / gone
    missing.unlink()
    assert not landing.finish(str(root), plan.moves)
    assert {n: t for n, t in tree(root).items() if "thumbnail" not in n} == {
        n: t for n, t in GROUP_BEFORE.items() if n != f"inbox/{gone}" and "thumbnail" not in n
    }


@pytest.mark.parametrize("changed", ["a.jpg", "a.jpg.xmp", "a.mov"])
def test_when_one_file_of_a_group_is_another_by_now_nothing_moves(root: Path, group: Request, changed: str):
    plan = landing.plan(str(root), group, GROUP, set())
    (root / "users/me/inbox" / changed).write_text("something else")
    with pytest.raises(SourceChanged):
        landing.carry_out(str(root), plan.moves, set())
    assert tree(root) == {**GROUP_BEFORE, f"inbox/{changed}": "something else"}


def test_a_name_whose_number_would_stand_outside_it_is_refused(root: Path):
    for placement in (Placement("photos", "", "a.jpg", base_length=9), Placement("photos", "", "a.jpg", file=1)):
        with pytest.raises(BoxError):
            landing.plan(str(root), request_of(root), Found((placement,)), set())


NAMES = st.sampled_from(["a.jpg", "a-2.jpg", "a-3.jpg", "a.xmp", "a-2.xmp", "a.jpg.xmp", "a-2.mov", "a.mov", "A.JPG"])


@given(st.sets(NAMES), st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_whatever_stands_there_nothing_is_overwritten(standing: set[str], names: list[str]):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox, photos = root / "users/me/inbox", root / "users/me/photos"
        inbox.mkdir(parents=True)
        photos.mkdir()
        for name in standing:
            (photos / name).write_text(f"old {name}")
        members = []
        for name in names:
            (inbox / name).write_text(f"new {name}")
            seen = (inbox / name).stat()
            members.append(Member(str(inbox / name), seen.st_size, seen.st_mtime_ns, seen.st_ino))
        first, *rest = members
        request = Request(1, "me", first.path, first.size, first.mtime_ns, first.inode, "", members=tuple(rest))
        placements = tuple(Placement("photos", "", name, file=n, base_length=1) for n, name in enumerate(names))
        plan = landing.plan(str(root), request, Found(placements), set())
        landing.carry_out(str(root), plan.moves, set())
        stands = sorted(path.read_text() for path in photos.iterdir())
        assert stands == sorted([*(f"old {name}" for name in standing), *(f"new {name}" for name in names)])
        assert all((photos / name).read_text() == f"old {name}" for name in standing)
        each = zip(plan.landed, names, strict=True)
        numbers = {Path(to.path).name.removeprefix(name[:1]).removesuffix(name[1:]) for to, name in each}
        assert len(numbers) == 1, "a group has one number"
