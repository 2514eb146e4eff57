"""Users that appear: a folder in `users/` becomes one, where the owner wants that; and the folders of all users."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from box import beside, layout, people
from box import events as e
from box.config import load
from box.errors import ConfigError
from box.models.base import Store
from box.newcomers import Newcomers
from box.paths import AREAS, MARKER
from box.service import build
from box.status import Problems
from tests.helpers import inbox, jpeg, library, running, start_box, status_of, until
from tests.tasks.shelves import assert_right, told
from tests.tasks.shelves import once_here as once

FOLDERS = sorted(set(AREAS) - {"other"})


def home(config, user: str) -> Path:
    return Path(config.box.root, "users", user)


def there(config, user: str) -> list[str]:
    return sorted(path.name for path in home(config, user).iterdir())


def codes(config) -> set[str]:
    return {problem["code"] for problem in status_of(config)["problems"]}


def modes(config) -> dict[str, str]:
    """How each user's inbox is watched."""
    return {Path(each["path"]).parent.name: each["mode"] for each in status_of(config)["watch"]}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# --- who it is -------------------------------------------------------------------------------------------------------


def test_only_where_the_owner_wants_it_and_only_folders_with_the_name_of_a_user(make_root):
    config = make_root(users__names=["me"], users__auto_create=True)
    users = Path(config.box.root, "users")
    for name in ("ann", "Ben", "a b", ".hidden", "@eaDir", "lost+found", "zoë"):
        (users / name).mkdir()
    (users / "file").write_text("")
    (users / "link").symlink_to(users / "ann")
    os.mkdir(os.fsencode(users) + b"/b\xe4d")
    assert people.users(config) == ("me", "ann")
    assert sorted(people.on_disk(config.box.root)[1]) == ["users/Ben", "users/a b", "users/b\\xe4d", "users/zoë"]
    assert people.users(make_root(exists=True)) == ("me",)
    shutil.rmtree(users)
    assert people.users(config) == ("me",)


def test_a_quota_may_name_whoever_may_come(make_root):
    config = make_root(users__names=["me"], users__auto_create=True, quota__users={"ann": 1000})
    assert config.quota.of("ann") == 1000
    text = Path(config.path).read_text().replace("auto_create = true", "auto_create = false")
    Path(config.path).write_text(text)
    with pytest.raises(ConfigError, match="ann"):
        load(config.path, {})


# --- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "mask"), [(0o2770, 0o022), (0o755, 0o077), (0o700, 0), (0o3775, 0o027)], ids=oct)
def test_the_folders_of_a_user_have_the_permissions_of_the_root_whatever_the_umask_says(
    tmp_path: Path, mode: int, mask: int
):
    root = tmp_path / "root"
    root.mkdir()
    root.chmod(mode)
    with umask(mask):
        layout.make_user(str(root), "ann")
    folders = [root / "users", root / "users/ann", *(root / "users/ann" / name for name in FOLDERS)]
    assert {oct(stat.S_IMODE(folder.stat().st_mode)) for folder in folders} == {oct(mode & 0o2777)}
    assert (root / "users/ann/inbox" / MARKER).is_file()
    assert sorted(path.name for path in (root / "users/ann").iterdir()) == FOLDERS


def test_who_made_their_own_folder_decides_who_may_see_what_is_in_it(tmp_path: Path, store: Store):
    own = tmp_path / "users/ann"
    own.mkdir(parents=True)
    own.chmod(0o2750)
    layout.make_missing(str(tmp_path), "ann", store, is_named=False)
    assert {stat.S_IMODE((own / name).stat().st_mode) for name in FOLDERS} == {0o2750}


def test_what_is_there_already_keeps_its_permissions(tmp_path: Path):
    layout.make_user(str(tmp_path), "ann")
    (tmp_path / "users/ann/photos").chmod(0o711)
    shutil.rmtree(tmp_path / "users/ann/notes")
    layout.make_user(str(tmp_path), "ann")
    assert stat.S_IMODE((tmp_path / "users/ann/photos").stat().st_mode) == 0o711
    assert (tmp_path / "users/ann/notes").is_dir()


def test_missing_folders_of_a_configured_user_are_made_at_the_start(make_root):
    config = make_root("me", "ann")
    shutil.rmtree(home(config, "ann"))
    shutil.rmtree(home(config, "me") / "notes")
    shutil.rmtree(home(config, "me") / "inbox")
    once(config)
    assert there(config, "ann") == there(config, "me") == FOLDERS
    assert (inbox(config, "ann") / MARKER).is_file()


def test_an_inbox_that_stands_without_its_marker_is_not_marked_for_a_configured_user(make_root):
    config = make_root()
    (inbox(config) / MARKER).unlink()
    once(config)
    assert "inbox-unmarked" in codes(config)
    assert not (inbox(config) / MARKER).exists()


