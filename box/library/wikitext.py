"""Wikitext as Markdown. The rule: a few steps over the text, each in time that grows with its length only.

Templates, references, categories and pictures go; links and emphasis become their text; headings, lists and the cells
of tables stay. What never ends was no markup, and stays as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from typing import Final

from box.library.markdown import Markdown, escaped

NESTED_MAX: Final = 4
"""Links within links (in captions): so many levels."""
_CUT: Final = (
    ("<!--", "-->"), ("<ref", "</ref>"), ("<math", "</math>"), ("<gallery", "</gallery>"), ("<score", "</score>"),
    ("<timeline", "</timeline>"), ("<templatedata", "</templatedata>"), ("<imagemap", "</imagemap>"),
)  # fmt: skip
_BRACES: Final = re.compile(r"\{\{|\}\}")
_LINK: Final = re.compile(r"\[\[([^\[\]|]{0,500})(?:\|([^\[\]]{0,5000}))?\]\]")
_SITE: Final = re.compile(r"\[(?:https?|ftp|mailto):[^\s\[\]]{1,2000}(?:[ \t]([^\[\]\n]{0,1000}))?\]")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_WORD: Final = re.compile(r"__[A-Z]{3,30}__")
_HEADING: Final = re.compile(r"(={1,6})(.{1,500}?)\1[ \t]*")
_NEW_LINE: Final = "\n"
_MISTAKEN: Final = "-+>`~<[0123456789"
"""What a line begins with that Markdown may take for something else; most do not."""
_CELL_STYLE: Final = re.compile(r"^[^|\[\]]{0,300}\|(?!\|)")
DEFAULT_DROPPED: Final = frozenset(("file", "image", "media", "category"))


def write(text: str, out: Markdown, dropped: Collection[str] = DEFAULT_DROPPED, level: int = 1) -> None:
    """Write the text of a page below a heading of that level; links into the namespaces `dropped` are left out."""
    out.markdown("".join(_blocks(plain(text, dropped), level)))


def _blocks(text: str, level: int) -> Iterator[str]:
    """Markdown, in one go for a page: pages are many, and most of their blocks are small."""
    paragraph: list[str] = []
    for each in text.split("\n"):
        line = each.strip()
        first = line[:1]
        if first and first not in "=*#:;|!{":
            paragraph.append(escaped(line) if first in _MISTAKEN else line)
            continue
        if paragraph:
            yield f"\n\n{_NEW_LINE.join(paragraph)}"
            paragraph.clear()
        yield _structure(line, level) if first else ""
    if paragraph:
        yield f"\n\n{_NEW_LINE.join(paragraph)}"


def _structure(line: str, level: int) -> str:
    """A heading, an item of a list, or what a table has on a line."""
    if line.startswith("="):
        heading = _HEADING.fullmatch(line)
        if heading:
            return f"\n\n{'#' * min(6, level + len(heading[1]) - 1)} {heading[2].strip()}\n\n"
    elif line.startswith(("{|", "|-", "|}")):
        return ""
    elif line.startswith(("|", "!")):
        cells = _cells(line)
        return f"\n\n{escaped(cells)}" if cells else ""
    elif not line.startswith("{"):
        words = line.lstrip("*#:; \t")
        depth = len(line) - len(line.lstrip("*#:;")) - 1
        return f"\n{'  ' * min(10, depth)}- {words}" if words else ""
    return f"\n\n{escaped(line)}"


def plain(text: str, dropped: Collection[str] = DEFAULT_DROPPED) -> str:
    """The text with its headings, lists and tables, and without all other markup."""
    for begin, end in _CUT:
        text = _without(text, begin, end)
    text = _without_templates(text)
    for _ in range(NESTED_MAX):
        text, count = _LINK.subn(lambda match: _label(match, dropped), text)
        if not count:
            break
    for marks in ("'''''", "'''", "''"):
        text = text.replace(marks, "")
    if "[" in text:
        text = _SITE.sub(lambda match: match[1] or "", text)
    if "<" in text:
        text = _TAG.sub("", text)
    return html.unescape(_WORD.sub("", text) if "__" in text else text)


def _label(match: re.Match[str], dropped: Collection[str]) -> str:
    target, label = match[1], match[2]
    space, colon, _ = target.partition(":")
    if colon and space.strip().lower() in dropped:
        return ""
    return label.rpartition("|")[2] if label else target.removeprefix(":")


def _without(text: str, begin: str, end: str) -> str:
    """Without what stands between these, case and nesting left aside."""
    if begin not in text:
        return text
    kept, at = [], 0
    while (found := text.find(begin, at)) >= 0:
        after = text[found + len(begin) : found + len(begin) + 1]
        closed = text.find(">", found)
        if begin != "<!--" and closed > 0 and text[closed - 1] == "/" and closed - found < 500:  # <ref name="x"/>
            close, length = closed, 1
        elif begin != "<!--" and after not in {">", " ", "\n", "\t"}:  # <references>
            kept.append(text[at : found + len(begin)])
            at = found + len(begin)
            continue
        else:
            close, length = text.find(end, found), len(end)
        if close < 0:
            break
        kept.append(text[at:found])
        at = close + length
    return "".join(kept) + text[at:]


def _without_templates(text: str) -> str:
    """Without `{{...}}`, however deep they are nested."""
    kept, at, depth, began = [], 0, 0, 0
    for match in _BRACES.finditer(text):
        if match[0] == "{{":
            if not depth:
                began = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                kept.append(text[at:began])
                at = match.end()
    return "".join(kept) + text[at:]


def _cells(line: str) -> str:
    """The cells of a line of a table, side by side."""
    cells = re.split(r"\|\||!!", line[1:].removeprefix("+"))
    return " · ".join(filter(None, (_CELL_STYLE.sub("", cell).strip() for cell in cells)))
