"""Photos that are meant by a question. The rule: a word is a day, a month, or part of what a photo is called.

What a photo is called: its camera, its name, the folder where it is and the one in which it was dropped, which often
says where it was taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from box.library.query import Query, Term
from box.models.photo_finding import Shot
from box.paths import split
from box.photos.naming import camera_of

_MONTHS: Final = (
    "january januar janvier enero gennaio", "february februar février febrero febbraio", "march märz mars marzo",
    "april avril abril aprile", "may mai mayo maggio", "june juni juin junio giugno", "july juli juillet julio luglio",
    "august août agosto", "september septembre septiembre settembre", "october oktober octobre octubre ottobre",
    "november novembre noviembre", "december dezember décembre diciembre dicembre",
)  # fmt: skip
_NUMBERS: Final = {name: f"{number:02}" for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_DAY: Final = re.compile(r"(?:18|19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_LAST: Final = "\U0010ffff"


def days_of(query: Query, since: str = "") -> tuple[str, str]:
    """The first and the last day that can be meant."""
    low, high = since, _LAST
    if len(query.alternatives) == 1:
        for term in query.terms():
            if term.kind == "words" and _DAY.fullmatch(term.texts[0]):
                low, high = max(low, term.texts[0]), min(high, term.texts[0] + _LAST)
    return low, high


def fitting(query: Query, user: str = "", tag: str = "") -> Callable[[Shot], bool]:
    """Whether a photo is meant; `tag` is a folder of the inbox in which it lay."""

    def fits(shot: Shot) -> bool:
        if user and shot.user != user:
            return False
        dropped = split(shot.origin)[0].partition("/inbox/")[2]
        if tag and tag not in dropped.split("/"):
            return False
        said = f"{shot.folder.partition('/')[2]}/{shot.name}\n{dropped}\n{camera_of(shot.make, shot.model)}"
        said = f"{said}\n{shot.make} {shot.model}".casefold()
        return any(all(_holds(term, shot.day, said) for term in each) for each in query.alternatives) and not any(
            _holds(term, shot.day, said) for term in query.excluded
        )

    return fits


def _holds(term: Term, day: str, said: str) -> bool:
    for text in term.texts:
        word = text.casefold()
        if _DAY.fullmatch(word):
            if not day.startswith(word):
                return False
        elif day[5:7] != _NUMBERS.get(word) and word not in said:
            return False
    return True
