"""`box search`. The rule: what is shown is what the index holds; no file is opened."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, Final

from box import people
from box import search as searching
from box.beside import beside
from box.cli import output, settings, words
from box.errors import UsageError
from box.library import query
from box.models import usage
from box.search import PHOTO, Passage, Result
from box.snippets import Snippet

_PAGE: Final = re.compile(r"<!-- page \d+ -->\s?")


def search(args: Namespace) -> int:
    """A page of what was found."""
    config = settings.load(args)
    text = " ".join(args.query)
    if query.parse(text).is_empty:
        raise UsageError(f"there is no word to look for in {words.printable(text)!r}")
    with beside(config) as box:
        if args.user:
            settings.known_user(args.user, {*people.users(config), *usage.users(box.store)} - {""}, config)
        found = searching.search(
            text, kind=args.kind, user=args.user, tag=args.tag, since=args.since, limit=args.limit, after=args.after,
            box=box,
        )  # fmt: skip
    if args.json:
        output.value(
            {"results": [_data(each) for each in found.results], "next": found.next or None, "cut": found.is_cut}
        )
        return 0
    for each in found.results:
        for line in _lines(each):
            output.line(line)
    if not found.results:
        output.line("nothing more" if args.after else "nothing found")
    if found.is_cut:
        output.note("very many passages hold that: the newest of them are ranked; more words find less")
    if found.without_vectors:
        output.note(f"only words were looked for: {found.without_vectors}")
    if found.next:
        output.note(f"there is more: --after {found.next}")
    return 0


def _lines(result: Result) -> Iterator[str]:
    """A result as people read it."""
    about = [result.kind, *([f"item {result.item}"] if result.item else []), result.user]
    if result.date:
        about.append(result.date.replace("T", " "))
    if result.found_by == ("vectors",):
        about.append("in other words")
    title = words.printable(result.title or result.path.rpartition("/")[2])
    yield f"{output.styled(title, 'bold')} ({words.printable(', '.join(about))})"
    yield f"  {words.printable(result.path if result.kind == PHOTO else result.note or result.path)}"
    for passage in result.passages:
        where = ", ".join(filter(None, (passage.place, passage.heading)))
        if where:
            yield f"  {output.styled(words.printable(where), 'dim')}"
        yield f"    {_shown(passage.snippet)}"


def _shown(snippet: Snippet) -> str:
    """A snippet on one line, with what was found in it in bold."""
    parts = ["... " if snippet.before else ""]
    done = 0
    for start, end in snippet.highlights:
        parts.append(_plain(snippet.text[done : start - snippet.start]))
        parts.append(output.styled(_plain(snippet.text[start - snippet.start : end - snippet.start]), "bold"))
        done = end - snippet.start
    return "".join([*parts, _plain(snippet.text[done:]), " ..." if snippet.after else ""])


def _plain(text: str) -> str:
    """Without line ends and marks of pages; spaces at the ends are kept as one, because more follows."""
    text = _PAGE.sub("", text)
    words_only = " ".join(text.split())
    before, after = text[:1].isspace(), text[-1:].isspace()
    return words.printable(f"{' ' * before}{words_only}{' ' * after}" if words_only else " " * before)


def _data(result: Result) -> dict[str, Any]:
    """A result as programs read it."""
    common: dict[str, Any] = {
        "kind": result.kind, "user": result.user, "title": result.title, "path": result.path or None,
        "date": result.date or None,
    }  # fmt: skip
    if result.kind == PHOTO:
        return {**common, "thumbnail": result.thumbnail or None}
    return {
        **common, "item": result.item, "note": result.note or None, "authors": list(result.authors),
        "tags": list(result.tags), "origin": result.origin or None, "score": result.score,
        "found_by": list(result.found_by),
        "passages": [_passage(each) for each in result.passages],
    }  # fmt: skip


def _passage(passage: Passage) -> dict[str, Any]:
    snippet = passage.snippet
    return {
        "chunk": passage.number, "place": passage.place or None, "heading": passage.heading or None,
        "start": passage.start, "end": passage.end, "snippet": snippet.text, "snippet_start": snippet.start,
        "highlights": [list(span) for span in snippet.highlights],
    }  # fmt: skip
