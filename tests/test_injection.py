"""What strace does to Box for other tests, held against what they expect of it."""

from __future__ import annotations

import pytest

from tests.helpers import inbox, jpeg, library
from tests.injection import injected, killed
from tests.test_crash import assert_all_there_once


def test_a_call_that_fails_on_one_file_fails_its_job_only(make_root, run_box):
    config = make_root(workers__count=1, jobs__attempts_max=1)
    for number in range(3):
        (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number))
    done = injected(config, "renameat2", "error=EIO", paths=[inbox(config) / "1.jpg"])
    assert done.returncode == 1, done.stdout + done.stderr
    assert sorted(library(config).values()) == sorted([jpeg(0), jpeg(2)])
    assert (inbox(config) / "1.jpg").read_bytes() == jpeg(1)


def test_a_call_that_fails_once_is_made_again(make_root, run_box):
    config = make_root(workers__count=1)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    done = injected(config, "renameat2", "error=ENOSPC", when="1", paths=[inbox(config) / "a.jpg"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert_all_there_once(config, [jpeg(1)], run_box)


def test_a_kill_is_a_kill(make_root, run_box):
    config = make_root(workers__count=1)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    killed(config, "renameat2", 1)
    assert_all_there_once(config, [jpeg(1)], run_box)
    with pytest.raises(AssertionError):
        killed(config, "renameat2", 1000)
