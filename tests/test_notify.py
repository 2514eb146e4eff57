"""What the service manager is told, over a real socket of its kind."""

from __future__ import annotations

import os
import socket

import pytest

from box import notify


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """The receiving end, as systemd opens it: `NOTIFY_SOCKET` names it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@box-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield receiver


def test_each_word_is_one_datagram_of_lines(manager):
    assert notify.ready("watching 2 inboxes")
    assert notify.alive()
    assert notify.status("12 queued")
    assert notify.stopping()
    assert [manager.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=watching 2 inboxes",
        b"WATCHDOG=1",
        b"STATUS=12 queued",
        b"STOPPING=1",
    ]


def test_a_status_stays_one_line_and_takes_any_name(manager):
    notify.status("filing a\nREADY=1\n\udc80.jpg é")
    assert manager.recv(4096) == "STATUS=filing a READY=1 \\udc80.jpg é".encode()


def test_without_a_manager_nothing_happens(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.ready()
    assert not notify.alive()


def test_a_manager_that_is_gone_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not notify.alive()


def test_an_address_of_another_kind_is_left_alone(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "vsock:2:1234")
    assert not notify.alive()


def test_a_manager_that_does_not_read_holds_nothing_up(manager, monkeypatch):
    monkeypatch.setattr(notify, "SEND_SECONDS_MAX", 0.01)
    told = 0
    while notify.alive():
        told += 1
        assert told < 100_000, "the socket never filled up"
    assert told
    assert manager.recv(4096) == b"WATCHDOG=1"


def test_the_ping_is_due_at_half_of_what_the_manager_waits(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert notify.ping_seconds() == 30
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert notify.ping_seconds() == 30


@pytest.mark.parametrize(
    ("microseconds", "pid"),
    [(None, None), ("", None), ("0", None), ("-5", None), ("soon", None), ("60000000", "1")],
)
def test_there_is_no_ping_where_no_watchdog_waits_for_this_process(microseconds, pid, monkeypatch):
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert notify.ping_seconds() is None
