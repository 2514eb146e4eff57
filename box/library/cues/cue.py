"""What the cues of a language are. The rule: as in `box.library.cues`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    """The entries of a text: split at commas, and where there are none of them at spaces."""
    entries = frozenset(" ".join(entry.split()) for entry in text.split(",")) if "," in text else text.split()
    return frozenset(entry for entry in entries if entry)


def endings(text: str) -> tuple[str, ...]:
    """The endings in a text."""
    return tuple(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """One language. What is called words may be up to four words, with one space between them."""

    language: str
    """BCP 47."""
    stop: frozenset[str]
    """The commonest words: by them the language is known."""
    numbers: frozenset[str]
    """Numbers as words, and words that only stand beside one."""
    dates: frozenset[str]
    """Months, and times that a calendar tells."""
    finite: frozenset[str]
    """Verbs that make a sentence: auxiliaries, and common ones whose form has no telling ending."""
    finite_endings: tuple[str, ...]
    """Of other verbs."""
    past_endings: tuple[str, ...]
    """Of verbs that tell what was."""
    comparing: frozenset[str]
    causing: frozenset[str]
    saying: frozenset[str]
    """Verbs of attribution."""
    recorded: frozenset[str]
    """Acts and changes that somebody wrote down when they happened: voted, signed, rose, died."""
    opinions: frozenset[str]
    wishes: frozenset[str]
    """Wishes, demands, promises and what has not happened yet."""
    talk: frozenset[str]
    """Greetings, thanks, and what is only about the conversation."""
    first: frozenset[str]
    """The speaker and the one spoken to."""
    others: frozenset[str]
    """Those whom one speaks about."""
    boilerplate: frozenset[str]
    """What pages say about themselves."""
    capital_nouns: bool = False
    """A capital letter tells no name."""
    table: tuple[Mapping[str, tuple[str, ...]], Mapping[str, int]] = field(init=False, repr=False, compare=False)
    """What each cue is a cue of; and for each first word, how many words a cue has that begins with it."""

    def __post_init__(self) -> None:
        """Make the table, once."""
        kinds: dict[str, tuple[str, ...]] = {}
        longest: dict[str, int] = {}
        for kind, cues in (
            ("number", self.numbers), ("date", self.dates), ("comparison", self.comparing), ("cause", self.causing),
            ("attribution", self.saying), ("record", self.recorded), ("opinion", self.opinions),
            ("wish", self.wishes), ("talk", self.talk), ("boilerplate", self.boilerplate), ("finite", self.finite),
        ):  # fmt: skip
            for cue in cues:
                kinds[cue] = (*kinds.get(cue, ()), kind)
                first, *others = cue.split(" ")
                longest[first] = max(longest.get(first, 0), 1 + len(others))
        object.__setattr__(self, "table", (kinds, longest))
