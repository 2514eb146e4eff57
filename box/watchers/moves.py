"""Files that people moved or renamed. The rule: gone there and new here is one file if size, time and digest agree.

Only what has a digest is recognised: photos, and originals and notes of texts. A copy is no move, because its original
is not gone. Pure but for the two questions that come as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from box.events import Event, FileMoved, FileNoticed, FileVanished
from box.paths import owner, split
from box.watchers import Seen

AREAS = ("photos", "media", "notes")
"""What leaves its own is no photo and no note any more, even where it comes to lie."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a file."""

    seen: Seen
    digest: str


def joined(
    events: Iterable[Event], known: Callable[[str], Kept | None], digest: Callable[[str], str]
) -> list[Event]:  # fmt: skip
    """The same events, but where such a file has vanished and is new elsewhere one `FileMoved` says so.

    `known(path text)` is asked for what has vanished, `digest(path text)` for new files of the same size and time only.
    """
    listed = list(events)
    gone: dict[Seen, dict[str, str]] = {}
    for event in listed:
        if isinstance(event, FileVanished) and (kept := known(event.path)) is not None:
            gone.setdefault(kept.seen, {})[event.path] = kept.digest
    moved: set[str] = set()
    for place, event in enumerate(listed):
        if isinstance(event, FileNoticed) and gone and owner(event.path)[1] in AREAS:
            source = _source(event, gone, digest)
            if source:
                moved.add(source)
                listed[place] = FileMoved(
                    user=event.user, source=source, path=event.path, size=event.size, mtime_ns=event.mtime_ns
                )
    return [event for event in listed if not (isinstance(event, FileVanished) and event.path in moved)]


def _source(event: FileNoticed, gone: dict[Seen, dict[str, str]], digest: Callable[[str], str]) -> str:
    """Where a new file was before; empty if it is new indeed. No other can have been there then."""
    candidates = gone.get((event.size, event.mtime_ns))
    if not candidates:
        return ""
    found = digest(event.path)
    name, area = split(event.path)[1], owner(event.path)[1]
    alike = (path for path, each in candidates.items() if each == found and owner(path)[1] == area)
    same = sorted(alike, key=lambda path: (split(path)[1] != name, path))
    if same:
        del candidates[same[0]]
    return same[0] if same else ""
