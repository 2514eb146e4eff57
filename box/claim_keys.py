"""The keys of [claims]. The rule: an endpoint is a plain address; money is counted in millionths."""

from __future__ import annotations

import re
from typing import Final

from box import units

MILLION: Final = 1_000_000

_URL: Final = re.compile(r"https?://(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[!-~]*)?")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


def address(where: str, value: object) -> str:
    """Where an OpenAI-compatible server answers, with its version ("http://127.0.0.1:8080/v1"); "" for none."""
    text = units.text(where, value).strip().rstrip("/")
    if text and (not _URL.fullmatch(text) or "@" in text or "?" in text or "#" in text):
        raise units.refused(where, "(an address)", 'an address such as "http://127.0.0.1:8080/v1", without a password')
    return text


def money(where: str, value: object) -> int:
    """Millionths of whatever the prices are in, from 2, 0.5 or "0.000125"."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9:
        value = f"{value:f}"
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise units.refused(where, value, "0 to 999999999 with six decimals")
    whole, _, fraction = match[0].partition(".")
    return int(whole) * MILLION + int(fraction.ljust(6, "0"))


def share(where: str, value: object) -> float:
    """A number from 0 to 1."""
    if isinstance(value, str) and _AMOUNT.fullmatch(value.strip()):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise units.refused(where, value, "0 to 1")
    return float(value)
