"""Verification. The rule: log = projections = disk = sums = index; every difference is said, nothing is changed.

The archive is looked at first, since half the log may be in it. The log is folded again into empty tables beside the
real ones and the two are compared row by row; the files of the library are walked and compared with their rows; the
sums are added up again. Files that are new in an inbox are no difference: they are waiting to be seen.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any, Final

from box import accounting, archive, disk, engine, library_checks, locks, log
from box.config import Config
from box.events import JobsArchived
from box.models import PROJECTIONS, drops, files, live, usage
from box.models.base import Store, Table
from box.paths import join, split, to_text
from box.watchers.tree import list_folder

PAGE_ROWS: Final = 2000

DIFFERENCES_MAX: Final = 10_000
"""So many files that differ are listed; the rest is no better."""

LOOKS: Final = 5
LOOK_SECONDS: Final = 0.2
"""How often, and after how long, a difference is looked at again while the service is running."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that should be the same and is not."""

    where: str
    """"log": log, its archive and projections; "disk": projections and disk; "sums": sums and rows; "index": texts."""
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.subject}: expected {self.expected}, found {self.found}"


def differences(
    store: Store, config: Config, *, deep: bool = False, check: Callable[[], None] = lambda: None
) -> Iterator[Difference]:
    """All that is not as it should be. `deep` reads every filed photo again and compares its digest.

    `check` is called now and then, and may raise to end it.
    """
    root = config.box.root
    with store.snapshot():
        broken = list(chain_differences(store))
        yield from broken
        if not broken:  # else there is no whole log to fold
            yield from log_differences(store, root, check)
        check()
        yield from sum_differences(store)
        yield from (Difference("index", *each) for each in library_checks.row_differences(store))
        on_disk = list(islice(disk_differences(store, root), DIFFERENCES_MAX))
    yield from (each for each in on_disk if _is_lasting(store, root, each))
    yield from (Difference("index", *each) for each in library_checks.index_differences(store, root, deep=deep))
    if deep:
        yield from content_differences(store, root, check)
        yield from (Difference("index", *each) for each in library_checks.text_differences(store, root, check))


# --- the log ---------------------------------------------------------------------------------------------------------


def chain_differences(store: Store) -> Iterator[Difference]:
    """Whether every segment of the log is there, is the file that was written, and follows the one before it."""
    last, previous = 0, ""
    for segment in log.segments(store):
        difference = _archive_difference(log.root(store), segment.name, segment.digest)
        if difference is not None:
            yield difference
        else:
            wanted = archive.Header(last + 1, segment.last, segment.last - last, previous)
            found = archive.header(log.root(store), segment.name)
            if found != wanted:
                yield Difference("log", segment.name, str(wanted), str(found))
        last, previous = segment.last, segment.digest
    oldest = log.oldest_in_table(store)[0]
    if last and oldest != last + 1:
        yield Difference("log", "events", f"to go on at {last + 1}", f"that they go on at {oldest}")


def _archive_difference(root: str, name: str, digest: str) -> Difference | None:
    try:
        found = f"digest {disk.digest_of(os.path.join(root, name))}"
    except FileNotFoundError:
        found = "no file"
    return None if found == f"digest {digest}" else Difference("log", name, f"digest {digest}", found)


def log_differences(store: Store, root: str, check: Callable[[], None] = lambda: None) -> Iterator[Difference]:
    """Fold the log again, beside, and compare every row of every projection, and every file of jobs that it names."""
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=root) as folder:
        again = Store(os.path.join(folder, "again.db"), durable=False)
        try:
            engine.create(again)
            for recorded in engine.replay(store, again):
                event = recorded.event
                if recorded.position % PAGE_ROWS == 0:
                    check()
                if isinstance(event, JobsArchived) and (
                    difference := _archive_difference(root, event.archive, event.digest)
                ):
                    yield difference
            for model in PROJECTIONS:
                yield from _table_differences(model, store, again)
        finally:
            again.close()


def _table_differences(model: type[Table], store: Store, again: Store) -> Iterator[Difference]:
    name = model._meta.table_name
    columns = [field.column_name for field in model._meta.sorted_fields]
    keys = [key.column_name for key in model._meta.get_primary_keys()]  # type: ignore[no-untyped-call]
    for now, folded in _paired(_rows(store, name, columns, keys), _rows(again, name, columns, keys), columns, keys):
        if now != folded:
            row = folded or now or ()
            subject = " ".join(str(row[columns.index(key)]) for key in keys)
            yield Difference("log", f"{name} {subject}", _shown(columns, folded, now), _shown(columns, now, folded))


def _rows(store: Store, table: str, columns: list[str], keys: list[str]) -> Iterator[tuple[Any, ...]]:
    """All rows of a table in the order of their keys, a page at a time."""
    names, order, marks = ", ".join(columns), ", ".join(keys), ", ".join("?" * len(keys))
    where = ""
    last: tuple[Any, ...] = ()
    while page := store.rows(f"SELECT {names} FROM {table}{where} ORDER BY {order} LIMIT {PAGE_ROWS}", last):
        yield from page
        where, last = f" WHERE ({order}) > ({marks})", tuple(page[-1][columns.index(key)] for key in keys)


type_row = tuple[Any, ...]


