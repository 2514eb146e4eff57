"""The command line. The rule: only here Box prints and exits; a module a group of commands, loaded when it is called.

An error is one line on stderr, `box: ...`, and the exit code of its class; `--debug` shows the traceback as well.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from box.cli import grammar, output, words
from box.errors import BoxError

if TYPE_CHECKING:
    from argparse import Namespace

INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    output.prepare()
    try:
        return _guarded(argv)
    except BrokenPipeError:  # whoever read this has seen enough
        output.discard()
        return 0


def _guarded(argv: Sequence[str]) -> int:
    debug = "--debug" in argv
    try:
        code = _run(grammar.parse(argv))
        sys.stdout.flush()
    except SystemExit as stop:  # argparse, after --help and --version
        sys.stdout.flush()
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - this is where every error ends, told in one line
        if debug:
            sys.excepthook(type(error), error, error.__traceback__)
        output.error(_sentence(error, debug=debug))
        return error.exit_code if isinstance(error, BoxError) else BoxError.exit_code
    return code


def _run(args: Namespace) -> int:
    module, _, name = args.run.partition(":")
    command: Callable[[Namespace], int] = getattr(importlib.import_module(f"box.cli.{module}"), name)
    return command(args)


def _sentence(error: Exception, *, debug: bool) -> str:
    if isinstance(error, BoxError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = words.path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else "the system"
        return f"{where}: {error.strerror}"
    more = "" if debug else "; the same command with --debug shows where"
    return f"a defect of Box: {type(error).__name__}: {error}{more}"
