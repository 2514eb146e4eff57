"""What office documents say about themselves. The rule: what is empty, or what a program made up, is nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from box.library import markdown
from box.library.safe_xml import local

AUTHORS_MAX: Final = 100
TITLE_CHARS_MAX: Final = 500
_DATE: Final = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:Z|[+-]\d\d:\d\d)?)?)?)?)?")
_FRACTION: Final = re.compile(r"\.\d+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_OF_PROGRAMS: Final = re.compile(
    r"(?:microsoft \w+ - .*|untitled.*|document\d*|presentation\d*|powerpoint presentation|slide 1|\W*)", re.IGNORECASE
)
_AUTHORS_END: Final = re.compile(r"\s*[;\n]\s*")


@dataclass(frozen=True, slots=True)
class Properties:
    """What a document says about itself."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    language: str = ""


def of_tree(root: Element) -> Properties:
    """From `docProps/core.xml` or `meta.xml`, which share their words."""
    said: dict[str, str] = {}
    for element in root.iter():
        text = (element.text or "").strip()
        if text:
            said.setdefault(local(element.tag), text)
    return Properties(
        title(said.get("title", "")),
        authors(said.get("initial-creator", said.get("creator", ""))),
        date(said.get("created", said.get("creation-date", said.get("date", said.get("modified", ""))))),
        language(said.get("language", "")),
    )


def title(text: str) -> str:
    """A title, unless a program made it up."""
    said = markdown.line(text)[:TITLE_CHARS_MAX]
    return "" if _OF_PROGRAMS.fullmatch(said) else said


def authors(text: str) -> tuple[str, ...]:
    """Those that a field names, between semicolons."""
    named = (markdown.line(each)[:TITLE_CHARS_MAX] for each in _AUTHORS_END.split(text[:100_000]))
    return tuple(dict.fromkeys(each for each in named if each))[:AUTHORS_MAX]


def date(text: str) -> str:
    """A date in RFC 3339, or as much of it as there is."""
    found = _DATE.match(_FRACTION.sub("", text.strip()[:100]))
    return found[0] if found and found[0][:4] > "0000" else ""


def language(text: str) -> str:
    """A language tag, with hyphens."""
    said = text.strip()[:40].replace("_", "-")
    return said if _LANGUAGE.fullmatch(said) else ""