def _paired(
    left: Iterator[type_row], right: Iterator[type_row], columns: list[str], keys: list[str]
) -> Iterator[tuple[type_row | None, type_row | None]]:
    """Walk two sorted tables side by side, pairing the rows of one key."""
    positions = [columns.index(key) for key in keys]

    def key_of(row: type_row) -> type_row:  # as SQLite sorts text: by its bytes
        return tuple(row[p].encode() if isinstance(row[p], str) else row[p] for p in positions)

    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and key_of(one) < key_of(other)):
            yield one, None
            one = next(left, None)
        elif one is None or key_of(other) < key_of(one):
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


def _shown(columns: list[str], row: tuple[Any, ...] | None, beside: tuple[Any, ...] | None) -> str:
    if row is None:
        return "no row"
    if beside is None:
        return "a row"
    return ", ".join(f"{name}={value!r}" for name, value, other in zip_longest(columns, row, beside) if value != other)


# --- the sums --------------------------------------------------------------------------------------------------------


def sum_differences(store: Store) -> Iterator[Difference]:
    """Add up the rows of files, drops and unfinished jobs again."""
    for user in accounting.users(store):
        for each in accounting.sums(store, user):
            if each.is_right:
                continue
            if each.area == accounting.CHARGED:
                yield Difference("sums", f"{user} used", f"{each.rows_bytes} bytes", f"{each.bytes} bytes")
            else:
                expected, found = _sum(each.rows_files, each.rows_bytes), _sum(each.files, each.bytes)
                yield Difference("sums", f"{user} {each.area}", expected, found)
    for user, (says, should) in accounting.reserved(store).items():
        if says != should:
            yield Difference("sums", f"{user} reserved", f"{should} bytes", f"{says} bytes")


def _sum(number: int, size: int) -> str:
    return f"{number} files, {size} bytes"


# --- the disk --------------------------------------------------------------------------------------------------------


def disk_differences(store: Store, root: str) -> Iterator[Difference]:
    """Walk what the users have on disk and compare each file's size and time with its row."""
    under_way = {f"job-{entry.job}" for entry in live.journal(store)}  # `.N` follows, the attempt
    for user in sorted({*usage.users(store), *_users_on_disk(root)}):
        base = f"users/{user}"
        inbox = base + "/inbox"
        seen: set[str] = set()
        for folder in _folders(root, base, under_way):
            seen.add(folder)
            if folder == inbox or folder.startswith(inbox + "/"):
                yield from _drop_differences(store, root, folder)
            else:
                yield from _file_differences(store, root, folder)
        for folder in (*files.folders(store, base), *drops.known_folders(store, inbox)):
            if folder not in seen:
                names = {**files.known(store, folder), **drops.known(store, folder)}
                for name, known in names.items():
                    yield Difference("disk", f"{folder}/{name}", _file(known), "no file")


def _is_lasting(store: Store, root: str, difference: Difference) -> bool:
    """Whether it is still so: beside a running service files move while they are compared, and are recorded after."""
    for _ in range(LOOKS if locks.is_held(root) else 1):
        folder, name = split(difference.subject)
        known = files.known(store, folder).get(name) or drops.known(store, folder).get(name)
        if known == _listed(join(root, folder)).get(name):
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _users_on_disk(root: str) -> list[str]:
    try:
        names = os.listdir(os.path.join(root, "users"))
    except FileNotFoundError:
        return []
    return [to_text(name) for name in names if os.path.isdir(os.path.join(root, "users", name))]


def _folders(root: str, top: str, under_way: set[str]) -> Iterator[str]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        try:
            entries = list(os.scandir(join(root, folder)))
        except (FileNotFoundError, NotADirectoryError):
            continue
        folders = (e.name for e in entries if e.is_dir(follow_symlinks=False))
        below = (name for name in folders if name.partition(".")[0] not in under_way)
        waiting.extend(f"{folder}/{to_text(name)}" for name in below)


def _file_differences(store: Store, root: str, folder: str) -> Iterator[Difference]:
    on_disk = _listed(join(root, folder))
    known = files.known(store, folder)
    for name in sorted(on_disk.keys() | known.keys()):
        if on_disk.get(name) != known.get(name):
            yield Difference("disk", f"{folder}/{name}", _file(known.get(name)), _file(on_disk.get(name)))


def _drop_differences(store: Store, root: str, folder: str) -> Iterator[Difference]:
    on_disk = _listed(join(root, folder))
    for name, known in drops.known(store, folder).items():
        if on_disk.get(name) != known:
            yield Difference("disk", f"{folder}/{name}", _file(known), _file(on_disk.get(name)))


def _listed(path: str) -> dict[str, tuple[int, int]]:
    try:
        return list_folder(path).sizes()
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _file(known: tuple[int, int] | None) -> str:
    return "no file" if known is None else f"{known[0]} bytes changed at {known[1]} ns"


def content_differences(store: Store, root: str, check: Callable[[], None] = lambda: None) -> Iterator[Difference]:
    """Read every filed photo again and compare its digest."""
    for folder, name, digest in _rows(store, "photos", ["folder", "name", "digest"], ["folder", "name"]):
        check()
        try:
            found = disk.digest_of(join(root, f"{folder}/{name}"))
        except FileNotFoundError:
            continue  # said already
        if digest and found != digest:
            yield Difference("disk", f"{folder}/{name}", f"digest {digest}", f"digest {found}")
