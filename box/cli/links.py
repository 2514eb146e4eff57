"""Addresses as files. The rule: an address that is added is dropped as a link, as one dragged out of a browser.

What it leads to is fetched by a job, if somebody handles it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from box.errors import UsageError
from box.library.front import slug
from box.web.addresses import normal, shown
from box.web.failures import FetchError

ENDING = ".url"


@contextmanager
def as_files(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments, with the path of a link in the place of each address. Raises UsageError."""
    with tempfile.TemporaryDirectory(prefix="box-add-") as folder:
        yield [
            _link(os.path.join(folder, str(number)), each) if "://" in each and not os.path.lexists(each) else each
            for number, each in enumerate(arguments)
        ]


def _link(folder: str, address: str) -> str:
    try:
        url = normal(address)
    except FetchError as error:
        raise UsageError(f"{error}; nothing was copied") from None
    os.mkdir(folder)
    path = os.path.join(folder, (slug(shown(url).partition("://")[2]) or "link") + ENDING)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[InternetShortcut]\nURL={url}\n")
    return path
