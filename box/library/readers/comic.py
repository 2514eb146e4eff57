"""Comics in ZIPs. The rule: what is known about them and how many pages they have; the pictures stay where they are."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

from box.errors import Unprocessable
from box.library import covers, safe_xml
from box.library.dates import date_of
from box.library.markdown import Markdown, line
from box.library.packed import Packed, open_zip
from box.library.page_head import language_of
from box.library.reading import CORRUPT, EMPTY, Context, Reading
from box.library.safe_xml import local

INFO_BYTES_MAX: Final = 1024 * 1024

_PICTURES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp", ".jxl")
_SHOWN: Final = ("Series", "Number", "Volume", "Publisher", "Genre", "Characters", "Summary", "Notes")
_AUTHORS: Final = ("Writer", "Penciller", "Inker", "Colorist", "Letterer", "CoverArtist")
_NUMBERS: Final = re.compile(r"(\d{1,15})")
_CLUTTER: Final = re.compile(r"[\[(][^\])]*[\])]")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """What `ComicInfo.xml` says, else what the name says."""
    with open_zip(path, context.name) as comic:
        pages = sorted((name for name in comic.names if _is_page(name)), key=_natural)
        if not pages:
            raise Unprocessable(EMPTY, f"{context.name} holds no pages")
        said = _information(comic, context.name)
        cover = _cover(comic, pages[0], context.scratch)
    title = said.get("Title") or " ".join(filter(None, (said.get("Series", ""), said.get("Number", ""))))
    title = title or title_of(context.name)
    out.heading(1, title)
    for name in _SHOWN:
        if said.get(name):
            out.item(f"{name}: {said[name]}")
    authors = (each.strip() for name in _AUTHORS for each in said.get(name, "").split(","))
    date = "-".join(part.zfill(2) for part in (said.get(key, "") for key in ("Year", "Month", "Day")) if part.isdigit())
    return Reading(
        "comic",
        title=title,
        authors=tuple(dict.fromkeys(each for each in authors if each)),
        date=date_of(date),
        language=language_of(said.get("LanguageISO", "")),
        origin=said.get("Web", ""),
        counts={"pages": len(pages)},
        cover=cover,
        tags=tuple(word.strip() for word in said.get("Tags", "").split(",") if word.strip())[:50],
    )


def title_of(name: str) -> str:
    """What the name of a file says, without its ending and what is in brackets."""
    stem = name.rpartition("/")[2]
    stem = stem.rpartition(".")[0] or stem
    return line(_CLUTTER.sub(" ", stem.replace("_", " "))) or line(stem)


def _is_page(name: str) -> bool:
    return name.lower().endswith(_PICTURES) and not name.startswith("__MACOSX/") and "/." not in f"/{name}"


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Page 10 comes after page 9."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBERS.split(name.lower())]


def _information(comic: Packed, name: str) -> dict[str, str]:
    found = next((each for each in comic.names if each.rpartition("/")[2].lower() == "comicinfo.xml"), "")
    if not found:
        return {}
    try:
        root = safe_xml.tree(comic.read(found, INFO_BYTES_MAX), f"{name}: {found}")
    except Unprocessable as error:
        if error.code != CORRUPT:
            raise
        return {}
    return {local(each.tag): _text(each) for each in list(root)[:200] if _text(each)}


def _text(element: Element) -> str:
    return line(element.text or "")[:5000]


def _cover(comic: Packed, page: str, scratch: str) -> str:
    if comic.size(page) > covers.COVER_BYTES_MAX:
        return ""
    return covers.put(comic.read(page, covers.COVER_BYTES_MAX), scratch)
