"""clean-photos on real disks: what goes, what stays, where it goes to, and that nothing else happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from box import events as e
from tests.tasks.disks import MB, Library, days_ago, library_of, small_disk

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
    """The photos that went to the trash, in their order."""
    return [event.source for event in box.told(e.PhotoTrashed) if event.source.split("/")[2] == "photos"]


def test_the_oldest_go_to_the_trash_until_enough_will_be_free_and_no_more(on_disk: BuildLibrary):
    box = on_disk()
    paths = [box.file(age) for age in (150, 400, 300, 5, 200, 100)]
    box.back_up(paths)
    oldest_first = [paths[i] for i in (1, 2, 4, 0, 5)]
    done = box.clean(2 * MB)
    assert gone(box) == oldest_first[:3] or gone(box) == oldest_first[:2]
    assert (done["trashed"], done["removed"]) == (len(gone(box)), 0)
    assert box.lie("photos") == sorted(set(paths) - set(gone(box)))
    assert [path.split("/trash/")[1] for path in box.lie("trash") if "/photos/" in path] == sorted(
        f"{days_ago(0)}/{path.split('/', 2)[2]}" for path in gone(box)
    )
    box.assert_right()
    assert box.clean(0)["trashed"] == 0, "what lies in the trash will be free"
