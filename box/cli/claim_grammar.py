"""The grammar of claims. The rule: as in `box.cli.grammar`."""

from __future__ import annotations

import argparse
from typing import Any, Final

from box.cli.parts import LISTED, command, json_option, number


def _claims(commands: Any) -> None:
    claims = command(
        commands, "claims", "claims:claims", "list what texts state that can be checked",
        text="A score says how likely a sentence is one that can be checked, never whether it is true. Texts are"
        " examined when they are indexed; `box do claims` does it again.",
        examples=("box claims 42", "box claims users/me/notes/report.md --json", "box claims --search rome"),
        options=[json_option()],
    )  # fmt: skip
    claims.add_argument(
        "item", metavar="ITEM", nargs="?", default="",
        help="a text: its number, or the path of its note or its original (default: all texts, the newest first)",
    )  # fmt: skip
    claims.add_argument(
        "--search", metavar="WORDS", default="", help="only claims with all these words, or parts of words"
    )
    claims.add_argument("--user", metavar="U", default="", help="only of this user's texts (default: everybody's)")
    claims.add_argument("--min-score", metavar="S", type=_score, default=0.0, help="only with that score, 0 to 1")
    claims.add_argument(
        "--limit", metavar="N", type=number, default=LISTED, help=f"at most so many (default: {LISTED})"
    )


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return score


ALL: Final = (_claims,)
