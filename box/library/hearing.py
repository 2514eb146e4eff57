"""Sound as numbers. The rule: a window at a time, cut where it is quiet, so that memory does not grow with the length.

Windows are what a model of speech wants: one channel, 16,000 values a second between -1 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from box.errors import Unprocessable
from box.library.reading import CORRUPT

if TYPE_CHECKING:
    from numpy import ndarray

RATE: Final = 16_000
QUIET_SECONDS: Final = 10.0
"""So much of the end of a window is searched for a quiet place to cut it."""
_FRAME: Final = RATE // 33
"""Values whose loudness is taken together: 30 ms."""
_SILENCE: Final = 1e-3
"""A window that is nowhere louder than this holds nothing that anybody said."""

_FORMATS: Final = {
    "audio/mpeg": "mp3",
    "audio/mp4": "mp4",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/aac": "aac",
    "video/mp4": "mp4",
}
"""By media type, what the decoder is to take it for: it would find playlists that name other files, too."""


@dataclass(slots=True)
class Hearing:
    """A recording that is being decoded."""

    file: IO[bytes]
    media_type: str
    name: str
    damaged: int = 0
    """Pieces that could not be decoded, and are left out."""
    _waiting: list[ndarray[Any, Any]] = field(default_factory=list)

    def windows(self, start_seconds: float, window_seconds: float) -> Iterator[tuple[float, ndarray[Any, Any]]]:
        """(where it begins, its values) of each window from there on. Raises Unprocessable for what is no sound."""
        import numpy as np  # noqa: PLC0415 - only who listens needs it

        position = round(start_seconds * RATE)
        to_skip, size, length = position, round(window_seconds * RATE), 0
        for piece in self._decoded():
            skipped = min(to_skip, len(piece))
            to_skip -= skipped
            self._waiting.append(piece[skipped:])
            length += len(piece) - skipped
            while length >= size:
                sound = np.concatenate(self._waiting)
                cut = quietest(sound[:size])
                yield position / RATE, _scaled(sound[:cut])
                self._waiting, length, position = [sound[cut:]], len(sound) - cut, position + cut
        if not position and not length:
            raise Unprocessable(CORRUPT, f"nothing of {self.name} can be decoded")
        if length:
            yield position / RATE, _scaled(np.concatenate(self._waiting))
        self._waiting = []

    def _decoded(self) -> Iterator[ndarray[Any, Any]]:
        """All values, in small pieces of 16-bit integers."""
        import av  # noqa: PLC0415 - as above

        try:
            with av.open(self.file, mode="r", format=_FORMATS[self.media_type], metadata_errors="ignore") as container:
                if not container.streams.audio:
                    raise Unprocessable(CORRUPT, f"{self.name} holds no sound")
                resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
                for packet in container.demux(container.streams.audio[0]):
                    pieces = []
                    try:
                        for frame in packet.decode():
                            frame.pts = None  # what it says about its time is not always true
                            pieces += [each.to_ndarray()[0] for each in resampler.resample(frame)]
                    except (av.error.FFmpegError, ValueError):  # garbage, or suddenly another kind of sound
                        self.damaged += 1
                    yield from pieces
                yield from (each.to_ndarray()[0] for each in resampler.resample(None))
        except av.error.FFmpegError as error:
            raise Unprocessable(CORRUPT, f"{self.name} cannot be decoded: {str(error)[:200]}") from error


def quietest(sound: ndarray[Any, Any]) -> int:
    """Where to cut a window: in the middle of the quietest 30 ms near its end."""
    import numpy as np  # noqa: PLC0415 - as above

    frames = min(round(QUIET_SECONDS * RATE), len(sound) // 2) // _FRAME
    if not frames:
        return len(sound)
    first = len(sound) - frames * _FRAME
    loudness = np.abs(sound[first:].astype(np.int32)).reshape(frames, _FRAME).mean(axis=1)
    return first + int(loudness.argmin()) * _FRAME + _FRAME // 2


def is_silent(sound: ndarray[Any, Any]) -> bool:
    """Whether there is nothing to hear."""
    import numpy as np  # noqa: PLC0415 - as above

    return bool(np.abs(sound).max(initial=0.0) < _SILENCE)


def _scaled(sound: ndarray[Any, Any]) -> ndarray[Any, Any]:
    import numpy as np  # noqa: PLC0415 - as above

    return sound.astype(np.float32) / 32768.0
