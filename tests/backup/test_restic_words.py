"""What restic says, as Box understands it: versions old and new, lists, secrets."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box.backup import restic
from box.backup.listing import can_tell, changes, nanoseconds
from box.backup_keys import is_remote, shown
from box.doctor import backup as doctor
from box.paths import to_text
from tests.backup.repositories import need_restic

FATAL = "Fatal: unable to open config file: stat /r/config: no such file or directory"


@pytest.mark.parametrize(
    ("code", "said", "expected", "says"),
    [
        (1, [FATAL, "Is there a repository at the following location?", "/r"], "backup-away", "no such file"),
        (10, ['{"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist"}'], "backup-away",
         "repository does not exist"),
        (1, ["subprocess ssh: connect refused", "Fatal: unable to open repository at a: EOF"], "backup-away", "EOF"),
        (1, ["Fatal: wrong password or no key found"], "backup-password", "the password is not that"),
        (12, ["Fatal: x"], "backup-password", "the password is not that"),
        (1, ["Resolving password failed: Fatal: /pw does not exist"], "backup-password", "/pw does not exist"),
        (1, ["unable to create lock: repository is already locked by PID 7 on nas"], "backup-locked", "PID 7"),
        (11, ["Fatal: x"], "backup-locked", "another restic"),
        (1, ["Fatal: write /r/tmp: no space left on device"], "backup-full", "is full"),
        (1, ["Fatal: unable to open repository at /r: permission denied"], "backup-failed", "permission denied"),
        (1, ["Fatal: write /r/data: input/output error"], "backup-away", "has gone"),
        (1, ["Pack ID does not match", "Fatal: repository contains errors"], "bitrot", "Pack ID does not match"),
        (1, ["The repository is damaged and must be repaired."], "bitrot", "is damaged"),
        (-9, [], "backup-failed", "signal 9"),
        (1, [], "backup-failed", "did not say why"),
        (1, ["one", "Fatal: something new"], "backup-failed", "something new"),
    ],
)  # fmt: skip
def test_what_restic_says_at_its_end_becomes_one_sentence_and_a_code(code, said, expected, says):
    error = restic.failure(code, said, "/r")
    assert error.code == expected
    assert says in str(error)
    assert "\n" not in str(error) and "Fatal" not in str(error)


def test_nothing_that_is_secret_is_said():
    secrets = {"KEY": "abcd", "LONG": "abcdefgh", "N": "1"}
    text = restic.without_secrets("abcdefgh abcd 1 rest:https://ann:pw@host/x", secrets)
    assert text == "*** *** 1 rest:https://ann:***@host/x"
    assert shown("sftp:pi@nas:/x") == "sftp:pi@nas:/x"
    assert is_remote("sftp:pi@nas:/x") and is_remote("s3:https://h/b") and not is_remote("/mnt/s3:x")


@given(st.integers(0, 2**33), st.integers(0, 999_999_999), st.integers(-14 * 60, 14 * 60))
def test_a_time_of_restic_is_read_to_the_nanosecond(seconds, nanos, minutes):
    zone = timezone(timedelta(minutes=minutes))
    start = datetime.fromtimestamp(seconds, zone).isoformat()
    text = f"{start[:19]}.{nanos:09}".rstrip("0").rstrip(".") + (start[19:] if minutes else "Z")
    assert nanoseconds(text) == seconds * 10**9 + nanos
    before = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC).isoformat().replace("+00:00", "")
    assert nanoseconds(f"{before}.25Z") == -750_000_000


ROWS = st.dictionaries(st.text("ab/", max_size=3), st.tuples(st.integers(0, 2), st.integers(0, 2)))


@given(ROWS, ROWS)
def test_taking_over_what_changed_makes_one_list_the_other(listed, known):
    found = dict(known)
    for (path, size, mtime_ns), is_there in changes(
        iter([(path, *listed[path]) for path in sorted(listed)]), iter([(path, *known[path]) for path in sorted(known)])
    ):
        if is_there:
            assert found.get(path) != (size, mtime_ns)
            found[path] = (size, mtime_ns)
        else:
            del found[path]
    assert found == listed


def test_only_a_name_that_is_utf_8_can_be_told_from_all_others():
    assert can_tell(to_text("é\\x")) and can_tell("a\n")
    assert not can_tell(to_text(os.fsdecode(b"\xff"))) and not can_tell("\ufffd")


def test_the_doctor_says_what_restic_lacks(make_root, tmp_path, monkeypatch):
    need_restic()
    password, keys = tmp_path / "password", tmp_path / "keys"
    config = make_root(
        backup__engine="restic", backup__repository="/r", backup__password_file=str(password),
        backup__environment_file=str(keys),
    )  # fmt: skip
    keys.write_text("nonsense\n")
    keys.chmod(0o644)
    found = list(doctor.engine(config))
    assert [each.state for each in found] == ["ok", "fail", "warn", "fail"]
    assert (
        "restic 0." in found[0].message and "No such file" in found[1].message and "others can read" in found[2].message
    )
    Path(password).write_text("x")
    for path in (password, keys):
        path.chmod(0o600)
    keys.write_text("A=b\n")
    assert {each.state for each in doctor.engine(config)} == {"ok"}
    monkeypatch.setenv("PATH", "/nowhere")
    assert next(doctor.engine(config)).advice == "`sudo apt-get install restic`"
    assert not list(doctor.engine(make_root(name="plain")))
    lacking = list(doctor.engine(make_root(name="lacking", backup__engine="restic")))
    assert [each.state for each in lacking] == ["fail", "fail", "fail"]
