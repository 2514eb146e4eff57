"""The tags of HTML. The rule: one pass from the beginning to the end, in time that grows with the length only.

Pages come from anywhere and are broken in all ways. What is no tag is text; what never ends, ends with the page. There
is no tree, and no entity but the characters that HTML itself names.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

ATTRIBUTES_MAX: Final = 200
TAG_CHARS_MAX: Final = 40

_MARKUP: Final = re.compile(r"<(?:(/?)([a-zA-Z][^\s/>]*+)|!--|!\[CDATA\[|[!?])")
_ATTRIBUTE: Final = re.compile(
    r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)?))?+"""
)
_END_OF_TAG: Final = re.compile(r"[\s/]*+>")
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
"""Elements in which there are no tags but their own end."""


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of an element."""

    name: str
    """Without its prefix, in small letters."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    """It ends here (`<br/>`)."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of an element, which may never have begun."""

    name: str


type_token = Start | End | str


def tokens(page: str) -> Iterator[type_token]:  # noqa: C901, PLR0912 - one loop over all that is in a page
    """Tags and texts in their order; the insides of scripts, styles and the like are left out, titles are text."""
    at = 0
    endless: set[str] = set()
    while match := _MARKUP.search(page, at):
        if match.start() > at:
            yield html.unescape(page[at : match.start()])
        name = match[2]
        if name is None:
            text, at = _aside(page, match)
            if text:
                yield text
            continue
        name = name.lower().rpartition(":")[2][:TAG_CHARS_MAX]
        if match[1]:
            at = page.find(">", match.end()) + 1
            if not at:
                return
            yield End(name)
            continue
        attributes, at, closed = _attributes(page, match.end())
        if at < 0:
            return
        yield Start(name, attributes, closed)
        if name in _RAW and not closed and name not in endless:
            end = _RAW[name].search(page, at)
            if end is not None:
                if name == "title":
                    yield html.unescape(page[at : end.start()])
                at = end.start()
            elif name in {"script", "style"}:
                return
            else:
                endless.add(name)
    if at < len(page):
        yield html.unescape(page[at:])


def _aside(page: str, match: re.Match[str]) -> tuple[str, int]:
    """Past a comment, a declaration or an instruction; the text of a CDATA section."""
    end_mark = {"<!--": "-->", "<![CDATA[": "]]>"}.get(match[0], ">")
    end = page.find(end_mark, match.end())
    if end < 0:
        end = len(page)
    text = page[match.end() : end] if end_mark == "]]>" else ""
    return text, end + len(end_mark)


def _attributes(page: str, at: int) -> tuple[dict[str, str], int, bool]:
    """The attributes that begin at `at`, where their tag ends (-1: never), and whether it closes itself."""
    found: dict[str, str] = {}
    while not (end := _END_OF_TAG.match(page, at)):
        match = _ATTRIBUTE.match(page, at)
        if match is None or match.end() >= len(page):
            return found, -1, False
        at = match.end()
        if len(found) < ATTRIBUTES_MAX:
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), html.unescape(value) if "&" in value else value)
    return found, end.end(), "/" in end[0]
