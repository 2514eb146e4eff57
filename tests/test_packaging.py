"""What is installed: the wheel holds what Box needs, and the locks pin what the wheel asks for."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import box

REPOSITORY = Path(__file__).parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def locked(name: str) -> dict[str, str]:
    """Package -> version, of a lock file in which every package has at least one digest."""
    blocks = re.split(r"\n(?=\S)", (REPOSITORY / name).read_text("utf-8"))
    found = {}
    for block in blocks:
        if not block.startswith("#"):
            requirement = Requirement(block.split("\\", 1)[0])
            assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), f"{name}: {requirement.name} has no digest"
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            found[requirement.name] = pin.version
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as `pip install .` builds it; the backend comes from the lock, not from the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    built = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(REPOSITORY)], check=False, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    box_files = (path for path in (REPOSITORY / "box").rglob("*") if path.is_file() and path.suffix != ".pyc")
    here = {str(path.relative_to(REPOSITORY)) for path in box_files}
    metadata = f"box_worker-{box.__version__}.dist-info/"
    assert {name for name in wheel.namelist() if not name.startswith(metadata)} == here
    assert {"box/config.toml", "box/__main__.py"} <= here


def test_the_wheel_carries_name_version_and_licence(wheel):
    folder = f"box_worker-{box.__version__}.dist-info"
    metadata = message_from_bytes(wheel.read(f"{folder}/METADATA"))
    assert metadata["Name"] == "box-worker"
    assert metadata["Version"] == box.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert wheel.read(f"{folder}/licenses/LICENSE") == (REPOSITORY / "LICENSE").read_bytes()


def test_the_wheel_gives_the_command_box(wheel):
    scripts = ConfigParser()
    scripts.read_string(wheel.read(f"box_worker-{box.__version__}.dist-info/entry_points.txt").decode())
    assert scripts["console_scripts"]["box"] == "box.__main__:main"


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        (PROJECT["project"]["dependencies"], "requirements.lock"),
        (PROJECT["build-system"]["requires"], "requirements-build.lock"),
        (PROJECT["project"]["optional-dependencies"]["dev"], "requirements-dev.lock"),
        *(
            (PROJECT["project"]["optional-dependencies"][extra], f"requirements-{extra}.lock")
            for extra in ("heic", "web", "speech", "embeddings")
        ),
    ],
)
def test_every_dependency_is_locked_at_a_version_that_fits(wanted, lock):
    pins = locked(lock)
    for requirement in map(Requirement, wanted):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{requirement}: run `make lock`"


def test_the_lock_of_the_tests_holds_the_others():
    for extra in ("", "-build", "-heic", "-web", "-speech", "-embeddings"):
        assert locked("requirements-dev.lock").items() >= locked(f"requirements{extra}.lock").items()


@pytest.mark.parametrize("lock", sorted(path.name for path in REPOSITORY.glob("requirements*.lock")))
def test_a_lock_names_no_address(lock):
    assert "://" not in (REPOSITORY / lock).read_text("utf-8")


def test_the_changelog_speaks_of_this_version():
    assert f"## [{box.__version__}]" in (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
