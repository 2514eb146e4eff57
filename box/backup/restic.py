"""restic. The rule: it gets no shell and a known environment, and what it says is told in a sentence, without secrets.

From version 0.17 on its exit codes say what is wrong; before, only its words do. Both are understood.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import Final

from box.backup.destination import BackupAway, BackupFailed, BackupFull
from box.backup_keys import shown
from box.errors import BoxError, UsageError

PROGRAM: Final = "restic"
PACKAGE: Final = "restic"
TAG: Final = "box"
"""On every snapshot that Box makes."""
PARTS: Final = ".*.part"
"""Files of Box's own that are not whole yet, as restic's --exclude has it."""
BUCKETS_MAX: Final = 256
"""Into so many parts restic divides a repository at most."""

INCOMPLETE: Final = 3
"""The exit code of a backup that made a snapshot, and could not read all files."""

_INHERITED: Final = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What it gets of Box's environment: what it takes to start, to find ssh's keys and to reach a server."""
_PROGRESS: Final = "2"
"""So often a second it says how far it is."""
_FILE_BYTES_MAX: Final = 64_000
_SECRET_CHARS_MIN: Final = 4
_SAID_CHARS_MAX: Final = 400
_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


class RepositoryAway(BackupAway):
    """The repository is not there, or its server does not answer; a server is tried again."""

    retryable = True


class RepositoryLocked(BoxError):
    """Another restic is at work on the repository."""

    code = "backup-locked"
    retryable = True


class WrongPassword(BoxError):
    """The repository has another password."""

    code = "backup-password"


class RepositoryDamaged(BoxError):
    """What was read back is not what was written."""

    code = "bitrot"


class ResticMissing(BoxError):
    """There is no such program."""

    code = "restic-missing"


_MEANINGS: Final[tuple[tuple[tuple[int, ...], tuple[str, ...], type[BoxError], str], ...]] = (
    ((), ("repository contains errors", "repository is damaged"), RepositoryDamaged,
     "the repository {place} is damaged: {first}"),
    ((12,), ("wrong password", "empty password"), WrongPassword,
     "{place} cannot be opened: the password is not that of this repository"),
    ((), ("resolving password failed",), WrongPassword, "{place} cannot be opened: {said}"),
    ((11,), ("already locked", "unable to create lock"), RepositoryLocked,
     "another restic is at work on {place}: {said}; if there is none, `restic unlock --remove-all` removes its lock"),
    ((), ("no space left", "quota exceeded"), BackupFull,
     "{place} is full: make room there, and the next backup goes on"),
    ((), ("permission denied", "access denied"), BackupFailed, "{place}: {said}"),
    ((), ("no such device", "input/output error", "not connected", "stale file handle"), RepositoryAway,
     "{place} has gone: {said}"),
    ((10,), ("is there a repository", "unable to open repository", "connection refused", "no such host"),
     RepositoryAway, "no repository of restic answers at {place}: {said}"),
)  # fmt: skip
"""(exit codes, what it says, in lower case, what that is, the message); the first that fits."""


def program() -> str:
    """Where it is. Raises ResticMissing."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise ResticMissing(f"restic is not installed: `sudo apt-get install {PACKAGE}`")
    return found


def read_environment(path: str) -> dict[str, str]:
    """What a file of NAME=value lines says; empty lines and those that begin with # are none. Raises UsageError."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise UsageError(f"backup.environment_file: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"backup.environment_file: {path} is not UTF-8") from None
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:  # the line is not shown: it may hold a secret
            raise UsageError(f"backup.environment_file: {path}, line {number}: expected NAME=value")
        value = match[2]
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[match[1]] = value[1:-1] if is_quoted else value
    return found


def environment(
    own: Mapping[str, str], wanted: Mapping[str, str], repository: str, password_file: str, cache: str, temp: str
) -> dict[str, str]:
    """The environment of a run, from that of Box and what the owner's file says."""
    found = {name: own[name] for name in _INHERITED if name in own}
    found |= {"RESTIC_PROGRESS_FPS": _PROGRESS, "RESTIC_CACHE_DIR": cache, "TMPDIR": temp}
    found |= wanted
    found["RESTIC_REPOSITORY"] = repository
    if password_file:
        found["RESTIC_PASSWORD_FILE"] = password_file
    return found


def current_environment() -> Mapping[str, str]:
    """That of Box."""
    return os.environ


def without_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """What may be logged and shown of a text: no value of the owner's file, and no password of a URL."""
    for value in sorted(secrets.values(), key=len, reverse=True):
        if len(value) >= _SECRET_CHARS_MIN:
            text = text.replace(value, "***")
    return shown(text)


def failure(code: int, said: Sequence[str], place: str) -> BoxError:
    """What it means that restic ended with that exit code and said that; `place` is how the repository is shown."""
    if code < 0:
        return BackupFailed(f"restic was killed (signal {-code}); if nobody did that, memory ran out")
    words = "\n".join(said).lower()
    for codes, signs, kind, message in _MEANINGS:
        if code in codes or any(sign in words for sign in signs):
            return kind(message.format(place=place, said=_sentence(said), first=_first_error(said)))
    return BackupFailed(f"restic failed on {place}: {_sentence(said)}")


def _sentence(said: Sequence[str]) -> str:
    """The line that says what ended it."""
    lines = [_plain(line) for line in said if line.strip()]
    fatal = [line for line in lines if "Fatal: " in line or "unable to create lock" in line]
    found = (fatal or lines or ["it did not say why"])[-1]
    return found.rpartition("Fatal: ")[2].strip()[:_SAID_CHARS_MAX]


def _first_error(said: Sequence[str]) -> str:
    """What is damaged, as far as it says so in its first words."""
    lines = [_plain(line).strip() for line in said if line.strip() and "returned error, retrying" not in line]
    found = [line for line in lines if "Fatal: " not in line] or ["it has errors"]
    return "; ".join(found[:2])[:_SAID_CHARS_MAX]


def _plain(line: str) -> str:
    """A line as people read it: newer versions say it as JSON."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    return str(told.get("message", line)) if isinstance(told, dict) else line
