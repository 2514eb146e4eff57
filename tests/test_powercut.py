"""Power cuts: whenever the power goes, a photo is in one place or the other, whole; these tests would see if not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from box import damage
from box.config import Config
from box.models import live
from box.models.base import Store
from tests import powercut
from tests.helpers import inbox, jpeg, library
from tests.injection import injected

PHOTOS = {f"DCIM/{number}.jpg": jpeg(number, f"2024:05:{1 + number % 3:02} 10:11:12") for number in range(6)}
GROUPS = {
    "a.jpg": jpeg(11), "a.jpg.xmp": b"about a", "a.aae": b"edits of a", "a.json": b"{}",
    "m_HDR0.jpg": jpeg(12), "m_HDR1.jpg": jpeg(13), "m_HDR0_botdetection.json": b"{} ",
}  # fmt: skip
SAFE = PHOTOS | GROUPS
FRESH = {f"fresh/{number}.jpg": jpeg(20 + number) for number in range(3)}
TRIES = 5
"""How often a Box without fsyncs may be lucky."""
STARTS_MAX = 2
ALL = SAFE | FRESH
"""What is on the disk before, and what is dropped just before Box looks: of that, a cut may leave any part."""


def drop(config: Config, files: dict[str, bytes]) -> None:
    """As any program copies: nobody says that the bytes must be kept."""
    for name, data in files.items():
        path = inbox(config) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def filed(config: Config) -> dict[str, bytes]:
    """What stands under a final name: a copy under way has a hidden one."""
    return {path: data for path, data in library(config).items() if not Path(path).name.startswith(".")}


def waiting(config: Config) -> list[bytes]:
    return [path.read_bytes() for path in inbox(config).rglob("*") if path.is_file() and path.name != ".box"]


def wrong(config: Config) -> Iterator[str]:
    """All that must not be, whenever the power went."""
    there, here = filed(config), waiting(config)
    yield from (f"torn: {path}, {len(data)} bytes" for path, data in there.items() if data not in ALL.values())
    yield from (f"lost: {name}" for name, data in SAFE.items() if data not in [*there.values(), *here])
    store, restored = damage.open_checked(config.box.root)
    with closing(store):
        if restored:
            yield f"damaged: {restored}"
        for folder, name, size in store.rows(
            "SELECT folder, name, size FROM files WHERE folder LIKE 'users/me/photos%'"
        ):
            path = Path(config.box.root, folder, name)
            if not path.exists() or path.stat().st_size != size:
                yield f"untrue: the database knows {folder}/{name}"


def unfinished(config: Config, run_box) -> Iterator[str]:
    """What is not right when Box was started again and has done all that there was to do."""
    done = run_box("--config", config.path, "once")
    if done.returncode not in (0, 1):  # 1: a fresh drop was cut off
        yield done.stdout + done.stderr
    there = Counter(filed(config).values())
    if there - Counter(ALL.values()) or Counter(SAFE.values()) - there:
        yield f"filed are {sorted(filed(config))}"
    if any(waiting(config)):
        yield f"waiting are {waiting(config)}"
    verified = run_box("--config", config.path, "verify")
    if verified.returncode != 0:
        yield verified.stdout + verified.stderr


@pytest.fixture
def box(make_root):
    """A root on disks that are there already, with a database."""

    def make() -> Config:
        config = make_root(exists=True, workers__count=1)
        damage.open_unchecked(config.box.root).close()
        return config

    return make


@pytest.fixture
def places(tmp_path: Path, where: str) -> list[Path]:
    root = tmp_path / "root"
    return [root] if where == "renamed" else [root, root / "users/me/inbox"]


@pytest.mark.parametrize("where", ["renamed", "copied from another disk"])
def test_whenever_the_power_goes_drops_are_in_the_inbox_or_filed_and_the_next_start_files_them(
    box, run_box, tmp_path, places, where: str
):
    with powercut.recording(tmp_path / "power", *places) as disks:
        config = box()
        drop(config, SAFE)
        with disks.at_risk():
            drop(config, FRESH)
            assert run_box("--config", config.path, "once").returncode == 0
        states = {(0, 0, True)}  # nothing has begun

        def look() -> Iterator[str]:
            yield from wrong(config)
            with closing(Store(str(Path(config.box.root, "box.db")))) as store:
                state = (len(filed(config)), len(live.journal(store)), any(waiting(config)))
            if state not in states and len(states) <= STARTS_MAX:
                states.add(state)
                yield from unfinished(config, run_box)

        found = disks.faults(look, 50)
        assert len(found) > 20
        assert len(states) > 1
        assert powercut.faulty(found) == {}


def test_what_box_says_is_done_is_on_the_disk_without_anybody_elses_help(box, run_box, tmp_path):
    with powercut.recording(tmp_path / "power", tmp_path / "root") as disks:
        config = box()
        with disks.at_risk(neighbour=False):
            drop(config, ALL)
            assert run_box("--config", config.path, "once").returncode == 0
        found = disks.faults(lambda: set(ALL.values()) - set(filed(config).values()), most=0)
        assert found == {"the end": []}


@pytest.mark.parametrize(("where", "fault"), [("renamed", "torn"), ("copied from another disk", "lost")])
def test_a_box_that_left_out_its_fsyncs_would_be_found_out(box, tmp_path, places, where: str, fault: str):
    seen: set[str] = set()
    for again in range(TRIES):  # what the kernel writes by itself meanwhile is a matter of luck
        with powercut.recording(tmp_path / f"power-{again}", *places) as disks:
            config = box()
            drop(config, SAFE)
            with disks.at_risk():
                drop(config, FRESH)
                assert injected(config, "fsync,fdatasync,syncfs", "retval=0").returncode == 0
            found = powercut.faulty(disks.faults(partial(wrong, config), 40))
        seen |= {each.partition(":")[0] for faults in found.values() for each in faults}
        if fault in seen:
            break
    assert fault in seen