@pytest.mark.parametrize("area", ["inbox", "photos", ""])
def test_what_vanished_with_known_files_is_not_made_anew(make_root, area: str):
    config = make_root(photos__thumbnail_pixels=0)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    (inbox(config) / "letter.bin").write_bytes(bytes(range(256)))  # nobody reads it: it waits
    once(config)
    away = home(config, "me") / area if area else home(config, "me")
    away.rename(Path(config.box.root, "away"))
    empty = [name for name in ("notes", "embeddings") if area]
    for name in empty:
        (home(config, "me") / name).rmdir()
    once(config)
    assert not away.exists()
    assert not any((home(config, "me") / name).exists() for name in empty), "its disk is away: nothing is made there"
    assert codes(config) & {"inbox-missing", "library-away"}
    assert told(config, e.FileVanished) == []
    Path(config.box.root, "away").rename(away)
    once(config)
    assert there(config, "me") == FOLDERS
    assert_right(config)


def test_the_inbox_of_somebody_of_whom_files_are_known_is_only_away(make_root):
    config = make_root(photos__thumbnail_pixels=0)
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    once(config)
    shutil.rmtree(inbox(config))
    once(config)
    assert not inbox(config).exists()
    assert "inbox-missing" in codes(config)


STEPS = [(call, n) for call in ("mkdir", "chmod", "renameat2") for n in (1, 2, 3, 11)] + [("fchmod", 1)]


@pytest.mark.parametrize(("call", "number"), STEPS, ids=str)
def test_killed_while_the_folders_of_a_user_are_made_the_next_start_makes_the_rest(
    tmp_path: Path, store: Store, call: str, number: int
):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    tmp_path.chmod(0o2775)
    script = (
        "import os, sys; from box import layout; from box.engine import create; from box.models.base import Store;"
        "store = Store(sys.argv[1] + '/other.db'); create(store); os.umask(0o077); root = sys.argv[1];"
        "layout.make_missing(root, 'ann', store, is_named=True)"
    )
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:signal=SIGKILL:when={number}", sys.executable, "-B", "-c", script, str(tmp_path)],
        check=False,
    )  # fmt: skip
    assert done.returncode in (-9, 137)
    made = tmp_path / "users/ann/inbox"
    assert not made.exists() or (made / MARKER).is_file(), "an inbox is never without its marker"
    layout.make_missing(str(tmp_path), "ann", store, is_named=True)
    assert sorted(path.name for path in (tmp_path / "users/ann").iterdir()) == FOLDERS
    assert (made / MARKER).is_file()
    folders = (tmp_path / "users", tmp_path / "users/ann", *(tmp_path / "users/ann").iterdir())
    assert {oct(path.stat().st_mode & 0o7777) for path in folders} == {oct(0o2775)}, "whatever the umask says"
    assert [path.name for path in (tmp_path / "users").iterdir()] == ["ann"]


# --- while the service runs ------------------------------------------------------------------------------------------


@pytest.fixture
def open_root(make_root):
    """Whoever has a folder is a user; sweeps do not come in time to find one."""
    return make_root(
        users__names=["me"], users__auto_create=True, watch__sweep_seconds=3600, photos__thumbnail_pixels=0,
        status__rest_seconds=3600, quota__users={"bob": 10},
    )  # fmt: skip


def test_a_folder_that_is_made_while_the_service_runs_becomes_a_user_whose_drops_are_filed(open_root):
    config = open_root
    with running(config):
        home(config, "ann").mkdir()
        until(lambda: modes(config) == {"me": "native", "ann": "native"}, "the inbox is watched")
        assert there(config, "ann") == FOLDERS
        assert status_of(config)["users"]["ann"]["used_bytes"] == 0
        (inbox(config, "ann") / "a.jpg").write_bytes(jpeg(1))
        until(lambda: library(config, user="ann"), "it is filed")
        # The same from a terminal, with files in it before anybody looks.
        (home(config, "bob") / "inbox/sub").mkdir(parents=True)
        (home(config, "bob") / "inbox/sub/b.jpg").write_bytes(jpeg(2))
        until(lambda: told(config, e.QuotaExceeded), "it was seen, and the quota holds")
    (event,) = told(config, e.QuotaExceeded)
    assert (event.user, event.path, event.quota_bytes) == ("bob", "users/bob/inbox/sub/b.jpg", 10)
    assert_right(config)


def test_who_came_while_the_service_was_off_is_there_from_the_start_and_commands_know_them(open_root, run_box):
    config = open_root
    (home(config, "ann") / "inbox").mkdir(parents=True)
    (home(config, "ann") / "inbox/a.jpg").write_bytes(jpeg(1))
    once(config)
    assert list(library(config, user="ann")) == ["2024/2024-05-04/a.jpg"]
    assert set(status_of(config)["users"]) == {"me", "ann"}
    assert run_box("--config", config.path, "quota", "check", "ann", "1 GB").returncode == 0
    assert run_box("--config", config.path, "do", "recalculate", "--user", "ann").returncode == 0
    assert run_box("--config", config.path, "do", "recalculate", "--user", "nobody").returncode == 2
    assert_right(config)
    shutil.rmtree(inbox(config, "ann"))
    assert "users/ann/inbox is missing" in run_box("--config", config.path, "doctor").stdout


