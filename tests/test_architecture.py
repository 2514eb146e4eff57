"""The shape of the code: who may import what, the map, the size of files, a rule on top of each module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import box
from box import beside, events, models, service, tasks
from box import config as configuration

PACKAGE = Path(box.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
LINES_MAX = 300
FUNCTION_LINES_MAX = 45

CORE = {"errors", "events", "paths"}

MAY_IMPORT: dict[str, set[str]] = {
    # module or package: what of box it may import (names of the first level)
    "errors": set(),
    "event": set(),
    "job_events": {"event"},
    "photo_events": {"event"},
    "library_events": {"event"},
    "feed_events": {"event"},
    "quota_events": {"event"},
    "retention_events": {"event"},
    "backup_events": {"event"},
    "events": {
        "backup_events", "event", "feed_events", "job_events", "library_events", "photo_events", "quota_events",
        "retention_events",
    },
    "event_text": {"events"},
    "paths": {"errors"},
    "units": {"errors", "paths"},
    "job_tables": {"errors", "paths", "units"},
    "import_tables": {"errors", "units"},
    "backup_keys": {"units"},
    "claim_keys": {"units"},
    "config": {"backup_keys", "errors", "import_tables", "units", "sections"},
    "patterns": {"units"},
    "text_sections": {"claim_keys", "patterns", "units"},
    "sections": {"backup_keys", "errors", "import_tables", "job_tables", "patterns", "text_sections", "units"},
    "logs": {"errors"},
    "notify": set(),
    "timers": {"logs"},
    "bells": set(),
    "locks": {"errors"},
    "file_names": set(),
    "disk": {"file_names"},
    "questions": set(),
    "policy": set(),
    "rules": {"events", "feed_rules", "group_rules", "library", "library_rules", "policy", "questions"},
    "feed_rules": {"events", "policy", "questions", "web"},
    "group_rules": {"errors", "events", "photos", "policy", "questions"},
    "library_rules": {"events", "group_rules", "library", "paths", "policy", "questions"},
    "archive": {"disk", "errors"},
    "log": {"archive", "errors", "event_text", "events", "models"},
    "models": CORE | {"backup_events", "models", "photos"},
    "engine": {"errors", "events", "log", "models", "policy", "rules"},
    "watchers": CORE | {"disk", "watchers"},
    "photos": {"errors", "photos"},
    "library": {"errors", "library"},
    "web": {"errors", "web"},
    "tasks": CORE | {
        "backup", "backup_events", "backup_keys", "compaction", "damage", "disk", "engine", "event_text",
        "feed_rules", "file_names", "import_tables", "imports", "job_events", "library", "library_rules", "log",
        "logs", "models", "people", "photos", "policy", "recalculation", "retention", "sections", "tasks",
        "text_sections", "units", "verify", "watchers", "web", "",
    },
    "backup": {"backup_keys", "disk", "errors", "file_names", "models", "paths", "backup", "watchers"},
    "retention": set(),
    "accounting": {"models", "paths"},
    "weighing": {"disk", "models", "paths", "watchers"},
    "recalculation": {"accounting", "engine", "events", "models", "sweeps", "weighing"},
    "storage": {
        "backup_status", "beside", "config", "errors", "events", "models", "people", "policy", "recalculation",
        "status", "watchers",
    },
    "snippets": {"library", "models"},
    "photo_search": {"library", "models", "paths", "photos"},
    "vector_search": {"config", "errors", "library", "models", "paths"},
    "text_search": {"library", "models", "vector_search"},
    "search": {
        "beside", "config", "errors", "library", "models", "photo_search", "photos", "snippets", "text_search",
        "vector_search",
    },
    "periodic": {"job_tables"},
    "timekeeper": {
        "engine", "errors", "events", "job_tables", "log", "logs", "models", "periodic", "sections", "tasks", "units",
    },
    "claims": {"engine", "errors", "events", "models", "status_file", "tasks"},
    "client": {
        "beside", "compaction", "config", "errors", "events", "models", "sections", "status_file", "tasks",
        "units",
    },
    "queue": {"claims", "client", "logs"},
    "sweeps": {"disk", "engine", "events", "logs", "models", "paths", "photos", "watchers"},
    "imports": {
        "engine", "errors", "import_tables", "logs", "models", "paths", "policy", "sections", "tasks", "watchers",
    },
    "watching": {
        "bells", "config", "engine", "errors", "events", "library", "logs", "models", "newcomers", "paths", "people",
        "photos", "status", "status_file", "tasks", "watchers",
    },
    "damage": {"disk", "engine", "errors", "file_names", "models"},
    "layout": {"bells", "disk", "models", "paths", "people", "sections"},
    "people": {"errors", "paths", "sections", "watchers"},
    "newcomers": {"config", "layout", "logs", "models", "people", "status"},
    "status_file": {"errors", "sections"},
    "backup_status": {"backup_keys", "models", "paths", "sections"},
    "standing": {"models", "policy", "web"},
    "status": {
        "backup_status", "disk", "engine", "errors", "log", "logs", "models", "people", "policy", "sections",
        "status_file", "tasks", "watchers", "",
    },
    "exposition": set(),
    "meters": {"events", "exposition"},
    "metrics": {
        "backup_status", "disk", "exposition", "log", "logs", "meters", "models", "people", "policy", "sections",
        "status", "status_file", "watchers", "",
    },
    "compaction": {"archive", "engine", "events", "log", "models"},
    "room": {"engine", "logs", "models", "retention", "sections", "tasks"},
    "upkeep": {
        "claims", "config", "damage", "engine", "errors", "events", "log", "logs", "meters", "models", "people",
        "room", "status_file", "sweeps", "tasks", "timekeeper", "timers", "units",
    },
    "verify": {
        "accounting", "archive", "config", "disk", "engine", "events", "library_checks", "locks", "log", "models",
        "paths", "watchers",
    },
    "library_checks": {"errors", "locks", "models", "paths"},
}  # fmt: skip
"""Everything else (`service`, `serving`, `cli`, `doctor`, `__main__`) may import anything; nothing may import those."""

PURE_TASKS = {
    "handler",
    "source",
    "photo",
    "describe",
    "document",
    "quarantine",
    "call",
    "undo",
    "request",
    "child_main",
    "feed",
    "feed_work",
    "transcribe",
    "ocr",
    "embed",
    "episode",
    "episode_work",
}
"""Handlers never learn that there is a database."""

ONLY = {
    "huey": {"queue"},
    "peewee": {"models", "log"},
    "watchdog": {"watchers"},
    "structlog": {"logs"},
    "PIL": {"library", "photos", "tasks"},
    "charset_normalizer": {"library"},
    "defusedxml": {"library"},
    "playwright": set(),
    "pypdf": {"library"},
    "pypdfium2": {"library"},
    "striprtf": {"library"},
    "feedparser": {"library"},
    "httpx": {"library", "web"},
    "tinytag": {"library"},
    "av": {"library"},
    "faster_whisper": {"library"},
    "numpy": {"library"},
    "tokenizers": {"library"},
    "trafilatura": {"library"},
    "shtab": {"cli"},
    "cronsim": {"job_tables", "periodic"},
    "compression": {"archive"},
    "backports": {"archive"},
    "lxml": {"library"},
}
"""Packages of others, and the only places that may know them."""


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Everything a module imports anywhere in it, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if node.module == "box" else node.module


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_it_may(path: Path):
    name = name_of(path)
    for imported in imports(path):
        if top(imported) != "box":
            assert top(imported) in sys.stdlib_module_names or top(name) in ONLY.get(top(imported), {top(name)}), (
                imported
            )
            continue
        inner = imported.split(".")[1] if "." in imported else ""
        inner = inner if (PACKAGE / inner).exists() or (PACKAGE / f"{inner}.py").exists() else ""
        if top(name) in MAY_IMPORT:
            assert inner in MAY_IMPORT[top(name)], f"{name} imports {imported}"
        doors = {"service", "serving", "cli", "__main__"}
        assert top(name) in {*doors, "doctor"} or inner not in doors


@pytest.mark.parametrize("name", sorted(PURE_TASKS))
def test_a_handler_knows_no_database_queue_or_engine(name: str):
    allowed = CORE | {"tasks", "photos", "library", "disk", "units", "web", ""}
    for imported in imports(PACKAGE / "tasks" / f"{name}.py"):
        if top(imported) == "box":
            inner = imported.split(".")[1] if "." in imported else ""
            inner = inner if (PACKAGE / inner).exists() or (PACKAGE / f"{inner}.py").exists() else ""
            assert inner in allowed, imported


def test_times_of_files_are_read_in_one_place_that_knows_how_large_they_may_be():
    told = {name_of(path) for path in MODULES if ".st_mtime_ns" in path.read_text("utf-8")}
    assert told <= {"disk", "cli.copying"}, "the others ask disk.mtime_ns"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_and_functions_stay_small_and_say_their_rule(path: Path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with the rule it holds"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


def test_the_map_is_the_territory():
    _, _, listed = (box.__doc__ or "").partition("in the order of that sentence:")
    named = [line.split()[0] for line in listed.partition("From Python:")[0].splitlines() if line.strip()]
    there = {path.stem if path.suffix == ".py" else path.name for path in PACKAGE.iterdir()}
    there = {name for name in there if not name.startswith(".")} - {
        "__init__",
        "__main__",
        "__pycache__",
        "config.toml",
        "py.typed",
    }
    assert sorted(named) == sorted({name.removesuffix(".toml") for name in there})


def test_every_event_has_its_folds():
    assert set(models.FOLDS) == set(events.ALL)


def test_every_module_with_a_handler_stands_in_the_table_of_contents():
    handlers = {path.stem for path in (PACKAGE / "tasks").glob("*.py") if "\nHANDLER = " in path.read_text("utf-8")}
    assert {handler.run.__module__.rpartition(".")[2] for handler in tasks.ALL} == handlers
    assert len({handler.kind for handler in tasks.ALL}) == len(tasks.ALL)


def test_only_the_command_line_prints_or_exits():
    for path in MODULES:
        if top(name_of(path)) in {"cli", "__main__"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"print", "exit", "quit", "eval", "exec"}, path


def test_nothing_pickles_or_starts_a_shell():
    for path in MODULES:
        text = path.read_text("utf-8")
        assert "shell=True" not in text
        assert {top(name) for name in imports(path)}.isdisjoint({"pickle", "marshal", "shelve"}), path


def test_what_the_map_offers_to_python_is_there(make_root):
    config = configuration.load(make_root().path, {})
    made = service.build(config)
    assert made.once().filed == 0
    with beside.beside(config) as way:
        assert way.store.value("SELECT count(*) FROM events") == 0
    for offered in ("config.load(", "service.build(", "beside.beside("):
        assert offered in (box.__doc__ or "")
