"""What says it in other words. The rule: nothing of it is loaded unless the owner wants it, and vectors are there.

Plain words are asked for in this way; who asks for a phrase, or for words near each other, wants those words. What is
less near than `NEARNESS_MIN` is about something else: a question that no text answers finds none.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from box.errors import BoxError
from box.library import minilm, vectors
from box.models import finding
from box.paths import area_folder, join

if TYPE_CHECKING:
    from box.config import Config
    from box.library.query import Query
    from box.models.base import Store

CHUNKS_MAX: Final = 100
"""So many passages are near at most."""

NEARNESS_MIN: Final = 0.25
_PAGE: Final = 1000


class Asked(NamedTuple):
    """A question as a vector."""

    model: str
    vector: Any
    root: str


def asked(query: Query, config: Config) -> tuple[Asked | None, str]:
    """The question as a vector, if vectors are to be compared with one; and why that cannot be, if it should."""
    path = config.embeddings.model_path
    words = [text for term in query.terms() for text in term.texts]
    is_plain = all(term.kind == "words" for term in query.terms()) and not any(" " in word for word in words)
    if not config.embeddings.enabled or not is_plain or not _has_vectors(config):
        return None, ""
    try:
        minilm.check(path)
        model = minilm.identity(path)
        return Asked(model, _model(path, model).vector(" ".join(words)), config.box.root), ""
    except (BoxError, OSError) as error:
        return None, str(error)


def near(
    store: Store, asked: Asked, wanted: finding.Filter, unwanted: Sequence[tuple[str, str]]
) -> list[tuple[int, list[int]]]:  # fmt: skip
    """(item, its chunks) of what is near, the nearest first.

    `unwanted` are questions that no chunk may answer: (index, what it is asked).
    """
    hits: list[vectors.Hit] = []
    after = 0
    while page := finding.comparable(store, wanted, after, _PAGE):
        after = page[-1].item
        for user in sorted({each.user for each in page}):
            digests = {each.item: each.note_digest for each in page if each.user == user}
            folder = join(asked.root, area_folder(user, vectors.AREA))
            hits += vectors.nearest(folder, digests, asked.model, asked.vector, CHUNKS_MAX)
        hits = sorted(hits, key=lambda hit: (-hit.nearness, -hit.item, hit.number))[:CHUNKS_MAX]
    found: dict[int, list[int]] = {}
    for hit in hits:
        chunk = finding.chunk_of(store, hit.item, hit.number) if hit.nearness >= NEARNESS_MIN else 0
        if chunk and not any(finding.holds(store, index, match, chunk) for index, match in unwanted):
            found.setdefault(hit.item, []).append(chunk)
    return list(found.items())


def _has_vectors(config: Config) -> bool:
    """Whether somebody has any."""
    users = os.path.join(config.box.root, "users")
    for user in os.listdir(users) if os.path.isdir(users) else ():
        try:
            with os.scandir(os.path.join(users, user, vectors.AREA)) as entries:
                if any(entry.name.endswith(vectors.ENDING) for entry in entries):
                    return True
        except OSError:
            continue
    return False


@lru_cache(maxsize=1)
def _model(path: str, _identity: str) -> minilm.Model:
    return minilm.load(path)
