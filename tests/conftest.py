"""What the tests share. The rule: real folders, real databases, the real program; nothing of ours is replaced."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from box import config as configuration
from box.config import Config
from box.engine import Engine, create
from box.layout import make_user
from box.models.base import Store
from box.policy import Policy
from tests import crashing

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where nothing may be skipped (`BOX_NO_SKIPS`, in CI) a skipped test has failed."""
    if report.skipped and os.environ.get("BOX_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"


@pytest.hookimpl(tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> None:
    """The same for a whole module that skips itself."""
    if report.skipped and os.environ.get("BOX_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test has logged may hold half characters: no report with one can go from one process to the other."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Real files to try things on; they lie beside a checkout and are not part of the project."""
    folder = Path(os.environ.get("BOX_CORPORA", REPOSITORY.parent / "shared" / "corpora"))
    if not folder.is_dir():
        pytest.skip(f"there are no real files at {folder}; BOX_CORPORA names a folder that has some")
    return folder


@pytest.fixture(scope="session")
def crashes() -> Iterator[crashing.Crashes]:
    """A process that has loaded the program, whose children are killed."""
    with crashing.crashes() as server:
        yield server


@pytest.fixture
def make_root(tmp_path: Path) -> Callable[..., Config]:
    """Makes a root for users, with any keys of the configuration (`watch__settle_seconds=0.05`)."""

    def make(*users: str, name: str = "root", exists: bool = False, **keys: object) -> Config:
        root = tmp_path / name
        root.mkdir(exist_ok=exists)
        wanted: dict[str, dict[str, object]] = {
            "users": {"names": list(users or ("me",))},
            "watch": {"settle_seconds": 0.05},
            "storage": {"free_bytes_min": 0},
            "status": {"rest_seconds": 30},
        }
        for key, value in keys.items():
            section, _, field = key.partition("__")
            wanted.setdefault(section, {})[field] = value
        text = ['[box]\nroot = "."']
        for section, values in wanted.items():
            text.append(f"[{section}]")
            text.extend(f"{field} = {_toml(value)}" for field, value in values.items())
        (root / "config.toml").write_text("\n".join(text) + "\n")
        for user in users or ("me",):
            make_user(str(root), user)
        return configuration.load(str(root / "config.toml"), {})

    return make


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return repr(value) if isinstance(value, int | float) else '"' + str(value) + '"'


@pytest.fixture
def mount() -> Iterator[Callable[[AbstractContextManager[Path]], Path]]:
    """Mounts a file system of `tests/filesystems.py` and unmounts it at the end."""
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    opened = Store(str(tmp_path / "box.db"))
    create(opened)
    yield opened
    opened.close()


@pytest.fixture
def policy() -> Policy:
    """Photos are handled, three attempts, no limits."""
    return Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, in_place=frozenset({"photo"}))


@pytest.fixture
def engine(store: Store, policy: Policy) -> Engine:
    """An engine that commits at once."""
    return Engine(store, policy, commit_seconds=0)


@pytest.fixture
def run_box(crashes: crashing.Crashes) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the real program to its end, in a process that need not load it."""

    def run(*arguments: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        return crashes.run(arguments, {**os.environ, **environment}, REPOSITORY, timeout)

    return run
