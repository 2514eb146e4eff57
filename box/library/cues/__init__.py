"""Cues: words by which a sentence that states something is told from one that asks, wishes or greets.

The rule: a language is a module with one `Cues`, and one line in `ALL`; a cue is a word or up to four of them, in small
letters. They are words that any grammar of the language lists; nothing here was learnt from anybody's labels.
"""

from __future__ import annotations

from typing import Final

from box.library.cues import english, french, german, russian, spanish
from box.library.cues.cue import Cues

ALL: Final[tuple[Cues, ...]] = (english.CUES, german.CUES, french.CUES, spanish.CUES, russian.CUES)


def by_language(language: str) -> Cues | None:
    """The cues of a language (BCP 47), None for one that has none here."""
    return next((cues for cues in ALL if cues.language == language.partition("-")[0].lower()), None)
