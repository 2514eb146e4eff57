"""describe: what somebody says about a text that was read before. The rule: the item says so, and its note as well.

What they say goes before what it said until then; tags are added. The note gets another front matter and title, unless
somebody has changed these: then it stays as it is.

`run` works in the child process, the parent calls `report` only: so what reads is imported where it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from box.errors import SourceChanged
from box.events import CompanionFiled, DocumentDescribed, Event, FilePlaced, NoteRewritten
from box.paths import to_os
from box.tasks import document, notes
from box.tasks.handler import Found, Handler, Landed, Placement, Request, Tools

KIND: Final = "describe"
_BODY: Final = "body.md"


def run(request: Request, _: Tools) -> Found:
    """Read what is said, and write the note anew. Raises SourceChanged and Unprocessable."""
    known = request.args["known"]
    if not known:
        raise SourceChanged("there is no such item")
    given = document.given_by(request.files[0])
    said = {
        "title": given.title or known["title"], "authors": "\n".join(given.authors) or known["authors"],
        "date": given.date or known["date"],
        "tags": "\n".join(dict.fromkeys((*filter(None, known["tags"].split("\n")), *given.tags))),
    }  # fmt: skip
    placements = [Placement("media", _folder(known), os.path.basename(request.source))]
    facts: dict[str, Any] = {"item": request.args["item"], **said}
    note = _rewritten(request, known, said)
    if note is not None:
        placements.append(notes.anew(known))
        own = ("reader", "reader_version", "words", "marks", "language")
        facts["note"] = {name: known[name] for name in own} | {"note_digest": note.digest, "chars": note.chars}
    return Found(tuple(placements), "", facts)


def _folder(known: Mapping[str, Any]) -> str:
    """Of the original; without one, of its year."""
    return to_os("/".join(known["path"].split("/")[3:-1])) or known["date"][:4]


def _rewritten(request: Request, known: Mapping[str, Any], said: Mapping[str, Any]) -> notes.Note | None:
    """Make the note anew in the scratch folder; None if it is not there, or begins with something else."""
    path = notes.path_of(request, known)
    if not known["note_digest"] or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        if document.digest_of(file.fileno()) != known["note_digest"]:
            return None
    body = os.path.join(request.scratch, _BODY)
    shown = notes.shown_source(known)
    os.makedirs(request.scratch, exist_ok=True)
    if not notes.take_body(path, body, shown, known):
        return None
    return notes.write(request.scratch, shown, {**known, **said}, body)


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """What is known of the item now, and the note that says so."""
    main, item = landed[0], found.facts["item"]
    facts = {name: value for name, value in found.facts.items() if name != "note"}
    events: list[Event] = [
        CompanionFiled(source=main.source, path=main.path, size=main.size, mtime_ns=main.mtime_ns),
        DocumentDescribed(**facts),
    ]
    for at in landed[1:]:
        events += [
            FilePlaced(path=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job),
            NoteRewritten(
                note=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job, item=item, **found.facts["note"]
            ),
        ]
    return tuple(events)


HANDLER = Handler(kind=KIND, run=run, report=report, told="item")
