"""The docs are true: what they show is what happens, what they name is there, and what there is they name.

A block ```console is a session in a terminal: its commands are run, the blocks of a page one after the other, and their
output is compared; times, sizes, digests and what a machine is like are not. ```console service does the same while
`box run` serves the current folder. A comment `file: PATH` before a block makes it that file's text, or a change to it,
in a copy of the package that the rest of the page runs. Other blocks are not run.

BOX_DOCS_WRITE=1 writes what is shown instead of comparing it; look at the difference before you keep it.
"""

from __future__ import annotations

import ast
import difflib
import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

import box
from box import config as configuration
from box import errors, events, models, rules, standing, tasks
from box.cli import grammar
from box.config import KEYS
from box.library import given, reading
from box.models.base import Store
from box.models.job_moves import MOVES
from box.paths import AREAS
from box.policy import Policy
from box.tasks import asking
from box.watchers import inbox as watched_inbox
from box.watchers.ignore import Ignored
from tests.helpers import PATIENCE_SECONDS, REPOSITORY, until

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
WRITING = bool(os.environ.get("BOX_DOCS_WRITE"))
HOME, HOST = "/home/pi", "raspberrypi"
"""What a scratch folder and this machine are called in the docs."""
COLUMNS = 250


def page(name: str) -> str:
    return (REPOSITORY / name).read_text("utf-8")


# --- blocks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `info` is what follows the fence, `file` what the comment before it names."""

    info: str
    file: str
    text: str


