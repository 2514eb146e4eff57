"""Parts of the grammar. The rule: every command is made here, with help, examples and the options that all know."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from box.errors import UsageError

STATES: Final = ("queued", "running", "completed", "failed", "cancelled", "quarantined")
LISTED: Final = 50
"""How many jobs or events are shown when nobody says how many."""


class Parser(argparse.ArgumentParser):
    """One whose errors are ours: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and exiting."""
        raise UsageError(f"{message}; `{self.prog} --help` shows how")


class Help(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs, and leaves examples as they are."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, max_help_position=30, **options)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from textwrap import fill  # noqa: PLC0415 - only help needs it

        lines = text.split("\n")
        return "\n".join(line if line.startswith("  ") else fill(line, width, initial_indent=indent) for line in lines)


def common() -> argparse.ArgumentParser:
    """Options that all commands know."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--config", metavar="FILE", help="configuration (else BOX_CONFIG, ./config.toml, /etc/box/config.toml)"
    )
    options.add_argument("--debug", action="store_true", help="show tracebacks; as a service, log everything")
    return options


def json_option() -> argparse.ArgumentParser:
    """For commands whose output programs can have too."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--json", action="store_true", help="for programs")
    return options


def command(
    commands: Any, name: str, run: str, summary: str, *, text: str = "", examples: Sequence[str],
    options: Sequence[argparse.ArgumentParser] = (), **defaults: Any,
) -> Parser:  # fmt: skip
    """A command; `run` is the function that carries it out, `module:function`."""
    parser: Parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}." + (f"\n\n{text}" if text else ""),
        epilog="Examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=Help,
        allow_abbrev=False,
        parents=[common(), *options],
    )
    parser.set_defaults(run=run, **defaults)
    return parser


def number(text: str) -> int:
    """A whole number, as argparse reads arguments."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
