"""scans: documents with pages that nobody has read yet are. The rule: it only asks; `ocr` reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.library import ocr
from box.library_rules import OCR
from box.tasks import more_text
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

KIND: Final = "scans"


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for what is missing; the result says of how many documents. Raises UsageError where it is not wanted."""
    from box.models import item_lists  # noqa: PLC0415 - a child that knows this kind needs no database

    if not inside.config.library.ocr_languages:
        raise UsageError('library.ocr_languages is "": say first in which languages scans are')
    ocr.program()
    return more_text.ask(inside, job, reporter, OCR, item_lists.unseen)


HANDLER = Chore(
    kind=KIND, run=run, arguments={"user": Argument(units.a_user, "whose documents; else everybody's")},
)  # fmt: skip
