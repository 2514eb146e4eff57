"""The grammar of the command line. The rule: every command says what it does and shows an example; nothing is loaded.

`run` names the function that carries a command out, `module:function` in this package, imported when it is called.
Options that all commands know may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from box import __version__
from box.errors import UsageError

SHELLS: Final = ("bash", "zsh", "tcsh", "fish")
STATES: Final = ("queued", "running", "completed", "failed", "cancelled", "quarantined")
LISTED: Final = 50
"""How many jobs or events are shown when nobody says how many."""


class Parser(argparse.ArgumentParser):
    """One whose errors are ours: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and exiting."""
        raise UsageError(f"{message}; `{self.prog} --help` shows how")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line as attributes. Raises UsageError; SystemExit after `--help` and `--version`."""
    return build().parse_args(argv)


def build() -> Parser:
    """The whole grammar."""
    top = Parser(
        prog="box",
        description="Box files, indexes and accounts for whatever is dropped into a folder, and loses nothing.",
        epilog="Start with:\n  box init ~/box\n  box run --config ~/box/config.toml\n\n"
        "Exit codes: 0 done; 1 something is wrong with the work; 2 wrong usage or configuration; "
        "3 the service is not running or its status is stale; 130 interrupted.",
        formatter_class=_Help,
        allow_abbrev=False,
        parents=[_common()],
    )
    top.add_argument("--version", action="version", version=f"box {__version__}", help="show the version")
    top.set_defaults(config=None, debug=False, json=False)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for add in (_init, _run, _once, _add, _status, _jobs, _events, _quota, _check, _completion):
        add(commands)
    return top


class _Help(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs, and leaves examples as they are."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, max_help_position=30, **options)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        from textwrap import fill  # noqa: PLC0415 - only help needs it

        lines = text.split("\n")
        return "\n".join(line if line.startswith("  ") else fill(line, width, initial_indent=indent) for line in lines)


def _common() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--config", metavar="FILE", help="configuration (else BOX_CONFIG, ./config.toml, /etc/box/config.toml)"
    )
    options.add_argument("--debug", action="store_true", help="show tracebacks; as a service, log everything")
    return options


def _json() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--json", action="store_true", help="for programs")
    return options


def _command(
    commands: Any, name: str, run: str, summary: str, *, text: str = "", examples: Sequence[str],
    options: Sequence[argparse.ArgumentParser] = (), **defaults: Any,
) -> Parser:  # fmt: skip
    parser: Parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}." + (f"\n\n{text}" if text else ""),
        epilog="Examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=_Help,
        allow_abbrev=False,
        parents=[_common(), *options],
    )
    parser.set_defaults(run=run, **defaults)
    return parser


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


# --- the service -----------------------------------------------------------------------------------------------------


def _init(commands: Any) -> None:
    parser = _command(
        commands, "init", "setup:init", "make a root: config.toml, and the folders of its users",
        text="What is there already stays as it is. Calling it again makes what is missing: a folder that was lost, "
        "or the marker (.box) of an inbox, without which Box leaves the inbox alone.",
        examples=("box init ~/box", "box init /srv/box --user ann", "box init --config /etc/box/config.toml"),
    )  # fmt: skip
    parser.add_argument("dir", metavar="DIR", nargs="?", help="the root (default: where the configuration says, or .)")
    parser.add_argument("--user", metavar="U", help="a new root's user (default: me); else whose folders to make")


def _run(commands: Any) -> None:
    _command(
        commands, "run", "serve:run", "watch the inboxes and work until it is stopped",
        text="SIGTERM or Ctrl-C lets running jobs finish first, a second one stops at once; nothing is lost.",
        examples=("box run", "box run --config /srv/box/config.toml"),
    )  # fmt: skip


def _once(commands: Any) -> None:
    _command(
        commands, "once", "serve:once", "handle what is there now and all that follows from it, then exit",
        text="For cron, or a one-off import. Exits with 1 if anything failed or went into quarantine.",
        examples=("box once", "box once --json"), options=[_json()],
    )  # fmt: skip


