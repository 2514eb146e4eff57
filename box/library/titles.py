"""Headings that a table of contents tells, and those of the text itself. The rule: each is written once.

A title that has been announced stands before the text that follows; if that begins with the same heading, or with a
part of it, they are one. Headings below it keep their distance from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_WORDS: Final = re.compile(r"\w+")


class Titles:
    """Which headings stand where; levels and texts."""

    def __init__(self, announced: Mapping[str, tuple[int, str]]) -> None:
        self._announced = dict(announced)
        self._waiting: list[tuple[int, str]] = []
        self._said = ""
        self._deeper = 0

    def announce(self, identity: str) -> bool:
        """The element of that id begins."""
        title = self._announced.pop(identity, None) if self._announced else None
        if title is not None:
            self._waiting.append(title)
        return title is not None

    def before_text(self) -> list[tuple[int, str]]:
        """Text comes: what has been announced stands before it."""
        titles, self._waiting, self._said = self._waiting, [], ""
        if titles:
            self._deeper = titles[-1][0]
        return titles

    def at_heading(self, level: int, text: str) -> list[tuple[int, str]]:
        """The page's own heading: the one that was announced, a part of it, or one below it."""
        key = _key(text)
        if self._waiting and _holds(_key(self._waiting[-1][1]), key):
            *titles, (wanted, title) = self._waiting
            self._waiting, self._deeper = [], wanted - level
            self._said = _key(title)
            return [*titles, (wanted, title if len(_key(title)) > len(key) else text)]
        if self._said and f" {key} " in f" {self._said} ":
            return []
        titles = self.before_text()
        return [*titles, (level + self._deeper, text)]

    def rest(self) -> list[tuple[int, str]]:
        """What has been announced and found no text."""
        return self._waiting


def _key(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _holds(one: str, other: str) -> bool:
    return bool(one and other) and (f" {other} " in f" {one} " or f" {one} " in f" {other} ")
