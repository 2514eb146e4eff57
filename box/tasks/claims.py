"""claims: what texts state that can be checked is found again. The rule: as in `box.tasks.examining`.

Which items are due is said by a policy: *missing*, *all* or *stale* (`box.models.claims_found`). A model that fails is
told as a problem, and what it did not do stays due.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from box import units
from box.errors import NotYet
from box.tasks.chore import Chore, Inside, Reporter
from box.tasks.handler import Argument

if TYPE_CHECKING:
    from box.models.claims_found import Wanted
    from box.models.jobs import Claimed
    from box.tasks.examining import ByRules, Examining, Nobody
    from box.tasks.examining_by_model import ByModel

KIND: Final = "claims"
STALE_DAYS: Final = 7
TURN_SECONDS: Final = 60.0
"""So long a job keeps those of other users waiting: with a model it may take days."""
_KEY_BYTES_MAX: Final = 4096


def run(inside: Inside, job: Claimed, reporter: Reporter) -> Mapping[str, Any]:
    """Examine; the result says how many items, and how many claims they hold."""
    from box.models import claims_found, item_lists, model_answers  # noqa: PLC0415 - a child loads no database
    from box.tasks.examining import Examining  # noqa: PLC0415 - as above

    store = inside.engine.store
    user = job.args.get("user") or job.user
    users = (user,) if user else tuple(item_lists.users(store))
    turn = _Turn(inside, job, reporter, time.monotonic() + TURN_SECONDS)
    examiner = _examiner(inside, job, turn)
    examining = Examining(inside.engine, _wanted(inside, job, examiner), users, examiner, turn.progress)
    told = examining.run()
    if not claims_found.is_any_missing(store, examiner.extractor, examiner.extractor_version):
        inside.engine.transact(lambda transaction: model_answers.forget_all(transaction.store))
    return {**told, **_by_model(inside, examiner, examining)}


@dataclass(frozen=True, slots=True)
class _Turn:
    """A job works on while nobody else waits for such a one, and for its turn otherwise; then it goes back."""

    inside: Inside
    job: Claimed
    reporter: Reporter
    until: float

    def progress(self, done: int, total: int) -> None:
        """It is so far. Raises Stopped or NotYet."""
        self.reporter.progress(100 * done / max(total, 1), done=done, total=total)
        self.check()

    def check(self) -> None:
        """Raise Stopped if it should end, NotYet if it is somebody else's turn."""
        from box.models import ready  # noqa: PLC0415 - as above

        self.reporter.check()
        if time.monotonic() >= self.until and ready.do_others_wait(self.inside.engine.store, self.job.user, KIND):
            raise NotYet("it goes on after the turn of others", 1.0)


def _wanted(inside: Inside, job: Claimed, examiner: Nobody | ByRules | ByModel) -> Wanted:
    from box.engine import log_time  # noqa: PLC0415 - as above
    from box.models.claims_found import Wanted  # noqa: PLC0415 - as above
    from box.tasks.examining import Nobody  # noqa: PLC0415 - as above

    # Not when it was begun: it may be begun many times, after a stop of the service or when it was others' turn.
    asked_at = inside.engine.store.value("SELECT created_at FROM jobs WHERE id = ?", (job.id,))
    days = job.args.get("stale_days", STALE_DAYS)
    old = ""
    if days is not None:
        old = log_time((datetime.fromisoformat(asked_at) - timedelta(days=days)).timestamp())
    policy = "gone" if isinstance(examiner, Nobody) else job.args.get("policy", "missing")
    return Wanted(
        policy, examiner.extractor, examiner.extractor_version, asked_at, old,
        job.args.get("kind", ""),
    )  # fmt: skip


def _examiner(inside: Inside, job: Claimed, turn: _Turn) -> Nobody | ByRules | ByModel:
    """Who examines, as the configuration says."""
    from box.tasks.examining import ByRules, Nobody  # noqa: PLC0415 - as above

    claims = inside.config.claims
    if claims.mode == "off":
        return Nobody()
    rules = ByRules(inside.engine.store, claims.per_chunk_max, claims.min_score, turn.reporter.check)
    if claims.mode != "llm":
        return rules
    from box.tasks.examining_by_model import ByModel, breaker_of  # noqa: PLC0415 - only who asks a model needs it

    breaker = breaker_of(claims.url, claims.model)
    return ByModel(
        inside.engine, claims, _key(claims.api_key_file), rules, turn.reporter.check, job.id, breaker, turn.check
    )


def _key(path: str) -> str | None:
    """The key of the server, empty if it wants none; None if it cannot be read."""
    if not path:
        return ""
    try:
        with open(path, encoding="ascii") as file:
            key = file.read(_KEY_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError):
        return None
    return key if key.isprintable() and " " not in key and key else None


def _by_model(inside: Inside, examiner: Nobody | ByRules | ByModel, examining: Examining) -> dict[str, Any]:
    """What is to be told of a model, in the result and as a problem."""
    from box.tasks.examining import ByRules, Nobody  # noqa: PLC0415 - as above

    if isinstance(examiner, Nobody):
        return {"off": True}
    if isinstance(examiner, ByRules):
        return {}
    subject, undone = examiner.claims.url, examining.told["fallback"] + examining.told["left"]
    if undone:
        why = ", ".join(sorted(examining.reasons)) or "as before"
        message = f"{undone} items were examined without the model ({why}); it is tried again"
        inside.problems.put("claims-model", subject, message)
    elif examiner.calls:
        inside.problems.clear("claims-model", subject)
    return {"calls": examiner.calls, "dropped": examiner.dropped, "reasons": sorted(examining.reasons)}


def _days(where: str, value: object) -> int | None:
    """Whole days; JSON's null, which the argument becomes, is read again when a job is asked for by the clock."""
    return None if value is None else units.or_none(units.numbers(0, 3650))(where, value)


HANDLER = Chore(
    kind=KIND,
    run=run,
    arguments={
        "policy": Argument(
            units.choice("missing", "all", "stale"),
            "never examined by this extractor in this version (default), all, or these and what changed or is old",
        ),
        "stale_days": Argument(
            _days, f'after how many days what was examined is old (default: {STALE_DAYS}); "none": never'
        ),
        "user": Argument(units.a_user, "whose items; else everybody's"),
        "kind": Argument(units.text, "only items of that kind: document, book, page, ..."),
    },
)