def _add(commands: Any) -> None:
    parser = _command(
        commands, "add", "add:add", "copy files into the inbox and wait for what becomes of them",
        text="Folders come with all that is in them and keep their sub-folders; the originals stay where they are. "
        "Links inside folders are not followed; names that Box never touches are skipped.",
        examples=("box add IMG_0001.JPG", "box add /media/card/DCIM --user ann", "box add --no-wait *.jpg"),
        options=[_json()],
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a file or folder")
    parser.add_argument("--user", metavar="U", help="into whose inbox (default: the only user)")
    parser.add_argument("--no-wait", action="store_true", help="copy only")
    parser.add_argument("--wait-seconds", metavar="N", help='wait no longer, such as 30 or "5 min" (default: no limit)')


def _status(commands: Any) -> None:
    parser = _command(
        commands, "status", "status:status", "show what Box is doing, what it holds and what is wrong",
        text="Exits with 3 if the service is not running; the last status is shown all the same.",
        examples=("box status", "box status --watch", "box status --json"), options=[_json()],
    )  # fmt: skip
    parser.add_argument("--watch", action="store_true", help="repaint every second, until Ctrl-C")


# --- what it did -----------------------------------------------------------------------------------------------------


def _chosen() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--state", metavar="S", choices=STATES, help=f"only in this state: {', '.join(STATES)}")
    options.add_argument("--kind", metavar="K", help="only of this kind")
    options.add_argument("--user", metavar="U", help="only of this user")
    options.add_argument("--limit", metavar="N", type=_number, help=f"at most so many (default: {LISTED})")
    return options


def _jobs(commands: Any) -> None:
    jobs = _command(
        commands, "jobs", "jobs:listing", "list jobs, show one, cancel, retry or archive some",
        text="Without an action it lists, the newest first.",
        examples=("box jobs", "box jobs --state failed", "box jobs show 17", "box jobs retry --all-failed"),
        options=[_json(), _chosen()], state="", kind="", user="", limit=LISTED,
    )  # fmt: skip
    actions = jobs.add_subparsers(metavar="ACTION", prog="box jobs")
    _command(
        actions, "list", "jobs:listing", "list jobs, the newest first",
        examples=("box jobs list --state quarantined", "box jobs list --kind photo --user me --limit 10 --json"),
        options=[_json(), _chosen()],
    )  # fmt: skip
    show = _command(
        actions, "show", "jobs:show", "show all there is to know about a job",
        examples=("box jobs show 17", "box jobs show 17 --json"), options=[_json()],
    )  # fmt: skip
    show.add_argument("id", metavar="ID", type=_number, help="number of the job")
    cancel = _command(
        actions, "cancel", "jobs:cancel", "cancel jobs that wait or run",
        text="The files stay where they are.", examples=("box jobs cancel 17 18",), options=[_json()],
    )  # fmt: skip
    cancel.add_argument("ids", metavar="ID", type=_number, nargs="+", help="number of a job")
    retry = _command(
        actions, "retry", "jobs:retry", "do jobs again that failed or were cancelled",
        examples=("box jobs retry 17", "box jobs retry --kind photo", "box jobs retry --all-failed"), options=[_json()],
    )  # fmt: skip
    retry.add_argument("ids", metavar="ID", type=_number, nargs="*", help="number of a job")
    # Named apart from the --kind of `box jobs`, whose default would otherwise count as given.
    retry.add_argument("--kind", metavar="K", dest="failed_kind", default="", help="all failed jobs of this kind")
    retry.add_argument("--all-failed", action="store_true", help="all failed jobs")
    clean = _command(
        actions, "clean", "clean:clean", "archive the jobs that ended a while ago, now",
        text="They leave the list and stay readable: `box jobs show`, or the files in archive/.",
        examples=("box jobs clean --dry-run", 'box jobs clean --older-than "2 days" --state completed'),
        options=[_json()],
    )  # fmt: skip
    clean.add_argument("--older-than", metavar="AGE", help='such as "30 days" (default: what jobs.keep says)')
    clean.add_argument("--state", metavar="S", choices=STATES[2:], dest="ended", help="only those that ended so")
    clean.add_argument("--dry-run", action="store_true", help="say how many, and change nothing")


def _events(commands: Any) -> None:
    parser = _command(
        commands, "events", "events:events", "show the log: everything that happened, in order",
        text=f"Without --since the newest {LISTED} are shown. With --json: one object a line, with "
        "position, at (UTC), kind, user and data.",
        examples=("box events --follow", "box events --since 1000 --limit 20", "box events --kind PhotoFiled --json"),
        options=[_json()],
    )  # fmt: skip
    parser.add_argument("--since", metavar="P", type=_number, help="those after position P, from the oldest on")
    parser.add_argument("--limit", metavar="N", type=_number, help="at most so many")
    parser.add_argument("--kind", metavar="K", action="append", default=[], help="only of this kind; may be repeated")
    parser.add_argument("--follow", action="store_true", help="go on with those that come, until Ctrl-C")


def _quota(commands: Any) -> None:
    quota = _command(
        commands, "quota", "quota:listing", "list, set and check how much users may keep",
        text="Without an action it lists. The inbox does not count: a drop is charged when it is taken.",
        examples=("box quota", 'box quota set me "10 GB"', 'box quota check me "500 MB"', "box quota breakdown"),
        options=[_json()],
    )  # fmt: skip
    actions = quota.add_subparsers(metavar="ACTION", prog="box quota")
    _command(
        actions, "list", "quota:listing", "list what users may keep and what they keep",
        examples=("box quota list", "box quota list --json"), options=[_json()],
    )  # fmt: skip
    limit = _command(
        actions, "set", "quota:limit", "set how much a user may keep",
        text="It goes before the configuration from then on.",
        examples=('box quota set me "10 GB"', "box quota set me none"), options=[_json()],
    )  # fmt: skip
    limit.add_argument("user", metavar="USER", help="whose")
    limit.add_argument("size", metavar="SIZE|none", help='such as "10 GB" or "1.5 GiB"; none for no limit')
    check = _command(
        actions, "check", "quota:check", "would so much more fit? exits with 1 if not",
        examples=('box quota check me "500 MB"',), options=[_json()],
    )  # fmt: skip
    check.add_argument("user", metavar="USER", help="whose")
    check.add_argument("size", metavar="SIZE", help='how much more, such as "500 MB"')
    for name, summary in (
        ("breakdown", "show what is kept in each area"),
        ("recalculate", "compare the sums with the disk; exits with 1 if they differ"),
    ):
        examples = (f"box quota {name}", f"box quota {name} me")
        parser = _command(actions, name, f"quota:{name}", summary, examples=examples, options=[_json()])
        parser.add_argument("user", metavar="USER", nargs="?", default="", help="whose (default: everybody's)")


# --- is it right -----------------------------------------------------------------------------------------------------


def _check(commands: Any) -> None:
    _command(
        commands, "rebuild", "check:rebuild", "make all tables but the log anew, from the log",
        text="Nobody else may be at work: stop the service first.",
        examples=("box rebuild",), options=[_json()],
    )  # fmt: skip
    _command(
        commands, "verify", "check:verify", "compare the log, the tables and the disk; exits with 1 on any difference",
        examples=("box verify", "box verify --deep", "box verify --json"), options=[_json()],
    ).add_argument(
        "--deep", action="store_true", help="read every filed photo again and compare its digest too"
    )  # fmt: skip
    _command(
        commands, "doctor", "check:doctor", "look at the machine, the configuration, limits and permissions",
        text="Says what is wrong and what to do about it; exits with 1 if something has to be done.",
        examples=("box doctor", "box doctor --json"), options=[_json()],
    )  # fmt: skip


def _completion(commands: Any) -> None:
    parser = _command(
        commands, "completion", "setup:completion", "print what makes a shell complete the words of this program",
        examples=(
            "box completion bash > ~/.local/share/bash-completion/completions/box",
            "box completion zsh > ~/.zfunc/_box",
            "box completion fish > ~/.config/fish/completions/box.fish",
        ),
    )  # fmt: skip
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
