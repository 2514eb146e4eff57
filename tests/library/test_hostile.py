"""Hostile texts of full size, dropped on the real program: each ends with its code, what is no attack is read."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

from box.config import Config
from tests.helpers import inbox
from tests.library.building import PACKAGE, W, pdf_of, relations, stream_of
from tests.library.test_items import drop, once

HEAD = b'<?xml version="1.0"?>'
XML = {
    "attributes.xml": (b"<r ", *(b"a%d='1' " % each for each in range(200_000)), b"/>"),
    "attribute.xml": (b"<r a='", b"x" * 50_000_000, b"'/>"),
    "deep.xml": (b"<a>" * 1_000_000, b"</a>" * 1_000_000),
    "laughs.xml": (
        b'<!DOCTYPE r [<!ENTITY e0 "ha">', *(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">'.encode() for n in range(1, 10)),
        b"]><r>&e9;</r>",
    ),
    "external.xml": (b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',),
}  # fmt: skip


def xml_bombs(folder: Path) -> dict[str, str]:
    for name, parts in XML.items():
        with open(folder / name, "wb") as file:
            file.writelines((HEAD, *parts))
    return dict.fromkeys(XML, "hostile-xml")


def pdf_bombs(folder: Path) -> dict[str, str]:
    """A page of a gigabyte of spaces; and ten forms in a form in a form ... which no look beforehand finds."""
    packer = zlib.compressobj(9)
    spaces = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(1024)) + packer.flush()
    tree, size = b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"/Parent 2 0 R/MediaBox[0 0 595 842]"
    page = b"<</Type/Page%s/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>" % size
    start = [b"<</Type/Catalog/Pages 2 0 R>>", tree, page]
    (folder / "spaces.pdf").write_bytes(pdf_of([*start, stream_of(spaces, b"/Filter/FlateDecode")]))
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>"
    forms = (stream_of(b"/F Do " * 10, form % (each + 1)) for each in range(5, 14))
    (folder / "forms.pdf").write_bytes(pdf_of([*start, stream_of(b"/F Do " * 10), *forms, stream_of(b"", form % 4)]))
    return {"spaces.pdf": "bomb", "forms.pdf": "attempts-used-up"}


def zip_bomb(folder: Path) -> dict[str, str]:
    with zipfile.ZipFile(folder / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"/>')
        archive.writestr("_rels/.rels", relations(("officeDocument", "word/document.xml")))
        with archive.open("word/document.xml", "w") as part:
            part.write(f'<w:document xmlns:w="{W}"><w:body>'.encode())
            part.writelines(b"<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 1000 for _ in range(1000))
    return {"a.docx": "bomb"}


def two_gigabytes(folder: Path) -> dict[str, str]:
    with open(folder / "large.txt", "wb") as file:
        file.write(b"words and words\n\n" * 10_000)
        file.truncate(2 * 1024**3)
    return {"large.txt": "oversized"}


def codes(config: Config) -> dict[str, str]:
    """Name -> why it is in quarantine."""
    suffix = ".reason.json"
    reasons = Path(config.box.root, "users/me/quarantine").glob(f"*{suffix}")
    return {path.name.removesuffix(suffix): json.loads(path.read_text())["code"] for path in reasons}


def test_each_attack_ends_with_its_code_within_the_limits_of_the_child(make_root):
    limits = {"attempts_max": 1, "memory_bytes": 300_000_000, "cpu_seconds": 5, "deadline_seconds": 60}
    config = make_root(jobs__kinds={"document": limits}, watch__settle_seconds=0.1)
    drop(config, "honest.txt", "Forty-two pairs were counted.\n")
    folder = inbox(config)
    expected = {**xml_bombs(folder), **pdf_bombs(folder), **zip_bomb(folder), **two_gigabytes(folder)}
    (item,) = once(config)
    assert str(item["source"]).endswith("/honest.txt")
    assert codes(config) == expected
