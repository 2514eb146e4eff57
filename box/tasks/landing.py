"""Landing: files come to stand where they belong. The rule: sync, journal, move, sync, record; a restart finishes it.

A job's files are a short list of moves, the ones that Box made first and the main file last, so that "the drop has
left the inbox" means "everything stands". The list and the events that will say so are in the journal, durable, before
the first move; the outcome removes the entry in the transaction that records the events. Killed anywhere between,
`finish` looks at the disk: what has not moved yet is moved now, and the events are recorded as they were meant.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace

from box import disk, file_names
from box.errors import BoxError, SourceChanged
from box.paths import AREAS, join, split, to_text
from box.tasks import renewing
from box.tasks.handler import Found, Landed, Placement, Request
from box.tasks.renewing import Old


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
    over: tuple[int, ...] = ()
    """It takes the place of this very file, (size, mtime_ns, inode); see `box.tasks.renewing`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is about to do to the disk."""

    moves: tuple[Move, ...]
    landed: tuple[Landed, ...]
    """Where the handler's placements will stand, in their order."""


def plan(
    root: str, request: Request, found: Found, taken: set[str], kept: Mapping[int, str] | None = None,
    renewed: Mapping[int, Old] | None = None,
) -> Plan:  # fmt: skip
    """Choose free names (adding them to `taken`, as absolute paths) and list the moves. Touches no file.

    The names of a group get the same number; what is made of a file takes its name: where `a.jpg` lands as `a-2.jpg`,
    its thumbnail is `a-2.jpg.jpg`. `kept`: (index of a placement: path text) of those whose bytes stand there already;
    `renewed`: of those that take the place of an older file.
    """
    kept, renewed = kept or {}, renewed or {}
    for placement in found.placements:
        _check(placement, len(request.files))
    names = _names(root, request, found, taken, {*kept, *renewed})
    moves: dict[bool, list[Move]] = {True: [], False: []}
    removals: list[Move] = []
    landed: list[Landed] = []
    for index, placement in enumerate(found.placements):
        move = _move(root, request, placement, f"{_folder(request, placement)}/{names[index]}")
        if index in renewed:
            move = replace(move, target=renewed[index].path, over=renewed[index].seen)
        if _follows(placement, kept, found):
            landed.append(Landed("", 0, 0, is_kept=True))
        elif index in kept:
            removals.append(replace(move, target=""))
            landed.append(Landed(kept[index], move.size, move.mtime_ns, move.source, is_kept=True))
        else:
            if not placement.stays:
                moves[bool(placement.made)].append(move)
            landed.append(Landed(move.target, move.size, move.mtime_ns, move.source))
    # The main file goes last: that it has left the inbox means that everything stands.
    return Plan((*moves[True], *reversed(moves[False]), *removals), tuple(landed))


def _follows(placement: Placement, kept: Mapping[int, str], found: Found) -> bool:
    """Whether it was made of a file that is kept elsewhere: then that one has its own already."""
    return bool(placement.made) and any(found.placements[index].file == placement.file for index in kept)


def _names(root: str, request: Request, found: Found, taken: set[str], named: AbstractSet[int]) -> list[str]:
    """The name of each placement, as it will stand; those in `named` have one already."""
    own = {
        index: (os.path.join(root, _folder(request, each)), each)
        for index, each in enumerate(found.placements)
        if not each.suffix and not each.stays and index not in named
    }

    chosen: dict[int, str] = {}
    for indexes in ([i for i in own if not own[i][1].apart], *([i] for i in own if own[i][1].apart)):
        chosen |= _free_names({index: own[index] for index in indexes}, taken)
    of_file = {p.file: chosen.get(i, p.name) for i, p in enumerate(found.placements) if not (p.suffix or p.made)}
    return [
        file_names.with_suffix(of_file.get(p.file, ""), p.suffix) if p.suffix else chosen.get(index, p.name)
        for index, p in enumerate(found.placements)
    ]


