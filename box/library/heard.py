"""What was heard so far. The rule: a line a segment in a file that lasts; whoever is killed goes on where it ends.

The file bears the digest of the recording and of all that decides what comes out, so it is only ever gone on with by
the same model on the same sound. The last line may be torn: then it is not there.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final, Self

from box.library.going_on import files_in, opened

FOLDER: Final = "temp/speech"
"""Below the root, and so no part of what any user keeps."""
KEEP_SECONDS: Final = 24 * 3600.0
"""One that is complete stays so long, in case what was made of it is lost before it stands; any other, ten times."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Something that was said, with its times in seconds."""

    start: float
    end: float
    text: str


@dataclass(slots=True)
class Heard:
    """A recording that is being transcribed."""

    path: str
    segments: list[Segment] = field(default_factory=list)
    position: float = 0.0
    """Up to where it was heard, in seconds."""
    language: str = ""
    is_complete: bool = False
    _file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Read what is there, and open it to go on."""
        self._file = opened(self.path, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None, "entered"  # noqa: S101 - a defect, not an answer
        self._file.close()

    def add(self, segment: Segment) -> None:
        """One more."""
        self._write([segment.start, segment.end, segment.text])
        self.segments.append(segment)
        self.position = max(self.position, segment.end)

    def reached(self, position: float, language: str, *, is_complete: bool = False) -> None:
        """All up to there was heard; this lasts when it returns."""
        self._write({"at": position, "language": language, "complete": is_complete})
        assert self._file is not None, "entered"  # noqa: S101 - as above
        os.fsync(self._file.fileno())
        self.position, self.language, self.is_complete = position, language, is_complete

    def _write(self, value: object) -> None:
        assert self._file is not None, "entered"  # noqa: S101 - as above
        self._file.write(json.dumps(value).encode() + b"\n")
        self._file.flush()

    def _take(self, line: bytes) -> bool:
        try:
            value: Any = json.loads(line)
            if isinstance(value, list):
                start, end, text = value
                self.segments.append(Segment(float(start), float(end), str(text)))
                self.position = max(self.position, float(end))
            else:
                self.position, self.language = float(value["at"]), str(value["language"])
                self.is_complete = bool(value["complete"])
        except (ValueError, TypeError, KeyError):
            return False
        return True


def clear(folder: str) -> None:
    """Remove what is no longer needed."""
    for path in files_in(folder):
        with suppress(OSError):
            heard = Heard(path)
            age = time.time() - os.stat(path).st_mtime
            if age > KEEP_SECONDS:
                with heard:
                    is_old = heard.is_complete or age > 10 * KEEP_SECONDS
                if is_old:
                    os.unlink(path)
