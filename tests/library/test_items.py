"""What becomes of a dropped text: an item, its original and its note; once, whatever it is called; in versions."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from blake3 import blake3

from box import beside, log, service
from box.config import Config
from box.events import DocumentRead, FileSettled, QuotaExceeded, QuotaSet
from box.models.items import Item
from box.verify import differences
from tests.helpers import inbox, library
from tests.reading_files import epub

OWLS = "Barn owls of the valley\n\nIn 2023, 42 pairs were counted.\n"
IN_2024 = 1714820000


def once(config: Config) -> list[dict[str, object]]:
    """Have all done that there is to do; the items."""
    box = service.build(config)
    box.once()
    box.runner.close()
    with beside.beside(config) as there:
        assert list(differences(there.engine.store, config)) == []
        return there.engine.store.dicts(Item.select().order_by(Item.id))


def drop(config: Config, name: str, text: str | bytes, at: int = IN_2024) -> Path:
    path = inbox(config) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at, at))
    return path


def note(config: Config, item: dict[str, object]) -> str:
    return (Path(config.box.root) / str(item["note"])).read_text("utf-8")


def front(text: str) -> dict[str, object]:
    """The front matter of a note."""
    _, lines, _ = text.split("---\n", 2)
    return {key: json.loads(value) for key, _, value in (line.partition(": ") for line in lines.splitlines())}


def test_the_original_stays_as_it_is_and_its_text_becomes_a_note(make_root):
    config = make_root()
    drop(config, "field/owls/report.txt", OWLS)
    (item,) = once(config)
    assert library(config, "media") == {"2024/report.txt": OWLS.encode()}
    text = note(config, item)
    assert text.endswith("\n---\n\n" + OWLS)
    assert front(text) | {"reader": 0} == {
        "id": blake3(OWLS.encode()).hexdigest()[:16], "title": "Barn owls of the valley",
        "source": "field/owls/report.txt", "digest": blake3(OWLS.encode()).hexdigest(), "kind": "document",
        "counts": {"words": item["words"]}, "tags": ["field", "owls"], "reader": 0,
    }  # fmt: skip
    assert "In 2023, 42 pairs were counted." in text
    assert item["note_digest"] == blake3(text.encode()).hexdigest()
    assert (item["chars"], item["version"], item["tags"]) == (len(text), 1, "field\nowls")


@pytest.mark.parametrize("beside", ["report.meta.toml", "report.txt.meta.toml"])
def test_what_somebody_said_beside_it_goes_before_what_it_says_itself(make_root, beside: str):
    config = make_root()
    drop(config, "report.txt", OWLS)
    drop(config, beside, 'title = "Eulen"\nauthors = ["Ada", "Bob"]\ntags = "birds"\ndate = 2021-03-04\n')
    (item,) = once(config)
    assert (item["title"], item["authors"], item["tags"], item["date"]) == ("Eulen", "Ada\nBob", "birds", "2021-03-04")
    assert set(library(config, "media")) == {"2021/report.txt", f"2021/{beside}"}
    assert item["note"] == "users/me/notes/eulen.md"


def test_what_is_wrong_beside_it_is_put_aside_and_the_text_is_read_without(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    drop(config, "report.meta.toml", "title = [")
    (item,) = once(config)
    assert item["title"] == "Barn owls of the valley"
    reason = json.loads(library(config, "quarantine")["report.meta.toml.reason.json"])
    assert reason["code"] == "bad-meta"


def test_the_same_content_is_one_item_that_knows_both_names(make_root):
    config = make_root()
    drop(config, "a.txt", OWLS)
    once(config)
    drop(config, "deep/b.txt", OWLS)
    drop(config, "deep/b.meta.toml", 'title = "Other"')
    (item,) = once(config)
    with beside.beside(config) as box:
        names = box.engine.store.rows("SELECT item, source FROM item_names")
    assert names == [(item["id"], "users/me/inbox/deep/b.txt")]
    assert set(library(config, "media")) == {"2024/a.txt", "2024/b.meta.toml"}
    assert len(library(config, "notes")) == 1


def test_other_content_from_the_same_place_is_a_new_version_and_the_old_text_stays(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    once(config)
    drop(config, "report.txt", OWLS + "\nIn 2024, 51.\n")
    first, second = once(config)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["replaced_by"] == second["id"]
    assert "2024, 51" not in note(config, first)
    assert "2024, 51" in note(config, second)
    assert set(library(config, "media")) == {"2024/report.txt", "2024/report-2.txt"}


def test_content_that_only_an_old_version_holds_is_new_again(make_root):
    config = make_root()
    for text in (OWLS, OWLS + "\nIn 2024, 51.\n", OWLS):
        drop(config, "report.txt", text)
        items = once(config)
    assert [(item["version"], bool(item["replaced_by"])) for item in items] == [(1, True), (2, True), (3, False)]
    assert "51" not in note(config, items[2])
    (Path(config.box.root) / str(items[2]["note"])).unlink()
    drop(config, "report.txt", OWLS)
    assert once(config)[-1]["version"] == 4


def test_an_original_or_a_note_that_somebody_deletes_stays_deleted(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    (item,) = once(config)
    (Path(config.box.root) / str(item["path"])).unlink()
    (item,) = once(config)
    assert (item["path"], bool(item["note"])) == ("", True)
    (Path(config.box.root) / str(item["note"])).unlink()
    (item,) = once(config)
    assert (item["path"], item["note"], item["note_digest"]) == ("", "", "")
    assert library(config, "notes") == {}


def test_an_original_and_a_note_that_somebody_moves_or_renames_are_the_same(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    (item,) = once(config)
    root = Path(config.box.root)
    for key, place in (("note", "users/me/notes/birds/owls.md"), ("path", "users/me/media/owls.txt")):
        (root / place).parent.mkdir(exist_ok=True)
        (root / str(item[key])).rename(root / place)
    (moved,) = once(config)
    assert (moved["note"], moved["path"]) == ("users/me/notes/birds/owls.md", "users/me/media/owls.txt")
    assert (moved["id"], moved["note_digest"], moved["chunks"]) == (item["id"], item["note_digest"], item["chunks"])
    drop(config, "again.txt", OWLS)
    assert once(config) == [moved]


def test_a_text_that_was_deleted_may_come_again(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    (item,) = once(config)
    (Path(config.box.root) / str(item["path"])).unlink()
    once(config)
    drop(config, "report.txt", OWLS)
    assert [each["version"] for each in once(config)] == [1, 2]


def test_what_nobody_reads_waits_in_the_inbox(make_root):
    config = make_root()
    drop(config, "thing.bin", bytes(range(256)) * 10)
    assert once(config) == []
    assert (inbox(config) / "thing.bin").exists()


def test_a_text_without_a_word_goes_to_quarantine(make_root):
    config = make_root()
    drop(config, "empty.txt", " \n\n \n")
    assert once(config) == []
    assert json.loads(library(config, "quarantine")["empty.txt.reason.json"])["code"] == "empty"


def test_a_text_that_is_too_long_goes_to_quarantine(make_root):
    config = make_root(library__text_chars_max=1000)
    drop(config, "long.txt", "owl " * 300)
    assert once(config) == []
    assert json.loads(library(config, "quarantine")["long.txt.reason.json"])["code"] == "oversized"


def test_books_that_are_made_to_hurt_go_to_quarantine_and_the_others_are_read(make_root):
    config = make_root()
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    page = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a0 "ha">{laughs}]><html><body><p>&a9;</p></body></html>'
    deep = f"<ncx><navMap>{'<navPoint>' * 100_000}{'</navPoint>' * 100_000}</navMap></ncx>"
    drop(config, "laughs.epub", epub({"a.xhtml": page}))
    drop(config, "zip.epub", epub({"a.xhtml": f"<p>{' ' * 50_000_000}</p>"}))
    drop(config, "deep.epub", epub({"a.xhtml": "<p>Text</p>"}, ncx=deep))
    drop(config, "good.epub", epub({"a.xhtml": "<p>Text</p>"}))
    assert [item["source"] for item in once(config)] == ["users/me/inbox/good.epub"]
    aside = library(config, "quarantine")
    codes = {name: json.loads(aside[f"{name}.reason.json"])["code"] for name in aside if name.endswith(".epub")}
    assert codes == {"laughs.epub": "hostile-xml", "zip.epub": "bomb", "deep.epub": "hostile-xml"}


def test_a_table_that_may_belong_to_a_picture_waits_for_it_and_another_does_not(make_root):
    config = make_root()
    waiting = [
        "IMG_0001.csv", "dscn1234.json", "IMG_2019.csv", "PXL_20240504_101112345.csv", "20240504-2030.json",
        "moth_2024_05_02__21_30_05_HDR1.json", "trip 12.csv",
    ]  # fmt: skip
    at_once = [
        "expenses-2026.csv",
        "2024.json",
        "2024-05.csv",
        "birds.txt",
        "report-20240504.csv",
        "report 1999_12.json",
    ]
    for name in (*waiting, *at_once):
        drop(config, name, json.dumps({"of": name}) if name.endswith("json") else f"owl,{name}\n1,2\n")
    assert sorted(item["source"].rpartition("/")[2] for item in once(config)) == sorted(at_once)
    assert set(os.listdir(inbox(config))) - {".box"} == set(waiting)


def test_a_text_whose_note_does_not_fit_waits_until_it_does(make_root):
    config = make_root(quota__default_bytes=len(OWLS) + 50)
    drop(config, "report.txt", OWLS)
    assert once(config) == []
    assert (inbox(config) / "report.txt").exists()
    with beside.beside(config) as box:
        assert [event.event.path for event in log.read(box.store) if isinstance(event.event, QuotaExceeded)] == [
            "users/me/inbox/report.txt"
        ]
        box.engine.record(QuotaSet(user="me", quota_bytes=10_000))
    assert [item["title"] for item in once(config)] == ["Barn owls of the valley"]


def test_what_somebody_says_later_is_taken_in_and_the_note_says_so(make_root):
    config, beside = make_root(), "report.meta.toml"
    drop(config, "field/report.txt", OWLS)
    (before,) = once(config)
    assert before["title"] == "Barn owls of the valley"
    drop(config, f"field/{beside}", 'title = "Eulen"\nauthors = ["Ada"]\ntags = ["birds", "field"]\n')
    (item,) = once(config)
    assert (item["id"], item["title"], item["authors"]) == (before["id"], "Eulen", "Ada")
    assert (item["tags"], item["note"], item["version"]) == ("field\nbirds", before["note"], 1)
    text = note(config, item)
    said = {"title": "Eulen", "authors": ["Ada"], "tags": ["field", "birds"], "source": "field/report.txt"}
    assert front(text).items() >= said.items()
    assert text.partition("---\n\n")[2] == "# Eulen\n\nBarn owls of the valley\n\nIn 2023, 42 pairs were counted.\n"
    assert item["note_digest"] == item["indexed_digest"] == blake3(text.encode()).hexdigest()
    assert set(library(config, "media")) == {"2024/report.txt", f"2024/{beside}"}
    drop(config, f"field/{beside}", 'title = "Owls"\n')
    (item,) = once(config)
    assert (item["title"], item["authors"], len(library(config, "notes"))) == ("Owls", "Ada", 1)
    assert "\n# Owls\n\nBarn" in note(config, item)


def test_what_is_said_while_a_text_is_read_is_next(make_root):
    at, said = "users/me/inbox/a.", {"user": "me", "size": 5, "mtime_ns": 1}
    config = make_root()
    assert once(config) == []
    with beside.beside(config) as box:
        box.engine.record(FileSettled(path=f"{at}meta.toml", inode=1, media_type="text/x-source", **said))
        read = {
            "path": "users/me/media/a.txt",
            "note": "users/me/notes/a.md",
            "note_digest": "n",
            "item_kind": "document",
        }
        box.engine.record(DocumentRead(source=f"{at}txt", digest="d", media_type="text/plain", **read, **said))
        jobs = box.store.rows("SELECT source, args FROM jobs WHERE kind = 'describe'")
        assert jobs == [(f"{at}meta.toml", json.dumps({"item": box.store.value("SELECT id FROM items")}))]


def test_what_is_said_later_about_a_note_that_somebody_changed_leaves_that_as_it_is(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    (item,) = once(config)
    path = Path(config.box.root) / str(item["note"])
    path.write_text(path.read_text() + "And mine.\n")
    drop(config, "report.meta.toml", 'title = "Eulen"\n')
    (item,) = once(config)
    assert note(config, item).endswith("---\n\n# Eulen\n\n" + OWLS + "And mine.\n")
    path.write_text("mine")
    drop(config, "report.meta.toml", 'title = "Owls"\n')
    (item,) = once(config)
    assert (item["title"], path.read_text(), len(library(config, "notes"))) == ("Owls", "mine", 1)


def test_what_is_said_later_and_cannot_be_read_is_put_aside_and_what_is_about_nothing_waits(make_root):
    config = make_root()
    drop(config, "report.txt", OWLS)
    (before,) = once(config)
    drop(config, "report.meta.toml", "title = [")
    drop(config, "reports.meta.toml", 'title = "Other"\n')
    assert once(config) == [before]
    assert json.loads(library(config, "quarantine")["report.meta.toml.reason.json"])["code"] == "bad-meta"
    assert (inbox(config) / "reports.meta.toml").exists()


def test_titles_in_any_script_make_names_that_a_file_may_have(make_root):
    config = make_root()
    for number, title in enumerate(("𠮷" * 90, "𠮷" * 90, "장" * 90, "../../Совы", "...", "हिन्दी में")):
        drop(config, f"{number}/a.md", f"# {title}\n\nText {number}.\n")
    assert {item["version"] for item in once(config)} == {1}  # one name in several folders is several sources
    assert set(library(config, "notes")) == {
        "𠮷" * 50 + ".md",
        "𠮷" * 50 + "-2.md",
        "장" * 66 + ".md",
        "совы.md",
        "a.md",
        "हिन्दी-में.md",
    }
