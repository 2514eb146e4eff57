"""JSON from anywhere. The rule: numbers stay as they are written, and what is too deep or no JSON has a code."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from box.errors import Unprocessable
from box.library import decoding
from box.library.reading import CORRUPT, OVERSIZED

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
"""In memory it takes several times that."""


def load(path: str, name: str) -> Any:
    """What a file of JSON holds; Unprocessable (corrupt, oversized) and OSError."""
    if os.path.getsize(path) > FILE_BYTES_MAX:
        raise Unprocessable(OVERSIZED, f"{name} is JSON of more than {FILE_BYTES_MAX:,} bytes")
    with open(path, "rb") as file:
        return parse(decoding.text_of(file.read()), name)


def parse(text: str, name: str) -> Any:
    """What a text of JSON holds."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise Unprocessable(CORRUPT, f"{name} is nested deeper than any data is") from None
    except ValueError as error:
        raise Unprocessable(CORRUPT, f"{name} is no JSON: {error}") from None
