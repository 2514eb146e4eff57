"""The grammar of the command line. The rule: every command says what it does and shows an example; nothing is loaded.

`run` names the function that carries a command out, `module:function` in this package, imported when it is called.
Options that all commands know may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

from box import __version__
from box.cli import (
    backup_grammar,
    claim_grammar,
    feed_grammar,
    job_grammar,
    photo_grammar,
    search_grammar,
)
from box.cli.parts import Help, Parser, command, common, json_option

SHELLS: Final = ("bash", "zsh", "tcsh", "fish")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line as attributes. Raises UsageError; SystemExit after `--help` and `--version`."""
    parser = build()
    args, left = parser.parse_known_args(argv)
    if args.run == "do:do" and not any(word.startswith("-") for word in left):
        # argparse takes the words of a kind in one go: what stands behind an option among them is left.
        words = [*filter(None, [args.kind]), *args.args, *left]
        args.kind, args.args = (words[0], words[1:]) if words else ("", [])
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return args


def build() -> Parser:
    """The whole grammar."""
    top = Parser(
        prog="box",
        description="Box files, indexes and accounts for whatever is dropped into a folder, and loses nothing.",
        epilog="Start with:\n  box init ~/box\n  box run --config ~/box/config.toml\n\n"
        "Exit codes: 0 done; 1 something is wrong with the work; 2 wrong usage or configuration; "
        "3 the service is not running or its status is stale; 130 interrupted.",
        formatter_class=Help,
        allow_abbrev=False,
        parents=[common()],
    )
    top.add_argument("--version", action="version", version=f"box {__version__}", help="show the version")
    top.set_defaults(config=None, debug=False, json=False)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for add in (
        _init,
        _run,
        _once,
        _add,
        _status,
        *job_grammar.ALL,
        *search_grammar.ALL,
        *claim_grammar.ALL,
        *photo_grammar.ALL,
        *backup_grammar.ALL,
        *feed_grammar.ALL,
        _quota,
        _check,
        _completion,
    ):
        add(commands)
    return top


# --- the service -----------------------------------------------------------------------------------------------------


def _init(commands: Any) -> None:
    parser = command(
        commands, "init", "setup:init", "make a root: config.toml, and the folders of its users",
        text="What is there already stays as it is. Calling it again makes what is missing: a folder that was lost, "
        "or the marker (.box) of an inbox, without which Box leaves the inbox alone.",
        examples=("box init ~/box", "box init /srv/box --user ann", "box init --config /etc/box/config.toml"),
    )  # fmt: skip
    parser.add_argument("dir", metavar="DIR", nargs="?", help="the root (default: where the configuration says, or .)")
    parser.add_argument("--user", metavar="U", help="a new root's user (default: me); else whose folders to make")


def _run(commands: Any) -> None:
    command(
        commands, "run", "serve:run", "watch the inboxes and work until it is stopped",
        text="SIGTERM or Ctrl-C lets running jobs finish first, a second one stops at once; nothing is lost.",
        examples=("box run", "box run --config /srv/box/config.toml"),
    )  # fmt: skip


def _once(commands: Any) -> None:
    command(
        commands, "once", "serve:once", "handle what is there now and all that follows from it, then exit",
        text="For cron, or a one-off import. Exits with 1 if anything failed or went into quarantine.",
        examples=("box once", "box once --json"), options=[json_option()],
    )  # fmt: skip


