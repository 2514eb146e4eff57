"""Claims by rules. The rule: sentences that others labelled; they are read where they lie and are no part of this.

The weights of the rules are set by hand. The threshold is the one that is shipped; beside it stands the one that is the
best on the English sentences for training, which is what it was chosen by. Nothing was chosen by the other languages.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TextIO

from bench.roots import WrongOutcome
from bench.tables import Table, verdict
from box.library import claiming
from box.sections import Claims

F1_MIN = 0.70
COLUMNS = ("texts", "of them", "claims", "threshold", "precision", "recall", "F1", "F1 of all", "texts a second")

type_labelled = tuple[str, bool]
"""A text, and whether somebody labelled it as a claim."""


def _claimbuster(file: TextIO) -> Iterable[type_labelled]:
    return ((each["text"], each["label"] == 1) for each in json.load(file))


def _checkthat(file: TextIO) -> Iterable[type_labelled]:
    """Of the debates in it; the others are tweets."""
    rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return ((each["tweet_text"], each["class_label"] == "Yes") for each in rows if each["tweet_url"] == "NA")


def _germeval(file: TextIO) -> Iterable[type_labelled]:
    return ((each["comment_text"], each["Sub3_FactClaiming"] == "1") for each in csv.DictReader(file))


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts that somebody labelled."""

    title: str
    file: str
    """As it is published."""
    language: str
    read: Callable[[TextIO], Iterable[type_labelled]]
    origin: str


TRAIN = Labelled(
    "English, train", "train.json", "en", _claimbuster, "data/two_class of github.com/idirlab/claimspotter"
)
TEST = Labelled("English, test", "test.json", "en", _claimbuster, TRAIN.origin)
OTHERS = (
    Labelled("Spanish", "CT24_checkworthy_spanish_dev-test.tsv", "es", _checkthat, "CheckThat! 2024, task 1, CLEF"),
    Labelled(
        "German", "GermEval21_TestData.csv", "de", _germeval, "Data Sets of github.com/germeval2021toxic/SharedTask"
    ),
)


@dataclass(frozen=True, slots=True)
class Scored:
    """What somebody labelled, and how the rules score it."""

    scores: tuple[tuple[float, bool], ...]
    seconds: float

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Precision, recall and F1."""
        right = sum(score >= threshold and is_claim for score, is_claim in self.scores)
        told = sum(score >= threshold for score, _ in self.scores)
        return right / max(told, 1), right / max(self.claims, 1), 2 * right / max(told + self.claims, 1)

    @property
    def claims(self) -> int:
        """How many there are."""
        return sum(is_claim for _, is_claim in self.scores)

    def best(self) -> float:
        """The threshold with the highest F1."""
        return max((percent / 100 for percent in range(5, 100, 5)), key=lambda each: self.at(each)[2])


def by_rules(folder: str) -> Table:
    """Precision and recall on a folder with the sentences of ClaimBuster, and perhaps what others labelled."""
    if not os.path.isfile(os.path.join(folder, TEST.file)):
        raise WrongOutcome(f"no {TEST.file} in {folder or 'no folder'}: {TEST.origin}, as --labelled")
    table = Table("claims", "Claims by rules, on texts that people labelled", COLUMNS)
    shipped = Claims().min_score
    train, test = score(folder, TRAIN), score(folder, TEST)
    _row(table, f"{TRAIN.title}, best", train, train.best())
    _row(table, TRAIN.title, train, shipped)
    _row(table, TEST.title, test, shipped)
    for each in OTHERS:
        if os.path.isfile(os.path.join(folder, each.file)):
            _row(table, each.title, score(folder, each), shipped)
        else:
            table.notes.append(f"{each.title}: no {each.file} there ({each.origin})")
    table.verdicts.append(verdict("F1 on the English sentences for testing", test.at(shipped)[2], F1_MIN, least=True))
    table.notes += [
        f"{claiming.NAME} {claiming.VERSION}; a text is told as a claim if one of its sentences is",
        "F1 of all: of whoever calls every text a claim; it grows with their share",
    ]
    return table


def _row(table: Table, name: str, found: Scored, threshold: float) -> None:
    count = len(found.scores)
    of_all = 2 * found.claims / (count + found.claims)
    table.rows.append((name, count, found.claims, threshold, *found.at(threshold), of_all, count / found.seconds))


def score(folder: str, labelled: Labelled) -> Scored:
    """Score all texts of a file, as they would be in a note of that language."""
    with open(os.path.join(folder, labelled.file), encoding="utf-8-sig", newline="") as file:
        texts = list(labelled.read(file))
    began = time.process_time()
    scores = tuple((_best(text, labelled.language), is_claim) for text, is_claim in texts)
    return Scored(scores, time.process_time() - began)


def _best(text: str, language: str) -> float:
    """The score of the best sentence."""
    found = claiming.claims_of(text, score_min=0.0, count_max=1, language=language)
    return found[0].score if found else 0.0
