"""transcripts: recordings that nobody has listened to yet are. The rule: it only asks; `transcribe` listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import UsageError
from box.library_rules import TRANSCRIBE
from box.tasks import more_text
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.jobs import Claimed

KIND: Final = "transcripts"


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Ask for what is missing; the result says of how many recordings. Raises UsageError where it is not wanted."""
    from box.library import speech  # noqa: PLC0415 - a child that knows this kind needs no model
    from box.models import item_lists  # noqa: PLC0415 - nor a database

    if not inside.config.speech.enabled:
        raise UsageError("speech.enabled is false: switch it on first")
    speech.settings_of(asdict(inside.config.speech))
    return more_text.ask(inside, job, reporter, TRANSCRIBE, item_lists.unheard)


HANDLER = Chore(
    kind=KIND, run=run, arguments={"user": Argument(units.a_user, "whose recordings; else everybody's")},
)  # fmt: skip
