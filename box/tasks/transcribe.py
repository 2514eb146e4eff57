"""transcribe: what is said in a recording becomes the text of its note. The rule: the item stays, its text grows.

The note is written anew as it stands, with what is said below. Box's own is replaced; one that somebody has changed
meanwhile stays as it is, and the new text gets a file of its own, with what they wrote in it. What was heard is kept as
it comes: killed or stopped, it goes on where it was.

`run` works in the child process, the parent calls `report` only: so what listens is imported where it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from box import disk, units
from box.errors import SourceChanged, Unprocessable
from box.events import Event, FilePlaced, NoteRewritten
from box.tasks import notes, source
from box.tasks.handler import Found, Handler, Landed, Request, Tools

if TYPE_CHECKING:
    from box.library.heard import Heard

KIND: Final = "transcribe"
READER: Final = "speech"
READER_VERSION: Final = 1
TRANSCRIBED: Final = "transcribed"
"""The mark of a text that a machine has heard."""
NOTHING: Final = "nothing-said"
_BODY: Final = "body.md"


def run(request: Request, tools: Tools) -> Found:
    """Listen, and write the note anew. Raises SourceChanged, Unprocessable, and BoxError without a model."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    from box.library import heard, speech  # noqa: PLC0415 - as above

    item = notes.item_of(request)
    settings = speech.settings_of(tools.options)
    os.makedirs(request.scratch, exist_ok=True)
    folder = notes.beside_users(request, heard.FOLDER)
    heard.clear(folder)
    key = blake3(f"{item['digest']}:{settings.identity}".encode()).hexdigest()[:32]
    with source.opened(request.files[0]) as file, heard.Heard(os.path.join(folder, f"{key}.jsonl")) as said:
        facts = _written(request, item, tools, said, lambda seconds: speech.transcribe(
            file, item["media_type"], _shown(request), seconds, settings, said, tools.progress
        ))  # fmt: skip
    tools.reserve(os.stat(os.path.join(request.scratch, notes.NOTE)).st_size)
    result = {"segments": len(said.segments), "seconds": round(said.position), "language": facts["language"]}
    return Found((notes.anew(item),), "", facts, result)


def _written(
    request: Request, item: Mapping[str, Any], tools: Tools, said: Heard, listen: Callable[[int], tuple[str, ...]]
) -> dict[str, Any]:
    """Write the note: as it stands, then what is said in the recording; the facts about it."""
    from box.library.front import renewed  # noqa: PLC0415 - only the child needs it
    from box.library.markdown import Markdown  # noqa: PLC0415 - as above

    counts = json.loads(item["counts"] or "{}")
    marks = listen(counts.get("seconds", 0))
    note = _standing(notes.path_of(request, item), tools.options["text_chars_max"])
    body = os.path.join(request.scratch, _BODY)
    with open(body, "w", encoding="utf-8", newline="\n", buffering=notes.BLOCK_BYTES) as text:
        out = Markdown(text, tools.options["text_chars_max"])
        out.heading(2, "Transcript")
        for segment in said.segments:
            out.spoken(segment.start, segment.text)
    marks = (*filter(None, item["marks"].split("\n")), TRANSCRIBED if said.segments else NOTHING, *marks)
    facts: dict[str, Any] = {
        "reader": READER, "reader_version": READER_VERSION, "words": item["words"] + out.words,
        "marks": "\n".join(dict.fromkeys(marks)), "language": item["language"] or said.language,
    }  # fmt: skip
    front = {
        "language": facts["language"], "reader": READER, "marks": facts["marks"].split("\n"),
        "counts": {**counts, "segments": len(said.segments), "words": facts["words"]},
    }  # fmt: skip
    made = notes.compose(os.path.join(request.scratch, notes.NOTE), f"{renewed(note, front).rstrip()}\n\n", body)
    return facts | {"item": request.args["item"], "note_digest": made.digest, "chars": made.chars}


def _standing(path: str, chars_max: int) -> str:
    """The note as it stands. Raises SourceChanged where there is none, and Unprocessable for one that nobody reads."""
    from box.library.reading import OVERSIZED  # noqa: PLC0415 - only the child needs it

    try:
        with open(disk.open_to_read(path), encoding="utf-8", errors="replace", newline="") as file:
            text = file.read(chars_max + 1)
    except OSError as error:
        raise SourceChanged(f"its note was deleted: it stays so ({error.strerror})") from None
    if len(text) > chars_max:
        raise Unprocessable(OVERSIZED, f"its note holds more than {chars_max:,} characters (library.text_chars_max)")
    return text


def _shown(request: Request) -> str:
    return os.fsencode(os.path.basename(request.source)).decode("utf-8", "replace")


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The note that holds the text now."""
    at = landed[0]
    return (
        FilePlaced(path=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job),
        NoteRewritten(note=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job, **found.facts),
    )


HANDLER = Handler(
    kind=KIND, run=run, report=report, options="speech", heavy=True, reserves=True, told="item as written",
    # The libraries map far more than they use; hours of speech take hours on a small machine.
    limits={
        "memory_bytes": 2 * units.GB, "cpu_seconds": units.DAY, "deadline_seconds": units.DAY, "open_files_max": 256,
    },
)  # fmt: skip
