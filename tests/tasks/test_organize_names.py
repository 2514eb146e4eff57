"""organize and names that are trouble: a dry run says line for line what a run does, and all of it can be undone."""

from __future__ import annotations

import re

import pytest

from box import beside
from box import events as e
from box.config import Config
from box.engine import rebuild
from tests.helpers import projections
from tests.tasks.shelves import assert_right, do, drop, once, told, tree, with_photos

NAMES = (
    "CON/CON.jpg", "con/nul.JPG", "trail. /x. .jpg", "a:b/c?d*.jpg", "Aux.foo/aux.b.jpg", "d1/IMG.jpg", "d1/img.JPG",
    "D1/IMG.jpg", "space /  lead.jpg",
    "\u00e9/\u00e9.jpg", "e\u0301/e\u0301.jpg", "back\\slash/q\\.jpg", "d2/IMG-2.jpg", "d2/IMG-3.jpg",
    f"{'x' * 120}/{'y' * 200}.jpg", "com1/LPT9.jpg", "dots./a..jpg",
)  # fmt: skip
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


def assert_rebuilt(config: Config) -> None:
    """The log gives the same rows again, and all is right."""
    with beside.beside(config) as box:
        before = projections(box.store)
        rebuild(box.store)
        assert projections(box.store) == before
    assert_right(config)


@pytest.mark.parametrize("is_portable", [True, False])
def test_names_that_are_trouble_are_organised_as_the_dry_run_said_and_undone(make_root, is_portable: bool):
    config = make_root(photos__thumbnail_pixels=0)
    drop(config, dict.fromkeys(NAMES, "2024:05:04 10:11:12"))
    once(config)
    before = tree(config, "photos")
    config = with_photos(config, folder="%Y/{source_folder}", name="{counter}_{stem}", portable_names=is_portable)
    dry = do(config, "organize", dry_run=True)
    real = do(config, "organize")
    moved = [[event.source, event.path] for event in told(config, e.FileMoved, real["number"])]
    assert moved == dry["moves"]
    assert real["moved"] == dry["count"] == len(NAMES)
    after = tree(config, "photos")
    assert sorted(after.values()) == sorted(before.values())
    for piece in (piece for path in after for piece in path.split("/") if is_portable):
        assert not set(piece) & set('<>:"\\|?*')
        assert not piece.endswith((".", " "))
        assert not RESERVED.match(piece)
    assert_rebuilt(config)
    assert do(config, "organize")["moved"] == 0, "the second run has nothing to do"
    assert do(config, "put-back", job=real["number"])["moved"] == len(NAMES)
    assert tree(config, "photos") == before
    assert_rebuilt(config)


def test_a_pattern_that_differs_in_case_only_renames_the_folder_and_back(make_root):
    config = make_root(photos__thumbnail_pixels=0)
    drop(config, {"a.jpg": "2024:05:04 10:11:12"})
    once(config)
    do(with_photos(config, folder="ALBUM"), "organize")
    config = with_photos(config, folder="album")
    real = do(config, "organize")
    assert list(tree(config, "photos")) == ["photos/album/a.jpg"]
    do(config, "put-back", job=real["number"])
    assert list(tree(config, "photos")) == ["photos/ALBUM/a.jpg"]
    assert_rebuilt(config)
