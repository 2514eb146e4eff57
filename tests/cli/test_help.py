"""What every command has in common: help, the configuration it uses, errors in one line, exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

import box as package
from box.cli import grammar


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield inner
                yield from commands(inner)


COMMANDS = {parser.prog: parser for parser in commands(grammar.build())}

OF_DESIGN = {
    "init", "run", "once", "add", "status", "jobs", "events", "quota", "search", "rebuild", "verify", "doctor",
    "completion",
    "jobs list", "jobs show", "jobs cancel", "jobs retry", "jobs clean",
    "jobs pause", "jobs drain", "jobs resume", "do", "undo", "periodic", "periodic list",
    "claims",
    "backup", "backup list", "backup init", "backup verify", "restore",
    "quota list", "quota set", "quota check", "quota breakdown", "quota recalculate",
    "photos", "photos show", "photos duplicates", "photos keep", "feeds", "feeds list", "feeds add", "feeds remove",
}  # fmt: skip


def test_the_commands_are_those_of_the_contract():
    assert set(COMMANDS) == {f"box {name}" for name in OF_DESIGN}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name: str, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    parser = COMMANDS[name]
    text = parser.format_help()
    assert parser.description and parser.description.split("\n")[0].rstrip().endswith((".", "not.", "differ."))
    assert f"\n  {name}" in text.partition("Examples:\n")[2].join(["\n", ""])
    assert "--config FILE" in text and "--debug" in text
    for line in text.splitlines():
        assert len(line) <= 80 or line.startswith("  box "), line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_function_that_carries_it_out(name: str):
    module, _, function = COMMANDS[name].get_default("run").partition(":")
    assert callable(getattr(importlib.import_module(f"box.cli.{module}"), function))


def test_every_example_can_be_parsed():
    for name, parser in COMMANDS.items():
        for line in (parser.epilog or "").splitlines()[1:]:
            words = line.split(" > ")[0].replace('"', "'").split("'")
            argv = [w for n, part in enumerate(words) for w in ([part] if n % 2 else part.split())]
            assert argv[0] == "box", name
            grammar.parse(argv[1:])


def test_help_and_version_end_with_success(run_box):
    assert run_box("--help").stdout.startswith("usage: box ")
    assert run_box("jobs", "retry", "-h").returncode == 0
    assert run_box("--version").stdout == f"box {package.__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        (), ("frobnicate",), ("status", "--frobnicate"), ("jobs", "show"), ("jobs", "show", "x"),
        ("jobs", "cancel", "-1"), ("jobs", "list", "--state", "lost"), ("quota", "set", "me"), ("completion", "cmd"),
        ("status", "--js"), ("jobs", "clean", "--state", "queued"), ("events", "--limit", "1e3"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_exit_code_2(run_box, argv: tuple[str, ...]):
    done = run_box(*argv)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("box: ") and done.stderr.count("\n") == 1
    assert "--help` shows how" in done.stderr


def test_the_configuration_may_be_named_before_or_after_the_command(box):
    for argv in (["--config", box.config.path, "jobs"], ["jobs", "--config", box.config.path]):
        done = subprocess.run(
            [sys.executable, "-m", "box", *argv], env=box.environment(), capture_output=True, text=True, check=False
        )
        assert "nothing has happened in" in done.stderr, argv
        assert done.returncode == 1


def test_an_action_may_stand_before_or_after_the_options(box):
    for argv in (["jobs", "list", "--limit", "3"], ["jobs", "--limit", "3", "list"], ["jobs", "--limit", "3"]):
        args = grammar.parse(argv)
        assert (args.limit, args.run) == (3, "jobs:listing")


def test_a_mistake_in_the_configuration_names_its_key_with_exit_code_2(box):
    box.root.joinpath("config.toml").write_text('[watch]\nsettle_seconds = "soon"\n')
    for command in (["status"], ["run"], ["once"], ["jobs"], ["add", "x"], ["verify"], ["quota", "set", "me", "1 GB"]):
        done = box(*command)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert done.stderr.startswith("box: watch.settle_seconds = 'soon': expected a duration")
        assert done.stderr.count("\n") == 1


def test_without_a_configuration_it_says_where_it_looked(run_box, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "box", "status"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(package.__file__))},
    )  # fmt: skip
    assert done.returncode == 2
    assert str(tmp_path / "config.toml") in done.stderr and "box init" in done.stderr


def test_debug_shows_the_traceback_before_the_same_line(box):
    plain, debug = box("jobs"), box("jobs", "--debug")
    assert "Traceback" not in plain.stderr
    assert debug.stderr.startswith("Traceback") and debug.stderr.endswith(plain.stderr)
    assert debug.returncode == plain.returncode == 1


def test_a_reader_that_has_seen_enough_is_no_error(box):
    box.inbox.joinpath("note.txt").write_text("hello")
    box("once")
    for argv in (["--help"], ["events"], ["status"], ["doctor", "--json"]):
        with subprocess.Popen(
            box.command(*argv), env=box.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            errors = process.stderr.read()
            process.wait(60)
        assert b"Broken" not in errors and b"Traceback" not in errors, argv


def test_names_that_no_terminal_should_see_are_escaped(box):
    done = box("add", "/nowhere/\x1b[2J\nx")
    assert done.stderr == "box: /nowhere/\\x1b[2J\\nx: No such file or directory; nothing was copied\n"


def test_short_commands_load_nothing_heavy(box):
    heavy = {"huey", "watchdog", "PIL", "structlog", "asyncio", "ssl", "http", "shtab", "blake3"}
    for argv in (
        ["--help"],
        ["status"],
        ["init", str(box.root)],
        ["jobs"],
        ["events"],
        ["quota"],
        ["periodic"],
        ["backup"],
        ["doctor"],
    ):
        code = (
            "import sys; from box.cli import main; code = main(sys.argv[1:]);"
            "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *argv, "--config", box.config.path], env=box.environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert heavy.isdisjoint(done.stderr.splitlines()[-1].split()), argv
