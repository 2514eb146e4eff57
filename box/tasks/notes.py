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


@dataclass(frozen=True, slots=True)
class Note:
    """A note in the scratch folder."""

    digest: str
    chars: int


def write(scratch: str, shown_source: str, facts: Mapping[str, Any], body: str) -> Note:
    """Make a note of the text in the file `body`, which goes. `facts`: as the fields of `DocumentRead`."""
    from box.library.front import front_matter  # noqa: PLC0415 - only the child needs it

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
    with open(body, encoding="utf-8", newline="") as text:
        title = "" if text.read(2) == "# " else f"# {facts['title']}\n\n"
    return compose(os.path.join(scratch, NOTE), f"{front}\n{title}", body)


def compose(path: str, head: str, body: str) -> Note:
    """Make the note at a path of what it begins with and the text in the file `body`, which goes."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    digest, chars = blake3(), 0
    with (
        open(body, encoding="utf-8", newline="") as text,
        open(path, "w", encoding="utf-8", newline="\n", buffering=BLOCK_BYTES) as out,
    ):
        block = head
        while block:
            digest.update(block.encode())
            chars += len(block)
            out.write(block)
            block = text.read(BLOCK_BYTES)
        out.write("\n")
    digest.update(b"\n")
    os.unlink(body)
    return Note(digest.hexdigest(), chars + 1)
