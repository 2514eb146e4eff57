"""`box init` and `box completion`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from box import config as configuration
from box.paths import AREAS, MARKER

FOLDERS = [area for area in AREAS if area != "other"]


def test_init_makes_a_root_that_can_be_used_at_once(run_box, tmp_path):
    root = tmp_path / "a b" / "box"
    done = run_box("init", str(root))
    assert (done.returncode, done.stderr) == (0, "")
    config = configuration.load(str(root / "config.toml"), {})
    assert (config.box.root, config.users.names) == (str(root), ("me",))
    assert sorted(os.listdir(root / "users/me")) == sorted(FOLDERS)
    assert (root / "users/me/inbox" / MARKER).is_file()
    assert str(root / "users/me/inbox") in done.stdout
    assert done.stdout.endswith(f"Next: box run --config '{root}/config.toml'\n")
    assert sorted(os.listdir(root)) == ["config.toml", "users"]


def test_init_again_changes_nothing(run_box, tmp_path):
    root = tmp_path / "box"
    run_box("init", str(root), "--user", "ann")
    text = (root / "config.toml").read_text() + "\n# mine\n"
    (root / "config.toml").write_text(text)
    done = run_box("init", str(root))
    assert done.returncode == 0
    assert "complete" in done.stdout and "made" not in done.stdout
    assert (root / "config.toml").read_text() == text
    assert os.listdir(root / "users") == ["ann"]


def test_init_puts_back_a_marker_and_folders_that_are_gone(box):
    (box.inbox / MARKER).unlink()
    shutil.rmtree(box.inbox.parent / "photos")
    done = box("init")
    assert done.returncode == 0
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  made")] == [
        "users/me/photos", "users/me/inbox/.box",
    ]  # fmt: skip
    assert (box.inbox / MARKER).is_file() and (box.inbox.parent / "photos").is_dir()


def test_init_makes_the_folders_of_one_user_that_the_configuration_knows(make_box):
    box = make_box("ann", "ben")
    shutil.rmtree(box.root / "users")
    assert box("init", "--user", "ben").returncode == 0
    assert os.listdir(box.root / "users") == ["ben"]


def test_init_says_to_add_a_user_that_the_configuration_does_not_know(box):
    done = box("init", "--user", "zoe")
    assert done.returncode == 2
    assert done.stderr == (
        f"box: {box.config.path} does not know the user 'zoe': add it to users.names there, then do this again\n"
    )
    assert not (box.root / "users/zoe").exists()


def test_init_can_keep_the_configuration_elsewhere(run_box, tmp_path):
    file, root = tmp_path / "etc/config.toml", tmp_path / "srv"
    assert run_box("init", str(root), "--config", str(file)).returncode == 0
    assert configuration.load(str(file), {}).box.root == str(root)
    assert os.listdir(root) == ["users"]
    done = run_box("init", str(tmp_path / "other"), "--config", str(file))
    assert done.returncode == 2 and "says box.root" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("argv", [("/",), ("x", "--user", "No!"), ("x", "--config", "/")])
def test_init_refuses_what_cannot_be_a_root(run_box, tmp_path, argv):
    argv = tuple(str(tmp_path / a) if a == "x" else a for a in argv)
    done = run_box("init", *argv)
    assert done.returncode == 2
    assert done.stderr.startswith("box: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_init_says_what_the_system_refuses(run_box, tmp_path):
    (tmp_path / "file").write_text("")
    done = run_box("init", str(tmp_path / "file" / "box"))
    assert (done.returncode, done.stderr) == (1, f"box: {tmp_path}/file/box: Not a directory\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_completion_is_made_for_each_shell(run_box, shell):
    done = run_box("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("recalculate", "completion", "verify"):
        assert word in done.stdout


def test_bash_completes_commands_actions_and_options(run_box, tmp_path):
    script = tmp_path / "box.bash"
    script.write_text(run_box("completion", "bash").stdout)
    assert completed(script, "box", "sta") == ["status"]
    assert completed(script, "box", "jobs", "ret") == ["retry"]
    assert completed(script, "box", "status", "--wa") == ["--watch"]
    (tmp_path / "holiday").mkdir()
    assert completed(script, "box", "add", str(tmp_path / "holi")) == [str(tmp_path / "holiday")]


def completed(script: Path, *words: str) -> list[str]:
    """What bash offers after these words."""
    asked = " ".join(f"'{word}'" for word in words)
    code = f'source {script}; COMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}; _shtab_box; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()
