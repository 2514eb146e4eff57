"""Paths: every name has one text form and comes back; nothing leaves the root."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from box import paths
from box.errors import UsageError

NAMES = st.binary(min_size=1, max_size=60).filter(lambda name: b"/" not in name and b"\0" not in name)


@given(NAMES)
def test_any_name_has_a_text_form_that_json_and_utf8_hold_and_comes_back(name: bytes):
    text = paths.to_text(os.fsdecode(name))
    assert json.loads(json.dumps(text.encode("utf-8").decode("utf-8"))) == text
    assert os.fsencode(paths.to_os(text)) == name


@given(NAMES, NAMES)
def test_two_names_never_share_a_text_form(one: bytes, other: bytes):
    assert (paths.to_text(os.fsdecode(one)) == paths.to_text(os.fsdecode(other))) == (one == other)


@pytest.mark.parametrize("text", ["/etc/passwd", "../x", "users/../../x", "a/..", "a\0b"])
def test_a_path_that_would_leave_the_root_is_refused(text: str):
    with pytest.raises(UsageError):
        paths.join("/root", text)


@pytest.mark.parametrize("escape", ["\\x2e\\x2e/x", "users/\\x2e\\x2e/\\x2e\\x2e/x"])
def test_an_escaped_byte_is_never_a_dot_or_a_slash(escape: str):
    joined = os.fsencode(paths.join("/root", escape))
    assert b".." not in joined.split(b"/")


@given(NAMES)
def test_a_path_below_the_root_comes_back_relative(name: bytes):
    path = "/root/users/me/inbox/" + os.fsdecode(name)
    assert paths.join("/root", paths.relative("/root", path)) == path


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("users/me/inbox/a", ("me", "inbox")),
        ("users/me/photos/2024/a", ("me", "photos")),
        ("users/me/a", ("me", "other")),
        ("users/me/mine/a", ("me", "other")),
        ("box.db", ("", "other")),
    ],
)
def test_whose_a_path_is(text: str, owner: tuple[str, str]):
    assert paths.owner(text) == owner


@pytest.mark.parametrize("name", ["", ".", "..", "A", "a/b", "-a", "a" * 65, "a.", "ä", "a\nb"])
def test_a_name_that_no_user_can_have_is_refused(name: str):
    with pytest.raises(UsageError):
        paths.check_user(name)
