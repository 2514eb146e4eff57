"""Pages that are pictures of text. The rule: what was seen on a page is kept before the next one is looked at.

A line a page in a file that bears the digest of the document and the languages; whoever is killed goes on where it
ends. The last line may be torn: then it is not there.
"""

from __future__ import annotations

import json
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, Self

import pypdfium2.raw as pdfium

from box.library import ocr
from box.library.going_on import files_in, opened

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

FOLDER: Final = "temp/ocr"
"""Below the root, and so no part of what any user keeps."""
KEEP_SECONDS: Final = 10 * 24 * 3600.0
PICTURE_PIXELS_MAX: Final = 100_000_000
"""Of a picture on a page that is rendered: PDFium unpacks it whole."""


@dataclass(slots=True)
class Scans:
    """What was seen on the pages of a document so far."""

    path: str
    """Of the file in which it is kept."""
    scratch: str
    tesseract: str
    languages: str
    pages: dict[int, str | None] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Read what is there, and open it to go on."""
        self._file = opened(self.path, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None, "entered"  # noqa: S101 - a defect, not an answer
        self._file.close()

    def _take(self, line: bytes) -> bool:
        try:
            number, text = json.loads(line)
        except (ValueError, TypeError):
            return False
        self.pages[number] = text
        return True

    def see(self, page: PdfPage, number: int) -> str | None:
        """What stands on a page; None where it is too large, or tesseract did not manage it. Raises BoxError."""
        if number not in self.pages:
            self.pages[number] = self._seen(page) if is_small(page) else None
            assert self._file is not None, "entered"  # noqa: S101 - as above
            self._file.write(json.dumps([number, self.pages[number]]).encode() + b"\n")
            self._file.flush()
        return self.pages[number]

    def _seen(self, page: PdfPage) -> str | None:
        width, height = page.get_size()
        scale = min(ocr.DPI / 72, math.sqrt(ocr.PIXELS_MAX / max(width * height, 1)))
        bitmap = page.render(scale=scale, grayscale=True)
        picture = os.path.join(self.scratch, "page.pgm")
        ocr.write_grey(picture, bitmap.width, bitmap.height, bitmap.stride, memoryview(bitmap.buffer).cast("B"))
        bitmap.close()
        text = ocr.text_of(self.tesseract, picture, self.languages)
        os.unlink(picture)
        return text


def is_small(page: PdfPage) -> bool:
    """Whether no picture on the page unpacks to more than is good."""
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=5):
        width, height = picture.get_px_size()
        if width * height > PICTURE_PIXELS_MAX:
            return False
    return True


def clear(folder: str) -> None:
    """Remove what nobody has gone on with for long."""
    for path in files_in(folder):
        with suppress(OSError):
            if time.time() - os.stat(path).st_mtime > KEEP_SECONDS:
                os.unlink(path)
