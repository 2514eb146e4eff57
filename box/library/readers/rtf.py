"""RTF. The rule: pictures go before it is parsed, footnotes stay, in brackets, what opens must close."""

from __future__ import annotations

import os
import re
from typing import Final

from striprtf.striprtf import rtf_to_text

from box.errors import Unprocessable
from box.library import properties, tables
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, OVERSIZED, Context, Reading
from box.library.tables import Table

BYTES_MAX: Final = 256 * 1024 * 1024
TEXT_CHARS_MAX: Final = 32 * 1024 * 1024
"""Without its pictures."""

_CELL, _ROW, _ROW_BEGINS, _HEADING, _NOTE, _NOTE_ENDS = "\ue000\ue001\ue002\ue003\ue004\ue005"
"""Our marks for what the parser would not tell: private characters, which no code page has."""
_INSTEAD: Final = {
    "cell": _CELL, "nestcell": _CELL, "row": _ROW, "nestrow": _ROW, "trowd": _ROW_BEGINS, "footnote": _NOTE,
}  # fmt: skip
_GROUPS: Final = re.compile(r"\\[\\{}]|[{}]|\\bin(\d{1,9}) ?|\\(?:pict|nonshppict|footnote)(?![a-zA-Z])")
_WORDS: Final = re.compile(
    r"\\[\\{}]|\\outlinelevel(\d) ?|(?:\\\*)?\\(footnote|cell|nestcell|row|nestrow|trowd)(?![a-zA-Z]) ?"
)
_INFO: Final = re.compile(r"\{\\(title|author)\s+((?:[^{}\\]|\\[^{}]|\\[{}]){1,5000})\}")
_CREATED: Final = re.compile(r"\{\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_MARKED: Final = re.compile(f"{_HEADING}.")
_OF_NOTE: Final = re.compile(rf"[ \t]*({_NOTE})\s*|\s*{_NOTE_ENDS}")
_HEAD_CHARS: Final = 256 * 1024
# Private characters here are those of the fonts of symbols, of which bullets are.
_ITEM: Final = re.compile(r"(?:[•‣▪·*o\u2013\uf020-\uf0ff-]|(\d{1,9})[.)])\t+(.+)")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its headings, paragraphs, lists and tables."""
    name = context.name
    if os.path.getsize(path) > BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{name} is larger than {BYTES_MAX:,} bytes")
    with open(path, encoding="cp1252", errors="replace", newline="") as file:
        text = _without_pictures(file.read(), name)
    plain = _OF_NOTE.sub(lambda found: " (" if found[1] else ")", _plain(_WORDS.sub(_instead, text), name))
    whole = _write(plain, out)
    head = text[:_HEAD_CHARS]
    said = {key: _plain(f"{{\\rtf1 {value}}}", name) for key, value in _INFO.findall(head)}
    created = _CREATED.search(head)
    return Reading(
        "document",
        title=properties.title(said.get("title", "")),
        authors=properties.authors(said.get("author", "")),
        date=f"{created[1]}-{created[2]:0>2}-{created[3]:0>2}" if created else "",
        marks=() if whole else (tables.CUT,),
    )


def _without_pictures(text: str, name: str) -> str:
    """The one group that the text is, without binary data; Unprocessable if it is cut off."""
    if not text.startswith("{\\rtf"):
        raise Unprocessable(CORRUPT, f"{name} is no RTF")
    pieces: list[str] = []
    notes: list[int] = []
    at = depth = picture = chars = 0
    while found := _GROUPS.search(text, at):
        if not picture:
            pieces.append(text[at : found.end()] if found[1] is None else text[at : found.start()])
            chars += len(pieces[-1])
        at = found.end() + int(found[1] or 0)
        depth += (found[0] == "{") - (found[0] == "}")
        if found[0].endswith("pict"):
            picture = picture or depth
        elif found[0].endswith("footnote") and not picture:
            notes.append(depth)
        if depth < picture:
            picture = 0
            pieces.append("}")
        if notes and depth < notes[-1]:
            notes.pop()
            pieces[-1] = f"{pieces[-1][:-1]}{_NOTE_ENDS}}}"
        if chars > TEXT_CHARS_MAX:
            raise Unprocessable(OVERSIZED, f"{name} holds more than {TEXT_CHARS_MAX:,} characters")
        if depth <= 0:
            return "".join(pieces)
    raise Unprocessable(CORRUPT, f"{name} is damaged: its end is missing")


def _instead(found: re.Match[str]) -> str:
    if found[1]:
        return f"{_HEADING}{found[1]}"
    return _INSTEAD.get(found[2], found[0])


def _plain(text: str, name: str) -> str:
    try:
        plain = str(rtf_to_text(text, errors="replace"))  # type: ignore[no-untyped-call]
    except (ValueError, LookupError, OverflowError, TypeError) as error:
        raise Unprocessable(CORRUPT, f"{name} is damaged: {error}") from None
    # Characters beyond the first 65,536 come as two.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip("\0")


def _write(text: str, out: Markdown) -> bool:
    """Rows that follow one another are a table; False if one was cut."""
    whole = True
    table = Table()
    for piece in text.split(_ROW):
        before, begins, row = piece.partition(_ROW_BEGINS)
        if before.strip():
            whole = table.write(out) and whole
            table = Table()
            _write_lines(before.replace(_CELL, "\n"), out)
        if begins:
            table.add(row.replace(_ROW_BEGINS, "").removesuffix(_CELL).split(_CELL))
    return table.write(out) and whole


def _write_lines(text: str, out: Markdown) -> None:
    for each in text.split("\n"):
        level = each.partition(_HEADING)[2][:1]
        words = _MARKED.sub("", each).strip()
        item = _ITEM.match(words)
        if level and level < "6":
            out.heading(int(level) + 1, words)
        elif item:
            out.item(item[2], 0, int(item[1]) if item[1] else None)
        else:
            out.paragraph(words)
