"""The configuration: every mistake is named, and the file, the code and the docs say the same."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError, fields, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from box import config, patterns, sections, units
from box.config import KEYS, SECTIONS, Config
from box.errors import ConfigError
from box.import_tables import Import

REPO = Path(__file__).parent.parent
MINUTE, HOUR, DAY = 60, 3600, 86_400

SPEC: dict[str, Any] = {
    "box.root": ".",
    "users.names": ("me",), "users.auto_create": False,
    "watch.settle_seconds": 2, "watch.sweep_seconds": 300, "watch.ignore": (), "watch.mode": "auto",
    "watch.poll_seconds": 10, "watch.imports": (),
    "library.sweep_seconds": DAY,
    "library.text_chars_max": 100_000_000,
    "library.ocr_languages": "eng",
    "claims.mode": "heuristic", "claims.per_chunk_max": 10, "claims.min_score": 0.5,
    "claims.url": "", "claims.model": "",
    "claims.api_key_file": "", "claims.deadline_seconds": 60, "claims.answer_tokens_max": 1000,
    "claims.tokens_per_day_max": None, "claims.cost_per_day_max": None, "claims.price_in": 0, "claims.price_out": 0,
    "podcasts.every_seconds": 6 * HOUR, "podcasts.episodes_max": 100, "podcasts.timeout_seconds": 30,
    "podcasts.host_pause_seconds": 2, "podcasts.feed_bytes_max": 20_000_000, "podcasts.failures_max": 10,
    "podcasts.download": False, "podcasts.download_max": 3, "podcasts.audio_bytes_max": 250_000_000,
    "podcasts.user_agent": "", "podcasts.allow_private": False,
    "speech.enabled": False, "speech.model_path": "", "speech.language": "", "speech.threads": 2,
    "speech.window_seconds": 60, "speech.beam": 1,
    "embeddings.enabled": False, "embeddings.model_path": "",
    "photos.folder": "%Y/%Y-%m-%d", "photos.name": "{stem}", "photos.portable_names": False,
    "photos.duplicates": "drop", "photos.thumbnail_pixels": 320,
    "photos.group_wait_seconds": 5 * 60, "photos.pixels_max": 300_000_000,
    "photos.timezone": "", "photos.day_starts_at": "00:00",
    "photos.earliest": "1990-01-01", "photos.trust_mtime": False, "photos.name_patterns": (),
    "workers.count": 2, "workers.heavy": 1, "workers.grace_seconds": 30,
    "jobs.lease_seconds": 60, "jobs.attempts_max": 3, "jobs.batch": 500, "jobs.retry_base_seconds": 10,
    "jobs.retry_cap_seconds": HOUR, "jobs.quarantine_after": 3, "jobs.ttl_age": None, "jobs.ttl_runtime": None,
    "jobs.ttl_action": "cancel", "jobs.by_file": ("verify", "snapshot"),
    "jobs.keep": {"completed": 30 * DAY, "failed": 60 * DAY, "cancelled": 60 * DAY, "quarantined": 90 * DAY},
    "jobs.kinds": {}, "jobs.periodic": {},
    "child.memory_bytes": 512_000_000, "child.cpu_seconds": 60, "child.deadline_seconds": 120,
    "child.file_bytes": 256_000_000, "child.open_files_max": 64, "child.idle_seconds": 30, "child.files_max": 10_000,
    "quota.default_bytes": None, "quota.soft_percent": 80, "quota.count": "bytes", "quota.users": {},
    "storage.free_bytes_min": 64_000_000,
    "backup.engine": "files", "backup.destination": (),
    "backup.areas": ("inbox", "photos", "media", "notes", "exports", "quarantine", "other"),
    "backup.free_bytes_min": 64_000_000, "backup.scrub_days": 30,
    "backup.repository": "", "backup.password_file": "", "backup.environment_file": "",
    "retention.enabled": False, "retention.days_to_keep": 90, "retention.min_free_percent": 20,
    "retention.emergency_free_percent": None, "retention.require_backup": "verified", "retention.trash_days": 30,
    "database.url": "", "database.snapshot_seconds": DAY, "database.snapshots_keep": 2, "database.commit_seconds": 0.05,
    "database.commit_events": 500, "database.events_keep_seconds": 30 * DAY,
    "status.dir": "", "status.rest_seconds": 30,
    "metrics.interval_seconds": 15,
    "logs.level": "info", "logs.format": "auto",
}  # fmt: skip


NONE = {name for name, value in SPEC.items() if value is None}
"""Numbers that may be none."""


def values(of: Config) -> dict[str, Any]:
    """Every key and its value, by dotted path."""
    return {f"{s}.{f.name}": getattr(getattr(of, s), f.name) for s, kind in SECTIONS.items() for f in fields(kind)}


def load(folder: Path, text: str = "", **env: str) -> Config:
    """The Config of a file with that text, in that folder, under those variables."""
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return config.load(str(file), env)


def error(folder: Path, text: str = "", **env: str) -> str:
    """What is said about that file under those variables."""
    with pytest.raises(ConfigError) as raised:
        load(folder, text, **env)
    assert raised.value.exit_code == 2
    message = str(raised.value)
    assert "\n" not in message
    return message


# --- the file, the code and the docs say the same --------------------------------------------------------------------


def test_the_keys_and_defaults_are_those_of_the_contract() -> None:
    assert values(Config()) == SPEC
    assert list(KEYS) == list(SPEC)


def test_the_shipped_file_holds_every_key_once_and_nothing_else() -> None:
    written = tomllib.loads((REPO / "box" / "config.toml").read_text("utf-8"))
    assert [f"{section}.{name}" for section, table in written.items() for name in table] == list(KEYS)


def test_the_shipped_file_equals_the_defaults() -> None:
    shipped = config.load(str(REPO / "box" / "config.toml"), {})
    assert replace(shipped, path="") == config.default(str(REPO / "box"))


def test_the_file_at_the_top_of_the_repository_is_the_one_in_the_package() -> None:
    assert (REPO / "config.toml").samefile(REPO / "box" / "config.toml")


def test_every_key_of_the_shipped_file_has_a_comment_above_it() -> None:
    lines = (REPO / "box" / "config.toml").read_text("utf-8").splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[a-z_]+ = ", line):
            assert before.startswith("# "), line


def documented() -> dict[str, tuple[str, str]]:
    """(default, range) of every key, as the table in the docs has it."""
    text = (REPO / "docs" / "configuration.md").read_text("utf-8")
    return {
        row[1]: (row[2], row[3])
        for row in re.finditer(r"^\| `(\w+\.\w+)` \| `(.*?)` \| (.*?) \| \S.* \|$", text, re.MULTILINE)
    }


def test_the_docs_list_every_key_in_order() -> None:
    assert list(documented()) == list(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_the_docs_give_the_default_of_every_key(name: str) -> None:
    written = tomllib.loads(f"value = {documented()[name][0]}")["value"]
    assert KEYS[name].metadata["read"](name, written) == SPEC[name]


@pytest.mark.parametrize("name", [n for n in KEYS if isinstance(SPEC[n], (int, float)) or n in NONE])
def test_the_docs_give_the_range_that_an_error_gives(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        KEYS[name].metadata["read"](name, -1)
    said = re.sub(r'"', "", str(raised.value).partition(": expected ")[2])
    assert documented()[name][1].removesuffix(", whole") == said


def test_the_errors_that_the_docs_show_are_those_that_are_given(tmp_path: Path) -> None:
    text = (REPO / "docs" / "configuration.md").read_text("utf-8")
    for wrong in ('settle_seconds = "soon"', "settle_second = 2"):
        message = error(tmp_path, f"[watch]\n{wrong}")
        assert message.replace(str(tmp_path), "/srv/box") in text


def test_an_emergency_is_less_than_the_floor(tmp_path: Path) -> None:
    keys = "[retention]\nmin_free_percent = 20\nemergency_free_percent = "
    assert "retention.emergency_free_percent: expected less than retention.min_free_percent" in error(
        tmp_path, f"{keys}20"
    )
    assert load(tmp_path, f"{keys}19").retention.emergency_free_percent == 19
    assert load(tmp_path, f'{keys}"none"').retention.emergency_free_percent is None


# --- which file ------------------------------------------------------------------------------------------------------


def test_config_goes_before_the_variable_before_the_folder_before_the_system(tmp_path: Path) -> None:
    names = ["flag.toml", "variable.toml", "config.toml", "system.toml"]
    flag, variable, here, system = (str(tmp_path / name) for name in names)
    for name in names:
        (tmp_path / name).touch()
    cwd = str(tmp_path)
    assert config.find("flag.toml", {"BOX_CONFIG": variable}, cwd, system) == flag
    assert config.find(None, {"BOX_CONFIG": "variable.toml"}, cwd, system) == variable
    assert config.find(None, {"BOX_CONFIG": ""}, cwd, system) == here
    Path(here).unlink()
    assert config.find(None, {}, cwd, system) == system


def test_without_a_file_the_error_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        config.find(None, {}, str(tmp_path), str(tmp_path / "etc.toml"))
    assert f"{tmp_path}/config.toml" in str(raised.value)
    assert f"{tmp_path}/etc.toml" in str(raised.value)
    assert config.SYSTEM_FILE == "/etc/box/config.toml"


@pytest.mark.parametrize(("path", "env"), [("no.toml", {}), (None, {"BOX_CONFIG": "no.toml"})])
def test_a_named_file_that_is_missing_is_an_error_and_ends_the_search(
    tmp_path: Path, path: str | None, env: dict[str, str]
) -> None:
    (tmp_path / "config.toml").touch()
    with pytest.raises(ConfigError, match=r"^(--config|BOX_CONFIG): there is no file .*/no\.toml"):
        config.find(path, env, str(tmp_path))


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_folder_is_not_a_file(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match=r"is a folder; name the file, such as /.*config\.toml"):
        config.find(path, {}, str(tmp_path))


def test_a_path_that_is_no_path_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        config.find("a\0b", {}, str(tmp_path))


def test_a_file_whose_name_is_not_utf8_is_found(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.toml")
    Path(name).touch()
    assert config.load(name, {}).path == name


def test_in_a_folder_that_was_removed_the_error_says_so(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        "import os, sys; from box import config; from box.errors import ConfigError; os.chdir(sys.argv[1])\n"
        "os.rmdir(sys.argv[1])\ntry: config.load(None, {})\nexcept ConfigError as e: print(e)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(gone)], env={**os.environ, "PYTHONPATH": str(REPO)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.startswith("the current folder was removed")


# --- the file itself -------------------------------------------------------------------------------------------------


def test_an_empty_file_gives_the_defaults_below_its_folder(tmp_path: Path) -> None:
    assert load(tmp_path) == replace(config.default(str(tmp_path)), path=f"{tmp_path}/config.toml")


@pytest.mark.parametrize(
    ("text", "line"),
    [("[watch]\nsettle_seconds 2\n", 2), ("a = 1\n\n\nb = [", 4), ("[watch]\n[watch]", 2), ('x = "\n"', 1)],
)
def test_invalid_toml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    message = error(tmp_path, text)
    assert message.startswith(f"{tmp_path}/config.toml: not valid TOML: ")
    assert f"at line {line}" in message


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"# one\n# \xff\n")
    with pytest.raises(ConfigError, match=r"not UTF-8 \(at line 2\)"):
        config.load(str(tmp_path / "c.toml"), {})


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff[workers]\ncount = 3").workers.count == 3


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000, "a = 0x" + "f" * 5000, "#" * 1_000_001])
def test_a_file_made_to_hurt_is_refused(tmp_path: Path, text: str) -> None:
    assert len(error(tmp_path, text)) < 1000


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "proc"
    loop.symlink_to("/proc/self/mem")
    with pytest.raises(ConfigError, match="cannot be read: "):
        config.load(str(loop), {})


# --- places to import from -------------------------------------------------------------------------------------------

CARD = 'name = "card"\npath = "/media/*/*/DCIM/"\n'


@pytest.mark.parametrize("head", ["[[watch]]", "[[watch.imports]]", "[watch]\nmode = 'auto'\n[[watch.imports]]"])
def test_an_import_is_a_block_of_its_own(tmp_path: Path, head: str) -> None:
    (entry,) = load(tmp_path, f"{head}\n{CARD}").watch.imports
    assert entry == Import(name="card", path="/media/*/*/DCIM", user="me", mode="copy", into="card")


def test_what_an_import_may_say(tmp_path: Path) -> None:
    text = '[users]\nnames = ["me", "ann"]\n[[watch]]\nname = "scans"\npath = "/srv//scans"\nuser = "ann"\n'
    (entry,) = load(tmp_path, f'{text}mode = "move"\ninto = "paper/scans"').watch.imports
    assert entry == Import(name="scans", path="/srv/scans", user="ann", mode="move", into="paper/scans")


def test_an_import_beside_a_section_says_how_it_is_written(tmp_path: Path) -> None:
    for text in (f"[watch]\nmode = 'auto'\n[[watch]]\n{CARD}", f"[watch]\nimports = []\n[[watch.imports]]\n{CARD}"):
        assert 'is [[watch.imports]], and takes the place of "imports = []"' in error(tmp_path, text)


def test_where_there_are_several_users_an_import_names_its_own(tmp_path: Path) -> None:
    said = error(tmp_path, f'[users]\nnames = ["me", "ann"]\n[[watch.imports]]\n{CARD}')
    assert said.startswith("watch.imports[0].user: there are several users: expected one of me, ann (")


@pytest.mark.parametrize(
    "path", ["{root}", "{root}/users/me/photos", "{above}", "{above}/*", "{above}/r?ot/x", "{link}"]
)
def test_an_import_from_the_root_itself_is_refused(tmp_path: Path, path: str) -> None:
    root, link = tmp_path / "root", tmp_path / "link"
    root.mkdir()
    link.symlink_to(root)
    place = path.format(root=root, above=tmp_path, link=link)
    said = error(root, f'[[watch]]\nname = "card"\npath = "{place}"')
    assert said.startswith("watch.imports[0].path = ") and "a place outside of the root" in said


def test_a_neighbour_of_the_root_is_no_part_of_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for place in ("root2", "card/*/DCIM"):
        assert load(root, f'[[watch]]\nname = "card"\npath = "{tmp_path}/{place}"').watch.imports


# --- names that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[watch]\nsettle_second = 1", "watch.settle_second: no such key; did you mean watch.settle_seconds?"),
        (
            "[library]\nthumbnail_pixels = 1",
            "library.thumbnail_pixels: no such key; did you mean photos.thumbnail_pixels?",
        ),
        ("[wacth]\nmode = 1", "wacth: no such section; did you mean [watch]?"),
        ("settle_seconds = 1", "settle_seconds: no such section; did you mean watch.settle_seconds?"),
        ('"watch.mode" = "auto"', "'watch.mode': no such section; did you mean"),
        ('[watch]\n"a\\nb" = 1', "watch.'a\\nb': no such key; did you mean"),
        ('[""]', "'': no such section; did you mean"),
        ("[box.root]", "box.root = (a table): expected"),
        ("watch = 3", "watch = 3: expected a section, [watch]"),
        ("[[watch]]", "watch.imports[0]: expected name ="),
        ("[[users]]", "users = (a list): expected a section, [users]"),
        ("[config]\npath = 1", "config: no such section"),
        ('path = "x"', "path: no such section"),
    ],
)
def test_a_name_that_is_no_key_is_refused_with_the_nearest(tmp_path: Path, text: str, said: str) -> None:
    message = error(tmp_path, text)
    assert message.startswith(said)
    assert message.endswith(f"(in {tmp_path}/config.toml)")


@pytest.mark.parametrize("name", KEYS)
def test_a_mistyped_key_is_told_its_right_name(tmp_path: Path, name: str) -> None:
    section, _, key = name.partition(".")
    assert f"did you mean {name}?" in error(tmp_path, f"[{section}]\n{key}s = 1")


# --- values that do not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("watch.settle_seconds", "true", "a duration"),
        ("watch.settle_seconds", "nan", "a duration"),
        ("watch.settle_seconds", "inf", "a duration"),
        ("watch.settle_seconds", "0", "10 ms to 1 h"),
        ("watch.settle_seconds", '"2 hours"', "10 ms to 1 h"),
        ("watch.settle_seconds", '"2 months"', "a duration"),
        ("watch.settle_seconds", "2020-01-01", "a duration"),
        ("watch.mode", '"inotify"', '"auto", "native", "polling"'),
        ("watch.mode", "[]", '"auto", "native", "polling"'),
        ("watch.ignore", '"*.bak"', "a list"),
        ("watch.ignore", '["a", 2]', "a text"),
        ("watch.ignore", '["a/b"]', "a pattern of names"),
        ("watch.ignore", '["*"]', "not everything"),
        ("watch.ignore", '["**/"]', "not everything"),
        ("watch.ignore", '[""]', "a pattern of names"),
        ("watch.imports", "3", "at most 100 tables"),
        ("watch.imports", "[3]", "a table of name, path, user, mode, into"),
        ("watch.imports", '[{ name = "card" }]', "expected name"),
        ("watch.imports", '[{ name = "card", path = "/x", eject = true }]', "no such key"),
        ("watch.imports", '[{ name = "The Card", path = "/x" }]', "a name of a-z"),
        ("watch.imports", '[{ name = "card", path = "media/x" }]', "a whole path"),
        ("watch.imports", '[{ name = "card", path = "/" }]', "a whole path"),
        ("watch.imports", '[{ name = "card", path = "/media/../x" }]', "a whole path"),
        ("watch.imports", '[{ name = "card", path = "/x", mode = "link" }]', '"copy", "move"'),
        ("watch.imports", '[{ name = "card", path = "/x", into = "/y" }]', "a folder in the inbox"),
        ("watch.imports", '[{ name = "card", path = "/x", into = "a/../b" }]', "a folder in the inbox"),
        ("watch.imports", '[{ name = "card", path = "/x", into = ".a" }]', "not hidden"),
        ("watch.imports", '[{ name = "card", path = "/x", user = "ann" }]', "one of users.names (me)"),
        ("watch.imports", '[{ name = "a", path = "/x" }, { name = "a", path = "/y" }]', "every name once"),
        ("users.names", "[]", "at least one user"),
        ("users.names", '["a", "b", "a"]', "every user once"),
        ("users.names", '["../etc"]', "use 1 to 64 of a-z"),
        ("users.names", '["Ann"]', "use 1 to 64 of a-z"),
        ("users.names", '"me"', "a list"),
        ("workers.count", '"2"', "a whole number"),
        ("workers.count", "2.0", "a whole number"),
        ("workers.count", "true", "a whole number"),
        ("workers.count", "0", "1 to 64"),
        ("photos.thumbnail_pixels", "-1", "0 to 4096"),
        ("photos.timezone", '"Mars/Olympus"', "a time zone that this machine knows"),
        ("photos.timezone", '"Europe"', "a time zone that this machine knows"),
        ("photos.timezone", '"../../etc/passwd"', "a time zone that this machine knows"),
        ("photos.timezone", "2", "a text"),
        ("photos.day_starts_at", '"24:00"', "a time from"),
        ("photos.day_starts_at", '"12"', "a time from"),
        ("photos.day_starts_at", "12", "a time from"),
        ("photos.day_starts_at", "12:00:30", "a time from"),
        ("photos.earliest", '"2023-02-29"', "a day"),
        ("photos.earliest", '"1990"', "a day"),
        ("photos.earliest", "1990-01-01T00:00:00", "a day"),
        ("photos.trust_mtime", '"maybe"', "true or false"),
        ("photos.name_patterns", '"CAM%Y"', "a list"),
        ("photos.name_patterns", '["CAM%Y%m"]', "a year (%Y or %y), %m and %d, each once"),
        ("photos.name_patterns", '["%Y%y%m%d"]', "a year (%Y or %y), %m and %d, each once"),
        ("photos.name_patterns", '["%Y%m%d%d"]', "a year (%Y or %y), %m and %d, each once"),
        ("photos.name_patterns", '["%Y%m%d%H"]', "%H and %M, then %S"),
        ("photos.name_patterns", '["%Y%m%d%M%S"]', "%H and %M, then %S"),
        ("photos.name_patterns", '["%Y%b%d"]', "no '%b'"),
        ("photos.name_patterns", '["%Y%m%d%"]', "no '%'"),
        ("photos.name_patterns", '["x/%Y%m%d"]', "not a path"),
        ("photos.name_patterns", '["%Y%m%d***********"]', "at most 10"),
        ("child.memory_bytes", "1.5", "a size"),
        ("child.memory_bytes", '"512 M"', "a size"),
        ("child.memory_bytes", '"1 MB"', "64 MB to 1 TB"),
        ("child.memory_bytes", '"none"', "a size"),
        ("child.cpu_seconds", "0.5", "whole seconds"),
        ("quota.default_bytes", "-1", '0 B to 1000 PB, or "none"'),
        ("quota.default_bytes", '"unlimited"', 'or "none"'),
        ("quota.soft_percent", "0", "1 to 100"),
        ("quota.count", '"sectors"', 'one of "bytes", "blocks"'),
        ("quota.users", '"me"', "a table"),
        ("quota.users", "{ me = -1 }", "0 B to 1000 PB"),
        ("quota.users", '{ "a/b" = 1 }', "use 1 to 64 of a-z"),
        ("quota.users", '{ mee = "1 GB" }', "one of users.names"),
        ("backup.destination", "1", "a list"),
        ("backup.destination", '["/a", "/a"]', "each once"),
        ("backup.destination", '[""]', "the path of a folder"),
        ("backup.areas", "[]", "at least one area"),
        ("backup.areas", '["thumbnails"]', "one of"),
        ("backup.areas", '["photos", "photos"]', "each once"),
        ("box.root", '""', "the path of a folder"),
        ("box.root", '"a\\u0000b"', "a text"),
        ("box.root", '"/"', "a folder that is Box's own"),
        ("box.root", "3", "a text"),
        ("logs.level", '"INFO"', '"info"'),
        ("jobs.retry_cap_seconds", "1", "at least jobs.retry_base_seconds"),
        ("jobs.ttl_age", "0", '1 s to 3650 d, or "none"'),
        ("jobs.ttl_action", '"kill"', '"cancel", "fail"'),
        ("jobs.by_file", '["call"]', "may never ask for it"),
        ("jobs.by_file", '["No Kind"]', "the name of a kind"),
        ("jobs.keep", '{ completed = "soon" }', "a duration"),
        ("jobs.keep", "{ done = 3 }", "completed, failed, cancelled, quarantined"),
        ("jobs.kinds", "{ photo = { running_max = 0 } }", "1 to 64"),
        ("jobs.kinds", "{ photo = 3 }", "a table of running_max"),
        ("jobs.kinds", "{ photo = { speed = 3 } }", "no such key"),
        ("jobs.kinds", "{ photo = { retry_base_seconds = 9, retry_cap_seconds = 1 } }", "at least its"),
        ("jobs.periodic", '{ nightly = { kind = "verify" } }', "expected a kind, and cron"),
        ("jobs.periodic", '{ nightly = { kind = "verify", cron = "0 3 * *" } }', "five fields"),
        ("jobs.periodic", '{ nightly = { kind = "verify", cron = "0 3 30 2 *" } }', "that come about"),
        ("jobs.periodic", '{ nightly = { kind = "verify", every = 0 } }', "1 s to 3650 d"),
        ("jobs.periodic", '{ nightly = { kind = "verify", every = 60, user = "../x" } }', "use 1 to 64 of a-z"),
        ("jobs.periodic", '{ nightly = { kind = "verify", every = 60, args = 3 } }', "a table of arguments"),
        ("photos.pixels_max", "0x" + "f" * 5000, "1 to 2000000000"),
        ("watch.poll_seconds", "0x" + "f" * 5000, "a duration"),
        ("child.file_bytes", "0x" + "f" * 5000, "1 kB to 1 TB"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_is_expected(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    section, _, key = name.partition(".")
    message = error(tmp_path, f"[{section}]\n{key} = {value}")
    assert message.startswith(name)
    assert wanted in message
    assert f"{tmp_path}/config.toml" in message
    assert len(message) < 400


@pytest.mark.parametrize("url", ["postgresql://box:hush@db/box", "sqlite:///box.db", "hush"])
def test_a_database_is_refused_without_showing_its_password(tmp_path: Path, url: str) -> None:
    for message in (error(tmp_path, f'[database]\nurl = "{url}"'), error(tmp_path, BOX_DATABASE_URL=url)):
        assert message.startswith("database.url: ")
        assert '"postgresql://" follows in a later one' in message
        assert "hush" not in message


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    long = "x" * 50_000
    for text in (f'[watch]\nmode = "{long}"', f'[users]\nnames = ["{long[:4000]}"]', f"{long} = 1", f"[{long}]"):
        assert len(error(tmp_path, text)) < 400
    assert len(error(tmp_path, f'[quota]\nusers = {{ {long} = "1 GB" }}')) < 400


# --- photos.folder ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["%Y", "%Y/%m/%d", "%G/week %V", "%B %Y", "100%%/%Y", "été/%Y", "all", "%Y.%m"])
def test_a_pattern_of_dates_is_taken(tmp_path: Path, pattern: str) -> None:
    assert load(tmp_path, f"[photos]\nfolder = '{pattern}'").photos.folder == pattern


@pytest.mark.parametrize(
    "pattern",
    ["", "/%Y", "%Y/", "%Y//%m", "..", "%Y/../%m", "%Y/.", ".%Y", "%D", "%c", "%x", "%-d", "%", "%Y/%", "%%%", "%%%D",
     "%s", "%n", "a\\\\b", " %Y", "%Y /%m", "a\\nb", "%Y/\\u0000", "%B" * 30, "é" * 101],
)  # fmt: skip
def test_a_pattern_that_could_leave_or_surprise_is_refused(tmp_path: Path, pattern: str) -> None:
    assert error(tmp_path, f'[photos]\nfolder = "{pattern}"').startswith("photos.folder = ")


@pytest.mark.parametrize("pattern", ["{camera}/%Y", "%Y/{source_folder}", "{serial} {camera}", "%Y/{stem}"])
def test_a_folder_may_bear_what_a_photo_says_of_itself(tmp_path: Path, pattern: str) -> None:
    assert load(tmp_path, f"[photos]\nfolder = '{pattern}'").photos.folder == pattern


@pytest.mark.parametrize("pattern", ["{stem}", "%Y%m%d_%H%M%S_{counter}", "{camera} {serial}", "100%%", "photo"])
def test_a_pattern_of_names_is_taken(tmp_path: Path, pattern: str) -> None:
    assert load(tmp_path, f"[photos]\nname = '{pattern}'").photos.name == pattern


@pytest.mark.parametrize(
    "pattern",
    ["", " ", "%Y/{stem}", ".{stem}", "{stem} ", "{counter}{counter}", "{Stem}", "{}", "{stem", "%Q", "a\\\\b"],
)
def test_what_is_no_name_is_refused(tmp_path: Path, pattern: str) -> None:
    assert error(tmp_path, f'[photos]\nname = "{pattern}"').startswith("photos.name = ")


@pytest.mark.parametrize("pattern", ["%Y/{counter}", "{year}", "%Y/{", "}%Y", "{{stem}}", "{stem!r}", "{0}"])
def test_braces_stand_only_around_a_field_that_a_folder_may_bear(tmp_path: Path, pattern: str) -> None:
    told = error(tmp_path, f"[photos]\nfolder = '{pattern}'")
    assert told.startswith("photos.folder = ")
    assert "{stem} {camera} {serial} {source_folder}" in told


@given(st.text(st.sampled_from("%/." + patterns.DATE_DIRECTIVES + "xDcns\\~ \0é"), max_size=30), st.datetimes())
@example("%%/%%", datetime(2024, 9, 1))  # noqa: DTZ001 - the camera's time has no zone
@example("%A" * 20, datetime(2024, 9, 4))  # noqa: DTZ001
def test_what_a_pattern_gives_stays_below_its_folder(pattern: str, at: datetime) -> None:
    try:
        patterns.folder_pattern("photos.folder", pattern)
    except ConfigError:
        return
    given_names = at.strftime(pattern).split("/")
    assert len(given_names) == len(pattern.split("/"))
    assert all(name not in ("", ".", "..") and len(os.fsencode(name)) <= 255 for name in given_names)


# --- when a photo was taken ------------------------------------------------------------------------------------------


def test_times_and_days_may_be_written_as_toml_has_them(tmp_path: Path) -> None:
    text = '[photos]\nday_starts_at = 04:30:00\nearliest = 1850-01-01\ntimezone = "Europe/Berlin"'
    photos = load(tmp_path, text).photos
    assert (photos.day_starts_at, photos.earliest, photos.timezone) == ("04:30", "1850-01-01", "Europe/Berlin")
    assert load(tmp_path, BOX_PHOTOS_DAY_STARTS_AT="9:05").photos.day_starts_at == "09:05"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("Yes", True), ("0", False), ("no", False)])
def test_the_time_of_a_file_can_be_trusted_by_a_variable(tmp_path: Path, text: str, value: bool) -> None:
    assert load(tmp_path, BOX_PHOTOS_TRUST_MTIME=text).photos.trust_mtime is value


# --- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "at"),
    [(".", "{0}"), ("data", "{0}/data"), ("data/", "{0}/data"), ("./a/../b//", "{0}/b"), ("/srv/box/", "/srv/box"),
     ("//srv/box", "/srv/box"), ("~/box", "/home/ann/box"), ("~", "/home/ann"), ("~ann", "{0}/~ann")],
)  # fmt: skip
def test_the_root_is_absolute_below_the_folder_of_the_file(tmp_path: Path, root: str, at: str) -> None:
    expected = at.format(tmp_path)
    assert load(tmp_path, f"[box]\nroot = '{root}'", HOME="/home/ann").box.root == expected
    assert load(tmp_path, BOX_BOX_ROOT=root, HOME="/home/ann").box.root == expected


def test_without_a_home_a_path_below_it_is_refused(tmp_path: Path) -> None:
    assert error(tmp_path, '[box]\nroot = "~/box"').startswith("box.root = '~/box'")
    assert error(tmp_path, BOX_STATUS_DIR="~").startswith("status.dir = '~'")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('""', ()), ('"auto"', ("auto",)), ('"/mnt/usb"', ("/mnt/usb",)),
        ('["/mnt/usb/", "auto"]', ("/mnt/usb", "auto")),
        ('"copies"', ("{}/copies",)), ('"~/copies"', ("/home/ann/copies",)),
    ],
)  # fmt: skip
def test_destinations_are_absolute_folders_or_auto(tmp_path: Path, written: str, expected: tuple[str, ...]) -> None:
    loaded = load(tmp_path, f"[backup]\ndestination = {written}", HOME="/home/ann")
    assert loaded.backup.destination == tuple(each.format(tmp_path) for each in expected)
    loaded = load(tmp_path, "", BOX_BACKUP_DESTINATION=" /a, auto ")
    assert loaded.backup.destination == ("/a", "auto")


def test_the_status_folder_is_absolute_unless_it_is_the_root(tmp_path: Path) -> None:
    assert load(tmp_path).status.dir == ""
    assert load(tmp_path, '[status]\ndir = "s/"').status.dir == f"{tmp_path}/s"
    assert load(tmp_path, '[status]\ndir = "/run/box"').status.dir == "/run/box"
    assert load(tmp_path, '[status]\ndir = "/run/box"', BOX_STATUS_DIR="").status.dir == ""


def test_the_folder_of_a_link_is_where_the_link_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "c.toml").touch()
    (tmp_path / "b" / "c.toml").symlink_to(tmp_path / "a" / "c.toml")
    assert config.load(str(tmp_path / "b" / "c.toml"), {}).box.root == str(tmp_path / "b")


def test_a_root_that_is_not_utf8_comes_from_the_environment(tmp_path: Path) -> None:
    assert load(tmp_path, BOX_BOX_ROOT="/srv/\udcff").box.root == "/srv/\udcff"


# --- the environment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("BOX_WATCH_SETTLE_SECONDS", "0.2", 0.2),
        ("BOX_WATCH_SETTLE_SECONDS", " 200 ms ", 0.2),
        ("BOX_WATCH_MODE", "polling", "polling"),
        ("BOX_WATCH_IGNORE", "*.bak, cache/", ("*.bak", "cache/")),
        ("BOX_WATCH_IGNORE", "", ()),
        ("BOX_WATCH_IGNORE", '["a,b", "c"]', ("a,b", "c")),
        ("BOX_WATCH_IGNORE", "['a', ]", ("a",)),
        ("BOX_WATCH_IGNORE", '["\\ud83d\\ude00"]', ("\N{GRINNING FACE}",)),
        ("BOX_USERS_NAMES", "ann", ("ann",)),
        ("BOX_PHOTOS_PIXELS_MAX", "1_000_000", 1_000_000),
        ("BOX_CHILD_CPU_SECONDS", "1 min", 60),
        ("BOX_CHILD_MEMORY_BYTES", "1073741824", 2**30),
        ("BOX_CHILD_MEMORY_BYTES", "1 GiB", 2**30),
        ("BOX_QUOTA_DEFAULT_BYTES", "10 GB", 10**10),
        ("BOX_QUOTA_DEFAULT_BYTES", "none", None),
        ("BOX_QUOTA_USERS", "me = 10 GB", {"me": 10**10}),
        ("BOX_QUOTA_USERS", '{"me": "none"}', {"me": None}),
        ("BOX_QUOTA_USERS", "{me = 5}", {"me": 5}),
        ("BOX_QUOTA_USERS", "", {}),
    ],
)
def test_a_variable_goes_before_the_file(tmp_path: Path, variable: str, text: str, value: object) -> None:
    section, _, key = variable.removeprefix("BOX_").lower().partition("_")
    assert getattr(getattr(load(tmp_path, **{variable: text}), section), key) == value


def test_a_variable_overrides_what_the_file_says_and_only_that(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[workers]\ncount = 3\ngrace_seconds = 5", BOX_WORKERS_COUNT="4")
    assert (loaded.workers.count, loaded.workers.grace_seconds) == (4, 5)


def test_a_variable_does_not_hide_a_mistake_in_the_file(tmp_path: Path) -> None:
    assert error(tmp_path, "[workers]\ncount = 0", BOX_WORKERS_COUNT="4").startswith("workers.count = 0")


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("BOX_WATCH_SETTLE_SECOND", "BOX_WATCH_SETTLE_SECONDS"), ("BOX_WATCH_settle_seconds", "BOX_WATCH_"),
        ("BOX_WORKERS_", "BOX_WORKERS_HEAVY"), ("BOX_LOGS_LEVELS", "BOX_LOGS_LEVEL"),
        ("BOX_QUOTA_USERS_ME", "BOX_QUOTA_USERS"),
    ],
)  # fmt: skip
def test_a_variable_that_looks_like_ours_and_is_not_is_refused(tmp_path: Path, variable: str, near: str) -> None:
    message = error(tmp_path, **{variable: "1"})
    assert message.startswith(f"{variable}: no such variable; did you mean {near}")


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    others = {
        "BOX_CONFIG": "x",
        "BOX_CORPORA": "x",
        "BOX_": "x",
        "BOX_WATCH": "x",
        "BOXES_WATCH_MODE": "x",
        "box_logs_level": "x",
    }
    assert load(tmp_path, **others) == load(tmp_path)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("BOX_WORKERS_COUNT", ""), ("BOX_WORKERS_COUNT", "two"), ("BOX_WORKERS_COUNT", "2.5"),
        ("BOX_WORKERS_COUNT", "-1"),
        ("BOX_WORKERS_COUNT", "9" * 5000), ("BOX_WATCH_IGNORE", "[1]"), ("BOX_WATCH_IGNORE", '["a"]\nx = 1'),
        ("BOX_WATCH_IGNORE", "[" * 100_000), ("BOX_WATCH_IGNORE", "a,,b"), ("BOX_QUOTA_USERS", "me"),
        ("BOX_QUOTA_USERS", "{"), ("BOX_PHOTOS_FOLDER", "%Y/\udcff"), ("BOX_DATABASE_COMMIT_SECONDS", "1e3"),
    ],
)  # fmt: skip
def test_a_variable_that_does_not_fit_is_refused_with_its_name(tmp_path: Path, variable: str, text: str) -> None:
    message = error(tmp_path, **{variable: text})
    section, _, key = variable.removeprefix("BOX_").lower().partition("_")
    assert message.startswith(f"{section}.{key}")
    assert message.endswith(f"(from {variable})")


# --- units -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1500000", 1_500_000), ("10 GB", 10**10), ("10GB", 10**10), ("10 gb", 10**10), ("1.5 GiB", 3 * 2**29),
     ("512 MB", 512_000_000), ("1_000 kB", 10**6), ("1 byte", 1), ("0.1 GB", 10**8), ("0.3 KiB", 307),
     ("2 PiB", 2**51)],
)  # fmt: skip
def test_a_size_is_bytes_and_its_units_are_decimal_or_binary_by_name(text: str, size: int) -> None:
    assert units.to_bytes("x", text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("2.5", 2.5), ("2 days", 2 * DAY), ("1 day", DAY), ("5 min", 300), ("5m", 300), ("1 h 30 min", 5400),
     ("1h30min", 5400), ("90 S", 90), ("50 ms", 0.05), ("2 weeks", 14 * DAY), ("0.1 day", 8640), ("1.5 hours", 5400)],
)  # fmt: skip
def test_a_duration_is_seconds_and_may_have_several_parts(text: str, seconds: float) -> None:
    assert units.to_seconds("x", text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "GB", "10 G", "10 XB", "-1 B", "1 GB 2 MB", "1.5", "1,5 GB", "1e9", "٣ GB", "1 GB\0"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^child\.x = .*: expected a size"):
        units.to_bytes("child.x", text)


@pytest.mark.parametrize(
    "text", ["", "min", "1 h 30", "30 1 h", "2 months", "1 year", "-5 s", "1:30", "5 min ago", "1e3", "٣ s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^watch\.x = .*: expected a duration"):
        units.to_seconds("watch.x", text)


@given(st.integers(0, 2**80))
@example(0)
@example(1536 * 1024**2)
def test_a_size_written_out_is_read_back(size: int) -> None:
    assert units.to_bytes("x", units.bytes_text(size)) == size


@given(st.integers(0, 400 * DAY * 1000))
def test_a_duration_written_out_is_read_back_to_the_millisecond(milliseconds: int) -> None:
    assert units.to_seconds("x", units.seconds_text(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(0, 10**12), st.sampled_from(["", "KB", "MiB", " GB", "  pib", " bytes"]))
def test_a_number_with_a_unit_is_so_many_of_it(number: int, unit: str) -> None:
    factor = {"": 1, "KB": 1000, "MiB": 2**20, "GB": 10**9, "pib": 2**50, "bytes": 1}[unit.strip()]
    assert units.to_bytes("x", f"{number}{unit}") == number * factor


_anything = (
    st.text() | st.text(st.sampled_from("0123456789._ kKmMgGiIbBshdninoe-+\n"), max_size=120)
    | st.integers() | st.floats()
    | st.booleans() | st.none() | st.binary() | st.lists(st.text()) | st.dictionaries(st.text(), st.integers())
)  # fmt: skip


@given(_anything)
@example("9" * 100 + " w")
@example(10**5000)
@example("1" * 5000)
def test_anything_is_a_value_or_a_config_error_that_names_the_key(value: object) -> None:
    for name, key in KEYS.items():
        try:
            key.metadata["read"](name, value)
        except ConfigError as refusal:
            assert str(refusal).startswith(name)  # noqa: PT017 - either outcome is fine
            assert str(refusal).isprintable()  # noqa: PT017


@given(st.sampled_from(list(KEYS)), st.text(st.characters(exclude_characters="\0")))
def test_any_text_in_a_variable_is_a_config_or_a_config_error(name: str, text: str) -> None:
    variable = f"BOX_{name.replace('.', '_').upper()}"
    try:
        config.load(str(REPO / "box" / "config.toml"), {variable: text})
    except ConfigError as refusal:
        assert str(refusal).startswith(name.partition(".")[0])  # noqa: PT017 - either outcome is fine


# --- the object ------------------------------------------------------------------------------------------------------


def test_a_config_is_frozen_and_can_be_replaced(tmp_path: Path) -> None:
    made = config.default(str(tmp_path))
    with pytest.raises(FrozenInstanceError):
        made.watch.settle_seconds = 1  # type: ignore[misc]
    changed = replace(made, watch=replace(made.watch, settle_seconds=0.2))
    assert (changed.watch.settle_seconds, made.watch.settle_seconds) == (0.2, 2)
    assert not hasattr(made.watch, "__dict__")


def test_the_default_is_for_a_root_and_has_no_file(tmp_path: Path) -> None:
    made = config.default(f"{tmp_path}/")
    assert (made.box.root, made.path) == (str(tmp_path), "")
    assert config.default(".").box.root == os.getcwd()


def test_a_section_comes_back_from_json(tmp_path: Path) -> None:
    loaded = load(tmp_path, '[users]\nnames = ["me"]\n[quota.users]\nme = "1 GB"')
    for name in SECTIONS:
        as_json = config.as_dict(getattr(loaded, name))
        assert json.loads(json.dumps(as_json)) == as_json
    assert sections.Child(**json.loads(json.dumps(config.as_dict(loaded.child)))) == loaded.child
    assert sections.Workers(**json.loads(json.dumps(config.as_dict(loaded.workers)))) == loaded.workers
    assert config.as_dict(loaded)["quota"]["users"] == {"me": 10**9}
    assert pickle.loads(pickle.dumps(loaded)) == loaded  # noqa: S301 - our own bytes


def test_a_quota_is_the_users_own_or_the_default(tmp_path: Path) -> None:
    text = '[users]\nnames = ["ann", "ben", "cat"]\n[quota]\ndefault_bytes = "1 GB"\nusers = { ann = "none", ben = 5 }'
    quota = load(tmp_path, text).quota
    assert [quota.of(user) for user in ("ann", "ben", "cat")] == [None, 5, 10**9]


# --- the template ----------------------------------------------------------------------------------------------------


def test_the_template_as_it_is_is_the_shipped_file() -> None:
    assert config.template() == (REPO / "box" / "config.toml").read_text("utf-8")


@pytest.mark.parametrize("root", ["/srv/box", 'a "b" \\ c', "\N{GRINNING FACE}", "x\x7fy\nz", 'root = "."', '"me"'])
@pytest.mark.parametrize("user", ["ann", "a.b-c_9"])
def test_the_template_loads_with_its_root_and_user_and_else_the_defaults(tmp_path: Path, root: str, user: str) -> None:
    loaded = load(tmp_path, config.template(root, user))
    assert loaded.box.root == os.path.join(tmp_path, root)
    assert loaded.users.names == (user,)
    assert values(loaded) == SPEC | {"box.root": loaded.box.root, "users.names": (user,)}


def test_the_quota_in_a_comment_of_the_template_is_for_that_user(tmp_path: Path) -> None:
    text = config.template(user="a.b").replace('# "a.b"', '"a.b"')
    assert load(tmp_path, text).quota.of("a.b") == 10**10


@pytest.mark.parametrize(("root", "user"), [("", "me"), (".", "Me"), (".", 'a"b'), ("a\0b", "me"), ("\udcff", "me")])
def test_the_template_refuses_what_the_file_could_not_hold(root: str, user: str) -> None:
    with pytest.raises(ConfigError, match=r"^(box\.root|users\.names)"):
        config.template(root, user)


# --- start-up --------------------------------------------------------------------------------------------------------


def test_importing_it_leaves_slow_modules_alone() -> None:
    script = "import sys; import box.config; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(REPO)}, capture_output=True, text=True, check=True
    )
    assert not {"tomllib", "zoneinfo", "difflib", "importlib.resources", "datetime", "asyncio", "ssl"} & set(
        ran.stdout.split()
    )


def test_a_repository_is_an_absolute_folder_or_what_restic_knows(tmp_path: Path) -> None:
    written = '[backup]\nengine = "restic"\nrepository = "{}"\npassword_file = "pw"\nenvironment_file = "~/keys"'
    for repository, expected in (
        ("repo", f"{tmp_path}/repo"), ("local:/a/b/", "/a/b"), ("~/repo", "/home/ann/repo"),
        ("sftp:pi@nas:/box", "sftp:pi@nas:/box"), ("s3:https://host/bucket", "s3:https://host/bucket"),
    ):  # fmt: skip
        loaded = load(tmp_path, written.format(repository), HOME="/home/ann").backup
        assert (loaded.repository, loaded.places) == (expected, (expected,))
        assert (loaded.password_file, loaded.environment_file) == (f"{tmp_path}/pw", "/home/ann/keys")
    shown = load(tmp_path, written.format("rest:https://ann:secret@host/box"), HOME="/home/ann").backup.places
    assert shown == ("rest:https://ann:***@host/box",)
    assert load(tmp_path, '[backup]\nengine = "restic"').backup.places == ()


def test_restic_and_destinations_of_plain_files_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"backup\.destination: expected"):
        load(tmp_path, '[backup]\nengine = "restic"\ndestination = "/a"')
