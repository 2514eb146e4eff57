"""`box claims`. The rule: what is shown are words of a note, and why; no file is opened.

A claim whose note was indexed anew since is shown as it was remembered: small letters, no marks.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any, Final

from box import people
from box.beside import beside
from box.cli import output, settings, words
from box.cli.photos import path_below
from box.errors import BoxError
from box.library.normal import digest, normalised
from box.models import claims_found, item_lists, usage
from box.models.base import Store
from box.models.claims_found import Listed, Query

_ALIKE_MAX: Final = 20


def claims(args: Namespace) -> int:
    """The claims of a text, or of all."""
    config = settings.load(args)
    with beside(config) as box:
        if args.user:
            settings.known_user(args.user, {*people.users(config), *usage.users(box.store)} - {""}, config)
        query = Query(
            item=_item(box.store, config.box.root, args.item) if args.item else 0, user=args.user,
            words=tuple(normalised(args.search).split()), score_min=args.min_score, limit=args.limit + 1,
        )  # fmt: skip
        found = claims_found.listed(box.store, query)
        more, found = len(found) > args.limit, found[: args.limit]
        alike = [claims_found.alike(box.store, claim, _ALIKE_MAX) for claim in found]
        unexamined = not found and query.item and not item_lists.is_examined(box.store, query.item)
    if args.json:
        output.value([_as_data(claim, others) for claim, others in zip(found, alike, strict=True)])
        return 0
    for line in _lines(found, alike):
        output.line(line)
    if more:
        output.line(f"and more: --limit shows them (now {args.limit})")
    elif not found:
        output.line("it was not examined yet" if unexamined else "no claims")
    return 0


def _lines(found: list[Listed], alike: list[list[tuple[int, str]]]) -> Iterator[str]:
    item = 0
    for claim, others in zip(found, alike, strict=True):
        if claim.item != item:
            item = claim.item
            yield words.printable(f"{claim.item}  {claim.title}  ({claim.user}, {claim.note or 'its note is gone'})")
        place = ", ".join(filter(None, (claim.place, claim.heading)))
        yield f"  {claim.score:.2f}  {words.printable(' '.join(_text(claim).split()))}"
        yield words.printable(f"        {claim.reasons.replace(' ', ', ')}{'; ' if place else ''}{place}")
        if others:
            told = ", ".join(f"{number} {title}" for number, title in others)
            yield words.printable(f"        also in {told}")


def _as_data(claim: Listed, alike: list[tuple[int, str]]) -> dict[str, Any]:
    return {
        "item": claim.item, "user": claim.user, "title": claim.title, "note": claim.note, "start": claim.start,
        "end": claim.end, "text": _text(claim), "normalised": claim.normalised, "score": claim.score,
        "reasons": claim.reasons.split(), "place": claim.place, "heading": claim.heading,
        "extractor": claim.extractor, "extractor_version": claim.extractor_version,
        "alike": [{"item": item, "title": title} for item, title in alike],
    }  # fmt: skip


def _text(claim: Listed) -> str:
    """As the note says it."""
    return claim.quote if digest(normalised(claim.quote)) == claim.digest else claim.normalised


def _item(store: Store, root: str, wanted: str) -> int:
    """The number of the item that is meant. Raises BoxError if there is none."""
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 18:
        if item_lists.is_known(store, int(wanted)):
            return int(wanted)
        raise BoxError(f"there is no item {wanted}")
    path = path_below(root, wanted)
    found = item_lists.of_note(store, path) or item_lists.of_original(store, path)
    if not found:
        raise BoxError(f"{words.printable(path)} is neither a note nor the original of one")
    return found
