"""Source code. The rule: it is kept letter by letter, fenced, with the language by its ending."""

from __future__ import annotations

import os
from typing import Final

from box.errors import Unprocessable
from box.library import decoding
from box.library.markdown import Markdown
from box.library.readers.plain import UNKNOWN_PARTS
from box.library.reading import CORRUPT, EMPTY, OVERSIZED, Context, Reading

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Nobody wrote more than that; what a program made belongs into a table or an archive."""

_LANGUAGES: Final = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "jsx": "jsx", "ts": "typescript",
    "tsx": "tsx", "rb": "ruby", "rs": "rust", "sh": "bash", "bash": "bash", "zsh": "zsh", "h": "c", "c": "c",
    "cc": "cpp", "cxx": "cpp", "cpp": "cpp", "hpp": "cpp", "cs": "csharp", "kt": "kotlin", "kts": "kotlin",
    "m": "objectivec", "mk": "makefile", "pl": "perl", "pm": "perl", "pas": "pascal", "ps1": "powershell",
    "yml": "yaml", "ml": "ocaml", "hs": "haskell", "jl": "julia", "ex": "elixir", "el": "elisp", "erl": "erlang",
    "f": "fortran", "f90": "fortran", "vb": "vbnet", "v": "verilog", "vhd": "vhdl", "patch": "diff", "cfg": "ini",
    "conf": "ini", "clj": "clojure", "scm": "scheme", "bib": "bibtex", "proto": "protobuf", "tcl": "tcl",
}  # fmt: skip


def read(path: str, out: Markdown, context: Context) -> Reading:
    """All of the file as one block of code."""
    if os.path.getsize(path) > FILE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{context.name} is source code of more than {FILE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        text = decoding.text_of(file.read())
    if not text.strip():
        raise Unprocessable(EMPTY, f"{context.name} is empty")
    if text.count("\ufffd") * UNKNOWN_PARTS > len(text):
        raise Unprocessable(CORRUPT, f"{context.name} is no text in any encoding")
    name = os.path.basename(context.name)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    out.code(text, _LANGUAGES.get(ending, ending))
    return Reading("code", title=name, counts={"lines": text.rstrip("\n").count("\n") + 1})
