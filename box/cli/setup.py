"""`box init`, `box completion`. The rule: what is there stays as it is; what is missing is made and said."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from box import config as configuration
from box import disk, layout, locks
from box.cli import grammar, output, words
from box.errors import UsageError
from box.paths import AREAS, MARKER
from box.sections import Config

_FILES = ("FILE", "PATH", "PATH|URL")


def init(args: Namespace) -> int:
    """Make a root: its configuration, unless there is one, and the folders of its users that are missing."""
    file, root = _places(args)
    is_new = not os.path.lexists(file)
    if is_new:
        _write_config(file, root or os.path.dirname(file), args.user or "me")
    config = configuration.load(file, os.environ)
    if root is not None and config.box.root != root:
        raise UsageError(f"{file} says box.root = {config.box.root}: change it there, or leave out {args.dir}")
    users = config.users.names if args.user is None else (args.user,)
    for user in users:
        if user not in config.users.names and not config.users.auto_create:
            raise UsageError(f"{file} does not know the user {user!r}: add it to users.names there, then do this again")
    made = [] if is_new else _missing(config.box.root, users)
    for user in users:
        layout.make_user(config.box.root, user)
    _tell(config, users, made, is_new=is_new)
    return 0


def _places(args: Namespace) -> tuple[str, str | None]:
    """(configuration file, root that was asked for); both absolute."""
    root = None if args.dir is None else os.path.abspath(args.dir)
    if root == "/":
        raise UsageError("the root of Box cannot be /: name a folder that is its own")
    named = args.config or (os.environ.get("BOX_CONFIG") if root is None else None)
    file = os.path.abspath(named) if named else os.path.join(root or os.getcwd(), "config.toml")
    if os.path.isdir(file):
        raise UsageError(f"{words.path(file)} is a folder: name the file, such as {words.path(file)}/config.toml")
    return file, root


def _write_config(file: str, root: str, user: str) -> None:
    folder = os.path.dirname(file)
    text = configuration.template("." if root == folder else root, user)
    disk.make_folder(root)
    disk.make_folder(folder)
    part = f"{file}.{os.getpid()}.part"
    disk.write_whole(part, text)
    try:
        with contextlib.suppress(FileExistsError):  # somebody else was faster: theirs is kept
            disk.rename_new(part, file)
        disk.sync_folder(folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _missing(root: str, users: tuple[str, ...]) -> list[str]:
    """What `layout.make_user` is about to make."""
    wanted = [f"users/{user}/{area}" for user in users for area in AREAS if area != "other"]
    wanted += [f"users/{user}/inbox/{MARKER}" for user in users]
    return [path for path in wanted if not os.path.lexists(os.path.join(root, path))]


def _tell(config: Config, users: tuple[str, ...], made: list[str], *, is_new: bool) -> None:
    root, file = config.box.root, config.path
    output.line(f"Box is {'ready' if is_new or made else 'complete'} in {words.path(root)}")
    output.line(f"  settings     {words.path(file)}{'' if is_new else ' (kept as it is)'}")
    for path in made:
        output.line(f"  made         {path}")
    for folder in layout.inboxes(root, users).values():
        output.line(f"  drop files   {words.path(folder)}")
    if locks.is_held(root):
        output.line("Box is running. If users are new, start it again.")
        return
    named = "" if file == os.path.join(os.getcwd(), "config.toml") else f" --config {shlex.quote(words.path(file))}"
    output.line(f"Next: box run{named}")


def completion(args: Namespace) -> int:
    """Print the script that teaches a shell the words of this program."""
    import shtab  # noqa: PLC0415 - `box init` does not need it

    parser = grammar.build()
    for action in _actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY
    output.line(shtab.complete(parser, shell=args.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """All options and arguments of a parser and of the commands in it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for inner in action.choices.values():
                yield from _actions(inner)
