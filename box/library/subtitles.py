"""Subtitles: SubRip and WebVTT. The rule: what is said when, by whom if it says so, in paragraphs of some sentences.

Captions that roll up repeat the line before; each line is taken once.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from box.library.markdown import line

PARAGRAPH_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 3.0
CUE_CHARS_MAX: Final = 10_000

_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,200})>")
_TAG: Final = re.compile(r"</?[a-zA-Z0-9][^<>]{0,200}>|\{\\[^{}]{0,100}\}")
_ENDS: Final = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u061f]['\"”»)\]]*$")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from then to then."""

    start_seconds: float
    end_seconds: float
    text: str
    speaker: str = ""


def cues(lines: Iterable[str]) -> Iterator[Cue]:
    """The cues of a file, in its order; what is none is passed over."""
    times: tuple[float, float] | None = None
    text: list[str] = []
    for each in lines:
        match = _TIMES.match(each) if "-->" in each else None
        if times is not None and (match or not each.strip()):
            if text:
                yield _cue(times, text)
            times = None
        if match:
            groups = match.groups()
            times, text = (_seconds(groups[:4]), _seconds(groups[4:])), []
        elif times is not None and sum(map(len, text)) < CUE_CHARS_MAX:
            text.append(each)
    if times is not None and text:
        yield _cue(times, text)


def paragraphs(found: Iterable[Cue]) -> Iterator[Cue]:
    """Cues put together: until a sentence ends, somebody else speaks, or nobody does for some seconds."""
    open_cue: Cue | None = None
    last = ""
    for cue in found:
        rows = [row for row in cue.text.split("\n") if row and row != last]
        last = cue.text.rpartition("\n")[2]
        if not rows:
            continue
        text = " ".join(rows)
        if open_cue is None or _apart(open_cue, cue):
            if open_cue is not None:
                yield open_cue
            open_cue = Cue(cue.start_seconds, cue.end_seconds, text, cue.speaker)
        else:
            open_cue = Cue(open_cue.start_seconds, cue.end_seconds, f"{open_cue.text} {text}", open_cue.speaker)
    if open_cue is not None:
        yield open_cue


def _apart(before: Cue, cue: Cue) -> bool:
    if cue.speaker != before.speaker or cue.start_seconds - before.end_seconds > PAUSE_SECONDS:
        return True
    length = cue.end_seconds - before.start_seconds
    # Captions without a full stop are parted too.
    return length > 2 * PARAGRAPH_SECONDS or (length > PARAGRAPH_SECONDS / 2 and bool(_ENDS.search(before.text)))


def _cue(times: tuple[float, float], text: list[str]) -> Cue:
    joined = "\n".join(text)
    voice = _VOICE.search(joined)
    plain = html.unescape(_TAG.sub("", joined))
    rows = (line(row) for row in plain.split("\n"))
    speaker = line(html.unescape(voice[1])) if voice else ""
    return Cue(times[0], max(times), "\n".join(row for row in rows if row), speaker)


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, parts = groups
    return (
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + int((parts or "0").ljust(3, "0")) / 1000
    )
