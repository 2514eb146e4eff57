"""Slides as notes. The rule: whatever program made them, a slide looks the same: a heading, its text, what is said."""

from __future__ import annotations

from dataclasses import dataclass, field

from box.library.markdown import Markdown, line
from box.library.tables import Table


@dataclass(slots=True)
class Slide:
    """What stands on a slide, in its order."""

    title: str = ""
    blocks: list[tuple[str, int] | Table] = field(default_factory=list)
    """(text, depth in a list, -1 outside of one)"""
    notes: list[str] = field(default_factory=list)

    def say(self, text: str, depth: int = -1) -> None:
        """One more paragraph; an empty one is nothing."""
        if text.strip():
            self.blocks.append((text.strip(), depth))


def write(out: Markdown, number: int, slide: Slide) -> bool:
    """The slide with that number; False if one of its tables was cut."""
    whole = True
    title = line(slide.title)
    out.heading(2, f"Slide {number}: {title}" if title else f"Slide {number}")
    for block in slide.blocks:
        if isinstance(block, Table):
            whole = block.write(out) and whole
        elif block[1] < 0:
            out.paragraph(block[0])
        else:
            out.item(block[0], block[1])
    if slide.notes:
        out.paragraph("Notes: " + "\n\n".join(slide.notes))
    return whole


def has_text(slide: Slide) -> bool:
    """Whether there is anything to read on it."""
    return bool(slide.title.strip() or slide.blocks or slide.notes)