def test_a_name_that_cannot_be_a_user_s_is_a_problem_and_nothing_else(open_root):
    config = open_root
    odd = Path(config.box.root, "users", "My Photos")
    with running(config):
        odd.mkdir()
        until(lambda: "user-name" in codes(config), "it is said")
        assert list(odd.iterdir()) == []
        assert set(status_of(config)["users"]) == {"me"}
        odd.rename(odd.with_name("photos"))
        until(lambda: modes(config) == {"me": "native", "photos": "native"}, "it is a user by its new name")
        until(lambda: codes(config) == set(), "nothing is wrong any more")


def test_a_user_of_whom_nothing_is_known_and_whose_folder_goes_is_none_any_more(open_root):
    config = open_root
    with running(config):
        home(config, "new-folder").mkdir()
        until(lambda: "new-folder" in modes(config), "it is a user")
        home(config, "new-folder").rename(home(config, "ann"))
        until(lambda: modes(config) == {"me": "native", "ann": "native"}, "it has another name")
        until(lambda: codes(config) == set(), "nothing is wrong")
        (inbox(config, "ann") / "letter.bin").write_bytes(bytes(range(256)))
        until(lambda: status_of(config)["users"]["ann"]["files"], "a file is known")
        home(config, "ann").rename(Path(config.box.root, "away"))
        until(lambda: "inbox-missing" in codes(config), "of whom files are known is only away")
        Path(config.box.root, "away").rename(home(config, "ann"))
        until(lambda: codes(config) == set(), "and comes back")
    assert told(config, e.FileVanished) == []


def test_the_sweep_finds_a_user_too_where_no_notification_tells(make_root):
    config = make_root(users__names=["me"], users__auto_create=True, watch__sweep_seconds=1, watch__mode="polling")
    with running(config):
        home(config, "ann").mkdir()
        until(lambda: "ann" in modes(config), "it was found")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a folder that cannot be written")
def test_where_box_may_not_write_that_is_said_and_it_goes_on_when_it_may(open_root, store: Store):
    config, problems = open_root, Problems()
    newcomers = Newcomers(config, store, problems)
    home(config, "ann").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(home(config, "ann"))], check=True)
    try:
        assert newcomers.look({"me"}) == ([], [])
        (problem,) = problems.listed()
        assert (problem["code"], problem["message"]) == (
            "user-folder",
            "The folders in users/ann could not be made (Read-only file system): give Box the right to write in it.",
        )
        subprocess.run(["mount", "-o", "remount,rw", str(home(config, "ann"))], check=True)
        assert newcomers.look({"me"}) == (["ann"], [])
        assert there(config, "ann") == FOLDERS
        assert problems.listed() == []
    finally:
        subprocess.run(["umount", str(home(config, "ann"))], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a folder that cannot be written")
def test_a_configured_user_whose_folders_cannot_be_made_is_a_problem_and_keeps_nobody_from_working(make_root):
    config = make_root("me", "ann")
    shutil.rmtree(home(config, "ann"))
    home(config, "ann").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(home(config, "ann"))], check=True)
    try:
        (inbox(config) / "a.jpg").write_bytes(jpeg(1))
        once(config)
        assert len(library(config)) == 1
        assert {"user-folder", "inbox-missing"} <= codes(config)
    finally:
        subprocess.run(["umount", str(home(config, "ann"))], check=True)


def test_at_rest_nothing_is_looked_for(open_root):
    """A folder that appears rings; between two sweeps nobody lists `users/`."""
    config = open_root
    made = build(config)
    try:
        made.watching.step(0.0)
        looked = made.watching._newcomers
        assert looked.look({"me"}) == ([], [])
        home(config, "ann").mkdir()
        made.watching.step(1.0)
        assert set(made.watching._inboxes.folders) == {str(inbox(config))}
        made.watching._above()
        made.watching.step(2.0)
        assert set(made.watching._inboxes.folders) == {str(inbox(config)), str(inbox(config, "ann"))}
    finally:
        made.store.close()
        made.lock.release()


def test_a_first_start_with_many_users_makes_all_of_them(make_root):
    config = make_root(users__names=["me"], users__auto_create=True)
    for number in range(30):
        home(config, f"u{number}").mkdir()
    process = start_box(config, "once")
    assert process.wait(60) == 0
    assert all(there(config, f"u{number}") == FOLDERS for number in range(30))
    with beside.beside(config) as box:
        assert box.store.value("SELECT count(*) FROM events") == 0
