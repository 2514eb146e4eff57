"""reStructuredText as Markdown. The rule: what can be read as prose becomes prose, what cannot is kept as code.

Headings are told by their underlines, in the order in which those come up; roles become their text; directives that
hold prose (notes, warnings) become it, the others are kept as they are. Nothing is included and nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from box.library.markdown import Markdown, line

_ADORNMENT: Final = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*")
_DIRECTIVE: Final = re.compile(r"\.\.[ \t]+([A-Za-z][\w:.+-]*)[ \t]*::[ \t]*(.*)")
_FOOTNOTE: Final = re.compile(r"\.\.[ \t]+\[([^\]]{1,100})\][ \t]*(.*)")
_FIELD: Final = re.compile(r":([A-Za-z][^:`\n]{0,60}):(?:[ \t]+(.*))?")
_ITEM: Final = re.compile(r"([ \t]*)([-*+\u2022]|(?:\d{1,9}|#|[a-zA-Z])[.)]|\((?:\d{1,9}|#|[a-zA-Z])\))[ \t]+(\S.*)")
_TABLE: Final = re.compile(r"[ \t]*(?:\+[-=+]{2,}\+|={2,}(?:[ \t]+={2,})+)[ \t]*")
_ROLE: Final = re.compile(r"(?::[A-Za-z][\w:.+-]*:)?`([^`<>\n]+?)(?:\s*<[^<>`\n]*>)?`(?:__?|:[A-Za-z][\w:.+-]*:)?")
_LITERAL: Final = re.compile(r"``(.+?)``")
_REFERENCE: Final = re.compile(
    r"(?<![\w`])([A-Za-z][\w.-]*)__?(?!\w)|\|([^|\s][^|\n]{0,100})\|_{0,2}|(?<=\s)\[([\w#*-]{1,50})\]_"
)
_CODE: Final = {"code-block", "code", "sourcecode", "highlight", "parsed-literal", "literalinclude", "math"}
_PROSE: Final = {
    "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning", "admonition", "epigraph",
    "seealso", "deprecated", "versionadded", "versionchanged", "topic", "sidebar", "abstract", "figure", "container",
    "pull-quote", "highlights", "rubric", "centered",
}  # fmt: skip


@dataclass
class Document:
    """What a document says about itself."""

    title: str = ""
    author: str = ""
    date: str = ""


def write(text: str, out: Markdown) -> Document:
    """Write a whole document."""
    reader = _Reader(text.expandtabs(8).split("\n"), out)
    reader.read()
    return reader.document


class _Reader:
    """Goes over the lines once; each method takes what it knows, and says whether it took something."""

    def __init__(self, lines: list[str], out: Markdown) -> None:
        self.document = Document()
        self._lines = [each.rstrip() for each in lines]
        self._at = 0
        self._out = out
        self._styles: list[str] = []
        """Underlines, by the level that they mean."""

    def read(self) -> None:
        while self._at < len(self._lines):
            if not self._lines[self._at]:
                self._at += 1
            elif not (self._heading() or self._explicit() or self._table() or self._field() or self._item()):
                self._paragraph()

    def _line(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._lines[at] if at < len(self._lines) else ""

    def _heading(self) -> bool:
        first, second, third = self._line(), self._line(1), self._line(2)
        if _ADORNMENT.fullmatch(first) and second and _ADORNMENT.fullmatch(third) and first[0] == third[0]:
            title, style, taken = second, first[0] * 2, 3
        elif not first.startswith(" ") and _ADORNMENT.fullmatch(second) and len(second) >= min(len(first), 4):
            title, style, taken = first, second[0], 2
        elif _ADORNMENT.fullmatch(first) and len(first) >= 4 and not second:
            self._at += 1  # a line across the page
            return True
        else:
            return False
        if _ADORNMENT.fullmatch(title):
            return False
        if style not in self._styles:
            self._styles.append(style)
        self._at += taken
        text = inline(title.strip())
        self._out.heading(self._styles.index(style) + 1, text)
        self.document.title = self.document.title or line(text)
        return True

    def _explicit(self) -> bool:
        """Directives, footnotes, targets and comments."""
        first = self._line()
        if first != ".." and not first.startswith(".. "):
            return False
        self._at += 1
        directive, footnote = _DIRECTIVE.match(first), _FOOTNOTE.match(first)
        body = self._indented()
        if footnote:
            self._out.item(inline(f"[{footnote[1]}] {footnote[2]} {' '.join(body)}"))
        elif directive:
            self._directive(directive[1], directive[2], body)
        return True

    def _directive(self, name: str, argument: str, body: list[str]) -> None:
        options = 0
        while options < len(body) and _FIELD.match(body[options]):
            options += 1
        text = "\n".join(body[options:])
        if name in _CODE:
            # Mathematics may begin behind the name; there is no other code on that line but its language.
            self._out.code(f"{argument}\n{text}" if name == "math" else text, "math" if name == "math" else argument)
        elif name in _PROSE:
            self._out.paragraph(inline("" if name == "figure" else argument))
            self._out.paragraph(inline(text))
        else:
            self._out.code(
                "\n".join([f".. {name}:: {argument}".rstrip(), *(f"   {each}".rstrip() for each in body)]), "rst"
            )

    def _table(self) -> bool:
        """Tables are drawn with letters: they are read best as they are."""
        if not _TABLE.fullmatch(self._line()):
            return False
        begin = self._at
        simple = self._line().lstrip().startswith("=")
        borders = 0
        while self._at < len(self._lines) and (self._line() or (simple and borders < 2)):
            borders += bool(_TABLE.fullmatch(self._line()))
            self._at += 1
            if simple and borders >= 2 and not self._line():
                break
        self._out.code("\n".join(self._lines[begin : self._at]))
        return True

    def _field(self) -> bool:
        match = _FIELD.fullmatch(self._line())
        if not match:
            return False
        self._at += 1
        value = inline(" ".join([match[2] or "", *self._indented()])).strip()
        name = match[1].strip().lower()
        if name in {"author", "authors"}:
            self.document.author = self.document.author or line(value)
        elif name == "date":
            self.document.date = self.document.date or line(value)
        if value:
            self._out.item(f"{match[1]}: {value}")
        return True

    def _item(self) -> bool:
        match = _ITEM.fullmatch(self._line())
        if not match:
            return False
        self._at += 1
        width = match.start(3)
        more = []
        while (
            self._line() and len(self._line()) - len(self._line().lstrip()) >= width and not _ITEM.match(self._line())
        ):
            more.append(self._line().strip())
            self._at += 1
        digits = match[2].strip("().")
        number = int(digits) if digits.isdigit() else None
        self._out.item(inline(" ".join([match[3], *more])), len(match[1]) // 2, number)
        return True

    def _paragraph(self) -> None:
        """Lines up to a blank one; where they end with two colons, what is indented below is code."""
        begin = self._at
        quoted = self._line().startswith(" ")
        while self._line() and (self._at == begin or not self._line().startswith(".. ")):
            self._at += 1
        text = "\n".join(each.strip().removeprefix("| ") for each in self._lines[begin : self._at])
        is_code = text.endswith("::")
        text = inline(text[:-2].rstrip() + ":" if is_code and text != "::" else "" if is_code else text)
        if text.startswith(">>> "):
            self._out.code(text)
        elif quoted:
            self._out.quote(text)
        else:
            self._out.paragraph(text)
        if is_code:
            self._out.code("\n".join(self._indented()))

    def _indented(self) -> list[str]:
        """The indented lines that follow, without their indentation."""
        begin = self._at
        while self._at < len(self._lines) and (not self._line() or self._line().startswith(" ")):
            self._at += 1
        found = self._lines[begin : self._at]
        width = min((len(each) - len(each.lstrip()) for each in found if each), default=0)
        body = [each[width:] for each in found]
        while body and not body[-1]:
            body.pop()
        while body and not body[0]:
            body.pop(0)
        return body


def inline(text: str) -> str:
    """Text without roles, references and targets; literals in the quotes of Markdown."""
    parts: Iterator[str] = iter(_LITERAL.split(text))
    found = []
    for number, part in enumerate(parts):
        if number % 2:
            found.append(f"`{part}`")
        else:
            found.append(_REFERENCE.sub(_referred, _ROLE.sub(r"\1", part)))
    return "".join(found)


def _referred(match: re.Match[str]) -> str:
    return match[1] or match[2] or f"[{match[3]}]"
