"""What is made beside the copies, killed for real at each step: the mark of a destination, and what restic is shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from box import cli, layout
from box.backup.destination import BackupAway, Destination, read_marker
from tests.backup.crashing import CALLS, Crashes, crashes, some
from tests.backup.library import assert_whole

WITHOUT = {
    "init": {
        "mkdir", "utimensat", "fdatasync", "renameat2", "unlink", "unlinkat", "ftruncate", "pwrite64", "rmdir",
        "symlink", "sendfile", "chmod", "chown", "fchown",
    },
    "restic": {"rename", "renameat2", "ftruncate", "fchmod", "chown"},
}  # fmt: skip
"""What is never called."""
MOST = 6
"""Before so many steps a backup with restic is killed: each costs a few starts of restic."""


@pytest.fixture(scope="module")
def server() -> Iterator[Crashes]:
    with crashes() as made:
        yield made


def test_a_folder_whose_marking_was_killed_is_no_destination_or_a_good_one_and_can_be_marked_again(
    library, server, tmp_path
):
    config, path = library.config, tmp_path / "copies"
    path.mkdir()
    steps = server.steps(config, path, "init")
    assert {call for call, numbers in steps.items() if not numbers} == WITHOUT["init"]
    for call, number in [(name, number) for name, numbers in steps.items() for number in numbers]:
        shutil.rmtree(path)
        path.mkdir()
        server.kill(config, path, call, number, "init")
        marker = read_marker(str(path))
        if marker is None:
            with pytest.raises(BackupAway):
                Destination(str(library.root), str(path))
        assert cli.main(["--config", config.path, "backup", "init", str(path), "--folder", "--json"]) == 0
        assert marker in (None, read_marker(str(path))), "a good one stays what it was"
        assert [each.name for each in path.iterdir()] == [".box"], (call, number)
    library.back_up(path)
    assert_whole(library, path)


def test_a_backup_with_restic_that_was_killed_leaves_nothing_after_a_start_and_done_again_is_whole(
    repository, server, tmp_path
):
    library, temp = repository.library, repository.library.root / "temp"
    library.put("notes/new")
    repository.work("backup")  # what is made only once is there: each run makes the same calls
    library.put("notes/new")
    steps = server.steps(library.config, tmp_path, "restic")
    assert {call for call, numbers in steps.items() if not numbers} == WITHOUT["restic"]
    wanted = {path: data for path, data in library.sources().items() if not path.endswith(".part")}
    for call, number in some([(name, number) for name in CALLS for number in steps[name]], MOST):
        library.put("notes/new")
        wanted["users/me/notes/new"] = (library.root / "users/me/notes/new").read_bytes()
        server.kill(library.config, tmp_path, call, number, "restic")
        layout.empty_scratch(str(library.root))
        assert not list(temp.glob("job-*"))
        assert repository.work("backup")["missing"] == 0
        assert {repository.state(path) for path in wanted} == {"copied"}, (call, number)
        found = repository.restored(tmp_path / "out")
        shutil.rmtree(tmp_path / "out")
        assert found.pop("box.db").startswith(b"SQLite format 3")
        assert found == wanted
        assert not list(temp.glob("job-*"))
    repository.restic("unlock")  # of a restic whose Box was killed
    repository.restic("check", "--read-data")
