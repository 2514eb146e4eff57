"""Rules of the library: what goes with a text, and what follows when it was read. The rule: as in `box.rules`.

Numbered there, 17 to 19 and 23 to 25.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from box import events as e
from box.events import Event
from box.group_rules import fits, job
from box.library import given
from box.paths import owner, split
from box.policy import Policy
from box.questions import Drop, View

DOCUMENT: Final = "document"
"""The kind of job that reads a text."""

DESCRIBE: Final = "describe"
"""The kind of job that takes in what is said about a text that was read before."""

INDEX: Final = "index"
"""The kind of job that makes what was read searchable: of one user, all that is not yet."""

CLAIMS: Final = "claims"
"""The kind of job that finds what texts state: of one user, all that was not examined as it is now."""

CLAIMS_PRIORITY: Final = -10
"""After ordinary work: the text is safe, and can be searched already."""


TRANSCRIBE: Final = "transcribe"
"""The kind of job that makes text of what is said in a recording."""

OCR: Final = "ocr"
"""The kind of job that reads pages that are pictures of text."""

NEEDS_OCR: Final = "needs-ocr"
"""The mark of a note that lacks such pages."""

EMBED: Final = "embed"
"""The kind of job that makes vectors of a text."""

AFTERWARDS: Final = -10
"""The priority of what takes long and is about what is safe already."""


def on_meta_settled(policy: Policy, drop: Drop, view: View) -> Iterator[Event]:
    """Rule 17, for what is said about a text that came first."""
    folder, name = split(drop.path)
    base = name.removesuffix(given.ENDING)
    for mate in view.drops_beginning(f"{folder}/{base}"):
        is_text = policy.kinds.get(mate.media_type) == DOCUMENT and not mate.path.endswith(given.ENDING)
        if not is_text or name not in given.names_for(split(mate.path)[1]):
            continue
        if (
            mate.job
            and view.job_is_queued(mate.job)
            and view.job(mate.job).kind == DOCUMENT
            and fits(policy, drop, view, drop.size)
        ):
            yield e.DropJoined(user=drop.user, job=mate.job, path=drop.path, size=drop.size)
        return  # when that one is read, this is next
    for item, source in view.read_from(drop.user, f"{folder}/{base}"):
        if name in given.names_for(split(source)[1]):
            yield from _describing(policy, drop, view, item)
            return


def on_document_read(policy: Policy, event: e.DocumentRead, view: View) -> Iterator[Event]:
    """Rule 17, for what was said about a text while it was read."""
    folder, name = split(event.source)
    for other in given.names_for(name):
        drop = view.drop(f"{folder}/{other}")
        if drop is not None and not _is_taken(drop, view):
            yield from _describing(policy, drop, view, view.newest_item())
            return


def _describing(policy: Policy, drop: Drop, view: View, item: int) -> Iterator[Event]:
    if fits(policy, drop, view, drop.size):
        yield replace(job(policy, drop, view, DESCRIBE), not_before="", args=json.dumps({"item": item}))


def on_job_requested(policy: Policy, event: e.JobRequested, view: View) -> Iterator[Event]:
    """Rule 17, for what is said about a text that comes now."""
    if event.kind != DOCUMENT or not event.source:
        return
    folder, name = split(event.source)
    for other in given.names_for(name):
        drop = view.drop(f"{folder}/{other}")
        if drop is not None and not _is_taken(drop, view) and fits(policy, drop, view, drop.size):
            yield e.DropJoined(user=drop.user, job=view.newest_job(), path=drop.path, size=drop.size)
            return


def _is_taken(drop: Drop, view: View) -> bool:
    return bool(drop.job) and view.job(drop.job).state in {"queued", "running"}


def on_job_quarantined(policy: Policy, event: e.JobQuarantined, view: View) -> Iterator[Event]:
    """Rule 17: where what was said about a text is to blame, the text is read without it."""
    known = view.job(event.job)
    if known.kind == DOCUMENT and event.source and event.source != known.source:
        drop = view.drop(known.source)
        if drop is not None and drop.job == event.job:
            yield job(policy, drop, view, DOCUMENT)


def on_text_changed(_: Policy, event: Any, view: View) -> Iterator[Event]:
    """Rule 18: an item came, or its note was changed or deleted by hand."""
    if isinstance(event, e.DocumentRead | e.NoteRewritten):
        concerned = True
    else:
        concerned = owner(event.path)[1] == "notes" and view.has_unindexed(event.user)
    if concerned and not view.is_queued(INDEX, event.user):
        yield e.JobRequested(user=event.user, kind=INDEX, exclusive=INDEX)


def on_document_indexed(policy: Policy, event: e.DocumentIndexed, view: View) -> Iterator[Event]:
    """Rule 19; what was found while the owner wanted claims goes with its text in any case."""
    if (policy.claims or view.has_claims(event.item)) and not view.is_queued(CLAIMS, event.user):
        # Age does not matter here: the clock sees to that.
        args = json.dumps({"policy": "stale", "stale_days": None})
        yield e.JobRequested(user=event.user, kind=CLAIMS, exclusive=CLAIMS, priority=CLAIMS_PRIORITY, args=args)


def on_recording_here(policy: Policy, event: e.DocumentRead | e.EpisodeDownloaded, view: View) -> Iterator[Event]:
    """Rule 23."""
    recording = view.unheard(event.path) if policy.transcribes else None
    if recording is not None:
        yield more_text(TRANSCRIBE, recording, event.size, event.mtime_ns)


def on_scan_read(policy: Policy, event: e.DocumentRead, view: View) -> Iterator[Event]:
    """Rule 25."""
    if policy.recognises and NEEDS_OCR in event.marks.split("\n"):
        item = {"id": view.newest_item(), "user": event.user, "path": event.path, "digest": event.digest}
        yield more_text(OCR, item, event.size, event.mtime_ns)


def more_text(kind: str, item: Mapping[str, Any], size: int, mtime_ns: int) -> e.JobRequested:
    """The job that finds more text in an original, and writes its note anew; `item`: its row."""
    return e.JobRequested(
        user=item["user"], kind=kind, source=item["path"], size=size, mtime_ns=mtime_ns, priority=AFTERWARDS,
        args=json.dumps({"item": item["id"], "digest": item["digest"]}),
    )  # fmt: skip


def on_text_indexed(policy: Policy, event: e.DocumentIndexed, view: View) -> Iterator[Event]:
    """Rule 24."""
    if policy.embeds and event.chunks:
        args = {
            "item": event.item, "note": view.note_of(event.item), "note_digest": event.note_digest,
            "chunks": event.chunks,
        }  # fmt: skip
        yield e.JobRequested(user=event.user, kind=EMBED, priority=AFTERWARDS, args=json.dumps(args))
