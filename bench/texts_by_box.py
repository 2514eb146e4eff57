"""What a child does with drops, and of that the readers alone. The rule: both in turn, on the same files.

A process of its own: `python -m bench.texts_by_box RUNS`, files by format as JSON on its input; prints seconds of
processor time by format, JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from box.library import readers
from box.library.markdown import Markdown
from box.library.reading import Context
from box.library.recognising import recognise
from box.tasks import document
from box.tasks.handler import Request
from box.text_sections import Library


@dataclass(frozen=True, slots=True)
class Quiet:
    """The tools of somebody whom nobody looks at."""

    options: Mapping[str, Any] = field(default_factory=lambda: asdict(Library()))

    def progress(self, *_: object, **__: object) -> None:
        """Nobody asked."""

    def reserve(self, _size_bytes: int) -> None:
        """There is room."""


def main(runs: str) -> int:
    """Measure."""
    sets: dict[str, list[str]] = json.load(sys.stdin)
    tools, found = Quiet(), {}
    for kind, paths in sets.items():
        best = {"child": 1e9, "reader": 1e9}
        for number in range(int(runs) + 1):
            took = {"child": _took(_as_child, paths, tools), "reader": _took(_as_reader, paths, tools)}
            if number:  # the first one imports
                best = {name: min(seconds, took[name]) for name, seconds in best.items()}
        found[kind] = best
    print(json.dumps(found))
    return 0


def _took(way: Callable[[str, Quiet, str], None], paths: Sequence[str], tools: Quiet) -> float:
    seconds = 0.0
    for path in paths:
        with tempfile.TemporaryDirectory() as scratch:
            began = time.process_time()
            way(path, tools, os.path.join(scratch, "job"))
            seconds += time.process_time() - began
    return seconds


def _as_child(path: str, tools: Quiet, scratch: str) -> None:
    status = os.stat(path)
    document.run(Request(1, "me", path, status.st_size, status.st_mtime_ns, status.st_ino, scratch), tools)  # type: ignore[arg-type]


def _as_reader(path: str, tools: Quiet, scratch: str) -> None:
    reader = readers.by_media_type(recognise(path, path))
    assert reader
    os.mkdir(scratch)
    with open(os.path.join(scratch, "body"), "w", encoding="utf-8") as out:
        text = Markdown(out, tools.options["text_chars_max"])
        reader.read(path, text, Context(os.path.basename(path), scratch, tools.options, tools.progress))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
