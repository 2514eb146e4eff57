"""transcribe: what is said in a recording becomes the text of its note. The rule: the item stays, its text grows.

Box's own note is replaced, as it stands; one that somebody has changed meanwhile stays as it is, and the new text gets
a file of its own. What was heard is kept as it comes: killed or stopped, it goes on where it was.

`run` works in the child process, the parent calls `report` only: so what listens is imported where it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import BoxError, SourceChanged
from box.events import Event, FilePlaced, NoteRewritten
from box.library import readers
from box.paths import split, to_os
from box.tasks import notes, source
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

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

    home = os.path.dirname(os.path.dirname(request.scratch))  # of the user: the scratch is in their temp/
    folder = os.path.join(os.path.dirname(os.path.dirname(home)), heard.FOLDER)
    name = to_os(split(request.args["note"])[1])
    if not os.path.lexists(os.path.join(home, "notes", to_os(request.args["note"].partition("/notes/")[2]))):
        raise SourceChanged("its note was deleted: it stays so")
    settings = speech.settings_of(tools.options)
    os.makedirs(request.scratch, exist_ok=True)
    heard.clear(folder)
    key = blake3(f"{request.args['digest']}:{settings.identity}".encode()).hexdigest()[:32]
    with source.opened(request.files[0]) as file, heard.Heard(os.path.join(folder, f"{key}.jsonl")) as said:
        facts = _written(request, tools, said, lambda seconds: speech.transcribe(
            file, request.args["media_type"], _shown(request), seconds, settings, said, tools.progress
        ))  # fmt: skip
    result = {"segments": len(said.segments), "seconds": round(said.position), "language": facts["language"]}
    return Found((Placement("notes", "", name, made=notes.NOTE, renews=True),), "", facts, result)


def _written(request: Request, tools: Tools, said: Heard, listen: Callable[[int], tuple[str, ...]]) -> dict[str, Any]:
    """Write the note: what the recording says about itself, then what is said in it; the facts about it."""
    from box.library.markdown import Markdown  # noqa: PLC0415 - only the child needs it
    from box.library.reading import Context  # noqa: PLC0415 - as above

    args = request.args
    reader = readers.by_media_type(args["media_type"])
    if reader is None:
        raise BoxError(f"no recording is of the type {args['media_type']!r}")
    body = os.path.join(request.scratch, _BODY)
    with open(body, "w", encoding="utf-8", newline="\n", buffering=notes.BLOCK_BYTES) as text:
        out = Markdown(text, tools.options["text_chars_max"])
        context = Context(_shown(request), request.scratch, tools.options, tools.progress)
        reading = reader.read(request.source, out, context)
        marks = listen(reading.counts.get("seconds", 0))
        out.heading(2, "Transcript")
        for segment in said.segments:
            out.spoken(segment.start, segment.text)
    marks = tuple(dict.fromkeys((*reading.marks, TRANSCRIBED if said.segments else NOTHING, *marks)))
    counts = {**json.loads(args["counts"] or "{}"), "segments": len(said.segments)}
    facts: dict[str, Any] = {
        "reader": READER, "reader_version": READER_VERSION, "words": out.words, "marks": "\n".join(marks),
        "language": args["language"] or said.language,
    }  # fmt: skip
    note = notes.write(request.scratch, args["shown"], {**args, **facts, "counts": json.dumps(counts)}, body)
    return facts | {"item": args["item"], "note_digest": note.digest, "chars": note.chars}


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
    kind=KIND, run=run, report=report, options="speech", heavy=True,
    # The libraries map far more than they use; hours of speech take hours on a small machine.
    limits={
        "memory_bytes": 2 * units.GB, "cpu_seconds": units.DAY, "deadline_seconds": units.DAY, "open_files_max": 256,
    },
)  # fmt: skip
