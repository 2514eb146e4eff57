"""Mail: headers, bodies, what is attached, messages within messages, mailboxes; and what is no mail."""

from __future__ import annotations

import email.message
import email.policy
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from box.errors import Unprocessable
from box.library import messages
from box.library.readers import mbox
from tests.reading_files import code, read


def message(
    subject: str = "Häuser & Gärten", text: str = "Hello Bob,\n\n> You said\n> this.\n\nYes.\n"
) -> email.message.EmailMessage:
    made = email.message.EmailMessage()
    made["From"] = "Ann Exämple <ann@example.org>"
    made["To"] = "bob@example.org, Carl <carl@example.org>"
    made["Subject"] = subject
    made["Date"] = "Sat, 04 May 2024 10:00:00 +0200"
    made["Message-ID"] = "<1@example.org>"
    made.set_content(text)
    return made


HEAD = (
    "# Häuser & Gärten\n- From: Ann Exämple <ann@example.org>\n- To: bob@example.org, Carl <carl@example.org>\n"
    "- Date: Sat, 04 May 2024 10:00:00 +0200\n\n"
)


def test_a_message_is_its_headers_and_its_text(tmp_path: Path):
    reading, text = read(tmp_path, "a.eml", message().as_bytes())
    assert text == HEAD + "Hello Bob,\n\n> You said\n> this.\n\nYes."
    assert (reading.kind, reading.title, reading.authors) == ("mail", "Häuser & Gärten", ("Ann Exämple",))
    assert (reading.date, reading.origin) == ("2024-05-04T10:00:00+02:00", "<1@example.org>")


def test_text_is_preferred_to_html_and_html_to_nothing(tmp_path: Path):
    both = message()
    both.add_alternative("<p>Only <b>HTML</b></p>", subtype="html")
    assert "HTML" not in read(tmp_path, "a.eml", both.as_bytes())[1]
    only = message(text="")
    only.set_content("<h1>Offer</h1><table><tr><td><p>Only <b>HTML</b></p></td></tr></table>", subtype="html")
    assert read(tmp_path, "b.eml", only.as_bytes())[1] == HEAD + "# Offer\n\nOnly HTML"


def test_what_is_attached_is_listed_and_a_message_in_a_message_is_read(tmp_path: Path):
    made = message()
    made.add_attachment(b"x" * 1234, maintype="application", subtype="pdf", filename="Rechnung für März.pdf")
    made.add_attachment(message("Inner", "From within.\n"))
    reading, text = read(tmp_path, "a.eml", made.as_bytes())
    assert "- Attached: Rechnung für März.pdf (application/pdf, 1,234 bytes)" in text
    assert "## Inner\n" in text
    assert text.endswith("From within.")
    assert reading.counts == {"messages": 1, "attachments": 2}


def test_a_message_in_an_old_encoding_and_with_broken_headers_is_read(tmp_path: Path):
    raw = (
        b"Subject: =?koi8-r?B?8NLJ18XU?= =?no-such?Q?x?= =?utf-8?B?!!?=\r\nFrom: <<>>\r\nDate: never\r\n"
        b"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "Привет".encode("cp1251")
    )
    reading, text = read(tmp_path, "a.eml", raw)
    assert reading.title.startswith("Привет=?no-such?Q?x?=")
    assert reading.date == ""
    assert text.endswith("Привет")


def test_a_message_without_an_end_of_parts_is_refused(tmp_path: Path):
    many = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1100 + b"--b--\n"
    assert code(tmp_path, "a.eml", many) == "corrupt"
    deep = b"Subject: x\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)
    )
    assert code(tmp_path, "b.eml", deep, "message/rfc822") == "corrupt"
    assert code(tmp_path, "c.eml", b"\x00\x01 no mail at all", "message/rfc822") == "corrupt"


def test_a_chain_of_messages_is_followed_so_far(tmp_path: Path):
    chain = b"Subject: last\n\nThe end.\n"
    for number in range(30):
        chain = b"Subject: %d\nContent-Type: message/rfc822\n\n" % number + chain
    _, text = read(tmp_path, "a.eml", chain, "message/rfc822")
    assert "# 29\n" in text
    assert "- Attached: a message, 19" in text


def test_a_mailbox_is_its_messages_one_under_the_other(tmp_path: Path):
    one, two = message("One", ">From here on\n").as_bytes(), message("Two", "Second.\n").as_bytes()
    box = b"From ann Sat May  4 10:00:00 2024\n" + one + b"\nFrom ann Sat May  4 10:00:00 2024\n" + two + b"\n"
    reading, text = read(tmp_path, "in.mbox", box)
    assert text.count("# ") == 2
    assert "From here on" in text
    assert text.endswith("Second.")
    assert (reading.counts["messages"], reading.marks) == (2, ())
    spoilt = box + b"From x y\n\x00\x00\x00 nothing\n\n"
    reading, text = read(tmp_path, "in.mbox", spoilt, "application/mbox")
    assert reading.marks == ("messages-unread",)
    assert "Message 3 could not be read" in text


def test_a_mailbox_without_a_message_is_refused(tmp_path: Path):
    assert code(tmp_path, "in.mbox", b"From x y\nno headers here\n", "application/mbox") == "corrupt"
    assert code(tmp_path, "in.mbox", b"no mailbox", "application/mbox") == "corrupt"
    assert (
        code(tmp_path, "in.mbox", b"From x y\nSubject: a\n\n" + b"word " * 500 + b"\n", chars_max=1000) == "oversized"
    )


def test_a_message_too_long_for_memory_is_left_out_of_its_mailbox(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(messages, "MESSAGE_BYTES_MAX", 2000)
    box = b"From a b\nSubject: long\n\n" + b"word " * 1000 + b"\n\nFrom a b\nSubject: short\n\nText.\n"
    reading, text = read(tmp_path, "in.mbox", box, "application/mbox")
    assert reading.counts["messages"] == 1
    assert "Message 1 could not be read" in text
    assert mbox.MESSAGES_MAX > 1


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_none(data: bytes):
    for raw in (data, b"Subject: " + data, b"Content-Type: " + data, b"From: " + data + b"\n\n" + data):
        try:
            found = messages.parsed(raw, "it")
        except Unprocessable:
            continue
        messages.people(found, "from")
        for part in messages.parts(found):
            messages.text(part.message)
