"""Failures. The rule: what went wrong in an effect becomes a `BoxError`; a defect of Box is logged in full."""

from __future__ import annotations

from box import disk, logs
from box.errors import BoxError, OutOfSpace

_log = logs.get(__name__)


def as_box_error(error: Exception) -> BoxError:
    """The error as the queue understands it; anything unforeseen is a defect, told with its traceback in the log."""
    if isinstance(error, BoxError):
        return error
    if isinstance(error, OSError):
        if disk.is_full(error):
            return OutOfSpace(f"no space left: {error}")
        return _Environment(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    _log.error("defect", error=error)
    return BoxError(f"{type(error).__name__}: {error}")


class _Environment(BoxError):
    """The file system said no: a permission, a lost mount, a medium that fails. It may be well again later."""

    code = "file-system"
    retryable = True
