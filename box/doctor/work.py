"""What works there. The rule: the inboxes, the database and the service are looked at from outside, as they stand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

from box import __version__, locks, people, status_file, units
from box import config as configuration
from box.doctor.finding import Finding
from box.doctor.machine import rounded
from box.errors import BoxError, NotRunning
from box.library import minilm, speech
from box.paths import area_folder
from box.sections import Config
from box.watchers.inbox import Inbox
from box.watchers.mounts import is_remote, type_of

AHEAD_SECONDS: Final = 60.0
"""What was written last may lie so far in the future."""
WAL_BYTES_MAX: Final = 100_000_000
FOLDERS_MAX: Final = 200_000
"""Folders that are counted in the inboxes."""


def inboxes(config: Config) -> Iterator[Finding]:
    """Each inbox, as the watcher sees it."""
    root, fine = config.box.root, 0
    device = os.stat(root).st_dev
    users = people.users(config)
    for user in users:
        text = area_folder(user, "inbox")
        inbox = Inbox(user, text, os.path.join(root, text))
        inbox.check()
        for problem in inbox.problems():
            yield Finding(
                "inbox", "fail", problem.message, f"`box init --config {config.path}` puts back what is missing"
            )
        if inbox.identity is not None and inbox.identity[0] != device:
            yield Finding("inbox", "warn", f"{text} is on another file system: drops are copied, not moved", "")
        fine += inbox.there
    if fine == len(users):
        yield Finding("inbox", "ok", f"{fine} of {fine} there, with the marker")


def watches(config: Config) -> Iterator[Finding]:
    """Whether the system can watch all folders of the inboxes."""
    if config.watch.mode == "polling":
        yield Finding("watching", "ok", f"watch.mode is polling, every {units.seconds_text(config.watch.poll_seconds)}")
        return
    wanted = 0
    for user in people.users(config):
        inbox = os.path.join(config.box.root, area_folder(user, "inbox"))
        if os.path.isdir(inbox) and is_remote(inbox):
            yield Finding("watching", "ok", f"{inbox} is on {type_of(inbox)} and is polled")
            continue
        for _ in os.walk(inbox):
            wanted += 1
            if wanted >= FOLDERS_MAX:
                break
    limits = {name: _inotify(name) for name in ("max_user_watches", "max_user_instances")}
    found = (
        f"{wanted:,} {'folder' if wanted == 1 else 'folders'}; the system allows {limits['max_user_watches']:,} watches"
    )
    if wanted > limits["max_user_watches"] // 2 or limits["max_user_instances"] < 8:
        advice = f"`sysctl fs.inotify.max_user_watches={max(65536, 4 * wanted)} fs.inotify.max_user_instances=128`"
        yield Finding("watching", "warn", f"{found}: what does not fit is polled", advice)
    else:
        yield Finding("watching", "ok", found)


def models(config: Config) -> Iterator[Finding]:
    """Whether what is switched on has the model that it needs."""
    if config.speech.enabled:
        try:
            speech.settings_of(configuration.as_dict(config.speech))
        except BoxError as error:
            yield Finding("speech model", "fail", str(error), "or speech.enabled = false")
        else:
            yield Finding("speech model", "ok", f"{config.speech.model_path} hears what is said")
    if config.embeddings.enabled:
        try:
            minilm.check(config.embeddings.model_path)
        except BoxError as error:
            yield Finding("embedding model", "fail", str(error), "or embeddings.enabled = false")
        else:
            yield Finding("embedding model", "ok", f"{config.embeddings.model_path} makes vectors of texts")


def _inotify(name: str) -> int:
    with open(f"/proc/sys/fs/inotify/{name}", encoding="utf-8") as file:
        return int(file.read())


def database(config: Config) -> Iterator[Finding]:
    """The files of the database, and whether one was damaged."""
    root = config.box.root
    path = os.path.join(root, "box.db")
    if not os.path.exists(path):
        yield Finding("database", "ok", "there is none yet: `box run` makes it")
        return
    size, wal = os.path.getsize(path), _size(path + "-wal")
    ahead = max(os.path.getmtime(each) for each in (path, path + "-wal") if os.path.exists(each)) - time.time()
    if not os.access(path, os.R_OK | os.W_OK):
        yield Finding("database", "fail", f"{path} cannot be read and written", f"`chown` it, for uid {os.geteuid()}")
    elif wal > WAL_BYTES_MAX:
        found = f"{path}-wal has {units.bytes_text(rounded(wal))}"
        yield Finding("database", "warn", found, "some program holds the database open: end it")
    else:
        yield Finding("database", "ok", f"{size + wal:,} bytes; `box verify` compares it with the disk")
    if ahead > AHEAD_SECONDS:
        found = f"the database was written {units.seconds_text(round(ahead))} in the future"
        yield Finding("clock", "warn", found, "the clock went back: set it (`timedatectl`)")
    damaged = os.path.join(root, "damaged")
    if os.path.isdir(damaged) and os.listdir(damaged):
        found = f"a damaged database was moved aside, to {damaged}"
        yield Finding("database", "warn", found, "check the disk (`dmesg`, `fsck`); then remove that folder")


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def service(config: Config) -> Iterator[Finding]:
    """Whether the service runs, tells so, and is content."""
    if not locks.is_held(config.box.root):
        yield Finding(
            "service", "warn", "it is not running", f"`box run --config {config.path}`, or `systemctl start box`"
        )
        return
    try:
        found = status_file.read(config)
        status_file.check_fresh(found, config)
    except (NotRunning, ValueError) as error:
        yield Finding("service", "fail", f"it holds the root, but: {error}", "it is stuck: restart it, and see its log")
        return
    yield Finding("service", "ok", f"running as process {found['pid']}, {found['state']}")
    if found["version"] != __version__:
        yield Finding("service", "warn", f"it is version {found['version']}, this is {__version__}", "restart it")
    for problem in found["problems"]:
        yield Finding("service", "warn", f"{problem['code']}: {problem['message']}")
