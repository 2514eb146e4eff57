"""Notes: files that hold the text of an item. The rule: front matter, title and text, whoever writes one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NOTE: Final = "note.md"
"""What it is called in the scratch folder."""
BLOCK_BYTES: Final = 256 * 1024
_CUT_CHARS: Final = 200
"""A title of so many characters may be the beginning of a longer line."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note in the scratch folder."""

    digest: str
    chars: int


def write(scratch: str, shown_source: str, facts: Mapping[str, Any], body: str) -> Note:
    """Make a note of the text in the file `body`, which goes. `facts`: as the fields of `DocumentRead`."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    from box.library.front import front_matter  # noqa: PLC0415 - as above

    counts = {**json.loads(facts["counts"] or "{}"), "words": facts["words"]}
    authors, tags, marks = (facts[key].split("\n") if facts[key] else () for key in ("authors", "tags", "marks"))
    front = front_matter(
        {
            "id": facts["digest"][:16], "title": facts["title"], "authors": authors,
            "date": facts["date"], "language": facts["language"], "source": shown_source,
            "origin": facts["origin"], "digest": facts["digest"], "kind": facts["item_kind"], "counts": counts,
            "tags": tags, "reader": facts["reader"], "marks": marks,
        }
    )  # fmt: skip
    digest, chars = blake3(), 0
    with (
        open(body, encoding="utf-8", newline="") as text,
        open(os.path.join(scratch, NOTE), "w", encoding="utf-8", newline="\n", buffering=BLOCK_BYTES) as out,
    ):
        first = text.read(BLOCK_BYTES)
        title = "" if _begins_with(first, facts["title"]) else f"# {facts['title']}\n\n"
        block = f"{front}\n{title}{first}"
        while block:
            digest.update(block.encode())
            chars += len(block)
            out.write(block)
            block = text.read(BLOCK_BYTES)
        out.write("\n")
    digest.update(b"\n")
    os.unlink(body)
    return Note(digest.hexdigest(), chars + 1)


def _begins_with(text: str, title: str) -> bool:
    """Whether it has a title of its own, or its first line is what it was given for one."""
    head = text.partition("\n")[0]
    words = head.lstrip("#\\ ")
    return head.startswith("# ") or words == title or (words.startswith(title) and len(title) >= _CUT_CHARS)
