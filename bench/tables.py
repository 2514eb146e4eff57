"""Tables. The rule: figures are kept as numbers, and rounded only where they are printed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | float | int | None


@dataclass(slots=True)
class Table:
    """One subject: what was measured, row by row, and what it says about the targets."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    """Every single run, for --json."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def text(self) -> str:
        """As a person reads it, and as Markdown takes it."""
        lines = [f"## {self.title}", "", *_grid(self.columns, self.rows)]
        for title, items in (("", self.verdicts), ("", self.notes)):
            if items:
                lines += ["", *(f"{title}- {item}" for item in items)]
        return "\n".join(lines)


def _grid(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[str]:
    cells = [list(columns), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = [
        "| " + " | ".join(_aligned(c, w, i) for i, (c, w) in enumerate(zip(r, widths, strict=True))) + " |"
        for r in cells
    ]
    rule = "| " + " | ".join("-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return [lines[0], rule, *lines[1:]]


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def shown(cell: Cell) -> str:
    """Three digits that count; nothing is measured better than that here."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}" if abs(cell) >= 0.1 else f"{cell:.3f}" if cell else "0"


def verdict(what: str, value: float, wanted: float, unit: str = "", *, least: bool = False) -> str:
    """One line: whether a figure is on the right side of its target."""
    good = value >= wanted if least else value <= wanted
    side = "at least" if least else "at most"
    return f"{'met   ' if good else 'MISSED'} {what}: {shown(value)}{unit}, wanted {side} {shown(wanted)}{unit}"


def percentiles(values: Sequence[float]) -> Mapping[str, float]:
    """p50, p99 (the next value up, never one between) and max."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, -(-99 * len(ordered) // 100) - 1)]
    return {"p50": statistics.median(ordered), "p99": p99, "max": ordered[-1]}