BLOCK = re.compile(
    r"^(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def blocks(text: str) -> Iterator[Block]:
    for match in BLOCK.finditer(text):
        yield Block(match["info"].strip(), match["file"] or "", match["text"])


def steps(text: str) -> Iterator[tuple[str, str]]:
    """(command, what it shows) of a session."""
    command, shown = "", ""
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line[2:].rstrip("\n"), ""
        else:
            assert command, "a session begins with a command"
            shown += line
    yield command, shown


# --- what is the same ------------------------------------------------------------------------------------------------

MACHINE = (
    "python|packages|sqlite|clock|memory|exiftool|ffmpeg|tesseract|mobitool|HEIC|web pages|speech|open files|"
    "permissions|file system|disk|drives|children|watching"
)
"""Checks of the doctor that find something else on another machine."""

SAME: tuple[tuple[str, str], ...] = (
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"^drives +/.*\n(?: +/.*\n)*", ""),  # what is mounted on this machine
    (rf"^(?:ok|warn|fail) +({MACHINE}) .*$", r"CHECK \1"),
    (r"^ +-> .*\n", ""),
    (r"^CHECK (?:open files|children)\n", ""),
    (r"^(CHECK .*\n)\1+", r"\1"),
    (r"\d+ ok, \d+ warnings?, \d+ failed", "COUNTS"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?", "TIME"),
    (r"\b\d{8}T\d{6}Z", "TIME"),
    (r"^ *\d+ +TIME +(?=[A-Z])", "N TIME "),  # positions: which of two workers is first, nobody knows
    (r"\b[\d.]+ (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h))?", "DURATION"),
    (r"\b[\d.,]+ (?:B|kB|MB|GB|TB|bytes)(?![A-Za-z])", "SIZE"),
    (r"\b\d+ ns\b", "TIME"),
    (r"\bmedia/20\d\d/", "media/YEAR/"),  # that in which the docs are played
    (r"\bitem \d+\b", "item N"),
    (r"\b(mtime_ns|inode|size|reserve_bytes|width|height)=\d+", r"\1=N"),
    (r'"(size|job)": \d+', r'"\1": N'),
    (r"\b(digest|lease)=[0-9a-f]+", r"\1=HEX"),
    (r"\bprocess \d+", "process N"),
    (r"[█░#.]{20} +\d+ %", "BAR"),
    (r"\b\d+(?:\.\d+)? ?%", "N %"),
    (r"^ +(?=\d)", ""),
    (r"[ \t]+", " "),
    (r" $", ""),
    (r"\n+\Z", "\n"),
)


def plain(text: str) -> str:
    """The text without what differs from run to run and from machine to machine."""
    for pattern, instead in SAME:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def matches(shown: str, happened: str) -> bool:
    """Whether the docs show what happened; a line `...` stands for any lines."""
    lines = ["(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in plain(shown).splitlines()]
    return re.fullmatch("".join(lines), plain(happened)) is not None


def difference(shown: str, happened: str) -> str:
    return "\n".join(difflib.unified_diff(plain(shown).splitlines(), plain(happened).splitlines(), "docs", "real"))


# --- a session -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Session:
    """Somebody in a terminal, at home in a scratch folder where the files of a camera lie."""

    home: Path
    package: Path = REPOSITORY
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.home
        (self.home / "bin").mkdir(parents=True)
        program = self.home / "bin" / "box"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m box "$@"\n')
        program.chmod(0o755)
        camera(self.home / "camera")
        (self.home / "desk").mkdir()
        Image.new("P", (40, 30), 3).save(self.home / "desk" / "wink.gif")

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BOX_")}
        mine = {
            "HOME": str(self.home), "PATH": f"{self.home}/bin:{os.environ['PATH']}", "PYTHONPATH": str(self.package),
            "TERM": "xterm", "NO_COLOR": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "BOX_WATCH_SETTLE_SECONDS": "0.1",
            "BOX_STORAGE_FREE_BYTES_MIN": "0", "COLUMNS": str(COLUMNS), "LINES": "50",
        }  # fmt: skip
        return {**kept, **mine}

    def run(self, command: str, *, stop_at: bytes = b"") -> str:
        """What the command shows in a terminal; it is stopped (Ctrl-C) when it has shown `stop_at`."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        place = self.home / ".place"
        done = subprocess.Popen(
            ["bash", "-c", f"exec {command}" if stop_at else f'{command}\n__code=$?; pwd > "{place}"; exit $__code'],
            cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)
        said = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # nobody has the terminal any more
                break
            if not piece:
                break
            if stop_at and stop_at in said + piece and stop_at not in said:
                done.send_signal(signal.SIGINT)
            said += piece
        done.wait(PATIENCE_SECONDS)
        os.close(master)
        if not stop_at:
            self.folder = Path(place.read_text().rstrip("\n"))
        text = said.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        text = re.sub(r"[^\n]*\r\x1b\[K", "", text)  # lines of progress that were taken away again
        return text.replace(str(self.home), HOME).replace(socket.gethostname(), HOST)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """`box run` in the current folder, from the moment that it watches."""
        command = [str(self.home / "bin" / "box"), "run"]
        status = self.folder / "status.json"
        with (self.home / "run.log").open("wb") as log:
            service = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdout=log, stderr=log)
        try:
            until(lambda: status.exists() and f'"pid": {service.pid},' in status.read_text(), "the service is up")
            yield
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(PATIENCE_SECONDS) == 0

    def change(self, block: Block) -> None:
        """Make a file of the page's package what the block says."""
        if self.package == REPOSITORY:
            self.package = self.home / "checkout"
            shutil.copytree(REPOSITORY / "box", self.package / "box", ignore=shutil.ignore_patterns("__pycache__"))
        path = self.package / block.file
        if not block.info.startswith("diff"):
            path.write_text(block.text, "utf-8")
            return
        lines = block.text.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{block.file} no longer has these lines:\n{old}"
        path.write_text(text.replace(old, new), "utf-8")


def camera(folder: Path) -> None:
    """Three photos, one of them twice, one cut off; a drawing, and something that is no picture."""
    folder.mkdir()
    first = photo(1, "2024:05:04 10:11:12")
    (folder / "IMG_0001.JPG").write_bytes(first)
    (folder / "IMG_0001_copy.JPG").write_bytes(first)
    (folder / "IMG_0002.JPG").write_bytes(photo(2, "2024:05:05 18:30:00"))
    cut = photo(3, "2024:05:05 18:31:00")
    (folder / "IMG_0003.JPG").write_bytes(cut[: len(cut) // 2])
    (folder / "IMG_0004.JPG").write_bytes(photo(4, "2024:06:01 07:08:09"))
    Image.new("RGB", (400, 300), (200, 30, 40)).save(folder / "drawing.png")
    (folder / "letter.txt").write_text("Dear reader\n")


def photo(number: int, taken: str) -> bytes:
    """A small one; but where the docs are written, as large as a camera makes them."""
    size = (2400, 1800) if WRITING else (64, 48)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Example", f"Camera {number}"
    exif.get_ifd(0x8769)[0x9003] = taken
    out = io.BytesIO()
    Image.effect_noise(size, 40.0 + number).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def session() -> Iterator[Session]:
    """In a folder with a short name: a long one would be wrapped where the docs wrap nothing."""
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        yield Session(Path(folder, "h"))


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/operations.md"])
def test_what_the_docs_show_is_what_happens(name: str, session: Session):
    text = page(name)
    for block in blocks(text):
        if block.file:
            session.change(block)
        elif block.info == "console":
            text = text.replace(block.text, played(session, block))
        elif block.info == "console service":
            with session.serving():
                text = text.replace(block.text, played(session, block))
    if WRITING:
        (REPOSITORY / name).write_text(text, "utf-8")


def played(session: Session, block: Block) -> str:
    """The block as it happened; fails where it shows something else, unless it is to be written."""
    real = ""
    for command, shown in steps(block.text):
        happened = session.run(command)
        end = time.monotonic() + (2 if WRITING else 10)
        # The status is written at most once a second: what is shown may be a moment away.
        while command.startswith("box status") and not matches(shown, happened) and time.monotonic() < end:
            happened = session.run(command)
        same = matches(shown, happened)
        assert same or WRITING, f"$ {command}\n{difference(shown, happened)}"
        real += f"$ {command}\n" + (shown if same else happened)
    return real


def test_what_make_run_shows_is_what_the_makefile_and_the_program_say(session: Session):
    session.folder = session.home / "box"
    session.folder.mkdir()
    said = re.findall(r"^\t@echo '(.*)'$", page("Makefile").split("$(DEV):")[0], re.MULTILINE)
    happened = "".join(line.replace("$(VENV)", ".venv") + "\n" for line in said)
    happened += session.run("box init data")
    running = session.run("box run --config data/config.toml", stop_at=b"box is running")
    happened += "".join(running.partition("box is running")[:2]) + running.partition("box is running")[2].split("\n")[0]
    happened += "\n"
    (block,) = (block for block in blocks(page("README.md")) if block.text.startswith("$ make run\n"))
    shown = block.text.removeprefix("$ make run\n")
    if WRITING:
        path = REPOSITORY / "README.md"
        path.write_text(page("README.md").replace(block.text, "$ make run\n" + happened), "utf-8")
    else:
        assert matches(shown, happened), difference(shown, happened)


# --- what is named is there ------------------------------------------------------------------------------------------


def slug(heading: str) -> str:
    """The anchor of a heading, as forges make it."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"`", "", heading).strip().lower())
    return kept.replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = BLOCK.sub("", path.read_text("utf-8"))
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    text = BLOCK.sub("", path.read_text("utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href|srcset)="([^"]+)"', text)
    for target in targets:
        if target.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name}: there is no {target}"
        assert not anchor or anchor in anchors(there), f"{path.name}: {target} has no such heading"


FILES = re.compile(
    r"(?:(?:box|docs|tests|systemd|bench)/[\w./-]*|\.ci/\w+|Makefile|LICENSE|pyproject\.toml|requirements[\w-]*\.lock)"
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_file_of_the_project_that_is_named_exists(path: Path):
    text = path.read_text("utf-8")
    made = {block.file for block in blocks(text) if block.file}
    for name in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)):
        if FILES.fullmatch(name) and name not in made:
            assert (REPOSITORY / name).exists(), f"{path.name}: there is no {name}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_key_that_is_named_can_be_set(path: Path):
    sections = {name.partition(".")[0] for name in KEYS}
    for name in re.findall(r"`(\w+\.\w+)\b(?: = [^`]*)?`", BLOCK.sub("", path.read_text("utf-8"))):
        if name.partition(".")[0] in sections and name not in {"box.db", "box.lock", "box.service", "metrics.prom"}:
            assert name in KEYS or callable_of(name), f"{path.name}: there is no key {name}"


def callable_of(name: str) -> bool:
    """Whether it is a name in a module of Box instead, such as `jobs.ready`."""
    module, _, attribute = name.partition(".")
    found = [*(REPOSITORY / "box").rglob(f"{module}.py"), *(REPOSITORY / "box").rglob(f"{module}/__init__.py")]
    return any(re.search(rf"\b{attribute}\b", path.read_text("utf-8")) for path in found)


# --- what there is, is named -----------------------------------------------------------------------------------------


def section(name: str, heading: str) -> str:
    """The text below a heading, up to the next of its rank or above."""
    text = page(name)
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match, f"{name} has no heading {heading}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(name: str, heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without their heads."""
    lines = [line.strip().strip("|") for line in section(name, heading).splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    heads = {n for n, row in enumerate(found[1:]) if set("".join(row)) <= set("-: ")}
    return [row for n, row in enumerate(found) if n not in heads and n - 1 not in heads]


def first_codes(name: str, heading: str) -> list[str]:
    """What stands in backquotes in the first column."""
    return [code for row in rows(name, heading) for code in re.findall(r"`([^`]+)`", row[0])]


def sources() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((REPOSITORY / "box").rglob("*.py")):
        yield str(path.relative_to(REPOSITORY)), ast.parse(path.read_text("utf-8"))


def texts(node: ast.AST | None) -> set[str]:
    """The texts that an expression may be, as far as they are written there."""
    return (
        {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}
        if node
        else set()
    )


def called(names: set[str], *, but_not_in: str = "") -> set[str]:
    """The first argument, where it is a text, of all calls of a function or method of that name."""
    found: set[str] = set()
    for path, tree in sources():
        for node in ast.walk(tree) if path != but_not_in else ():
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in names and isinstance(node.args[0], ast.Constant):
                    found.add(str(node.args[0].value))
    return found


def test_every_problem_of_the_status_is_explained(tmp_path: Path):
    told = called({"put"}) - {""}
    # What a sweep of the library finds is told under one code.
    found = called({"Problem"}, but_not_in="box/watchers/library.py") | set(watched_inbox._MESSAGES)
    by_service = {code for code in called({"put", "replace", "clear"}) if re.fullmatch(r"[a-z]+(-[a-z]+)+", code)}
    retried = {errors.OutOfSpace.code, errors.DatabaseBusy.code}
    with closing(Store(str(tmp_path / "box.db"))) as store:
        models.create(store)
        stands = set(standing.problems(store, Policy({}, 3), 80, "files"))
    assert set(first_codes("docs/operations.md", "Problems")) == found | told | by_service | retried | stands


def test_every_reason_of_a_quarantine_is_explained():
    found = called({"Unprocessable"})
    # Readers share theirs, and have names for them.
    found |= {value for name, value in vars(reading).items() if name.isupper() and isinstance(value, str)} | {
        given.CODE
    }
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "JobQuarantined":
                found |= {text for word in node.keywords if word.arg == "code" for text in texts(word.value)}
    assert set(first_codes("docs/operations.md", "Quarantine")) == found


def test_every_command_is_documented_with_its_exit_codes():
    parser = grammar.build()
    found = set()
    for action in parser._actions:
        for name, command in (action.choices or {}).items() if isinstance(action.choices, dict) else ():
            found.add(name)
            for inner in command._actions:
                if isinstance(inner.choices, dict):
                    found |= {f"{name} {each}" for each in inner.choices}
    table = rows("docs/operations.md", "Commands")
    documented = {match[1] for row in table if (match := re.match(r"`box ((?:[a-z]+ ?)+)", row[0]))}
    assert {name.strip() for name in documented} == found
    assert all(re.match(r"0\b", row[2]) for row in table), "each command says with what it exits"


def test_every_event_is_documented():
    assert first_codes("docs/architecture.md", "The vocabulary") == [kind.__name__ for kind in events.ALL]


def test_every_kind_of_job_is_documented():
    assert first_codes("docs/architecture.md", "Kinds of jobs") == [handler.kind for handler in tasks.ALL]


def test_every_rule_is_told_in_its_own_words():
    own = re.findall(r"^(\d+)\. (.*?)(?=\n\d+\.|\n\n)", rules.__doc__ or "", re.MULTILINE | re.DOTALL)
    told = re.findall(
        r"^(\d+)\. (.*?)(?=\n\d+\.|\n\n)", section("docs/architecture.md", "The rules"), re.MULTILINE | re.DOTALL
    )
    assert [(n, " ".join(text.split())) for n, text in told] == [(n, " ".join(text.split())) for n, text in own]


def test_the_table_of_legal_moves_is_the_one_that_is_kept():
    shown = {
        row[0].strip("`"): tuple(set(re.findall(r"`(\w+)`", cell)) for cell in row[1:3])
        for row in rows("docs/architecture.md", "The legal moves")
    }
    assert shown == {kind.__name__: tuple({s.value for s in side} for side in move) for kind, move in MOVES.items()}


def test_the_map_of_the_package_is_the_package_s_own():
    own = (box.__doc__ or "").partition("in the order of that sentence:")[2].partition("From Python:")[0].strip("\n")
    own = "\n".join(line.removeprefix("    ") for line in own.splitlines())
    assert own.rstrip() in {block.text.rstrip() for block in blocks(page("docs/architecture.md"))}


def test_every_field_of_the_status_is_explained():
    schema = json.loads(page("docs/status.schema.json"))
    named = set(re.findall(r"`(\w+)`", section("docs/operations.md", "The status file")))
    assert fields_of(schema) <= named | set(AREAS)


def fields_of(schema: dict[str, object]) -> set[str]:
    """The names of all properties, at any depth."""
    found: set[str] = set()
    for key, value in schema.items():
        if isinstance(value, dict):
            found |= fields_of(value) | (set(value) if key == "properties" else set())
    return found


def test_every_code_of_a_failed_job_is_explained():
    found = {errors.OverQuota.code}
    for path, tree in sources():
        for node in ast.walk(tree) if path.startswith(("box/tasks/", "box/upkeep", "box/backup/")) else ():
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name == "JobFailed":
                found |= {text for word in node.keywords if word.arg == "code" for text in texts(word.value)}
            elif name == "_failure":
                found |= texts(node.args[0])
            elif name == "Stopped" and len(node.args) > 2 and "failed" in texts(node.args[1]):
                found |= texts(node.args[2])
            elif isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "BoxError" for base in node.bases):
                found |= {text for each in node.body if isinstance(each, ast.Assign) for text in code_set(each)}
            elif isinstance(node, ast.Assign):
                found |= code_set(node)
    assert set(first_codes("docs/operations.md", "Failed jobs")) == found


def code_set(node: ast.Assign) -> set[str]:
    """The text that an assignment to `code` or to the `code` of something gives it."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        target, value = target.elts[0], value.elts[0]
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return {str(value.value)} if name == "code" and isinstance(value, ast.Constant) else set()


# --- what is to be copied from them works ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_piece_of_configuration_is_valid(path: Path, tmp_path: Path):
    for number, block in enumerate(block for block in blocks(path.read_text("utf-8")) if block.info == "toml"):
        file = tmp_path / f"{number}.toml"
        file.write_text(block.text)
        configuration.load(str(file), {})


def test_the_file_that_asks_for_a_job_gets_one():
    (block,) = (block for block in blocks(page("docs/operations.md")) if block.info == "toml file-that-asks")
    table = tomllib.loads(block.text)
    assert table.pop("kind") in configuration.default("/").jobs.by_file
    assert asking.when(table.pop("in"))
    assert asking.wanted(tasks.by_request(), "verify", table).args == '{"deep":true}'


def test_the_steps_of_installing_the_service_are_those_of_the_unit():
    unit = page("systemd/box.service").partition("\n\n")[0]
    own = [line[4:] for line in unit.splitlines() if line.startswith("#   ")]
    assert own
    assert "\n".join(own) + "\n" in {block.text for block in blocks(section("docs/operations.md", "Install"))}


def test_the_names_that_are_said_to_be_left_alone_are():
    told = re.search(
        r"these are never touched: (.*?),\s+and what",
        section("docs/operations.md", "Folders and permissions"),
        re.DOTALL,
    )
    assert told
    names = re.findall(r"`([^`]+)`", told[1])
    assert len(names) > 5
    ignored = Ignored()
    for name in names:
        if name.endswith("/"):
            assert ignored.folder(name.rstrip("/")), name
        else:
            assert ignored.file(name.replace("*", "a.jpg")), name
