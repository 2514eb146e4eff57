"""Text of pictures, by the program `tesseract` where it is installed. The rule: it gets a picture and a deadline."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from box.errors import BoxError

DPI: Final = 200
PIXELS_MAX: Final = 16_000_000
"""Of a page that is rendered: A4 has 3.9 million at 200 dpi, A3 twice that."""
PAGE_SECONDS_MAX: Final = 120
CODE: Final = "no-ocr"
_PROGRAM: Final = "tesseract"


def is_installed() -> bool:
    """Whether the program is there."""
    return shutil.which(_PROGRAM) is not None


def program() -> str:
    """Where it is. Raises BoxError if it is not installed."""
    found = shutil.which(_PROGRAM)
    if found is None:
        raise _missing("tesseract is not installed: `apt-get install tesseract-ocr`")
    return found


def text_of(tesseract: str, picture: str, languages: str) -> str | None:
    """What can be read on a picture; None if the program did not manage it. Raises BoxError without a language."""
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, and a word that the configuration has checked
            [tesseract, picture, "stdout", "-l", languages],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PAGE_SECONDS_MAX,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # one core is for the rest of the machine
        )
    except subprocess.TimeoutExpired:
        return None
    # With a language that is there it goes on without those that are not: that would be a text nobody asked for.
    if b"Failed loading language" in done.stderr or b"load any languages" in done.stderr:
        raise _missing(f"library.ocr_languages: tesseract has not all of {languages}: `apt-get install"
                       " tesseract-ocr-LANGUAGE`")  # fmt: skip
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def _missing(why: str) -> BoxError:
    error = BoxError(f"{why}; then `box jobs retry`")
    error.code = CODE
    return error


def write_grey(path: str, width: int, height: int, stride: int, pixels: memoryview) -> None:
    """A picture of one byte a pixel as a PGM file."""
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (width, height))
        file.writelines(pixels[row * stride : row * stride + width] for row in range(height))
