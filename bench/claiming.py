"""Claims by rules. The rule: sentences that others labelled; they are read where they lie and are no part of this.

The weights of the rules are set by hand. The threshold is the one that is shipped; beside it stands the one that is the
best on the sentences for training, which is what it was chosen by.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass

from bench.roots import WrongOutcome
from bench.tables import Table, verdict
from box.library import claiming
from box.library.cues import by_language
from box.sections import Claims

F1_MIN = 0.70
COLUMNS = ("sentences", "of them", "claims", "threshold", "precision", "recall", "F1", "sentences a second")
TRAIN, TEST = "train.json", "test.json"


@dataclass(frozen=True, slots=True)
class Scored:
    """What somebody labelled, and how the rules score it."""

    scores: tuple[tuple[float, bool], ...]
    seconds: float

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Precision, recall and F1."""
        right = sum(score >= threshold and is_claim for score, is_claim in self.scores)
        told = sum(score >= threshold for score, _ in self.scores)
        there = sum(is_claim for _, is_claim in self.scores)
        return right / max(told, 1), right / max(there, 1), 2 * right / max(told + there, 1)

    def best(self) -> float:
        """The threshold with the highest F1."""
        return max((percent / 100 for percent in range(5, 100, 5)), key=lambda each: self.at(each)[2])


def by_rules(folder: str) -> Table:
    """Precision and recall on the ClaimBuster sentences: a folder with `train.json` and `test.json`."""
    if not os.path.isfile(os.path.join(folder, TEST)):
        raise WrongOutcome(
            f"no {TEST} in {folder or 'no folder'}: data/two_class of github.com/idirlab/claimspotter, as --claimbuster"
        )
    table = Table("claims", "Claims by rules, on the ClaimBuster sentences", COLUMNS)
    shipped = Claims().min_score
    train, test = (score(os.path.join(folder, name)) for name in (TRAIN, TEST))
    for name, found, threshold in (
        ("train, best", train, train.best()), ("train, shipped", train, shipped), ("test, shipped", test, shipped),
    ):  # fmt: skip
        count, claims = len(found.scores), sum(is_claim for _, is_claim in found.scores)
        table.rows.append((name, count, claims, threshold, *found.at(threshold), count / found.seconds))
    table.verdicts.append(verdict("F1 on the sentences for testing", test.at(shipped)[2], F1_MIN, least=True))
    table.notes = [f"{claiming.NAME} {claiming.VERSION}, cues of English; a claim is what is labelled check-worthy"]
    return table


def score(path: str) -> Scored:
    """Score all sentences of a file."""
    with open(path, encoding="utf-8") as file:
        sentences = json.load(file)
    cues = by_language("en")
    began = time.perf_counter()
    scores = tuple((claiming.judge(each["text"], cues).score, each["label"] == 1) for each in sentences)
    return Scored(scores, time.perf_counter() - began)
