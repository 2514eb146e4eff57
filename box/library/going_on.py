"""Work that is gone on with. The rule: a line for what is done; the last one may be torn, and then it is not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO


def opened(path: str, take: Callable[[bytes], bool]) -> IO[bytes]:
    """The file, open to go on behind the last whole line that `take` took; it and its folder are made if need be."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whole = 0
    file = open(path, "a+b")  # noqa: SIM115 - it is for the caller to close
    file.seek(0)
    for line in file:
        if not line.endswith(b"\n") or not take(line):
            break
        whole += len(line)
    file.truncate(whole)
    return file


def files_in(folder: str) -> Iterator[str]:
    """The paths of all such files, none without the folder."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from (each.path for each in entries if each.is_file(follow_symlinks=False))
