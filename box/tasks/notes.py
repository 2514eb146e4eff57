"""Notes: files that hold the text of an item. The rule: front matter, title and text, whoever writes one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from box.errors import SourceChanged
from box.paths import split, to_os
from box.tasks.handler import Placement, Request

NOTE: Final = "note.md"
"""What it is called in the scratch folder."""
BLOCK_BYTES: Final = 256 * 1024
_LINE_CHARS: Final = 10_000
"""So much of a first line is looked at."""
_CUT_CHARS: Final = 200
"""A title of so many characters may be the beginning of a longer line."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note in the scratch folder."""

    digest: str
    chars: int


def item_of(request: Request) -> Mapping[str, Any]:
    """What is known now of the item that a job is about. Raises SourceChanged if it has no note any more."""
    item: Mapping[str, Any] = request.args["known"]
    if not item or not os.path.lexists(path_of(request, item)):
        raise SourceChanged("its note was deleted: it stays so")
    return item


def path_of(request: Request, item: Mapping[str, Any]) -> str:
    """Where the note of an item stands, as `os` wants it."""
    home = os.path.dirname(os.path.dirname(request.scratch))  # of the user: the scratch is in their temp/
    return os.path.join(home, "notes", to_os(item["note"].partition("/notes/")[2]))


def beside_users(request: Request, folder: str) -> str:
    """A folder of the root, as `os` wants it."""
    return os.path.join(request.scratch.rsplit(os.sep, 4)[0], folder)  # root/users/U/temp/job-N


def anew(item: Mapping[str, Any]) -> Placement:
    """Where the note of an item that was written anew belongs."""
    return Placement("notes", "", to_os(split(item["note"])[1]), made=NOTE, renews=True)


def shown_source(item: Mapping[str, Any]) -> str:
    """What a note says of where its text came from, as people read it."""
    path = to_os(item["source"]).partition("/inbox/")[2] or os.path.basename(to_os(item["path"]))
    return os.fsencode(path).decode("utf-8", "replace")


def front(shown_source: str, facts: Mapping[str, Any]) -> str:
    """What stands before the text. `facts`: as the fields of `DocumentRead`."""
    from box.library.front import front_matter  # noqa: PLC0415 - only the child needs it

    counts = {**json.loads(facts["counts"] or "{}"), "words": facts["words"]}
    authors, tags, marks = (facts[key].split("\n") if facts[key] else () for key in ("authors", "tags", "marks"))
    said = front_matter(
        {
            "id": facts["digest"][:16], "title": facts["title"], "authors": authors,
            "date": facts["date"], "language": facts["language"], "source": shown_source,
            "origin": facts["origin"], "digest": facts["digest"], "kind": facts["item_kind"], "counts": counts,
            "tags": tags, "reader": facts["reader"], "marks": marks,
        }
    )  # fmt: skip
    return f"{said}\n"


def write(scratch: str, shown_source: str, facts: Mapping[str, Any], body: str) -> Note:
    """Make a note of the text in the file `body`, which goes."""
    with open(body, encoding="utf-8", newline="") as text:
        heading = "" if _begins_with(text.readline(_LINE_CHARS), facts["title"]) else _heading(facts["title"])
    return compose(os.path.join(scratch, NOTE), f"{front(shown_source, facts)}{heading}", body)


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


def _begins_with(head: str, title: str) -> bool:
    """Whether a text has a title of its own, or its first line is what it was given for one."""
    words = head.rstrip("\n").lstrip("#\\ ")
    return head.startswith("# ") or words == title or (words.startswith(title) and len(title) >= _CUT_CHARS)


def take_body(path: str, body: str, shown_source: str, facts: Mapping[str, Any]) -> bool:
    """Write the text of a note to the file `body`, as `write` takes it; False if somebody changed what is before it."""
    before, heading = front(shown_source, facts), _heading(facts["title"])
    with open(path, encoding="utf-8", newline="") as note, open(body, "w", encoding="utf-8", newline="\n") as out:
        if note.read(len(before)) != before:
            return False
        block = note.read(len(heading))
        out.write("" if block == heading else block)
        while block := note.read(BLOCK_BYTES):
            out.write(block)
    size = os.stat(body).st_size
    os.truncate(body, max(0, size - 1))  # `write` ends it with a line end
    return size > 0


def _heading(title: str) -> str:
    return f"# {title}\n\n"
