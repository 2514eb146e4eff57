"""`box feeds`: list, add and remove, with a real server at the other end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tasks.test_feed import show
from tests.web.server import Site, page, serving, status


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        made.pages["/owls.xml"] = page(show(made, 2))
        yield made


def test_a_feed_is_added_fetched_listed_and_removed_and_its_episodes_stay(make_box, site: Site):
    box = make_box(podcasts__allow_private=True, podcasts__host_pause_seconds=0)
    url = f"{site.url}/owls.xml"
    assert box("once").returncode == 0
    assert box.json("feeds") == []
    added = box("feeds", "add", url)
    assert (added.returncode, added.stdout) == (0, f"{url} is fetched for me from now on\n")
    assert [(row["state"], row["episodes"], row["fetched_at"]) for row in box.json("feeds", "list")] == [
        ("active", 0, "")
    ]
    assert box("once").returncode == 0
    (row,) = box.json("feeds", "list", "--user", "me")
    assert (row["title"], row["url"], row["episodes"], row["state"]) == ("The Owl Hour", url, 2, "active")
    assert row["fetched_at"] < row["next_at"]
    shown = box("feeds").stdout
    assert "The Owl Hour" in shown
    assert url in shown
    assert [each["title"] for each in box.json("search", "notes", "--kind", "episode")["results"]] == ["Owl 1", "Owl 0"]
    again = box.json("feeds", "add", url)
    assert again["feed"] == row["feed"], "it is known already"
    removed = box("feeds", "remove", "owls.xml")
    assert (removed.returncode, removed.stdout) == (0, f"{url} is fetched no more for me; its episodes stay\n")
    assert box.json("feeds") == []
    assert box("do", "feeds").returncode == 0
    assert box("once").returncode == 0
    assert site.paths() == ["/owls.xml"]
    assert len(list((box.root / "users/me/notes").glob("owl-*.md"))) == 2
    assert box("verify").returncode == 0


def test_what_is_no_address_or_no_feed_of_anybody_is_a_wrong_question(make_box, site: Site):
    box = make_box(podcasts__allow_private=True)
    assert box("once").returncode == 0
    for arguments, said in (
        (("add", "ftp://example.org/a"), "ftp"), (("add", "http://"), "http://"), (("remove", "owls.xml"), "nobody"),
    ):  # fmt: skip
        done = box("feeds", *arguments)
        assert done.returncode == 2, arguments
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    site.pages["/gone.xml"] = status(410)
    assert box("feeds", "add", f"{site.url}/gone.xml").returncode == 0
    assert box("once").returncode == 0
    shown = box("feeds").stdout
    assert "dead" in shown
    assert "410" in shown
    assert [each["code"] for each in box.json("status")["problems"]].count("feed-dead") == 1
