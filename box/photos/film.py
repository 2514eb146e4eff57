"""Pictures of films, made by ffmpeg. The rule: it gets one open file and the kind it is of, and may open nothing else.

So nothing in a film (a playlist, a reference, an address) leads it anywhere. Its own limits are those of the child.

For the child process only.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final

from box.photos import helping

_DEMUXERS: Final = {
    "video/quicktime": "mov", "video/mp4": "mov", "video/3gpp": "mov", "video/x-msvideo": "avi", "video/mp2t": "mpegts",
}  # fmt: skip
_SECONDS: Final = 30.0
_STARTS: Final = ("1", "0")
"""Where the picture is taken, in seconds: the first one is often black; a short film has no other."""


def frame(file: IO[bytes], media_type: str, pixels: int, pixels_max: int) -> bytes:
    """A picture of the film, upright, as a BMP with so many pixels on its longer side at most; empty without one.

    There is none where ffmpeg is not installed, does not understand the film, or takes too long for it.
    """
    program = shutil.which("ffmpeg")
    for start in _STARTS if program else ():
        # fmt: off
        command = [
            str(program), "-nostdin", "-hide_banner", "-loglevel", "quiet", "-threads", "1", "-filter_threads", "1",
            "-protocol_whitelist", "file", "-max_pixels", str(pixels_max), "-f", _DEMUXERS[media_type],
            "-ss", start, "-i", f"file:/dev/fd/{file.fileno()}", "-an", "-sn", "-dn", "-frames:v", "1",
            "-vf", f"scale='min({pixels},iw)':'min({pixels},ih)':force_original_aspect_ratio=decrease",
            "-threads", "1", "-c:v", "bmp", "-f", "image2pipe", "pipe:1",
        ]
        # fmt: on
        found = _run(command, file.fileno())
        if found.startswith(b"BM"):
            return found
    return b""


def _run(command: Sequence[str], descriptor: int) -> bytes:
    """What it prints in its time."""
    with suppress(OSError), helping.start(command, subprocess.DEVNULL, (descriptor,)) as process:
        try:
            return process.communicate(timeout=helping.seconds(_SECONDS))[0]
        except subprocess.TimeoutExpired:
            process.kill()
    return b""
