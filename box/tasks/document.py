"""document: a text becomes an item of the library. The rule: its bytes stay as they are; what can be read is a note.

The original goes to `media/<year>/`, its text as Markdown to `notes/`, the picture of a book to `thumbnails/`; all of
it or nothing. What it is called and who wrote it is what somebody said beside it, else what it says itself.

`run` works in the child process, the parent calls `report` only: so what reads is imported where it is used.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from box.errors import Unprocessable
from box.events import CompanionFiled, DocumentRead, Event, FeedSubscribed, FilePlaced
from box.library import readers
from box.library.given import Given
from box.tasks import notes, source
from box.tasks.handler import Found, Handler, Landed, Member, Placement, Request, Tools

if TYPE_CHECKING:
    from box.library.reading import Reading

KIND: Final = "document"
_BODY, _COVER = "body.md", "cover.jpg"
_COVER_PIXELS: Final = 512
_BLOCK_BYTES: Final = 256 * 1024
_TAG_CHARS_MAX: Final = 100


def run(request: Request, tools: Tools) -> Found:
    """Read the source and write its note. Raises SourceChanged and Unprocessable."""
    from box.library.markdown import Markdown  # noqa: PLC0415 - only the child needs it
    from box.library.reading import NO_READER, Context  # noqa: PLC0415 - as above
    from box.library.recognising import recognise  # noqa: PLC0415 - as above

    given = _given(request)
    name = _shown(request.source)
    with source.opened(request.files[0]) as file:
        media_type = recognise(request.source, name)
        reader = readers.by_media_type(media_type)
        if reader is None:
            raise Unprocessable(NO_READER, f"{name} is of a kind that nobody here reads: {media_type or 'unknown'}")
        os.makedirs(request.scratch, exist_ok=True)
        body = os.path.join(request.scratch, _BODY)
        with open(body, "w", encoding="utf-8", newline="\n", buffering=notes.BLOCK_BYTES) as text:
            out = Markdown(text, tools.options["text_chars_max"])
            reading = reader.read(request.source, out, Context(name, request.scratch, tools.options, tools.progress))
        digest = digest_of(file.fileno())  # not before: much of what is refused is large
    facts = {
        "digest": digest, "media_type": media_type, "item_kind": reading.kind,
        "title": given.title or reading.title or os.path.splitext(name)[0],
        "authors": "\n".join(given.authors or reading.authors), "date": given.date or reading.date,
        "language": reading.language, "origin": reading.origin,
        "tags": "\n".join(dict.fromkeys((*_folders(request), *reading.tags, *given.tags))), "reader": reader.name,
        "reader_version": reader.version, "words": out.words, "marks": "\n".join(reading.marks),
        "counts": json.dumps(dict(reading.counts)) if reading.counts else "",
    }  # fmt: skip
    feeds = _feeds(reading)
    note = notes.write(request.scratch, _inbox_path(request) or name, facts, body)
    facts |= {"note_digest": note.digest, "chars": note.chars, **({"feeds": feeds} if feeds else {})}
    placements = _placements(request, facts, reading.cover)
    made = (os.path.join(request.scratch, each.made) for each in placements if each.made)
    tools.reserve(sum(os.stat(path).st_size for path in made))
    return Found(placements, digest, facts)


def _placements(request: Request, facts: Mapping[str, Any], cover: str) -> tuple[Placement, ...]:
    """Where the original, what was said about it, its note and its picture belong."""
    from box.library.front import slug  # noqa: PLC0415 - only the child needs it

    name = os.path.basename(request.source)
    year = (
        facts["date"][:4] if facts["date"][:4].isdigit() else time.strftime("%Y", time.gmtime(request.mtime_ns / 1e9))
    )
    note = slug(facts["title"]) or slug(os.path.splitext(_shown(name))[0]) or "note"
    placements = [Placement("media", year, name)]
    placements += [
        Placement("media", year, os.path.basename(each.path), file=number, apart=True)
        for number, each in enumerate(request.members, 1)
    ]
    placements.append(Placement("notes", "", f"{note}.md", made=notes.NOTE, apart=True))
    if cover and _save_cover(os.path.join(request.scratch, cover), os.path.join(request.scratch, _COVER)):
        placements.append(Placement("thumbnails", f"media/{year}", suffix=".jpg", made=_COVER))
    return tuple(placements)


def _save_cover(path: str, target: str) -> bool:
    """Make a thumbnail of a picture that a book holds; False if it is none."""
    from box.photos.thumbnail import save_small  # noqa: PLC0415 - imports Pillow

    return save_small(path, target, _COVER_PIXELS)


def report(request: Request, found: Found, landed: tuple[Landed, ...]) -> tuple[Event, ...]:
    """The item, and the files that stand for it."""
    main = landed[0]
    placed = list(zip(found.placements, landed, strict=True))
    companions = tuple(
        CompanionFiled(source=at.source, path=at.path, size=at.size, mtime_ns=at.mtime_ns, main=main.path)
        for each, at in placed[1:]
        if not each.made
    )
    if main.is_kept:
        return companions
    made = {each.area: at for each, at in placed if each.made}
    cover = made.get("thumbnails")
    facts = {name: value for name, value in found.facts.items() if name != "feeds"}
    item = DocumentRead(
        source=main.source, path=main.path, size=main.size, mtime_ns=main.mtime_ns, note=made["notes"].path,
        cover=cover.path if cover else "", **facts,
    )  # fmt: skip
    files = (FilePlaced(path=at.path, size=at.size, mtime_ns=at.mtime_ns, job=request.job) for at in made.values())
    feeds = (FeedSubscribed(url=url, title=title) for url, title in found.facts.get("feeds", ()))
    return *files, *companions, item, *feeds


def _feeds(reading: Reading) -> list[tuple[str, str]]:
    """What it subscribes to, each once; what is no address of the web is left out."""
    from box.web.addresses import normal  # noqa: PLC0415 - only the child needs it
    from box.web.failures import FetchError  # noqa: PLC0415 - as above

    found: dict[str, str] = {}
    for each in reading.feeds:
        with suppress(FetchError):
            found.setdefault(normal(each.url), each.title)
    return list(found.items())


def _given(request: Request) -> Given:
    """What somebody said about it, in the file that came with it."""
    for number, member in enumerate(request.members, 1):
        try:
            return given_by(member)
        except Unprocessable as error:
            error.file = number
            raise
    return Given()


def given_by(member: Member) -> Given:
    """What such a file says. Raises SourceChanged and Unprocessable."""
    from box.library import given  # noqa: PLC0415 - only the child needs it

    name = _shown(member.path)
    if member.size > given.BYTES_MAX:
        raise Unprocessable(given.CODE, f"{name} has {member.size:,} bytes: a few lines are enough")
    with source.opened(member) as file:
        return given.read(file.read(), name)


def _inbox_path(request: Request) -> str:
    return shown_path(request.source.partition(f"/users/{request.user}/inbox/")[2])


def _folders(request: Request) -> list[str]:
    """The sub-folders of the inbox that it lay in."""
    from box.library.markdown import line  # noqa: PLC0415 - only the child needs it

    return [tag for each in _inbox_path(request).split("/")[:-1] if (tag := line(each)[:_TAG_CHARS_MAX])]


def _shown(path: str) -> str:
    return shown_path(os.path.basename(path))


def shown_path(path: str) -> str:
    """As people read it: what is no text in it is replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def digest_of(descriptor: int) -> str:
    """blake3 of all bytes."""
    from blake3 import blake3  # noqa: PLC0415 - only the child needs it

    digest = blake3()
    block = memoryview(bytearray(_BLOCK_BYTES))
    while count := os.readv(descriptor, [block]):
        digest.update(block[:count])
    os.lseek(descriptor, 0, os.SEEK_SET)
    return digest.hexdigest()


HANDLER = Handler(
    kind=KIND, run=run, report=report, media_types=readers.MEDIA_TYPES, options="library", companions=True,
    reserves=True,
)  # fmt: skip
