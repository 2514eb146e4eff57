"""Backups with restic, from the command line: from no repository to a root that was restored from it alone."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.helpers import jpeg


@pytest.fixture
def box(make_box, tmp_path):
    if shutil.which("restic") is None:
        pytest.skip("restic is not installed: apt-get install restic")
    (tmp_path / "password").write_text("not to be seen\n")
    (tmp_path / "password").chmod(0o600)
    return make_box(
        backup__engine="restic", backup__repository=str(tmp_path / "repository"),
        backup__password_file=str(tmp_path / "password"),
    )  # fmt: skip


def restic(tmp_path, *arguments):
    environment = {
        **os.environ, "RESTIC_REPOSITORY": str(tmp_path / "repository"),
        "RESTIC_PASSWORD_FILE": str(tmp_path / "password"),
    }  # fmt: skip
    subprocess.run(["restic", *arguments], env=environment, check=True, capture_output=True)


def test_a_repository_whose_making_was_killed_is_made_by_the_next_init(box, tmp_path):
    made = tmp_path / "repository"
    restic(tmp_path, "init")  # the key comes first, and the config that belongs to it last
    (made / "config").unlink()
    (made / "keys/mine.txt").write_text("somebody's")
    assert box.json("backup", "init", "--folder")["new"]
    assert box.json("backup", "init", "--folder")["new"] is False
    assert len(list((made / "keys").iterdir())) == 2
    assert (made / "keys/mine.txt").exists()
    restic(tmp_path, "backup", __file__)
    (made / "config").unlink()
    assert box("backup", "init", "--folder").returncode == 2, "somebody's snapshots are in there"
    assert not (made / "config").exists()


def test_a_root_that_restic_restores_into_an_empty_folder_is_the_same_root(box, tmp_path):
    refused = box("backup", "init")
    assert refused.returncode == 2 and "--folder" in refused.stderr
    assert not (tmp_path / "repository").exists()
    assert box("backup", "init", "/mnt").returncode == 2
    made = box.json("backup", "init", "--folder")
    assert (made["new"], made["kind"]) == (True, "restic")
    assert box.json("backup", "init", "--folder") == {**made, "new": False}
    (box.inbox / "a.jpg").write_bytes(jpeg(1))
    assert box("once").returncode == 0
    box("do", "backup")
    box("do", "verify-backup")
    assert box("once").returncode == 0
    (row,) = box.json("backup")
    assert (row["uuid"], row["state"], row["present"]) == (made["uuid"], "done", None)
    assert row["verified"] == row["files"] == 3, "the photo, the settings and the database"
    status = box.json("status")
    assert (status["backup"]["state"], status["problems"]) == ("done", [])

    restored = tmp_path / "restored"
    restic(tmp_path, "restore", "latest", "--target", str(restored))
    other = str(restored / "config.toml")
    for command in (("init", str(restored)), ("once",), ("verify",)):
        arguments = command if command[0] == "init" else (*command, "--config", other)
        done = subprocess.run(
            [*box.command()[:3], *arguments], env=box.environment(), capture_output=True, text=True, cwd=restored,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    for path in (box.root / "users/me/photos").rglob("*.*"):
        assert (restored / path.relative_to(box.root)).read_bytes() == path.read_bytes()
