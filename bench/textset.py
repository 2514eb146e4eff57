"""Texts in many formats. The rule: the same ones each time, and written by the programs that people write them with."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final

_PROSE: Final = (
    "the river heron saw a count of nine birds in May while rain fell on old stones near that bridge and who went by it"
    " could tell how water rose each year as measured with a staff since then no other place has lost so much ground to"
    " willow alder reed and sedge which people cut for roofs in winter when ice held weight enough to walk upon"
)
WORDS: Final = tuple(_PROSE.split())
BY_PANDOC: Final = ("docx", "odt", "epub", "rtf", "html", "rst", "ipynb", "fb2", "jats", "pptx")
_WORDS_A_PAGE: Final = 330
_SOFFICE_SECONDS: Final = 300.0


def make(folder: str, each: int, dump_bytes: int, pages: int) -> dict[str, list[str]]:
    """That many texts of each format that can be made here, by format; one dump, and one PDF of many pages.

    About 3,000 words each: headings, lists, a table, notes at the foot. Raises CalledProcessError.
    """
    rng = random.Random(20261128)
    made: dict[str, list[str]] = {}
    for number in range(each):
        text = _markdown(rng, number, 3000)
        for ending, write in PLAIN.items():
            made.setdefault(ending, []).append(path := os.path.join(folder, f"text-{number:03}.{ending}"))
            write(path, text)
    if shutil.which("pandoc"):
        for ending in BY_PANDOC:
            made[ending] = [_by_pandoc(path, ending) for path in made["md"]]
    if shutil.which("soffice"):
        made["xlsx"] = _by_soffice(folder, made["csv"], "xlsx")
        made["pdf"] = _by_soffice(folder, made["html"], "pdf:writer_web_pdf_Export") if "html" in made else []
        long = os.path.join(folder, f"{pages}-pages.txt")
        with open(long, "w", encoding="utf-8") as out:
            out.write(_markdown(rng, each, pages * _WORDS_A_PAGE))
        made["long pdf"] = _by_soffice(folder, [long], "pdf:writer_pdf_Export")
        os.unlink(long)
    made["dump"] = [os.path.join(folder, "dump.xml")]
    _write_dump(made["dump"][0], rng, dump_bytes)
    return {ending: paths for ending, paths in made.items() if paths}


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(6, 24))).capitalize() + "."


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.randint(3, 8)))


def _markdown(rng: random.Random, number: int, words: int) -> str:
    parts = [f"---\ntitle: Text {number}\nauthor: Ada Moss\nlang: en\n---\n"]
    count = 0
    while count < words:
        parts.append(f"# {_sentence(rng)[:-1]} {len(parts)}\n")
        parts += [_paragraph(rng) + "\n" for _ in range(4)]
        parts.append("".join(f"- {_sentence(rng)}\n" for _ in range(4)))
        parts.append(
            "| bird | seen |\n|---|---|\n" + "".join(f"| heron {n} | {rng.random():.6f} |\n" for n in range(4))
        )
        parts.append(f"{_sentence(rng)}[^{len(parts)}]\n\n[^{len(parts)}]: {_sentence(rng)}\n")
        count = sum(len(part.split()) for part in parts)
    return "\n".join(parts)


def _write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def _write_plain(path: str, text: str) -> None:
    _write_text(path, text.partition("---\n\n")[2])


def _write_csv(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(line.split()[:12] for line in text.splitlines() if line)


def _write_json(path: str, text: str) -> None:
    _write_text(path, json.dumps([{"line": n, "text": line} for n, line in enumerate(text.splitlines()) if line]))


def _write_mail(path: str, text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada Moss <ada@example.org>", "ben@example.org", "The river"
    mail["Date"] = "Mon, 04 May 2026 10:00:00 +0200"
    mail.set_content(text)
    with open(path, "wb") as out:
        out.write(bytes(mail))


PLAIN: Final[dict[str, Callable[[str, str], None]]] = {
    "md": _write_text, "txt": _write_plain, "csv": _write_csv, "json": _write_json, "eml": _write_mail,
}  # fmt: skip


def _by_pandoc(source: str, ending: str) -> str:
    kind = {"html": "html5"}.get(ending, ending)
    target = f"{os.path.splitext(source)[0]}.{'xml' if ending == 'jats' else ending}"
    subprocess.run(["pandoc", "--quiet", "-s", "-f", "markdown", "-t", kind, "-o", target, source], check=True)
    return target


def _by_soffice(folder: str, sources: list[str], kind: str) -> list[str]:
    home = os.path.join(folder, "soffice")
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", kind, "--outdir", folder,
         *sources],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_SOFFICE_SECONDS,
    )  # fmt: skip
    shutil.rmtree(home, ignore_errors=True)
    ending = kind.partition(":")[0]
    return [path for source in sources if os.path.exists(path := f"{os.path.splitext(source)[0]}.{ending}")]


def _write_dump(path: str, rng: random.Random, size_bytes: int) -> None:
    """Pages of an encyclopaedia, with links, templates and tables as theirs have."""
    with open(path, "w", encoding="utf-8") as out:
        out.write('<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en"><siteinfo/>\n')
        number = 0
        while out.tell() < size_bytes:
            number += 1
            text = "\n\n".join(
                f"== {_sentence(rng)[:-1]} ==\n{{{{Main|{rng.choice(WORDS)}}}}}\n{_paragraph(rng)} [[{_sentence(rng)}|"
                f"{rng.choice(WORDS)}]] '''{rng.choice(WORDS)}''' &lt;ref&gt;{_sentence(rng)}&lt;/ref&gt; "
                f"{_paragraph(rng)}"
                for _ in range(8)
            )
            out.write(
                f"<page><title>Page {number}</title><ns>0</ns><id>{number}</id><revision><id>{number}</id>"
                f"<timestamp>2026-05-04T10:00:00Z</timestamp><model>wikitext</model><text>{text}</text></revision></page>\n"
            )
        out.write("</mediawiki>\n")
