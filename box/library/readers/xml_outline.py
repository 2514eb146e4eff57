"""Any other XML. The rule: an outline with all names, attributes and texts in their order, bounded, and cut aloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from box.library import xml_flow
from box.library.markdown import Markdown, line
from box.library.reading import Context, Reading
from box.library.safe_xml import local

LINES_MAX: Final = 50_000
_TEXT_CHARS_MAX: Final = 20_000
_ATTRIBUTES_MAX: Final = 20
_TITLES: Final = ("title", "name", "label", "heading")


@dataclass(slots=True)
class _Open:
    """An element that has begun."""

    name: str
    about: str
    texts: list[str] = field(default_factory=list)
    chars: int = 0
    is_written: bool = False


@dataclass(slots=True)
class _Outline:
    out: Markdown
    open: list[_Open] = field(default_factory=list)
    lines: int = 0
    elements: int = 0
    is_cut: bool = False
    title: str = ""

    def add(self, text: str) -> None:
        """Text of the innermost element."""
        if text.strip() and self.open:
            own = self.open[-1]
            self.is_cut = self.is_cut or own.chars > _TEXT_CHARS_MAX
            if own.chars <= _TEXT_CHARS_MAX:
                own.texts.append(text)
                own.chars += len(text)

    def begin(self, name: str, about: str) -> None:
        """An element within the innermost."""
        if self.open:
            self._write(self.open[-1])
        self.open.append(_Open(name, about))
        self.elements += 1

    def end(self) -> None:
        """The innermost ends."""
        own = self.open[-1]
        text = line("".join(own.texts))
        if not self.title and own.name.lower() in _TITLES and len(self.open) <= 4:
            self.title = text[:500]
        self._write(own)
        self.open.pop()

    def _write(self, own: _Open) -> None:
        """What is known of an element that has not been written, in a line; later only its further text."""
        text = line("".join(own.texts))
        own.texts.clear()
        if own.is_written and not text:
            return
        depth = len(self.open) - (0 if own.is_written else 1)
        said = text if own.is_written else " ".join(filter(None, (own.name, own.about))) + (f": {text}" if text else "")
        own.is_written = True
        self.lines += 1
        if self.lines > LINES_MAX:
            self.is_cut = True
        else:
            self.out.item(said, depth)


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its outline."""
    outline, root = _Outline(out), ""
    with xml_flow.opened(path, context.name) as stream:
        for _, what in (tokens := xml_flow.flow(stream, context.name)):
            if isinstance(what, str):
                outline.add(what)
            else:
                root = local(what.tag)
                outline.begin(root, _about(what.attrib))
                break
        for kind, what in tokens:
            if isinstance(what, str):
                outline.add(what)
            elif kind == "start":
                outline.begin(local(what.tag), _about(what.attrib))
            else:
                outline.end()
                context.progress(message=f"{outline.elements:,} elements")
    return Reading(
        "xml", title=f"{outline.title} ({root})" if outline.title else root, counts={"elements": outline.elements},
        marks=("outline-cut",) if outline.is_cut else (),
    )  # fmt: skip


def _about(attributes: dict[str, str]) -> str:
    """The attributes of an element, as far as they are not about where its names come from."""
    said = [
        f"{local(name)}={line(value)[:200]}"
        for name, value in list(attributes.items())[:_ATTRIBUTES_MAX]
        if value.strip() and local(name) not in {"schemaLocation", "noNamespaceSchemaLocation"}
    ]
    return f"({', '.join(said)})" if said else ""
