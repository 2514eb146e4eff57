"""Where the root is. The rule: probes are made in a hidden folder below the root, which is removed at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Final

from box import people, units
from box.doctor import probes
from box.doctor.finding import Finding
from box.doctor.machine import meminfo, rounded
from box.paths import to_text
from box.sections import Config
from box.watchers import drives as attached
from box.watchers.mounts import remote_type, type_of

SYNC_SECONDS_MAX: Final = 0.5
"""A durable write that takes longer makes everything slow."""
INODES_MIN: Final = 10_000
_ALL: Final = os.R_OK | os.W_OK | os.X_OK


def permissions(config: Config) -> Iterator[Finding]:
    """Whether this user may do what Box does."""
    root = config.box.root
    wanted = [root, *(os.path.join(root, "users", user, "inbox") for user in people.users(config))]
    wanted += [os.path.join(root, "users", user) for user in people.users(config)]
    wanted += [config.status.dir] if config.status.dir else []
    denied = [path for path in wanted if os.path.isdir(path) and not os.access(path, _ALL, effective_ids=True)]
    for path in denied:
        yield Finding(
            "permissions",
            "fail",
            f"{path} cannot be read and written",
            f"`chown` or `chmod` it, for uid {os.geteuid()}",
        )
    if os.geteuid() == 0 and os.stat(root).st_uid != 0:
        yield Finding("permissions", "warn", f"you are root, {root} is not root's", "call box as the owner of the root")
    elif not denied:
        yield Finding("permissions", "ok", f"{root} and what is in it can be read and written")
    if config.status.dir and not os.path.isdir(config.status.dir):
        yield Finding("status", "fail", f"status.dir: there is no folder {config.status.dir}", "make it")


def file_system(config: Config) -> Iterator[Finding]:
    """What the file system can do, tried out."""
    root, kind = config.box.root, type_of(config.box.root) or "unknown"
    if remote_type(kind):
        yield Finding(
            "file system", "warn", f"{root} is on {kind}, which other machines can change",
            "keep the root on a disk of this machine; only inboxes may be elsewhere",
        )  # fmt: skip
    folder = tempfile.mkdtemp(prefix=".doctor-", dir=root)
    try:
        sync_seconds = probes.sync_seconds(os.path.join(folder, "file"))
        has_lease = probes.has_lease(os.path.join(folder, "file"))
        has_rename = probes.has_rename(os.path.join(folder, "file"), os.path.join(folder, "other"))
        has_wal = probes.has_wal(os.path.join(folder, "probe.db"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    yield Finding("file system", "ok", f"{kind}; a durable write takes {sync_seconds * 1000:.1f} ms")
    if sync_seconds > SYNC_SECONDS_MAX:
        yield Finding("file system", "warn", "durable writes are slow", "a better card, or a disk")
    if not has_wal:
        yield Finding("file system", "fail", "SQLite cannot keep a WAL here", "keep the root on a local disk")
    if not has_lease:
        advice = "where files are written slowly, make watch.settle_seconds longer"
        yield Finding("file system", "warn", "it cannot say whether a file is still being written (no leases)", advice)
    if not has_rename:
        advice = "let only Box write into the library"
        yield Finding("file system", "warn", "it cannot rename without replacing (nor link)", advice)


def space(config: Config) -> Iterator[Finding]:
    """Room for bytes and for files."""
    status = os.statvfs(config.box.root)
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    found = f"{units.bytes_text(rounded(free))} free of {units.bytes_text(rounded(total))}"
    if free < config.storage.free_bytes_min:
        kept = units.bytes_text(config.storage.free_bytes_min)
        yield Finding("disk", "fail", f"{found}; work waits for {kept}", "free some, or lower storage.free_bytes_min")
    elif total and free / total < 0.1:
        yield Finding("disk", "warn", f"{found}, less than a tenth", "free some")
    else:
        yield Finding("disk", "ok", found)
    if status.f_files and status.f_favail < INODES_MIN:
        yield Finding("disk", "warn", f"room for {status.f_favail:,} more files only (inodes)", "remove small files")


def drives(config: Config) -> Iterator[Finding]:
    """The external drives that are there."""
    there = attached.drives(config.box.root)
    for drive in there:
        room = f"{units.bytes_text(rounded(drive.free_bytes))} free of {units.bytes_text(rounded(drive.total_bytes))}"
        name = f"{drive.label or 'without a label'}, {drive.uuid or 'no UUID known'}, {drive.file_system}"
        yield Finding("drives", "ok", f"{to_text(drive.path)} ({name}): {room}")
    if not there:
        yield Finding("drives", "ok", "no external drive is mounted")


def children(config: Config) -> Iterator[Finding]:
    """Whether the limit of a child protects this machine."""
    total, _ = meminfo()
    limit = config.child.memory_bytes
    if limit > total:
        yield Finding(
            "children", "warn", f"child.memory_bytes is {units.bytes_text(limit)}, more than there is",
            f"half of that, {units.bytes_text(rounded(total // 2))}, keeps a hostile file from pushing it into swap",
        )  # fmt: skip
