"""Groups and crashes: killed before any step of a group's filing, a restart finds all of it filed, or all in the inbox.

What the next start does before anything new is begun is looked at by itself; then the work goes on to its end.
"""

from __future__ import annotations

import pytest

from box import service
from tests.crashing import ONCE
from tests.helpers import inbox, jpeg, library
from tests.test_crash import assert_all_there_once

GROUPS = {
    "a": {"a.jpg": jpeg(1), "a.jpg.xmp": b"about a", "a.aae": b"edits of a", "a.json": b"{}"},
    "m": {"m_HDR0.jpg": jpeg(2), "m_HDR1.jpg": jpeg(3), "m_HDR0_botdetection.json": b"{} "},
    "b": {"b.jpg": jpeg(4), "b.thm": b"small", "b.wav": b"a word about b"},
}
FILES = {name: data for group in GROUPS.values() for name, data in group.items()}

POINTS = [
    *(("renameat2", n) for n in range(1, 12)),  # every file to its place
    *(("rename", n) for n in range(1, 5)),  # thumbnails, the status
    *(("fsync", n) for n in range(1, 11)),  # files and folders
    *(("fdatasync", n) for n in range(2, 13)),  # SQLite's commits and checkpoints
    *(("pwrite64", n) for n in (9, 23, 41)),  # in the middle of them
    *(("mkdir", n) for n in range(2, 5)),
    *(("rmdir", n) for n in range(1, 3)),  # scratch folders
    *(("unlink", n) for n in range(1, 3)),
]


@pytest.mark.parametrize(("call", "number"), POINTS, ids=str)
def test_killed_just_before_each_step_a_group_is_whole_or_untouched(make_root, crashes, call: str, number: int):
    config = make_root(workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0)
    for name, data in FILES.items():
        (inbox(config) / name).write_bytes(data)
    crashes.kill(call, number, ONCE, config.path)
    service.build(config).stop()  # it recovers, and begins nothing new
    here = {path.name for path in inbox(config).iterdir() if path.name != ".box"}
    there = {name.rpartition("/")[2] for name in library(config)}
    for group in GROUPS.values():
        assert group.keys() <= here or group.keys() <= there
    assert here.isdisjoint(there)
    assert_all_there_once(config, list(FILES.values()), crashes.box)
