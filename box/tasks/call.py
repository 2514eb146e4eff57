"""call: a function is called with JSON arguments. The rule: what is stored is a name, never code.

The function is called in a child process, with its limits, and says how far it is through `current()`. Its name is
"module:name"; the service has to be able to import it (`PYTHONPATH` is handed on).
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Final

from box import units
from box.errors import BoxError, ConfigError, UsageError
from box.events import Event
from box.tasks.handler import Argument, Found, Handler, Landed, Request, Tools

TRACEBACK_CHARS_MAX: Final = 4000

_NAME: Final = re.compile(r"[A-Za-z_][\w.]{0,199}:[A-Za-z_][\w.]{0,199}", re.ASCII)
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_tools: ContextVar[Tools] = ContextVar("tools")


def current() -> Tools:
    """For a function that is called as a job: how to say how far it is. Raises LookupError anywhere else."""
    return _tools.get()


def name_of(function: Callable[..., Any]) -> str:
    """The name by which a function can be found again. Raises UsageError for one that cannot."""
    name = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if name.startswith("__main__:") or not _NAME.fullmatch(name):
        raise UsageError(f"{name} cannot be imported by another process: use a function of a module")
    return name


def find(name: str) -> Callable[..., Any]:
    """The function of that name. Raises BoxError."""
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise _failure("no-such-function", f"{name} cannot be imported: {error}") from error
    if not callable(found):
        raise _failure("no-such-function", f"{name} is not a function")
    function: Callable[..., Any] = found
    return function


def run(request: Request, tools: Tools) -> Found:
    """Call it; what it returns is the job's result, as JSON. Raises BoxError with the class of what it raised."""
    function = find(request.args["function"])
    try:
        value = with_tools(tools, function, *request.args.get("args", ()), **request.args.get("kwargs", {}))
    except (BoxError, OSError, MemoryError):
        raise
    except Exception as error:
        raise raised(error) from error
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise _failure("result-not-json", f"what it returned is not JSON: {error}") from error
    return Found(result={"value": value})


def with_tools(tools: Tools, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call it; meanwhile `current()` are these tools."""
    token = _tools.set(tools)
    try:
        return function(*args, **kwargs)
    finally:
        _tools.reset(token)


def raised(error: Exception) -> BoxError:
    """An exception of a function that was called. It may say `retryable` and `code` itself."""
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1][:1000]
    code = str(getattr(error, "code", ""))
    failed = _failure(code if _CODE.fullmatch(code) else "call-failed", said)
    failed.retryable = bool(getattr(error, "retryable", False))
    failed.error_class = type(error).__name__
    failed.traceback = "".join(traceback.format_exception(error))[-TRACEBACK_CHARS_MAX:]
    return failed


def _failure(code: str, message: str) -> BoxError:
    error = BoxError(message)
    error.code = code
    return error


def _function(where: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise units.refused(where, value, 'a function, such as "package.module:name"')
    return value


def _list(where: str, value: object) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise units.refused(where, value, "a list")
    return list(value)


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{where}: expected a table")
    return dict(value)


def report(_: Request, __: Found, ___: tuple[Landed, ...]) -> tuple[Event, ...]:
    """Nothing but what the job itself says."""
    return ()


HANDLER = Handler(
    kind="call", run=run, report=report, steps=True, by_request=True, batch=True,
    arguments={
        "function": Argument(_function, 'its name, "module:name"', required=True),
        "args": Argument(_list, "its arguments, a list"),
        "kwargs": Argument(_table, "its arguments by name"),
    },
)  # fmt: skip
