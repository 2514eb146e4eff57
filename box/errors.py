"""Errors. The rule: the message is what a person reads, the class is the policy.

Every error says what is wrong, where, and what to do. `code` is for programs, `exit_code` for the shell, `retryable`
for the queue (would the same work succeed later, with nothing about the file changed?). Anything that is not a
`BoxError` is a defect of Box.
"""

from __future__ import annotations


class BoxError(Exception):
    """Something is wrong with the work."""

    code = "error"
    exit_code = 1
    retryable = False
    error_class = ""
    """Of the exception behind it, where that is another one."""
    traceback = ""
    """Where that was raised, for the history of the job."""
    file = 0
    """Which of the files of a job is to blame, where it has several; 0: the one that it is about."""


class UsageError(BoxError):
    """The command was called with something that does not fit."""

    code = "usage"
    exit_code = 2


class ConfigError(UsageError):
    """A key of the configuration does not fit; the message begins with the key's dotted path."""

    code = "config"


class AlreadyRunning(BoxError):
    """Another process holds this root; the message says which."""

    code = "already-running"
    exit_code = 2


class NotRunning(BoxError):
    """The service is not running, or its status is stale."""

    code = "not-running"
    exit_code = 3


class IllegalMove(BoxError):
    """An event that the state does not allow: the transaction refuses it and the log never holds it."""

    code = "illegal-move"


class OverQuota(IllegalMove):
    """What a job is about to write is more than its user may keep: it is refused before it is written."""

    code = "over-quota"
    needs_bytes = 0
    """All that the job would have had to set aside beyond its request, where that is known."""


class DatabaseDamaged(BoxError):
    """The database file failed its check; recovery moves it aside."""

    code = "database-damaged"


class DatabaseBusy(BoxError):
    """Another process held the database's write lock for too long: the work is tried again."""

    code = "database-busy"
    retryable = True


class OutOfSpace(BoxError):
    """The disk is full or below its reserve: the work waits until there is room; nothing is lost."""

    code = "out-of-space"
    retryable = True


class Unprocessable(BoxError):
    """The file itself is bad: no retry will help, it goes to quarantine with `code` as the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SourceChanged(BoxError):
    """The source is no longer the file that had settled: this attempt ends, the new file is looked at afresh."""

    code = "source-changed"


class Stopped(BoxError):
    """The job ends here because somebody or something outside it said so; see `outcome`."""

    code = "stopped"

    def __init__(self, message: str, outcome: str = "cancelled", code: str = "cancelled") -> None:
        """`outcome`: "cancelled"; "failed", with that code; "released", done later; "lost", another's by now."""
        super().__init__(message)
        self.outcome = outcome
        self.code = code


class NotYet(BoxError):
    """Somebody else comes first: the job goes back and is begun again after `seconds`; no attempt is used up."""

    code = "not-yet"
    retryable = True

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class ChildDied(BoxError):
    """The child process that read the file was killed or ran past a limit: one attempt is used up."""

    code = "child-died"
    retryable = True
