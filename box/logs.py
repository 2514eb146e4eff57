"""Logs. The rule: one line says one thing that happened, and each line of a job carries its id, kind and user.

Fields are names, numbers and sentences; never the content of a file, a configuration or a secret. structlog lives here
only, and is loaded with the first line that is written: children and short commands do without its 7 MB.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TextIO

from box.errors import BoxError, ConfigError

if TYPE_CHECKING:
    from structlog.typing import EventDict

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
VALUE_CHARS_MAX: Final = 2_000
TRACEBACK_CHARS_MAX: Final = 16_000
"""Of a longer traceback the end is kept: there it says what happened. journald cuts lines at 48 KB."""

_FIRST: Final = ("timestamp", "level", "event", "logger", "job", "kind", "user")
_QUOTED: Final = frozenset(" \t=\r\n\"'")
"""A value with one of these is quoted, and so escaped, by structlog's console renderer."""
_PRIORITIES: Final = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}


class Logger:
    """Writes lines: an event, which is a fixed sentence, and what there is to know about it as fields.

    `exc_info=` takes the exception that explains the line (True: the one being handled): a BoxError is told by its
    sentence and code, anything else is a defect and told with its traceback.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: object) -> None:
        """What somebody who looks for a fault wants to see."""
        _sink.write("debug", event, self._name, fields)

    def info(self, event: str, **fields: object) -> None:
        """What an owner may want to see."""
        _sink.write("info", event, self._name, fields)

    def warning(self, event: str, **fields: object) -> None:
        """What an owner should see: something was not as it should be, and Box went round it."""
        _sink.write("warning", event, self._name, fields)

    def error(self, event: str, **fields: object) -> None:
        """What an owner has to see: something was not done."""
        _sink.write("error", event, self._name, fields)

    def exception(self, event: str, **fields: object) -> None:
        """An error, explained by the exception that is being handled."""
        self.error(event, exc_info=True, **fields)


def get(name: str) -> Logger:
    """The logger of a module (`__name__`); costs nothing until it writes."""
    return Logger(name.removeprefix("box."))


@contextmanager
def job_context(job: int, kind: str, user: str) -> Iterator[None]:
    """What this thread logs in here, by Box or by a library, carries the job's id, kind and user."""
    with _structlog().contextvars.bound_contextvars(job=job, kind=kind, user=user):
        yield


def setup(level: str, format: str, stream: TextIO | None = None) -> None:  # noqa: A002 - named as its key is
    """Say from which level on, in which form and where (stderr) lines are written; a second call replaces the first.

    From then on the lines of libraries, Python's warnings and threads that die come out in the same form.
    """
    for key, value, known in (("level", level, LEVELS), ("format", format, ("auto", "console", "json"))):
        if value not in known:
            raise ConfigError(f"logs.{key}: {value!r} is none of {', '.join(known)}")
    _sink.open(LEVELS[level], format, sys.stderr if stream is None else stream)
    root = logging.getLogger()
    if _bridge not in root.handlers:
        root.addHandler(_bridge)
    # Libraries chatter (huey two lines a task, peewee each statement): of them only what is wrong is wanted.
    root.setLevel(logging.INFO if level == "debug" else max(logging.WARNING, LEVELS[level]))
    logging.captureWarnings(capture=True)
    # Said by watchdog of a folder that is watched twice, with all that the callback holds: 31 KB.
    warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
    if threading.excepthook is threading.__excepthook__:  # who has set one already, such as a test runner, needs it
        threading.excepthook = _thread_died


