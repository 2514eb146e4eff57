from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box.backup import replica
from box.backup.destination import BackupAway, BackupFull, Destination, init
from box.backup.manifest import NAME, Manifest, ManifestDamaged
from box.backup.rows import Pending, Row
from box.models import backed
from tests import filesystems
from tests.helpers import files_below
from tests.test_crash import fill


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Destination]:
    for name in ("root", "there"):
        (tmp_path / name).mkdir()
    init(str(tmp_path / "root"), str(tmp_path / "there"), folder=True, portable=True)
    with Destination(str(tmp_path / "root"), str(tmp_path / "there")) as opened:
        yield opened


def row(path: str, size: int = 1, mtime_ns: int = 2, **changes: object) -> Row:
    made = Row(path=path, stored=path, size=size, mtime_ns=mtime_ns, digest="d", copied_at="2026-01-01T00:00:00Z")
    return replace(made, **changes)


def test_there_is_none_until_it_is_made(place):
    with pytest.raises(FileNotFoundError):
        Manifest(place)
    with Manifest(place, make=True) as manifest:
        assert (manifest.counts(), manifest.last_seq(), manifest.pending()) == ((0, 0, 0, 0), 0, [])
        assert manifest.meta("uuid") == place.uuid


def test_rows_are_kept_and_every_change_has_the_next_number(place):
    with Manifest(place, make=True) as manifest:
        assert manifest.write([row("b"), row("a/x"), row("a.jpg")], position="7") == 3
        assert manifest.write([row("b", size=5)], forget=["a/x"]) == 5
    with Manifest(place) as manifest:
        assert [each.path for each in manifest.below()] == ["a.jpg", "b"]
        assert manifest.row("b") == row("b", size=5, seq=5)
        assert [each.path for each in manifest.changed(3)] == ["b"]
        assert manifest.forgotten(0) == [("a/x", 4)]
        assert manifest.meta("position") == "7"
        assert manifest.at("B").path == "b", "on a portable destination"
        assert [each.path for each in manifest.alike(5, 2)] == ["b"]


def test_a_folder_is_listed_in_the_order_of_paths_and_without_its_neighbours(place):
    with Manifest(place, make=True) as manifest:
        manifest.write([row(path) for path in ("a/b/c", "a/b", "a.jpg", "a/z", "ab", "a0", "a/b-c")])
        assert [each.path for each in manifest.below("a")] == ["a/b", "a/b-c", "a/b/c", "a/z"]
        assert [each.path for each in manifest.below("a", after="a/b-c")] == ["a/b/c", "a/z"]
        assert [each.path for each in manifest.below()] == ["a.jpg", "a/b", "a/b-c", "a/b/c", "a/z", "a0", "ab"]


def test_what_was_never_verified_comes_first_then_what_was_the_longest_ago(place):
    with Manifest(place, make=True) as manifest:
        at = {"a": "2026-03-01", "b": "2026-01-01", "c": None, "d": "2026-02-01", "e": None}
        manifest.write(row(path, verified_at=time) for path, time in at.items())
        assert [each.path for each in manifest.to_verify("2026-02-15")] == ["c", "e", "b", "d"]
        assert [each.path for each in manifest.to_verify("2026-02-15", 3)] == ["c", "e", "b"]


def test_what_is_pending_is_pending_until_its_rows_are_written(place):
    with Manifest(place, make=True) as manifest:
        some = [Pending("a", "a"), Pending("b", "c", "d")]
        manifest.begin(some)
    with Manifest(place) as manifest:
        assert manifest.pending() == some
        manifest.write([row("a")])
        assert manifest.pending() == []


def test_reading_writes_nothing(place):
    with Manifest(place, make=True) as manifest:
        manifest.write([row("a")])
    before = {entry.name: (entry.stat().st_mtime_ns, entry.stat().st_ino) for entry in os.scandir(place.at(""))}
    with Manifest(place) as manifest:
        assert len(list(manifest.below())) == 1
    assert before == {entry.name: (entry.stat().st_mtime_ns, entry.stat().st_ino) for entry in os.scandir(place.at(""))}


def test_what_is_no_manifest_is_told(place):
    Path(place.at(NAME)).write_text("something else, and rather long" * 100)
    with pytest.raises(ManifestDamaged, match=NAME):
        Manifest(place)


def test_a_drive_that_is_pulled_while_it_is_open_leaves_nothing_on_the_roots_disk(tmp_path, mount):
    (tmp_path / "root").mkdir()
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    init(str(tmp_path / "root"), str(point))
    with Destination(str(tmp_path / "root"), str(point)) as place, Manifest(place, make=True) as manifest:
        manifest.write([row("a")])
        filesystems.take_away(point)
        with pytest.raises(BackupAway):
            place.check()
        manifest.write([row("b")])  # a batch that was under way
        manifest.begin([Pending("c", "c")])
        assert files_below(point) == {}
    assert files_below(point) == {}


