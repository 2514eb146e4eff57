"""Landing: files come to stand where they belong. The rule: sync, journal, move, sync, record; a restart finishes it.

A job's files are a short list of moves, the ones that Box made first and the drop itself last, so that "the drop has
left the inbox" means "everything stands". The list and the events that will say so are in the journal, durable, before
the first move; the outcome removes the entry in the transaction that records the events. Killed anywhere between,
`finish` looks at the disk: what has not moved yet is moved now, and the events are recorded as they were meant.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from box import disk
from box.errors import BoxError, SourceChanged
from box.paths import AREAS, join, split, to_text
from box.tasks.handler import Found, Landed, Placement, Request


@dataclass(frozen=True, slots=True)
class Move:
    """One file on its way (path texts). Without a target the source is removed: it is kept elsewhere already."""

    source: str
    target: str
    size: int
    mtime_ns: int
    inode: int
    """What the source must be when it is moved."""
    replace: bool = False
    """It may replace an older one of Box's own making; the drop itself never replaces anything."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is about to do to the disk."""

    moves: tuple[Move, ...]
    landed: tuple[Landed, ...]
    """Where the handler's placements will stand, in their order."""


def plan(root: str, request: Request, found: Found, taken: set[str]) -> Plan:
    """Choose free names (adding them to `taken`, as absolute paths) and list the moves. Touches no file.

    The files that go with the main one take its name: where `a.jpg` lands as `a-2.jpg`, its thumbnail is `a-2.jpg.jpg`.
    """
    for placement in found.placements:
        _check(placement)
    main = found.placements[0]
    moves: list[Move] = []
    landed: list[Landed] = []
    name = main.name
    for index, placement in enumerate(found.placements):
        folder = f"users/{request.user}/{placement.area}" + (f"/{placement.folder}" if placement.folder else "")
        if index == 0 and not main.stays:
            name = disk.free_name(os.path.join(root, folder), main.name, taken, main.counter_at)
            taken.add(os.path.join(root, folder, name))
        own = disk.with_suffix(name, placement.suffix) if index else name
        source = os.path.join(request.scratch, placement.made) if placement.made else request.source
        status = os.lstat(source) if placement.made else None
        if status and not stat.S_ISREG(status.st_mode):
            raise BoxError(f"{placement.made} is no regular file: it is not taken into the library")
        size, mtime_ns, inode = (
            (status.st_size, status.st_mtime_ns, status.st_ino)
            if status
            else (request.size, request.mtime_ns, request.inode)
        )
        target = to_text(f"{folder}/{own}")
        if not placement.stays:
            moves.append(Move(to_text(source[len(root) + 1 :]), target, size, mtime_ns, inode, bool(placement.made)))
        landed.append(Landed(target, size, mtime_ns))
    return Plan(tuple(moves) if main.stays else (*moves[1:], moves[0]), tuple(landed))


def _check(placement: Placement) -> None:
    """Refuse a placement outside its area: the process that asked for it has read hostile bytes."""
    pieces = [placement.area, *placement.folder.split("/"), placement.name, placement.suffix, placement.made]
    if placement.area not in AREAS or placement.area == "inbox" or any(p in {".", ".."} or "\0" in p for p in pieces):
        raise BoxError(f"{placement.area}/{placement.folder} is no place in the library")
    if placement.folder.startswith("/") or any("/" in p for p in (placement.name, placement.suffix, placement.made)):
        raise BoxError(f"{placement.name!r} is no name for a file in the library")


def removal(root: str, request: Request) -> Plan:
    """The plan of a duplicate: the drop goes."""
    source = to_text(request.source[len(root) + 1 :])
    return Plan((Move(source, "", request.size, request.mtime_ns, request.inode),), ())


def carry_out(root: str, moves: Sequence[Move], folders: set[str]) -> None:
    """Make the moves; the folders to sync are added to `folders`.

    Raises SourceChanged or FileExistsError, and then every move is undone.
    """
    done: list[Move] = []
    try:
        for move in moves:
            _make(root, move)
            done.append(move)
    except BaseException:
        for move in reversed(done):
            _undo(root, move)
        raise
    for move in moves:
        folders.add(join(root, split(move.source)[0]))
        if move.target:
            folders.add(join(root, split(move.target)[0]))


def _make(root: str, move: Move) -> None:
    source = join(root, move.source)
    if not move.target:
        if not _is(source, move):
            raise SourceChanged(f"{move.source} is no longer the file that had settled")
        os.unlink(source)
        return
    target = join(root, move.target)
    try:
        _rename(source, target, move)
    except FileNotFoundError:
        if not os.path.lexists(source):
            raise SourceChanged(f"{move.source} is gone") from None
        disk.make_folder(os.path.dirname(target))
        _rename(source, target, move)


def _rename(source: str, target: str, move: Move) -> None:
    if move.replace:
        os.replace(source, target)
        return
    disk.move_new(source, target, _part(target))
    if not _is(target, move, across=True):  # somebody put another file there between the look and the move
        disk.rename_new(target, source)
        raise SourceChanged(f"{move.source} is no longer the file that had settled")


def _part(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:100]}.box.part")


def _undo(root: str, move: Move) -> None:
    if not move.target:
        return  # a removal is always the last move: nothing can fail after it
    target = join(root, move.target)
    if move.replace:
        os.replace(target, join(root, move.source))
    else:
        disk.rename_new(target, join(root, move.source))


def _is(path: str, move: Move, *, across: bool = False) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    same = status.st_size == move.size and status.st_mtime_ns == move.mtime_ns
    # A copy from another file system has another inode; its bytes were compared instead.
    return same and (across or not move.inode or status.st_ino == move.inode)


def finish(root: str, moves: Sequence[Move]) -> bool:
    """After a crash: bring an interrupted landing to its end. False if a file of it is gone; then nothing stands."""
    folders: set[str] = set()
    for index, move in enumerate(moves):
        if not finish_one(root, move):
            for earlier in moves[:index]:
                if os.path.lexists(join(root, earlier.target)):
                    os.unlink(join(root, earlier.target))
            return False
        folders.add(join(root, split(move.source)[0]))
        folders.add(join(root, split(move.target)[0]) if move.target else root)
    disk.sync_folders(folders)
    return True


def finish_one(root: str, move: Move) -> bool:
    """After a crash: bring one move to its end; False if it cannot be made, or a removal has not been made."""
    source = join(root, move.source)
    source_is_there = _is(source, move)
    if not move.target:
        return not source_is_there  # still there: the attempt is made again, and compares again before it removes
    target = join(root, move.target)
    part = _part(target)
    if os.path.lexists(part):
        os.unlink(part)
    if not _is(target, move, across=True):
        if not source_is_there:
            return False
        try:
            _make(root, move)
        except (SourceChanged, FileExistsError):
            return False
    elif source_is_there and not move.replace:  # both: a copy or a link was made, its source not yet removed
        if not os.path.samefile(source, target) and disk.digest_of(source) != disk.digest_of(target):
            return False
        os.unlink(source)
    return True


def dump(moves: Sequence[Move]) -> str:
    """The moves as the journal holds them."""
    rows = [(m.source, m.target, m.size, m.mtime_ns, m.inode, m.replace) for m in moves]
    return json.dumps(rows, separators=(",", ":"))


def load(text: str) -> tuple[Move, ...]:
    """The moves that `dump` wrote."""
    return tuple(Move(*fields) for fields in json.loads(text))
