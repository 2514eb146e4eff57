r"""Writing Markdown. The rule: what comes in is hostile text, what goes out is plain Markdown, bounded, streamed.

Whatever reader it comes from, a note looks the same: ATX headings, blank lines between blocks, pipe tables, fenced
code, and two marks of places, each on a line of its own before what it is about: `<!-- page 12 -->`, and for sound
`[00:01:23.450]` at the beginning of a paragraph. Control characters are dropped, text is NFC, lines end with `\n`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final, TextIO

from box.errors import Unprocessable

CELL_CHARS_MAX: Final = 2_000
COLUMNS_MAX: Final = 100
ROWS_MAX: Final = 10_000
HEADING_CHARS_MAX: Final = 500

# Controls but tab and newline, surrogates, what is no character, the byte order mark, marks that turn the direction.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_WORD: Final = re.compile(r"\w+")
_MISTAKEN: Final = re.compile(
    r"^(?=#{1,6}[ \t]|[-+*][ \t]|>|```|~~~|={3,}|-{3,}|\||<!--|\[\d\d:\d\d:\d\d)|^(\d{1,9})(?=[.)][ \t])", re.MULTILINE
)
"""Where a line of plain text would be read as something else."""

_FOREIGN: Final = re.compile(r"^(?=<!-- page \d+ -->|\[\d\d:\d\d:\d\d\.\d{3}\])", re.MULTILINE)
_LETTERS: Final = b"".join(b"a" if chr(each).isalnum() or chr(each) == "_" else b" " for each in range(128)).ljust(256)
"""Each character of ASCII as a letter or a space."""


def clean(text: str) -> str:
    """Text without what no note should hold: NFC, line feeds only, no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\x0b", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n\n")
    # Nothing unwanted can be printed; to ask for that is many times as fast as to look for it.
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = _UNWANTED.sub("", text)
    return unicodedata.normalize("NFC", text)


def words_in(text: str) -> int:
    """How many words it has: runs of letters, digits and underscores."""
    if text.isascii():
        return (b" " + text.encode().translate(_LETTERS)).count(b" a")
    first, end, rest = text.partition("\n")
    return len(_WORD.findall(text)) if not end else sum(map(words_in, (first, *rest.split("\n"))))


def line(text: str) -> str:
    """Text as one line."""
    return " ".join(clean(text).split())


def escaped(text: str) -> str:
    """Plain text that no reader of Markdown takes for headings, lists, quotes, code, tables or marks."""
    return _MISTAKEN.sub(lambda match: f"{match[1]}\\" if match[1] else "\\", text)


class Markdown:
    """A note that is being written."""

    def __init__(self, file: TextIO, chars_max: int) -> None:
        """Writes to `file` (UTF-8, line feeds only). Raises Unprocessable when it becomes longer than `chars_max`."""
        self._file = file
        self.chars_max = chars_max
        self.deeper = 0
        """How many levels headings stand below what they say: the readers of parts know nothing of the whole."""
        self.chars = 0
        """Characters written."""
        self.words = 0
        """Words written, those of marks excepted."""
        self.headings = 0

    def heading(self, level: int, text: str) -> None:
        """A heading of level 1 to 6; an empty one is nothing."""
        title = line(text)[:HEADING_CHARS_MAX]
        if title:
            self.headings += 1
            self._block(f"{'#' * max(1, min(6, level + self.deeper))} {title}")

    def paragraph(self, text: str) -> None:
        """Plain text; blank lines in it separate paragraphs, other line ends are kept."""
        lines = "\n".join(" ".join(each.split()) for each in clean(text).split("\n"))
        self._block(escaped(_spaced(lines).strip("\n")))

    def item(self, text: str, depth: int = 0, number: int | None = None) -> None:
        """An item of a list; `number` makes it a numbered one."""
        words = line(text)
        if words:
            self._block(f"{'  ' * min(depth, 10)}{'-' if number is None else f'{number}.'} {words}", gap="\n")

    def quote(self, text: str) -> None:
        """What somebody else said."""
        words = clean(text).strip()
        if words:
            self._block("\n".join(f"> {each.strip()}".rstrip() for each in words.split("\n")))

    def code(self, text: str, language: str = "") -> None:
        """Text that is kept as it is, fenced."""
        body = clean(text).strip("\n")
        if body.strip():
            longest = max((len(run) for run in re.findall(r"`{3,}", body)), default=2)
            fence = "`" * (longest + 1)
            self._block(f"{fence}{re.sub(r'[^A-Za-z0-9+#._-]', '', language)[:30]}\n{body}\n{fence}")

    def table(self, rows: Iterable[Sequence[str]], rows_max: int = ROWS_MAX) -> bool:
        """A table whose first row is its head; False if it was cut to `rows_max` rows or `COLUMNS_MAX` columns."""
        source = iter(rows)
        body = [[_cell(cell) for cell in row[:COLUMNS_MAX]] for row in islice(source, 100)]
        width = max((len(row) for row in body), default=0)
        if not width or not any(cell for row in body for cell in row):
            return True
        whole = True
        for count, row in enumerate(chain(body, ([_cell(cell) for cell in more[:COLUMNS_MAX]] for more in source))):
            if count > rows_max:
                whole = False
                break
            whole = whole and len(row) <= width
            cells = " | ".join(row[:width] + [""] * (width - len(row)))
            self._block(f"| {cells} |", gap="\n\n" if count == 0 else "\n")
            if count == 0:
                self._write("\n|" + " --- |" * width)
        return whole

    def markdown(self, text: str) -> None:
        """Text that is Markdown already; what looks like one of the marks of places loses that look."""
        body = _spaced(clean(text)).strip("\n")
        if "<!-- page" in body or "[" in body:
            body = _FOREIGN.sub(r"\\", body)
        if body.strip():
            self._block(body)

    def page(self, number: int) -> None:
        """What follows is on that page."""
        self._mark(f"<!-- page {number} -->")

    def spoken(self, seconds: float, text: str, speaker: str = "") -> None:
        """What is said at that time."""
        words = line(text)
        if words:
            who = f"{line(speaker)}: " if speaker else ""
            self._block(f"[{moment(seconds)}] {who}{words}")

    def _mark(self, text: str) -> None:
        words = self.words
        self._block(text)
        self.words = words

    def _block(self, text: str, gap: str = "\n\n") -> None:
        if text:
            self.words += words_in(text)
            self._write((gap if self.chars else "") + text)

    def _write(self, text: str) -> None:
        self.chars += len(text)
        if self.chars > self.chars_max:
            raise Unprocessable("oversized", f"it holds more than {self.chars_max:,} characters of text")
        self._file.write(text)


def _spaced(text: str) -> str:
    """With one blank line at most in a row."""
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def _cell(text: str) -> str:
    return line(text)[:CELL_CHARS_MAX].replace("\\", "\\\\").replace("|", "\\|")


def moment(seconds: float) -> str:
    """A time in a recording: `00:01:23.450`."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
