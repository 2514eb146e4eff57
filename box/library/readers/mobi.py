"""MOBI and AZW3. The rule: `mobitool` makes an EPUB of it, and that is read; without the program there is no reader."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from typing import Final

from box.errors import Unprocessable
from box.library import palmdoc
from box.library.markdown import Markdown
from box.library.readers import epub
from box.library.reading import CORRUPT, ENCRYPTED, NO_READER, OVERSIZED, Context, Reading

FILE_BYTES_MAX: Final = 512 * 1024 * 1024
CONVERSION_SECONDS_MAX: Final = 120

_PROGRAM: Final = "mobitool"


def read(path: str, out: Markdown, context: Context) -> Reading:
    """The book, by way of an EPUB in the scratch folder."""
    if os.path.getsize(path) > FILE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is a book of more than {FILE_BYTES_MAX:,} bytes")
    _check(path, context.name)
    program = shutil.which(_PROGRAM)
    if program is None:
        raise Unprocessable(
            NO_READER, f"{context.name} needs `{_PROGRAM}`, which Debian has in the package libmobi-tools"
        )
    folder = os.path.join(context.scratch, "mobi")
    os.mkdir(folder)
    try:
        book = _converted(program, path, folder, context.name)
        reading = epub.read(book, out, context)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # Any other identifier is a number that `mobitool` found in the file, and says nothing to anybody.
    return replace(reading, origin=reading.origin if reading.origin.startswith("urn:isbn:") else "")


def _converted(program: str, path: str, folder: str, name: str) -> str:
    """Its exit code is 0 even if it failed: what counts is that there is a book."""
    try:
        subprocess.run(  # noqa: S603 - no shell, and the command is ours
            [program, "-e", "-o", folder, os.path.abspath(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CONVERSION_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unprocessable(CORRUPT, f"{name}: {_PROGRAM} came to no end with it") from None
    found = next((each for each in sorted(os.listdir(folder)) if each.endswith(".epub")), "")
    if not found:
        raise Unprocessable(CORRUPT, f"{name} is damaged: {_PROGRAM} cannot read it")
    return os.path.join(folder, found)


def _check(path: str, name: str) -> None:
    """Raise Unprocessable for what is protected or damaged, as far as the file itself shows it."""
    with open(path, "rb") as file:
        if file.read(68)[60:] not in {b"BOOKMOBI", b"TEXtREAd"}:
            raise Unprocessable(CORRUPT, f"{name} is no book of Mobipocket")
        said = palmdoc.header(file)
        if said is None:
            raise Unprocessable(CORRUPT, f"{name} is damaged: it ends before its first record")
        if said.encryption:
            raise Unprocessable(ENCRYPTED, f"{name} is protected against being read (DRM)")
        if not palmdoc.is_whole(file, said):
            raise Unprocessable(CORRUPT, f"{name} is damaged: its text is not as long as it says")