def test_nothing_is_begun_on_a_drive_that_was_pulled_since_it_was_opened(tmp_path, mount):
    (tmp_path / "root").mkdir()
    point = mount(filesystems.tmpfs(tmp_path / "drive"))
    init(str(tmp_path / "root"), str(point))
    with Destination(str(tmp_path / "root"), str(point)) as place:
        Manifest(place, make=True).close()
        with Manifest(place) as manifest:
            filesystems.take_away(point)
            with pytest.raises(BackupAway):
                manifest.write([row("a")])
    assert files_below(point) == {}


def test_a_full_destination_is_told_and_the_manifest_stays_as_it_was(tmp_path, mount):
    (tmp_path / "root").mkdir()
    point = mount(filesystems.ext4(tmp_path / "drive", "8M"))
    init(str(tmp_path / "root"), str(point))
    with Destination(str(tmp_path / "root"), str(point)) as place:
        with Manifest(place, make=True) as manifest:
            manifest.write([row("a")])
            fill(point / "ballast")
            with pytest.raises(BackupFull):
                manifest.write([row("x" * 100 + str(number)) for number in range(10_000)])
            assert manifest.row("a") is not None
        with Manifest(place) as manifest:
            assert manifest.counts()[0] == 1


PATHS = st.sampled_from([f"p{number}" for number in range(6)])
STEPS = st.lists(st.tuples(st.lists(PATHS, unique=True), st.lists(PATHS, unique=True)), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(steps=STEPS, follows=st.lists(st.booleans(), min_size=9, max_size=9))
def test_the_copy_in_the_box_says_what_the_manifest_says_however_rarely_it_follows(
    tmp_path_factory, store, steps, follows
):
    top = tmp_path_factory.mktemp("replica")
    for name in ("root", "there"):
        (top / name).mkdir()
    init(str(top / "root"), str(top / "there"), folder=True)
    with Destination(str(top / "root"), str(top / "there")) as place, Manifest(place, make=True) as manifest:
        for (rows, forget), follow in zip(steps, follows, strict=False):
            manifest.write([row(path) for path in rows], forget)
            if follow:
                replica.follow(store, manifest)
        replica.follow(store, manifest)
        there = {each.path: each.seq for each in manifest.below()}
        here = store.rows("SELECT path, seq FROM backed WHERE destination = ?", (place.uuid,))
        assert dict(here) == there
        assert backed.upto(store, place.uuid) == manifest.last_seq()


def test_a_copy_of_many_changes_is_made_page_by_page(place, store):
    with Manifest(place, make=True) as manifest:
        manifest.write([row(f"{number:05}") for number in range(2500)])
        manifest.write([], [f"{number:05}" for number in range(1200)])
        manifest.write([row(f"{number:05}", size=9) for number in range(1000, 2000)])
        replica.follow(store, manifest)
    assert backed.counts(store)[place.uuid][:2] == (1500, 1000 * 9 + 500)


def test_a_manifest_that_was_made_again_is_copied_again(place, store):
    with Manifest(place, make=True) as manifest:
        manifest.write([row("a"), row("b")])
        replica.follow(store, manifest)
    os.unlink(place.at(NAME))
    with Manifest(place, make=True) as manifest:
        manifest.write([row("c")])
        replica.follow(store, manifest)
    assert store.rows("SELECT path FROM backed") == [("c",)]


def test_the_best_state_over_all_destinations_counts_and_a_damaged_copy_is_none(store):
    def copy(path: str, **changes: object) -> backed.Copy:
        made = backed.Copy(path=path, size=1, mtime_ns=2, digest="d", copied_at="t", verified_at=None, damaged="",
                           present=True, seq=1)  # fmt: skip
        return replace(made, **changes)

    with store.transaction():
        backed.put(store, "one", [copy("a"), copy("b"), copy("c", damaged="there", verified_at="t")], [], 1)
        backed.put(store, "two", [copy("b", verified_at="t")], [], 1)
    assert backed.state_of(store, "a", 1, 2) == "copied"
    assert backed.state_of(store, "b", 1, 2) == "verified"
    assert backed.state_of(store, "c", 1, 2) == "none"
    assert backed.state_of(store, "a", 1, 3) == "none", "it has changed since"
    assert backed.state_of(store, "x", 1, 2) == "none"
    assert backed.digests_of(store, "b", 1, 2) == {"d"}
    with store.transaction():
        backed.put(store, "two", [], ["b"], 2)
    assert backed.state_of(store, "b", 1, 2) == "copied"
