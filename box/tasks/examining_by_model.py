"""Examining by a language model. The rule: an item is the model's as a whole, or the rules do it and it is said why.

A call is made if the budget of the day has room for the most that it can take; what it took is recorded, whatever came
of it, together with its answer. A server that fails again and again is left alone for a while, by all jobs of this
process.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from box.engine import Engine, Transaction, utc_now
from box.errors import Stopped
from box.events import UsageRecorded
from box.library import endpoint, model_claims
from box.library.claiming import prose
from box.library.endpoint import Endpoint, Reply
from box.library.normal import digest
from box.models import chunks, model_answers, model_usage
from box.models.claims_found import Due
from box.tasks.examining import ByRules, Collected, Examined, chunks_of
from box.text_sections import Claims

PURPOSE: Final = "claims"
TOKENS_A_DAY, COST_A_DAY, RESTING, NO_KEY = "tokens-a-day", "cost-a-day", "resting", "no-key"
"""Why a call is not made at all."""
STOPPED: Final = "stopped"
"""Why a call came to nothing that was given up with its job."""

TRIES: Final = 2
RETRY_SECONDS: Final = 1.0
RETRY_SECONDS_MAX: Final = 30.0
_RETRIED: Final = {endpoint.UNREACHABLE, endpoint.LIMITED, endpoint.SERVER_ERROR, endpoint.NONSENSE}
_OF_THE_TEXT: Final = {endpoint.NONSENSE, endpoint.TOO_LARGE, endpoint.UNACCEPTED}
"""Another text may fare better, this one will not on that day."""
_FREE: Final = {
    endpoint.UNREACHABLE, endpoint.REFUSED, endpoint.UNSUPPORTED, endpoint.UNACCEPTED, endpoint.LIMITED,
}  # fmt: skip

FAILURES_MAX: Final = 3
REST_SECONDS: Final = 60.0
REST_SECONDS_MAX: Final = 3600.0
_LOOK_SECONDS: Final = 0.25
_MILLION: Final = 1_000_000


class NoAnswer(Exception):
    """There is none, and the code says why."""


@dataclass(slots=True)
class Breaker:
    """Leaves a server alone that fails: after some failures for a minute, then twice as long each time."""

    failures: int = 0
    rests_until: float = 0.0
    rest_seconds: float = REST_SECONDS

    def is_open(self, now: float) -> bool:
        """Whether it is left alone."""
        return now < self.rests_until

    def told(self, failure: str, now: float, retry_seconds: float = 0.0) -> None:
        """A call failed, and the server may have said when to come again; or, without a code, it succeeded."""
        if not failure:
            self.failures, self.rest_seconds = 0, REST_SECONDS
            return
        self.failures += 1
        if self.failures >= FAILURES_MAX or failure == endpoint.REFUSED:
            self.rests_until = now + self.rest_seconds * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            self.rest_seconds = min(2 * self.rest_seconds, REST_SECONDS_MAX)
        if retry_seconds > RETRY_SECONDS_MAX:
            self.rests_until = max(self.rests_until, now + min(retry_seconds, REST_SECONDS_MAX))


_breakers: Final[dict[tuple[str, str], Breaker]] = {}
"""By address and model: the next job, which is asked for when the next text is indexed, knows what this one saw."""
_lock: Final = threading.Lock()


def breaker_of(url: str, model: str) -> Breaker:
    """The one breaker of this process for that server."""
    with _lock:
        return _breakers.setdefault((url, model), Breaker())


def extractor_of(model: str) -> str:
    """What items remember of who examined them."""
    return f"llm:{model}"


@dataclass(slots=True)
class ByModel:
    """Examines by a model, and by the rules where that does not work."""

    engine: Engine
    claims: Claims
    key: str | None
    """None: the server wants one and the file cannot be read."""
    rules: ByRules
    check: Callable[[], None]
    job: int
    breaker: Breaker
    between: Callable[[], None] = lambda: None
    """Called between two calls; it may raise, and what was answered is known when it goes on."""
    calls: int = 0
    dropped: int = 0
    """Quotes that made no claim: they are not in the text, too short or too long, or told already."""
    extractor_version: int = model_claims.VERSION
    _format: int = 0
    _server: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        """The server, as the configuration has it."""
        self._server = Endpoint(
            self.claims.url, self.claims.model, self.key or "", self.claims.deadline_seconds,
            self.claims.answer_tokens_max,
        )  # fmt: skip

    @property
    def extractor(self) -> str:
        """As the items remember it."""
        return extractor_of(self.claims.model)

    def examine(self, item: Due) -> Examined | None:
        """Examine an item; None if only the rules could, and they did already.

        One that was asked about in vain is told again: it goes behind the others, which may fare better.
        """
        calls = self.calls
        try:
            return self._by_model(item)
        except NoAnswer as why:
            mine = (item.examined_digest, item.extractor, item.extractor_version)
            done = mine == (item.digest, self.rules.extractor, self.rules.extractor_version)
            if done and self.calls == calls:
                return None
            return self.rules.examine(item, fallback=str(why))

    def _by_model(self, item: Due) -> Examined:
        collected, answers, told, count = Collected(), [], 0, 0
        for chunk in chunks_of(self.engine.store, item):
            self.between()
            if next(prose(chunk.text), None) is not None:
                text_digest = digest(chunk.text)
                quotes = self._quotes(item, chunk, text_digest)
                answers.append(text_digest)
                found = model_claims.claims_of(
                    chunk.text, quotes, count_max=self.claims.per_chunk_max, language=item.language,
                    begun=told - chunk.start,
                )  # fmt: skip
                self.dropped += len(quotes) - len(found)
                collected.add(chunk, found)
                if found:
                    told = chunk.start + found[-1].end
            count += 1
        rows = collected.rows()
        return Examined(
            item, rows, count, self.extractor, self.extractor_version, cut=collected.count - len(rows),
            answers=tuple(answers),
        )  # fmt: skip

    def _quotes(self, item: Due, chunk: chunks.Row, text_digest: str) -> list[str]:
        """What the model quotes from a chunk; it is asked once. Raises NoAnswer."""
        known = model_answers.find(self.engine.store, text_digest, self.extractor, self.extractor_version)
        if known is not None and not known.failure:
            return known.quotes
        if known is not None and known.day == utc_now()[:10]:
            raise NoAnswer(known.failure)
        if self.key is None:
            raise NoAnswer(NO_KEY)
        asked = model_claims.messages(chunk.text, self.claims.per_chunk_max)
        for attempt in range(1, TRIES + 1):
            reply, quotes = self._in_some_format(item, asked, text_digest)
            self.breaker.told(reply.failure, time.monotonic(), reply.retry_seconds)
            if quotes is not None:
                return quotes
            if reply.failure not in _RETRIED or attempt == TRIES or self.breaker.is_open(time.monotonic()):
                break
            self._wait(max(reply.retry_seconds, RETRY_SECONDS * 2**attempt))
        raise NoAnswer(reply.failure)

    def _in_some_format(
        self, item: Due, asked: list[dict[str, str]], text_digest: str
    ) -> tuple[Reply, list[str] | None]:
        """The answer in the strictest format that the server knows; which one is remembered once it worked."""
        number = self._format
        reply, quotes = self._asked(item, asked, text_digest, number)
        while reply.failure == endpoint.UNSUPPORTED:
            number += 1
            reply, quotes = self._asked(item, asked, text_digest, number)
        if quotes is not None:
            self._format = number
        return reply, quotes

    def _asked(
        self, item: Due, asked: list[dict[str, str]], text_digest: str, number: int
    ) -> tuple[Reply, list[str] | None]:
        """One call, with what it took made durable together with its answer. Raises NoAnswer."""
        if self.breaker.is_open(time.monotonic()):
            raise NoAnswer(RESTING)
        estimate = model_claims.tokens_estimate(asked)
        self._need_budget(estimate)
        began = time.monotonic()
        try:
            reply = endpoint.ask(self._server, asked, model_claims.FORMATS[number], self.check)
        except Stopped:
            given_up = Reply(failure=STOPPED, milliseconds=round(1000 * (time.monotonic() - began)))
            self.engine.at_once(lambda transaction: transaction.record(self._used(item, given_up, estimate)))
            raise
        quotes = None if reply.failure else model_claims.quotes(reply.content)
        if quotes is None and not reply.failure:
            reply = replace(reply, failure=endpoint.NONSENSE)
        self.calls += 1

        def keep(transaction: Transaction) -> None:
            transaction.record(self._used(item, reply, estimate))
            if quotes is not None or reply.failure in _OF_THE_TEXT:
                answer = model_answers.Answer(
                    (quotes or [])[: self.claims.per_chunk_max], reply.failure, transaction.at[:10]
                )
                model_answers.put(transaction.store, text_digest, self.extractor, self.extractor_version, answer)

        self.engine.at_once(keep)
        return reply, quotes

    def _used(self, item: Due, reply: Reply, estimate: int) -> UsageRecorded:
        """What a call took. A server that was reached and did not say is believed to have taken the most."""
        is_counted = reply.tokens_in is not None and reply.tokens_out is not None
        is_free = reply.failure in _FREE
        most = (0, 0) if is_free else (estimate, self.claims.answer_tokens_max)
        tokens_in = most[0] if reply.tokens_in is None else reply.tokens_in
        tokens_out = most[1] if reply.tokens_out is None else reply.tokens_out
        return UsageRecorded(
            user=item.user, provider=self._server.provider, model=self.claims.model, purpose=PURPOSE,
            tokens_in=tokens_in, tokens_out=tokens_out, is_estimated=not is_counted and not is_free,
            cost_millionths=self._cost(tokens_in, tokens_out), milliseconds=reply.milliseconds,
            failure=reply.failure, item=item.id, job=self.job,
        )  # fmt: skip

    def _cost(self, tokens_in: int, tokens_out: int) -> int:
        """In millionths, rounded up."""
        return -(-(tokens_in * self.claims.price_in + tokens_out * self.claims.price_out) // _MILLION)

    def _need_budget(self, estimate: int) -> None:
        """Raise NoAnswer unless the day has room for the most that a call can take."""
        tokens, cost = model_usage.spent(self.engine.store, utc_now()[:10], PURPOSE)
        limit = self.claims.tokens_per_day_max
        if limit is not None and tokens + estimate + self.claims.answer_tokens_max > limit:
            raise NoAnswer(TOKENS_A_DAY)
        most = self._cost(estimate, self.claims.answer_tokens_max)
        if self.claims.cost_per_day_max is not None and cost + most > self.claims.cost_per_day_max:
            raise NoAnswer(COST_A_DAY)

    def _wait(self, seconds: float) -> None:
        """Wait about so long, and be stopped within a second."""
        end = time.monotonic() + min(seconds, RETRY_SECONDS_MAX) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _LOOK_SECONDS))
