"""What others make of the same files. The rule: all in one process, everything imported, nothing of Box.

A process of its own: `python -m bench.texts_by_peers RUNS pypdf|markitdown`, files by format as JSON on its input;
prints seconds of processor time by format, JSON; a format of which one file cannot be read is left out.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def _pypdf() -> Callable[[str], str]:
    from pypdf import PdfReader  # noqa: PLC0415 - one of the two is there

    return lambda path: "\n".join(page.extract_text() for page in PdfReader(path).pages)


def _markitdown() -> Callable[[str], str]:
    from markitdown import MarkItDown  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    converter = MarkItDown()
    return lambda path: str(converter.convert(path).markdown)


PEERS = {"pypdf": _pypdf, "markitdown": _markitdown}


def main(runs: str, name: str) -> int:
    """Measure."""
    sets: dict[str, list[str]] = json.load(sys.stdin)
    convert, found = PEERS[name](), {}
    for kind, paths in sets.items():
        took = []
        for _ in range(int(runs)):
            began = time.process_time()
            try:
                texts = [convert(path) for path in paths]
            except Exception as error:  # noqa: BLE001 - whatever it does with what it cannot read
                print(f"{kind}: {error}", file=sys.stderr)
                break
            if all(texts):
                took.append(time.process_time() - began)
        if took:
            found[kind] = min(took)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