def _add(commands: Any) -> None:
    parser = command(
        commands, "add", "add:add", "copy files into the inbox and wait for what becomes of them",
        text="Folders come with all that is in them and keep their sub-folders; the originals stay where they are. "
        "Links inside folders are not followed; names that Box never touches are skipped. An address is dropped as a "
        "link (.url): that of a feed is subscribed to.",
        examples=(
            "box add IMG_0001.JPG", "box add /media/card/DCIM --user ann", "box add --no-wait *.jpg",
            "box add https://example.org/feed.xml",
        ),
        options=[json_option()],
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH|URL", nargs="+", help="a file, a folder or an address")
    parser.add_argument("--user", metavar="U", help="into whose inbox (default: the only user)")
    parser.add_argument("--no-wait", action="store_true", help="copy only")
    parser.add_argument("--wait-seconds", metavar="N", help='wait no longer, such as 30 or "5 min" (default: no limit)')


def _status(commands: Any) -> None:
    parser = command(
        commands, "status", "status:status", "show what Box is doing, what it holds and what is wrong",
        text="Exits with 3 if the service is not running; the last status is shown all the same.",
        examples=("box status", "box status --watch", "box status --json"), options=[json_option()],
    )  # fmt: skip
    parser.add_argument("--watch", action="store_true", help="repaint every second, until Ctrl-C")


# --- what it holds ---------------------------------------------------------------------------------------------------


def _quota(commands: Any) -> None:
    quota = command(
        commands, "quota", "quota:listing", "list, set and check how much users may keep",
        text="Without an action it lists. The inbox does not count: a drop is charged when it is taken.",
        examples=("box quota", 'box quota set me "10 GB"', 'box quota check me "500 MB"', "box quota breakdown"),
        options=[json_option()],
    )  # fmt: skip
    actions = quota.add_subparsers(metavar="ACTION", prog="box quota")
    command(
        actions, "list", "quota:listing", "list what users may keep and what they keep, who keeps most first",
        examples=("box quota list", "box quota list --json"), options=[json_option()],
    )  # fmt: skip
    limit = command(
        actions, "set", "quota:limit", "set how much a user may keep",
        text="It goes before the configuration from then on.",
        examples=('box quota set me "10 GB"', "box quota set me none"), options=[json_option()],
    )  # fmt: skip
    limit.add_argument("user", metavar="USER", help="whose")
    limit.add_argument("size", metavar="SIZE|none", help='such as "10 GB" or "1.5 GiB"; none for no limit')
    check = command(
        actions, "check", "quota:check", "would so much more fit? exits with 1 if not",
        examples=('box quota check me "500 MB"',), options=[json_option()],
    )  # fmt: skip
    check.add_argument("user", metavar="USER", help="whose")
    check.add_argument("size", metavar="SIZE", help='how much more, such as "500 MB"')
    for name, summary in (
        ("breakdown", "show what is kept in each area"),
        ("recalculate", "count again what is on the disk, and record what differs"),
    ):
        examples = (f"box quota {name}", f"box quota {name} me")
        parser = command(actions, name, f"quota:{name}", summary, examples=examples, options=[json_option()])
        parser.add_argument("user", metavar="USER", nargs="?", default="", help="whose (default: everybody's)")


# --- is it right -----------------------------------------------------------------------------------------------------


def _check(commands: Any) -> None:
    command(
        commands, "rebuild", "check:rebuild", "make all tables but the log anew, from the log",
        text="Nobody else may be at work: stop the service first.",
        examples=("box rebuild",), options=[json_option()],
    )  # fmt: skip
    command(
        commands, "verify", "check:verify", "compare the log, the tables and the disk; exits with 1 on any difference",
        examples=("box verify", "box verify --deep", "box verify --json"), options=[json_option()],
    ).add_argument(
        "--deep", action="store_true", help="read every filed photo and every note again and compare, too"
    )  # fmt: skip
    command(
        commands, "doctor", "check:doctor", "look at the machine, the configuration, limits and permissions",
        text="Says what is wrong and what to do about it; exits with 1 if something has to be done.",
        examples=("box doctor", "box doctor --json"), options=[json_option()],
    )  # fmt: skip


def _completion(commands: Any) -> None:
    parser = command(
        commands, "completion", "setup:completion", "print what makes a shell complete the words of this program",
        examples=(
            "box completion bash > ~/.local/share/bash-completion/completions/box",
            "box completion zsh > ~/.zfunc/_box",
            "box completion fish > ~/.config/fish/completions/box.fish",
        ),
    )  # fmt: skip
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
