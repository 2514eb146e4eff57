"""Documents and crashes: killed before any step of a text's landing, a restart has all of it, or it in the inbox.

There is a book with a cover and what somebody said about it, a second name of a text that is known, what is said about
that one now, and a new version of another.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from box import service
from box.beside import beside
from box.config import Config
from tests.crashing import ONCE, Crashes
from tests.helpers import inbox, jpeg, library
from tests.reading_files import epub
from tests.test_crash import leftovers

COVER = '<item id="cov" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
BOOK = epub({"a.xhtml": "<h1>Loomings</h1><p>Call me Ishmael.</p>"}, manifest=COVER, **{"OEBPS/c.jpg": jpeg(1)})
SAID, LATER = b'title = "The Whale"\ntags = ["sea"]\n', b'title = "Eulen"\n'
OWLS, KITES = b"Barn owls\n\n42 pairs.\n", b"Kites\n\nIn 2023 there were 7.\n"
NEWER = KITES + b"\nIn 2024 there were 9.\n"
KNOWN = {"owls.txt": OWLS, "kites.txt": KITES}
DROPS = {"whale.epub": BOOK, "whale.meta.toml": SAID, "again.txt": OWLS, "owls.meta.toml": LATER, "kites.txt": NEWER}
BOOK_FILES = {"whale.epub", "whale.meta.toml"}
NOTES = {"barn-owls.md", "kites.md", "kites-2.md", "the-whale.md"}

FEW = [
    ("rename", 3),  # a note, or a cover
    ("renameat2", 3),  # a drop to its place
    ("fdatasync", 7),  # a commit
    ("unlink", 2),  # the second copy
]
EVERY = [
    *(("rename", n) for n in range(1, 5)),
    *(("renameat2", n) for n in range(1, 4)),
    *(("fsync", n) for n in range(1, 11)),
    *(("fdatasync", n) for n in range(2, 13)),
    *(("pwrite64", n) for n in (11, 29, 53)),
    *(("mkdir", n) for n in (1, 2)),
    *(("rmdir", n) for n in range(1, 4)),
    ("unlink", 2),  # the first one of each child is a step of it; three dead children mean quarantine
]


@pytest.mark.parametrize(("call", "number"), EVERY if os.environ.get("BOX_EVERY_STEP") else FEW, ids=str)
def test_killed_just_before_each_step_a_text_has_landed_whole_or_not_and_in_the_end_all_is_there_once(
    make_root, crashes: Crashes, call: str, number: int
):
    config = make_root(workers__count=1, jobs__retry_base_seconds=0, jobs__retry_cap_seconds=0)
    drop(config, KNOWN)
    done(crashes, config, "once")
    drop(config, DROPS)
    crashes.kill(call, number, ONCE, config.path)
    service.build(config).stop()  # it recovers, and begins nothing new
    media, notes = ({name.rpartition("/")[2] for name in library(config, area)} for area in ("media", "notes"))
    covers, waiting = library(config, "thumbnails"), {name for name in DROPS if (inbox(config) / name).exists()}
    there = {"whale.epub", "whale.meta.toml"} <= media, "the-whale.md" in notes, bool(covers)
    assert there in {(True,) * 3, (False,) * 3}
    assert (waiting >= BOOK_FILES) is not there[0]
    assert ("kites.txt" in waiting) is ("kites-2.txt" not in media) is ("kites-2.md" not in notes)
    done(crashes, config, "once")
    assert Counter(library(config, "media").values()) == Counter((*KNOWN.values(), BOOK, SAID, LATER, NEWER))
    assert set(library(config, "notes")) == NOTES
    assert b"\n# Eulen\n\nBarn owls\n" in library(config, "notes")["barn-owls.md"]
    assert len(library(config, "thumbnails")) == 1
    assert leftovers(config) == []
    with beside(config) as box:
        items = box.store.rows("SELECT title, version, replaced_by > 0, chunks > 0 FROM items ORDER BY title, version")
        assert items == [
            ("Eulen", 1, 0, 1), ("Kites", 1, 1, 0), ("Kites", 2, 0, 1), ("The Whale", 1, 0, 1),
        ]  # fmt: skip
        assert box.store.rows("SELECT source FROM item_names") == [("users/me/inbox/again.txt",)]
    done(crashes, config, "verify", "--deep")


def drop(config: Config, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = inbox(config) / name
        path.write_bytes(data)
        os.utime(path, (1714820000, 1714820000))


def done(crashes: Crashes, config: Config, *words: str) -> None:
    said = crashes.box("--config", config.path, *words)
    assert said.returncode == 0, said.stdout
