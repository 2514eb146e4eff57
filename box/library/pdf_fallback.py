"""PDFs that PDFium cannot open. The rule: pypdf is slow and lenient; what it cannot read either is damaged."""

from __future__ import annotations

import logging
import os
from typing import Final

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from box.errors import Unprocessable
from box.library import pdf_text, properties
from box.library.markdown import Markdown
from box.library.reading import BOMB, CORRUPT, EMPTY, ENCRYPTED, Context, Reading

BYTES_MAX: Final = 64 * 1024 * 1024
"""It holds all of the file, and takes a second for each ten megabytes to find out that there is nothing in it."""
FALLBACK = "fallback"
"""The mark of a note whose text is by the second best reader."""
_DEFECTS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
)
"""What pypdf raises too, for files that nobody thought of."""


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The text of each page."""
    name = context.name
    if os.path.getsize(path) > BYTES_MAX:
        raise Unprocessable(CORRUPT, f"{name} is damaged, and with over {BYTES_MAX:,} bytes too large to be put right")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each thing that it had to put right
    try:
        return _read(path, out, context)
    except LimitReachedError as error:
        raise Unprocessable(BOMB, f"{name}: {error}") from None
    except (DependencyError, FileNotDecryptedError):
        raise Unprocessable(ENCRYPTED, f"{name} is protected by a password") from None
    except (PyPdfError, *_DEFECTS) as error:
        raise Unprocessable(CORRUPT, f"{name} is damaged: {error}") from None


def _read(path: str, out: Markdown, context: Context) -> Reading:
    with PdfReader(path, strict=False) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unprocessable(ENCRYPTED, f"{context.name} is protected by a password")
        total = len(reader.pages)
        for number in range(total):
            text = reader.pages[number].extract_text()
            if text.strip():
                out.page(number + 1)
                out.paragraph(pdf_text.paragraphs(pdf_text.lines_of(text)))
            context.progress(done=number + 1, total=total, message=f"page {number + 1:,}")
        said = reader.metadata
        if not out.words:
            raise Unprocessable(EMPTY, f"{context.name} holds no text")
        return Reading(
            "document",
            title=properties.title(str(said.title or "") if said else ""),
            authors=properties.authors(str(said.author or "") if said else ""),
            counts={"pages": total},
            marks=(FALLBACK,),
        )
