"""DOC, XLS, PPT, and office files with a password: all one kind of container. The rule: it is told what would help."""

from __future__ import annotations

from typing import Final, NoReturn

from box.errors import Unprocessable
from box.library.markdown import Markdown
from box.library.reading import CORRUPT, ENCRYPTED, NO_READER, Context

_BLOCK_BYTES: Final = 1024 * 1024
_OVERLAP_BYTES: Final = 64
_INSIDE: Final = (
    # (name of a stream in the container, what it is, the ending that LibreOffice would give it)
    ("WordDocument", "Word", "docx"),
    ("Workbook", "Excel", "xlsx"),
    ("Book", "Excel", "xlsx"),
    ("PowerPoint Document", "PowerPoint", "pptx"),
)
_LOCKED: Final = "EncryptedPackage"


def read(path: str, _out: Markdown, context: Context) -> NoReturn:
    """Nothing is read of it: there is no small and safe reader of these formats."""
    found = _names(path)
    name = context.name
    if _LOCKED in found:
        raise Unprocessable(ENCRYPTED, f"{name} is protected by a password")
    for inside, program, ending in _INSIDE:
        if inside in found:
            raise Unprocessable(
                NO_READER,
                f"{name} is of an old version of {program}, which is not read here; saved as .{ending} it is,"
                f" by any office program, or by `soffice --convert-to {ending}` of LibreOffice",
            )
    raise Unprocessable(CORRUPT, f"{name} is a container of no document that is known")


def _names(path: str) -> set[str]:
    """Which of the streams are in the container. Their names stand in it as UTF-16, each with its end."""
    wanted = {inside: f"{inside}\0".encode("utf-16-le") for inside in (_LOCKED, *(each[0] for each in _INSIDE))}
    found = set()
    before = b""
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found |= {name for name, written in wanted.items() if written in before + block}
            before = block[-_OVERLAP_BYTES:]
    return found