def _free_names(wanted: Mapping[int, tuple[str, Placement]], taken: set[str]) -> dict[int, str]:
    """Names with the same number, none of which is taken in its folder; from now on they are."""

    def names(number: int) -> dict[int, str]:
        return {
            i: file_names.numbered(p.name, number, p.base_length, is_counted=p.counted) for i, (_, p) in wanted.items()
        }

    def is_taken(number: int) -> bool:
        paths = [os.path.join(wanted[index][0], name) for index, name in names(number).items()]
        return len(set(paths)) < len(paths) or any(path in taken or os.path.lexists(path) for path in paths)

    chosen = names(file_names.first_free(is_taken))
    taken.update(os.path.join(wanted[index][0], name) for index, name in chosen.items())
    return chosen


def _folder(request: Request, placement: Placement) -> str:
    return f"users/{request.user}/{placement.area}" + (f"/{placement.folder}" if placement.folder else "")


def _move(root: str, request: Request, placement: Placement, target: str) -> Move:
    if not placement.made:
        file = request.files[placement.file]
        return Move(to_text(file.path[len(root) + 1 :]), to_text(target), file.size, file.mtime_ns, file.inode)
    source = os.path.join(request.scratch, placement.made)
    status = os.lstat(source)
    if not stat.S_ISREG(status.st_mode):
        raise BoxError(f"{placement.made} is no regular file: it is not taken into the library")
    return Move(
        to_text(source[len(root) + 1 :]), to_text(target), status.st_size, disk.mtime_ns(status), status.st_ino,
        replace=True,
    )  # fmt: skip


def _check(placement: Placement, files: int) -> None:
    """Refuse a placement outside its area: the process that asked for it has read hostile bytes."""
    pieces = [placement.area, *placement.folder.split("/"), placement.name, placement.suffix, placement.made]
    if not 0 <= placement.file < files:
        raise BoxError(f"there is no file {placement.file} in a group of {files}")
    length = placement.base_length
    if length is not None and not 0 <= length <= len(placement.name):
        raise BoxError(f"{placement.name!r} has no place for a number after {length} characters")
    if placement.area not in AREAS or placement.area == "inbox" or any(p in {".", ".."} or "\0" in p for p in pieces):
        raise BoxError(f"{placement.area}/{placement.folder} is no place in the library")
    if placement.folder.startswith("/") or any("/" in p for p in (placement.name, placement.suffix, placement.made)):
        raise BoxError(f"{placement.name!r} is no name for a file in the library")


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
    if move.over:
        renewing.take_over(source, target, move.over)
        return
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
        renewing.put_back(join(root, move.source), target)
    else:
        disk.rename_new(target, join(root, move.source))


def _is(path: str, move: Move, *, across: bool = False) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    same = status.st_size == move.size and disk.mtime_ns(status) == move.mtime_ns
    # A copy from another file system has another inode; its bytes were compared instead.
    return same and (across or not move.inode or status.st_ino == move.inode)


def finish(root: str, moves: Sequence[Move]) -> bool:
    """After a crash: bring an interrupted landing to its end. False if a file of it is gone; then nothing stands."""
    folders: set[str] = set()
    for move in moves:
        if not finish_one(root, move):
            for each in reversed(moves):
                _take_back(root, each)
            return False
        folders.add(join(root, split(move.source)[0]))
        folders.add(join(root, split(move.target)[0]) if move.target else root)
    disk.sync_folders(folders)
    return True


def _take_back(root: str, move: Move) -> None:
    """What Box made is removed, it will be made anew; a drop goes back to where it came from."""
    if move.target and move.replace:
        if _is(join(root, move.target), move, across=True):
            os.unlink(join(root, move.target))
        renewing.put_back(join(root, move.source), join(root, move.target))
        return
    if not move.target or not _is(join(root, move.target), move, across=True):
        return
    # What stands at its old place by now came later: then the file stays, and the sweep of the library finds it.
    with suppress(FileExistsError):
        disk.move_new(join(root, move.target), join(root, move.source), _part(join(root, move.source)))


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
    rows = [(m.source, m.target, m.size, m.mtime_ns, m.inode, m.replace, m.over) for m in moves]
    return json.dumps(rows, separators=(",", ":"))


def load(text: str) -> tuple[Move, ...]:
    """The moves that `dump` wrote; what an older version wrote says nothing of `over`."""
    moves = (Move(*fields) for fields in json.loads(text))
    return tuple(replace(move, over=tuple(move.over)) for move in moves)
