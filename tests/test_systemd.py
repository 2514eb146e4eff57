"""The unit is what systemd accepts, and leaves Box little to break."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from box import config

SYSTEMD = Path(__file__).parent.parent / "systemd"
EXPOSURE_MAX = 0.4

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt install systemd"
)


def settings(name: str) -> list[str]:
    """The values of a setting in the unit, in order."""
    return re.findall(rf"^{name}=(.*)$", (SYSTEMD / "box.service").read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def unit(tmp_path):
    """The unit, with a program that exists here in place of the installed one."""
    text, programs = re.subn(
        r"^ExecStart=\S+", "ExecStart=/bin/true", (SYSTEMD / "box.service").read_text("utf-8"), flags=re.MULTILINE
    )
    assert programs == 1
    path = tmp_path / "box.service"
    path.write_text(text, "utf-8")
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False)


@needs_systemd
def test_the_unit_is_valid(unit):
    done = analyze("verify", "--man=no", str(unit))
    # Of the machine's other units, which it reads too, nothing is wanted.
    assert not [line for line in done.stderr.splitlines() if "box" in line]
    assert done.returncode == 0


@needs_systemd
def test_a_unit_with_a_mistake_is_found(unit):
    unit.write_text(unit.read_text("utf-8").replace("Type=notify", "Type=notfiy"), "utf-8")
    assert "notfiy" in analyze("verify", "--man=no", str(unit)).stderr


@needs_systemd
def test_the_exposure_is_at_most_what_was_measured(unit):
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}", str(unit))
    assert done.returncode == 0, done.stdout
    assert "Overall exposure level" in done.stdout


def test_the_service_says_when_it_is_ready_and_alive():
    assert settings("Type") == ["notify"]
    assert settings("NotifyAccess") == ["main"]
    assert settings("WatchdogSec") == ["60"]


def test_a_stop_leaves_running_jobs_their_grace():
    (seconds,) = settings("TimeoutStopSec")
    # A sweep has it first, then the jobs; and the rest needs a moment.
    assert int(seconds) > 2 * config.default("/").workers.grace_seconds + 10
    assert settings("KillMode") == ["mixed"]


def test_a_wrong_configuration_is_not_tried_again_and_again():
    assert settings("RestartPreventExitStatus") == ["2"]


def test_every_directive_of_the_sandbox_stands_once_or_adds_up():
    text = (SYSTEMD / "box.service").read_text("utf-8")
    names = re.findall(r"^(\w+)=", text, re.MULTILINE)
    assert {name for name in names if names.count(name) > 1} == {"Environment", "SystemCallFilter"}


def test_the_configuration_of_the_service_fits_its_folders(monkeypatch):
    (folder,) = settings("StateDirectory")
    variables = dict(setting.split("=", 1) for setting in settings("Environment"))
    loaded = config.load(str(SYSTEMD / "config.toml"), {})
    assert loaded.box.root == f"/var/lib/{folder}" == settings("WorkingDirectory")[0]
    assert loaded.status.dir == variables["BOX_STATUS_DIR"] == f"/run/{settings('RuntimeDirectory')[0]}"
    assert variables["BOX_CONFIG"] == f"/etc/{settings('ConfigurationDirectory')[0]}/config.toml" == config.SYSTEM_FILE
    assert config.load(str(SYSTEMD / "config.toml"), variables) == loaded


def test_the_user_and_the_folders_are_made_as_the_unit_names_them():
    (user,), (group,), (mode,) = settings("User"), settings("Group"), settings("StateDirectoryMode")
    assert f"u {user} " in (SYSTEMD / "box.sysusers").read_text("utf-8")
    folders = [line.split() for line in (SYSTEMD / "box.tmpfiles").read_text("utf-8").splitlines()]
    assert ["d", "/var/lib/box", mode, user, group] in folders


def test_every_file_of_the_folder_is_named_in_the_steps_of_the_unit():
    text = (SYSTEMD / "box.service").read_text("utf-8")
    assert tomllib.loads((SYSTEMD / "config.toml").read_text("utf-8"))
    for path in SYSTEMD.iterdir():
        assert f"systemd/{path.name}" in text
