"""ocr: pages that are pictures of text become part of the note. The rule: the item stays, its text grows.

Where the note lands, and what becomes of one that somebody has changed, is as in `box.tasks.transcribe`. What was seen
is kept page by page: killed or stopped, it goes on where it was.

`run` works in the child process, the parent calls `report` only: so what reads is imported where it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.tasks import notes, source
from box.tasks.handler import Found, Handler, Request, Tools
from box.tasks.transcribe import report

if TYPE_CHECKING:
    from box.library.scans import Scans

KIND: Final = "ocr"
READER: Final = "ocr"
READER_VERSION: Final = 1
_BODY: Final = "body.md"


def run(request: Request, tools: Tools) -> Found:
    """Read the pages, and write the note anew. Raises SourceChanged, Unprocessable, and BoxError without a program."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    from box.library import ocr, scans  # noqa: PLC0415 - as above

    item = notes.item_of(request)
    languages = tools.options["ocr_languages"]
    os.makedirs(request.scratch, exist_ok=True)
    folder = notes.beside_users(request, scans.FOLDER)
    scans.clear(folder)
    key = blake3(f"{item['digest']}:{languages}".encode()).hexdigest()[:32]
    kept = os.path.join(folder, f"{key}.jsonl")
    with source.opened(request.files[0]), scans.Scans(kept, request.scratch, ocr.program(), languages) as seen:
        facts = _written(request, item, tools, seen)
    tools.reserve(os.stat(os.path.join(request.scratch, notes.NOTE)).st_size)
    result = {"pages": len(seen.pages), "words": facts["words"]}
    return Found((notes.anew(item),), "", facts, result)


def _written(request: Request, item: Mapping[str, Any], tools: Tools, seen: Scans) -> dict[str, Any]:
    """Write the note: what the document says as text, and what its pages show; the facts about it."""
    from box.library.markdown import Markdown  # noqa: PLC0415 - only the child needs it
    from box.library.readers import pdf  # noqa: PLC0415 - as above
    from box.library.reading import Context  # noqa: PLC0415 - as above

    shown = os.fsencode(os.path.basename(request.source)).decode("utf-8", "replace")
    body = os.path.join(request.scratch, _BODY)
    with open(body, "w", encoding="utf-8", newline="\n", buffering=notes.BLOCK_BYTES) as text:
        out = Markdown(text, tools.options["text_chars_max"])
        reading = pdf.read(
            request.source, out, Context(shown, request.scratch, tools.options, tools.progress), seen.see
        )
    facts: dict[str, Any] = {
        "reader": READER, "reader_version": READER_VERSION, "words": out.words, "marks": "\n".join(reading.marks),
        "counts": json.dumps(dict(reading.counts)),
    }  # fmt: skip
    note = notes.write(request.scratch, notes.shown_source(item), {**item, **facts}, body)
    return facts | {"item": request.args["item"], "note_digest": note.digest, "chars": note.chars}


HANDLER = Handler(
    kind=KIND, run=run, report=report, options="library", heavy=True, reserves=True, told="item as written",
    # Thousands of pages take hours on a small machine; tesseract is a process of its own, which counts for itself.
    limits={"cpu_seconds": units.DAY, "deadline_seconds": units.DAY},
)  # fmt: skip
