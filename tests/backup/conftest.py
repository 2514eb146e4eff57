from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mounting import Drives, drives_in


@pytest.fixture
def drives(tmp_path: Path) -> Iterator[Drives]:
    """Real drives, mounted below the test's folder."""
    with drives_in(tmp_path) as made:
        yield made
