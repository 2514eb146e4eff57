"""Text of pictures, by the program `tesseract` where it is installed. The rule: it gets a picture and a deadline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final

from box.errors import Unprocessable
from box.library.reading import NO_READER

DPI: Final = 200
PIXELS_MAX: Final = 16_000_000
"""Of a page that is rendered: A4 has 3.9 million at 200 dpi, A3 twice that."""
PAGE_SECONDS_MAX: Final = 120
_LANGUAGES: Final = re.compile(r"[A-Za-z_]+(?:\+[A-Za-z_]+)*")


def program() -> str | None:
    """Where it is; None if it is not installed."""
    return shutil.which("tesseract")


def text_of(tesseract: str, picture: str, languages: str) -> str | None:
    """What can be read on a picture; None if the program did not manage it. Raises Unprocessable without a language."""
    if not _LANGUAGES.fullmatch(languages):
        raise Unprocessable(NO_READER, f"library.ocr_languages: {languages!r} is not like 'eng' or 'deu+eng'")
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, with a path and a checked word
            [tesseract, picture, "stdout", "-l", languages],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PAGE_SECONDS_MAX,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # one core is for the rest of the machine
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode and b"load any languages" in done.stderr:
        raise Unprocessable(NO_READER, f"tesseract knows no language {languages!r}: install tesseract-ocr-LANGUAGE")
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def write_grey(path: str, width: int, height: int, stride: int, pixels: memoryview) -> None:
    """A picture of one byte a pixel as a PGM file."""
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (width, height))
        file.writelines(pixels[row * stride : row * stride + width] for row in range(height))
