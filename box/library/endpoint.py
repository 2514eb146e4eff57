"""An OpenAI-compatible endpoint. The rule: a call ends in time, or when somebody says so, whatever the server does.

A server may be slow, hang, send without end or send nonsense. So a call is a task of an event loop of its own, which is
looked at four times a second, and given up with its connection. What is read is bounded. The key is never in an error.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

ANSWER_BYTES_MAX: Final = 4_000_000
LOOK_SECONDS: Final = 0.25
_LEAVE_SECONDS: Final = 1.0
"""How long a call that is given up may take to close its connection."""

CONNECT_SECONDS: Final = 10.0
"""A server that does not even take a call by then is not there."""

DEADLINE, UNREACHABLE, REFUSED, UNSUPPORTED, UNACCEPTED, LIMITED, SERVER_ERROR, TOO_LARGE, NONSENSE = (
    "deadline", "unreachable", "refused", "unsupported", "not-accepted", "rate-limited", "server-error", "too-large",
    "no-json",
)  # fmt: skip
"""Why there is no answer to use. "unsupported" is about the form of the answer, "not-accepted" about the text."""
_TOKENS_MAX: Final = 10_000_000
"""More than that a server cannot have counted."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and what it may do."""

    url: str
    """Up to its version."""
    model: str
    key: str = field(repr=False)
    deadline_seconds: float
    answer_tokens_max: int

    @property
    def provider(self) -> str:
        """Who answers."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call."""

    content: str = ""
    failure: str = ""
    """One of the codes above, empty if there is an answer."""
    milliseconds: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    """None: the server did not say."""
    retry_seconds: float = 0.0
    """After how long the server wants to be asked again."""


def ask(
    endpoint: Endpoint, messages: list[dict[str, str]], response_format: Mapping[str, Any] | None,
    check: Callable[[], None],
) -> Reply:  # fmt: skip
    """One call. `check` is called four times a second and may raise, which gives the call up."""
    body: dict[str, Any] = {
        "model": endpoint.model, "messages": messages, "temperature": 0, "stream": False,
        "max_tokens": endpoint.answer_tokens_max,
    }  # fmt: skip
    if response_format is not None:
        body["response_format"] = response_format
    began = time.monotonic()
    loop = asyncio.new_event_loop()
    try:
        status, headers, data, failure = loop.run_until_complete(_within(endpoint, _post(endpoint, body), check))
    finally:
        loop.close()  # a name that is still being looked up is not waited for
    took = round(1000 * (time.monotonic() - began))
    failure = failure or _failure(status, has_format=response_format is not None)
    if failure:
        return Reply(failure=failure, milliseconds=took, retry_seconds=_seconds(headers.get("retry-after", "")))
    return _read(data, took)


type_answer = tuple[int, Mapping[str, str], bytes, str]
"""Status, headers, body, failure."""


async def _within(endpoint: Endpoint, call: Any, check: Callable[[], None]) -> type_answer:
    """The answer, if it comes in time."""
    task = asyncio.ensure_future(call)
    end = time.monotonic() + endpoint.deadline_seconds
    try:
        while (left := end - time.monotonic()) > 0:
            done, _ = await asyncio.wait({task}, timeout=min(left, LOOK_SECONDS))
            if done:
                answer: type_answer = task.result()
                return answer
            check()
        return 0, {}, b"", DEADLINE
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_LEAVE_SECONDS)


async def _post(endpoint: Endpoint, body: Mapping[str, Any]) -> type_answer:
    import httpx  # noqa: PLC0415 - slow to import, and only who asks a model needs it

    headers = {"accept-encoding": "identity", "authorization": f"Bearer {endpoint.key}"}
    if not endpoint.key:
        del headers["authorization"]
    data, seconds = bytearray(), endpoint.deadline_seconds
    patience = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
    is_safe = endpoint.url.startswith("https:")  # else nobody needs the certificates, which are slow to load
    try:
        async with (
            httpx.AsyncClient(timeout=patience, follow_redirects=False, trust_env=False, verify=is_safe) as client,
            client.stream("POST", f"{endpoint.url}/chat/completions", json=body, headers=headers) as response,
        ):
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > ANSWER_BYTES_MAX:
                    return response.status_code, {}, b"", TOO_LARGE
            return response.status_code, response.headers, bytes(data), ""
    except httpx.ConnectTimeout:
        return 0, {}, b"", UNREACHABLE
    except httpx.TimeoutException:
        return 0, {}, b"", DEADLINE
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):  # a host that is no host is a ValueError
        return 0, {}, b"", UNREACHABLE


def _failure(status: int, *, has_format: bool) -> str:
    if status == 200:
        return ""
    if status in (400, 415, 422, 501):
        return UNSUPPORTED if has_format else UNACCEPTED
    if status == 413:
        return UNACCEPTED
    if status == 429:
        return LIMITED
    return SERVER_ERROR if status >= 500 else REFUSED


def _read(data: bytes, took: int) -> Reply:
    try:
        answer = json.loads(data)
        content = answer["choices"][0]["message"]["content"]
    except (ValueError, RecursionError, KeyError, IndexError, TypeError):
        answer, content = {}, None
    usage = answer.get("usage") if isinstance(answer, dict) else None
    told = usage if isinstance(usage, dict) else {}
    text = content if isinstance(content, str) else ""
    return Reply(
        text, "" if text else NONSENSE, took, _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    )


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _TOKENS_MAX else None


def _seconds(text: str) -> float:
    """What a Retry-After says in seconds; a date in it is not read."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
