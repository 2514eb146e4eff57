"""`box backup`. The rule: what is known of a destination is shown even while it is away."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import Any, Final

from box import backup_status
from box.backup import destination, drives
from box.backup.destination import BackupAway, Destination
from box.backup_keys import AUTO
from box.beside import beside
from box.cli import do, output, repository, settings, words
from box.errors import UsageError
from box.models import backed, backups
from box.models.backups import State as Known
from box.models.base import Store
from box.models.jobs import State
from box.paths import to_os, to_text
from box.sections import Config
from box.tasks import asking, by_request, verify_backup

_PRESENT: Final = {True: "yes", False: "", None: "-"}


def init(args: Namespace) -> int:
    """Mark a destination."""
    config = settings.load(args)
    if config.backup.engine == "restic":
        return repository.init(args, config)
    if not args.path:
        raise UsageError("PATH: expected the folder on the drive that is to be marked")
    path = os.path.abspath(args.path)
    marker = destination.init(config.box.root, path, folder=args.folder, portable=args.portable)
    if args.json:
        output.value(
            {"destination": to_text(path), "uuid": marker.uuid, "kind": marker.kind, "portable": marker.portable}
        )
        return 0
    how = "names are written so that every computer takes them" if marker.portable else "names are written as they are"
    output.line(f"{words.path(path)} is marked for backups, as a {marker.kind}; {how}")
    wanted = config.backup.destination
    if path not in wanted and not (AUTO in wanted and marker.kind == "drive"):
        output.line(f"Next: backup.destination = {words.path(path)} in {words.path(config.path)}")
    return 0


def listing(args: Namespace) -> int:
    """The destinations: those of the configuration, those that were met, and marked drives that are there."""
    config = settings.load(args)
    with beside(config) as box:
        rows = [_row(box.store, config, state) for state in _known(box.store, config)]
    if args.json:
        output.value(rows)
        return 0
    output.table(
        ("destination", "present", "state", "free", "files", "missing", "verified", "last backup"),
        [_cells(row) for row in rows], right=("free", "files", "missing", "verified"),
    )  # fmt: skip
    for row in rows:
        if row["reason"]:
            output.note(f"{words.printable(row['destination'])}: {words.printable(row['reason'])}")
    return 0


def verify(args: Namespace) -> int:
    """Ask for the job that reads back, and wait for it."""
    config = settings.load(args)
    given = {
        **({"destination": os.path.abspath(args.path) if args.path != AUTO else AUTO} if args.path else {}),
        **({"percent": args.percent} if args.percent is not None else {}),
        **({"repair": True} if args.repair else {}),
    }
    with beside(config) as box:
        job = box.engine.request(asking.wanted(by_request(), verify_backup.HANDLER.kind, given))
        row = do.wait(box, config, job)
    if args.json:
        output.value(row)
    elif row["state"] != State.COMPLETED:
        output.line(do.told(row))
    else:
        for each in json.loads(row["result"])["destinations"]:
            output.line(
                f"{words.printable(each['destination'])}: {words.count(each['files'], 'file')}"
                f" ({words.size(each['bytes'])}) read back, all as they were copied"
                + (f"; {words.count(each['repaired'], 'file')} repaired" if each["repaired"] else "")
            )
    return 0 if row["state"] == State.COMPLETED else 1


def _known(store: Store, config: Config) -> Iterator[Known]:
    """What is known of each, that of destinations without a backup too."""
    met = backups.all_of(store)
    yield from met
    paths = {state.path for state in met}
    there: Iterable[str] = (
        () if config.backup.engine == "restic" else (drive.path for drive in drives.marked(config.box.root))
    )
    for path in dict.fromkeys(map(to_text, (*config.backup.places, *there))):
        if path not in paths:
            yield Known("", path, "", "", "", "", "", 0, 0, 0, 0)


def _row(store: Store, config: Config, state: Known) -> dict[str, Any]:
    uuid, free, is_present, reason = state.destination, None, None, state.reason
    if state.path not in map(to_text, config.backup.places if config.backup.engine == "restic" else ()):
        uuid, free, is_present, reason = _looked_at(state, config)
    files, size, verified, damaged = backed.counts_of(store, uuid) if uuid else (0, 0, 0, 0)
    return {
        "destination": state.path, "uuid": uuid or None, "present": is_present,
        "state": backup_status.state_name(state), "free_bytes": free, "files": files, "bytes": size,
        "missing": state.files_missing if state.finished_at else None, "verified": verified, "damaged": damaged,
        "last_finished_at": state.finished_at or None, "last_verified_at": state.verified_at or None, "reason": reason,
    }  # fmt: skip


def _looked_at(state: Known, config: Config) -> tuple[str, int | None, bool, str]:
    """(UUID, free bytes, whether it is there, what is wrong) of a destination; a repository is not asked."""
    uuid, free, is_present, reason = state.destination, None, False, state.reason
    try:
        with Destination(config.box.root, to_os(state.path), state.destination) as place:
            uuid, free, is_present = place.uuid, place.free_bytes(), True
    except BackupAway as away:
        reason = reason or ("" if state.path == AUTO else str(away))
    except OSError as error:
        reason = reason or str(error)
    return uuid, free, is_present, reason


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    style = {"stopped": "red", "behind": "yellow", "waiting": "yellow"}.get(row["state"], "")
    return (
        words.printable(row["destination"]), _PRESENT[row["present"]] or output.styled("no", "yellow"),
        output.styled(row["state"], style), "-" if row["free_bytes"] is None else words.size(row["free_bytes"]),
        f"{row['files']:,}", "-" if row["missing"] is None else f"{row['missing']:,}", f"{row['verified']:,}",
        words.local_time(row["last_finished_at"] or "") or "never",
    )  # fmt: skip