class _Sink:
    """Where lines go. Before `setup`: warnings and errors, to stderr."""

    def __init__(self) -> None:
        self.level = LEVELS["warning"]
        self._log: Any = None

    def open(self, level: int, form: str, stream: TextIO) -> None:
        structlog = _structlog()
        console = form == "console" or (form == "auto" and stream.isatty())
        steps: list[Any] = [
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _explained,
            _arranged,
        ]
        if console:
            plain = structlog.dev.plain_traceback  # the default would use rich, if it is there, and show locals
            colors = stream.isatty() and not os.environ.get("NO_COLOR")
            steps += [
                _printable,
                structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, sort_keys=False),
            ]
        else:
            steps += [structlog.processors.JSONRenderer()]
        if _is_journal(stream):
            steps += [_prioritised]
        filtering = structlog.make_filtering_bound_logger(level)
        self.level, self._log = level, structlog.wrap_logger(_Writer(stream), processors=steps, wrapper_class=filtering)

    def write(self, level: str, event: str, name: str, fields: dict[str, Any]) -> None:
        if LEVELS[level] >= self.level:
            if self._log is None:
                self.open(self.level, "auto", sys.stderr)
            getattr(self._log, level)(event, **{"logger": name, **fields})


class _Writer:
    """Writes whole lines. A log that cannot be written (nobody reads it, the disk is full) stops nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: it was closed
                return

    debug = info = warning = error = write


class _Bridge(logging.Handler):
    """Brings the lines of libraries here."""

    def emit(self, record: logging.LogRecord) -> None:
        level = next((name for name in reversed(LEVELS) if record.levelno >= LEVELS[name]), "debug")
        try:
            event = record.getMessage().strip()
        except (TypeError, ValueError):  # its arguments do not fit: a mistake of the library, but not a reason to fail
            event = str(record.msg)
        _sink.write(level, event, record.name, {"exc_info": record.exc_info and record.exc_info[1]})


_sink: Final = _Sink()
_bridge: Final = _Bridge()


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "?"
        _sink.write("error", "a thread died", "threading", {"thread": name, "exc_info": args.exc_value})


# --- what a line goes through ----------------------------------------------------------------------------------------


def _explained(_logger: object, _method: str, fields: EventDict) -> EventDict:
    error = fields.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BoxError):
        return {**fields, "code": error.code, "error": str(error)}
    if isinstance(error, BaseException):
        text = "".join(traceback.format_exception(error))
        return {**fields, "error": f"{type(error).__name__}: {error}", "exception": text[-TRACEBACK_CHARS_MAX:]}
    return fields


def _arranged(_logger: object, method: str, fields: EventDict) -> EventDict:
    """When, how bad, what and who first; nothing without end."""
    fields["level"] = method
    order = dict.fromkeys((*(name for name in _FIRST if name in fields), *fields))
    return {name: fields[name] if name == "exception" else _bounded(fields[name]) for name in order}


def _bounded(value: object) -> object:
    text = value if isinstance(value, str) else repr(value)
    return value if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}... ({len(text)} characters)"


def _printable(_logger: object, _method: str, fields: EventDict) -> EventDict:
    """Names of files are anybody's text: none of it may reach a terminal as a command or break a line."""
    for name, value in fields.items():
        if isinstance(value, str) and not value.isprintable():
            kept = "\n" if name == "exception" else ""
            if name in ("event", "exception") or _QUOTED.isdisjoint(value):
                fields[name] = "".join(c if c.isprintable() or c in kept else _escape(c) for c in value)
    return fields


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _is_journal(stream: TextIO) -> bool:
    """Whether journald reads the stream, which it says by the device and inode of the socket that it gave to us."""
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):  # not a file at all, or closed
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def _prioritised(_logger: object, method: str, text: str) -> str:
    return "\n".join(_PRIORITIES[method] + line for line in text.split("\n"))


class _AsyncioLater(ModuleType):
    """Takes the place of asyncio while structlog is imported, and fetches it should anything of it ever be used."""

    def __getattr__(self, name: str) -> Any:
        self.leave()
        import asyncio  # noqa: PLC0415 - see _structlog

        return getattr(asyncio, name)

    def leave(self) -> None:
        if sys.modules.get("asyncio") is self:
            del sys.modules["asyncio"]


def _structlog() -> Any:
    """structlog, without the asyncio that it imports for its async methods: 3 MB, and half of the time it takes."""
    later = _AsyncioLater("asyncio")
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # from Python 3.12 on each record looks for its task
    if "structlog" not in sys.modules:
        sys.modules.setdefault("asyncio", later)
    try:
        import structlog  # noqa: PLC0415 - see the rule
    finally:
        later.leave()
    return structlog
