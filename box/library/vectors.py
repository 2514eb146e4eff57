"""Files of vectors, one for each text. The rule: a file says of which text and by which model; any other is not there.

A line of JSON, then for each chunk a scale (4 bytes) and, after all scales, its values in a byte each.
They are derived: whoever removes them loses nothing but the time to make them again (`box do embeddings`).
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from numpy import ndarray

AREA: Final = "embeddings"
ENDING: Final = ".vec"
VERSION: Final = 1
_LINE_BYTES_MAX: Final = 4096
_RRF: Final = 60
"""How little the first places count more than those after them."""


class Hit(NamedTuple):
    """A chunk that is near."""

    item: int
    number: int
    nearness: float
    """1 for the same direction, 0 for nothing in common."""


def name_of(item: int) -> str:
    """The file of an item."""
    return f"{item}{ENDING}"


def write(file: IO[bytes], note_digest: str, model: str, rows: Sequence[ndarray[Any, Any]]) -> None:
    """Write the vectors of all chunks of a note, in their order."""
    import numpy as np  # noqa: PLC0415 - only who has vectors needs it

    matrix = np.stack(rows).astype(np.float32)
    scales = np.abs(matrix).max(axis=1) / 127
    scales[scales == 0] = 1
    about = {"version": VERSION, "note": note_digest, "model": model, "rows": len(matrix), "values": matrix.shape[1]}
    file.write(json.dumps(about).encode() + b"\n")
    file.write(scales.astype("<f4").tobytes())
    file.write(np.round(matrix / scales[:, None]).astype(np.int8).tobytes())


def about(path: str) -> Mapping[str, Any]:
    """What a file says about itself; nothing, if it is none or cut off."""
    try:
        with open(path, "rb") as file:
            return _about(file)
    except OSError:
        return {}


def _about(file: IO[bytes]) -> Mapping[str, Any]:
    line = file.readline(_LINE_BYTES_MAX)
    try:
        found = json.loads(line)
        whole = len(line) + int(found["rows"]) * (4 + int(found["values"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return found if found.get("version") == VERSION and whole == os.fstat(file.fileno()).st_size else {}


def nearest(
    folder: str, wanted: Mapping[int, str], model: str, query: ndarray[Any, Any], limit: int
) -> list[Hit]:  # fmt: skip
    """The chunks that are nearest to a vector, best first, of the items in `wanted` (item: digest of its note).

    One file at a time: memory does not grow with the library.
    """
    best: list[tuple[float, int, int]] = []
    for item, digest in wanted.items():
        scores = _scores(os.path.join(folder, name_of(item)), digest, model, query)
        if scores is None or (len(best) == limit and scores.max() <= best[0][0]):
            continue
        for number in scores.argsort()[::-1][:limit].tolist():
            entry = (float(scores[number]), -item, -number)
            if len(best) < limit:
                heapq.heappush(best, entry)
            elif entry > best[0]:
                heapq.heapreplace(best, entry)
            else:
                break
    return [Hit(-item, -number, score) for score, item, number in sorted(best, reverse=True)]


def _scores(path: str, digest: str, model: str, query: ndarray[Any, Any]) -> ndarray[Any, Any] | None:
    import numpy as np  # noqa: PLC0415 - as above

    try:
        with open(path, "rb") as file:
            head = _about(file)
            if head.get("note") != digest or head.get("model") != model or head.get("values") != len(query):
                return None
            rows = int(head["rows"])
            scales = np.frombuffer(file.read(4 * rows), "<f4")
            values = np.frombuffer(file.read(), np.int8).reshape(rows, -1)
    except OSError:
        return None
    return np.asarray((values.astype(np.float32) @ query.astype(np.float32)) * scales)


def fused(*rankings: Iterable[Any]) -> dict[Any, float]:
    """How good each is in several rankings, best first each: reciprocal rank fusion, for their scores say nothing."""
    scores: dict[Any, float] = {}
    for ranking in rankings:
        for place, each in enumerate(ranking, 1):
            scores[each] = scores.get(each, 0.0) + 1 / (_RRF + place)
    return scores
