"""The terminal: who paints and who logs at the same time do not write into each other's lines."""

from __future__ import annotations

import io
import re
import sys
import threading

from box.cli import output
from tests.helpers import PATIENCE_SECONDS


class Terminal(io.StringIO):
    """One in which a worker begins to log right after a line of progress was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.worker = threading.Thread(target=lambda: output.LogStream().write("a line of the log\n"))

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        written = super().write(text)
        if "of 5" in text:
            self.worker.start()
            self.worker.join(0.2)  # it is through by then, unless it waits until the painting is noted, as it should
        return written


def test_a_line_of_the_log_takes_progress_away_that_is_being_painted(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    output.Progress().show(None, "1 of 5")
    terminal.worker.join(PATIENCE_SECONDS)
    assert re.sub(r"[^\n]*\r\x1b\[K", "", terminal.getvalue()) == "a line of the log\n"
