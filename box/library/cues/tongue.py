"""In which language a text is. The rule: its script and its commonest words say it, or nobody knows.

It is asked for the sake of cues: languages that have none here are only told from those that do.
"""

from __future__ import annotations

import re
from typing import Final

from box.library.cues import ALL

LOOK_CHARS: Final = 4000
"""So much of a text tells its language."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_NOT_RUSSIAN: Final = frozenset("іїєґўјљњћђѓќѕ")
_OTHERS: Final = {
    "it": "il di che è per un una non sono della con del dei nel gli anche alla dal questo più ha si le",
    "pt": "o que é do da em um para com não uma os no se na por mais as dos como mas foi ao ele das à seu sua ou são",
    "nl": "het een en van ik te dat die in je is niet aan met er op voor hij zijn ook maar bij wordt door naar worden",
    "pl": "i w na z do się nie jest to że o jak po przez od za być oraz był były jego dla które",
    "bg": "и на се от че са като за ще беше който която е ли бе със не това един над по до",
}
_STOP: Final = {cues.language: cues.stop for cues in ALL} | {
    language: frozenset(words.split()) for language, words in _OTHERS.items()
}
_SHARE_MIN: Final = 0.12
"""Of the words that are among the commonest of a language: less than that, and it is none that is known here."""
_WORDS_MIN: Final = 5


def language_of(text: str, hint: str = "") -> str:
    """BCP 47 of the language; the hint where too little is said to tell, "" for one that nobody here knows."""
    words = [word.lower() for word in _WORD.findall(text[:LOOK_CHARS])]
    if any(not _NOT_RUSSIAN.isdisjoint(word) for word in words):
        return "uk" if hint.startswith("uk") else ""
    if len(words) < _WORDS_MIN:
        return hint
    hits = {language: sum(word in stop for word in words) for language, stop in _STOP.items()}
    best = max(hits, key=lambda language: (hits[language], language == hint))
    return best if hits[best] >= _SHARE_MIN * len(words) else ""
