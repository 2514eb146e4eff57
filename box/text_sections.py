"""The sections of the configuration that are about texts. The rule: as in `box.sections`, where all are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from box import patterns, units
from box.claim_keys import address, money, share
from box.units import DAY, GB, HOUR, MB, MINUTE, durations, key, numbers, or_none, sizes

SIX_HOURS: Final[float | None] = 6.0 * HOUR
_OCR_LANGUAGES: Final = re.compile(r"[A-Za-z_]{1,40}(?:\+[A-Za-z_]{1,40}){0,9}")


def ocr_languages(where: str, value: object) -> str:
    """Languages as tesseract calls them, "eng" or "deu+eng"; or "" for no OCR."""
    text = units.text(where, value)
    if text and not _OCR_LANGUAGES.fullmatch(text):
        raise units.refused(where, value, 'languages as tesseract calls them, "eng" or "deu+eng"; or "" for no OCR')
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is already filed, where people may work by hand."""

    sweep_seconds: float = key(1.0 * DAY, durations(1, 365 * DAY))
    text_chars_max: int = key(100_000_000, numbers(1000, 2_000_000_000))
    ocr_languages: str = key("eng", ocr_languages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Which sentences of a text can be checked, and who says so. Money is in millionths."""

    mode: Literal["off", "heuristic", "llm"] = key("heuristic", units.choice("off", "heuristic", "llm"))
    per_chunk_max: int = key(10, numbers(1, 100))
    min_score: float = key(0.5, share)
    url: str = key("", address)
    model: str = key("", units.text)
    api_key_file: str = key("", units.text)
    deadline_seconds: float = key(60.0, durations(0.1, HOUR))
    answer_tokens_max: int = key(1000, numbers(16, 100_000))
    tokens_per_day_max: int | None = key(None, or_none(numbers(0, 10**12)))
    cost_per_day_max: int | None = key(None, or_none(money))
    price_in: int = key(0, money)
    price_out: int = key(0, money)


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcasts:
    """Feeds that somebody subscribed to, and what comes in them."""

    every_seconds: float | None = key(SIX_HOURS, or_none(durations(MINUTE, 30 * DAY)))
    episodes_max: int = key(100, numbers(1, 10_000))
    timeout_seconds: float = key(30.0, durations(0.1, HOUR))
    host_pause_seconds: float = key(2.0, durations(0, HOUR))
    feed_bytes_max: int = key(20 * MB, sizes(1000, 1 * GB))
    failures_max: int = key(10, numbers(1, 1000))
    download: bool = key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    download_max: int = key(3, numbers(1, 10_000))
    audio_bytes_max: int = key(250 * MB, sizes(1000, 100 * GB))
    user_agent: str = key("", units.text)
    allow_private: bool = key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Whether, and by which model, what is said in recordings becomes text. In a Config, `model_path` is absolute."""

    enabled: bool = key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    model_path: str = key("", units.text)
    language: str = key("", patterns.spoken_language)
    threads: int = key(2, numbers(1, 64))
    window_seconds: float = key(60.0, durations(10, 600))
    beam: int = key(1, numbers(1, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Whether, and by which model, vectors of texts are made. In a Config, `model_path` is absolute."""

    enabled: bool = key(False, units.yes_or_no)  # noqa: FBT003 - the default of a key
    model_path: str = key("", units.text)
