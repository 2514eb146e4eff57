"""A spool. The rule: rows come out in order, however many go in: sorted runs that fit into memory, then merged."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

RUN_ROWS: Final = 10_000
"""Rows in memory at a time: a few megabytes."""


@dataclass(slots=True)
class Spool:
    """Rows of JSON values, in the order of their first values, which have to differ; kept in a folder meanwhile."""

    folder: str
    count: int = 0
    _run: list[tuple[Any, ...]] = field(default_factory=list)
    _paths: list[str] = field(default_factory=list)

    def add(self, row: tuple[Any, ...]) -> None:
        """One more row."""
        self._run.append(row)
        self.count += 1
        if len(self._run) >= RUN_ROWS:
            self._flush()

    def __iter__(self) -> Iterator[list[Any]]:
        self._flush()
        with ExitStack() as opened:
            files = [opened.enter_context(open(path, encoding="utf-8")) for path in self._paths]
            yield from heapq.merge(*(map(json.loads, file) for file in files))

    def _flush(self) -> None:
        if not self._run:
            return
        path = os.path.join(self.folder, f"run-{len(self._paths)}")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(f"{json.dumps(row)}\n" for row in sorted(self._run))
        self._paths.append(path)
        self._run = []
