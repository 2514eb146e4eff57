"""The grammar of jobs: asking for them, listing, moving. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

import argparse
from typing import Any, Final

from box.cli.parts import LISTED, STATES, command, json_option, number


def _chosen() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--state", metavar="S", choices=STATES, help=f"only in this state: {', '.join(STATES)}")
    options.add_argument("--kind", metavar="K", help="only of this kind")
    options.add_argument("--user", metavar="U", help="only of this user")
    options.add_argument("--limit", metavar="N", type=number, help=f"at most so many (default: {LISTED})")
    return options


def _jobs(commands: Any) -> None:
    jobs = command(
        commands, "jobs", "jobs:listing", "list jobs, show one, cancel, retry or archive some",
        text="Without an action it lists, the newest first.",
        examples=("box jobs", "box jobs --state failed", "box jobs show 17", "box jobs retry --all-failed"),
        options=[json_option(), _chosen()], state="", kind="", user="", limit=LISTED,
    )  # fmt: skip
    actions = jobs.add_subparsers(metavar="ACTION", prog="box jobs")
    command(
        actions, "list", "jobs:listing", "list jobs, the newest first",
        examples=("box jobs list --state quarantined", "box jobs list --kind photo --user me --limit 10 --json"),
        options=[json_option(), _chosen()],
    )  # fmt: skip
    show = command(
        actions, "show", "jobs:show", "show all there is to know about a job",
        examples=("box jobs show 17", "box jobs show 17 --json"), options=[json_option()],
    )  # fmt: skip
    show.add_argument("id", metavar="ID", type=number, help="number of the job")
    _moves(actions)


def _moves(actions: Any) -> None:
    cancel = command(
        actions, "cancel", "jobs:cancel", "cancel jobs that wait or run",
        text="The files stay where they are.", examples=("box jobs cancel 17 18",), options=[json_option()],
    )  # fmt: skip
    cancel.add_argument("ids", metavar="ID", type=number, nargs="+", help="number of a job")
    retry = command(
        actions, "retry", "jobs:retry", "do jobs again that failed or were cancelled",
        examples=("box jobs retry 17", "box jobs retry --kind photo", "box jobs retry --all-failed"),
        options=[json_option()],
    )  # fmt: skip
    retry.add_argument("ids", metavar="ID", type=number, nargs="*", help="number of a job")
    # Named apart from the --kind of `box jobs`, whose default would otherwise count as given.
    retry.add_argument("--kind", metavar="K", dest="failed_kind", default="", help="all failed jobs of this kind")
    retry.add_argument("--all-failed", action="store_true", help="all failed jobs")
    clean = command(
        actions, "clean", "clean:clean", "archive the jobs that ended a while ago, now",
        text="They leave the list and stay readable: `box jobs show`, or the files in archive/.",
        examples=("box jobs clean --dry-run", 'box jobs clean --older-than "2 days" --state completed'),
        options=[json_option()],
    )  # fmt: skip
    clean.add_argument("--older-than", metavar="AGE", help='such as "30 days" (default: what jobs.keep says)')
    clean.add_argument("--state", metavar="S", choices=STATES[2:], dest="ended", help="only those that ended so")
    clean.add_argument("--dry-run", action="store_true", help="say how many, and change nothing")
    for name, summary, text in (
        ("pause", "begin no more jobs, of a kind or of all", "What runs goes on, what is asked for waits."),
        ("drain", "finish what was asked for, and begin nothing that comes later", "Of a kind, or of all."),
        ("resume", "go on after a pause or a drain", "Of a kind, or of all."),
    ):
        parser = command(
            actions, name, f"hold:{name}", summary, text=text, options=[json_option()],
            examples=(f"box jobs {name}", f"box jobs {name} photo"),
        )  # fmt: skip
        # Named apart from the --kind of `box jobs`, as above.
        parser.add_argument("held_kind", metavar="KIND", nargs="?", default="", help="which kind (default: all)")


def _periodic(commands: Any) -> None:
    clock = command(
        commands, "periodic", "periodic:listing", "list the jobs by the clock: when they came last and come next",
        examples=("box periodic", "box periodic --json"), options=[json_option()],
    )  # fmt: skip
    command(
        clock.add_subparsers(metavar="ACTION", prog="box periodic"), "list", "periodic:listing", "the same",
        examples=("box periodic list", "box periodic list --json"), options=[json_option()],
    )  # fmt: skip


def _events(commands: Any) -> None:
    parser = command(
        commands, "events", "events:events", "show the log: everything that happened, in order",
        text=f"Without --since the newest {LISTED} are shown. With --json: one object a line, with "
        "position, at (UTC), kind, user and data.",
        examples=("box events --follow", "box events --since 1000 --limit 20", "box events --kind PhotoFiled --json"),
        options=[json_option()],
    )  # fmt: skip
    parser.add_argument("--since", metavar="P", type=number, help="those after position P, from the oldest on")
    parser.add_argument("--limit", metavar="N", type=number, help="at most so many")
    parser.add_argument("--kind", metavar="K", action="append", default=[], help="only of this kind; may be repeated")
    parser.add_argument("--follow", action="store_true", help="go on with those that come, until Ctrl-C")


def _do(commands: Any) -> None:
    parser = command(
        commands, "do", "do:do", "ask for a job",
        text="Without a kind it lists the kinds that can be asked for, with what they take. The service does the job; "
        "`box once` does it too.",
        examples=(
            "box do", "box do verify --wait", "box do verify deep=true --in '2 hours'",
            "box do call function=tools.mail:send 'args=[\"ann\"]' --key mail-17",
        ),
        options=[json_option()],
    )  # fmt: skip
    parser.add_argument("kind", metavar="KIND", nargs="?", default="", help="what to do")
    parser.add_argument("args", metavar="key=value", nargs="*", help="what the kind takes")
    parser.add_argument("--user", metavar="U", default="", help="whose job it is (default: the box's own)")
    parser.add_argument("--in", metavar="TIME", dest="later", help='not before so long, such as "2 hours"')
    parser.add_argument("--at", metavar="TIME", help='not before that time, such as "2026-12-24 18:00"')
    parser.add_argument("--priority", metavar="N", type=int, default=0, help="higher goes first (default: 0)")
    parser.add_argument("--key", metavar="TEXT", default="", help="a second request with the same key is the first job")
    parser.add_argument(
        "--after",
        metavar="ID",
        type=number,
        action="append",
        default=[],
        help="a job to be completed first; repeatable",
    )
    parser.add_argument(
        "--wait", action="store_true", help="until it has ended, with progress; exits with 1 if it failed"
    )
    parser.add_argument("--dry-run", action="store_true", help="as dry_run=true, and wait for what it says")


def _undo(commands: Any) -> None:
    parser = command(
        commands, "undo", "undo:undo", "put back what a job has moved",
        text="Of a job that filed, organised or redated photos. The file of a filing is in its inbox again, and stays "
        "there until `box jobs retry`. What was changed or moved since is listed and stays; then it exits with 1.",
        examples=("box undo 17 --dry-run", "box undo 17", "box undo 17 --json"), options=[json_option()],
    )  # fmt: skip
    parser.add_argument("id", metavar="JOB", type=number, help="number of the job")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be moved, and where to")


ALL: Final = (_do, _undo, _jobs, _periodic, _events)
