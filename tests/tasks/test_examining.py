"""Claims of items: which are examined, in which order, and what stands of it after whatever happens."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box.beside import policy_of
from box.engine import Engine, rebuild
from box.errors import NotYet, Stopped
from box.events import JobReleased, JobRequested, JobStarted
from box.library import claiming
from box.library_checks import row_differences
from box.models import claims_found
from box.models.claims_found import Wanted
from box.rules import RULES
from box.tasks import by_request, claims, examining
from box.tasks.asking import wanted
from box.timekeeper import entries, wrong_with
from tests.helpers import REPOSITORY
from tests.tasks.texts import Texts, digest, opened

FOUNDED = "The company was founded in 1976 by Steve Jobs and Steve Wozniak."
NOTHING = "I think that this is a lovely river. Thank you very much."
BOOK = "\n\n".join(
    f"# Chapter {n}\n\n" + " ".join(f"In {1900 + n} the town had {k} bakers, more than in {k + 30}." for k in range(40))
    for n in range(8)
)


@pytest.fixture
def texts(make_root):
    with opened(make_root("me", "ada")) as library:
        yield library


def test_claims_are_found_where_the_note_says_them_and_counted(texts: Texts):
    item = texts.add(f"# Firms\n\n{NOTHING} {FOUNDED}\n\n- In 1984 it sold 70,000 computers, more than in 1983.\n")
    done = texts.examine()
    assert texts.quotes(item) == [FOUNDED, "In 1984 it sold 70,000 computers, more than in 1983."]
    assert texts.row(item) == (2, claiming.NAME, claiming.VERSION, digest(texts.notes[item]))
    assert (done["items"], done["claims"], done["cut"]) == (1, 2, 0)
    assert texts.store.value("SELECT claims FROM library_counts WHERE user = 'me'") == 2


def test_what_overlaps_between_chunks_is_told_once(texts: Texts):
    item = texts.add(BOOK)
    texts.examine()
    found = texts.quotes(item)
    assert len(found) > 20
    assert len(set(found)) == len(found)
    assert texts.store.value("SELECT count(DISTINCT chunk) FROM claims") > 5


def test_an_item_in_which_nothing_is_found_is_examined(texts: Texts):
    empty, full = texts.add(NOTHING), texts.add(FOUNDED)
    texts.examine()
    assert texts.row(empty)[:2] == (0, claiming.NAME)
    assert texts.row(full)[0] == 1
    assert texts.examine()["items"] == 0


def test_claims_are_replaced_also_by_none(texts: Texts):
    item = texts.add(FOUNDED)
    texts.examine()
    texts.rewrite(item, "me", NOTHING)
    assert texts.examine(policy="missing")["items"] == 0
    assert texts.examine(policy="stale")["items"] == 1
    assert texts.quotes(item) == []
    assert texts.row(item)[0] == 0
    assert list(row_differences(texts.store)) == []


def test_claims_go_with_the_note_and_with_the_version_that_was_replaced(texts: Texts):
    gone, old = texts.add(FOUNDED), texts.add(FOUNDED, source="users/me/inbox/a.txt")
    texts.examine()
    texts.index(gone, "me", "")
    new = texts.add(BOOK, source="users/me/inbox/a.txt")
    texts.examine(policy="stale", stale_days="none")
    assert texts.row(gone)[0] == texts.row(old)[0] == 0
    assert texts.row(new)[0] > 0
    assert texts.examine(policy="stale", stale_days="none")["items"] == 0
    assert {item for (item,) in texts.store.rows("SELECT DISTINCT item FROM claims")} == {new}


def test_what_is_not_in_the_index_yet_waits_for_it(texts: Texts):
    item = texts.add(FOUNDED, indexed=False)
    assert texts.examine(policy="all")["items"] == 0
    texts.index(item, "me", FOUNDED)
    assert texts.examine()["items"] == 1


def test_all_examines_again_what_missing_leaves_alone(texts: Texts):
    items = [texts.add(FOUNDED) for _ in range(3)]
    texts.examine()
    assert texts.examine()["items"] == 0
    assert texts.examine(policy="all")["items"] == 3
    assert texts.examined() == items * 2


def test_age_makes_an_item_stale_and_nothing_else_does(texts: Texts):
    old = texts.add(FOUNDED)
    texts.examine()
    texts.seconds += 3 * 86_400
    young = texts.add(FOUNDED)
    texts.examine()
    texts.seconds += 5 * 86_400
    assert texts.examine(policy="stale", stale_days="none")["items"] == 0
    assert texts.examine(policy="stale", stale_days=9)["items"] == 0
    assert texts.examine(policy="stale")["items"] == 1
    assert texts.examined() == [old, young, old]


def test_a_user_and_a_kind_can_be_picked(texts: Texts):
    texts.add(FOUNDED, "me")
    hers, book = texts.add(FOUNDED, "ada"), texts.add(FOUNDED, "ada", kind="book")
    assert texts.examine(user="ada", kind="book")["items"] == 1
    assert texts.examined() == [book]
    assert texts.examine(user="ada")["items"] == 1
    assert texts.examined() == [book, hers]


def test_who_has_much_does_not_keep_others_waiting(texts: Texts):
    mine = [texts.add(FOUNDED, "me") for _ in range(5)]
    hers = [texts.add(FOUNDED, "ada") for _ in range(2)]
    texts.examine()
    assert texts.examined() == [hers[0], mine[0], hers[1], mine[1], *mine[2:]]


def test_what_was_examined_longest_ago_comes_first_and_what_never_was_before_it(texts: Texts):
    first, second = texts.add(FOUNDED), texts.add(FOUNDED)
    texts.examine()
    texts.rewrite(first, "me", FOUNDED + " ")
    texts.examine(policy="stale")
    never = texts.add(FOUNDED)
    texts.examine(policy="all")
    assert texts.examined()[-3:] == [never, second, first]


def test_the_same_claim_in_other_items_of_a_user_is_known(texts: Texts):
    one, two = (
        texts.add(FOUNDED),
        texts.add("Well! The  company was FOUNDED in 1976, by Steve Jobs and Steve Wozniak!"),
    )
    texts.add(FOUNDED, "ada")
    texts.examine()
    (claim,) = claims_found.listed(texts.store, claims_found.Query(item=one))
    assert claims_found.alike(texts.store, claim) == [(two, "2.txt")]
    again = texts.add(f"{FOUNDED} That is known.", source="users/me/inbox/2.txt")
    assert claims_found.alike(texts.store, claim) == []
    texts.examine()
    assert claims_found.alike(texts.store, claim) == [(again, "4.txt")]
    texts.index(again, "me", "")
    assert claims_found.alike(texts.store, claim) == []
    texts.examine(policy="stale")
    assert claims_found.alike(texts.store, claim) == []
    assert len(claims_found.listed(texts.store, claims_found.Query(user="me"))) == 1


def test_of_an_item_with_too_many_claims_the_best_are_kept_and_the_others_counted():
    chunk = examining.chunks.Row(1, 0, 100, 200, "", "", FOUNDED)
    collected = examining.Collected(count_max=2)
    for score in (0.5, 0.9, 0.7):
        collected.add(chunk, [claiming.Claim(int(score * 10), 40, score, ("number",))])
    assert [row[0] for row in collected.rows()] == [107, 109]
    assert collected.count == 3


def test_verify_sees_claims_that_are_missing_or_too_many(texts: Texts):
    item = texts.add(FOUNDED)
    texts.examine()
    assert list(row_differences(texts.store)) == []
    texts.store.execute("DELETE FROM claims")
    texts.store.execute("INSERT INTO claims VALUES (?, 1, 2, 0, 0.5, '', '', '')", (item + 1000,))
    assert list(row_differences(texts.store)) == [
        (f"item {item}", "1 claims", "0 claims"),
        (f"item {item + 1000}", "0 claims", "1 claims"),
    ]


def test_a_rebuild_arrives_at_the_same_counts(texts: Texts):
    texts.add(FOUNDED)
    texts.add(BOOK, "ada")
    texts.examine()
    before = texts.store.rows("SELECT * FROM items ORDER BY id")
    rebuild(texts.store)
    assert texts.store.rows("SELECT * FROM items ORDER BY id") == before
    assert list(row_differences(texts.store)) == []


# --- policies, as properties -----------------------------------------------------------------------------------------

STATES = st.fixed_dictionaries(
    {
        "extractor": st.sampled_from(["", "heuristic", "llm:x"]), "version": st.sampled_from([1, 2]),
        "changed": st.booleans(), "age": st.integers(0, 20), "chunked": st.booleans(), "replaced": st.booleans(),
        "claims": st.integers(0, 2), "user": st.sampled_from(["me", "ada", "bob"]),
    }
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATES, max_size=12), st.sampled_from(["missing", "all", "stale"]), st.sampled_from([None, 0, 7]))
def test_a_policy_takes_what_it_says_in_its_order_and_fairly(store, states, policy, days):
    store.execute("DELETE FROM items")
    for number, state in enumerate(states, 1):
        at = f"2026-01-{30 - state['age']:02d}T00:00:00.000Z" if state["extractor"] else ""
        store.execute(
            "INSERT INTO items SELECT " + ", ".join(_columns(store)), _values(store, number, state, at)
        )  # fmt: skip
    old = f"2026-01-{30 - days:02d}T00:00:00.000Z" if days is not None else ""
    policy_wanted = Wanted(policy, "heuristic", 1, "2026-02-01T00:00:00.000Z", old)
    expected = {}
    for number, state in enumerate(states, 1):
        missing = (state["extractor"], state["version"]) != ("heuristic", 1)
        at = f"2026-01-{30 - state['age']:02d}T00:00:00.000Z" if state["extractor"] else ""
        stale = missing or state["changed"] or at < old
        due = {"missing": missing, "all": True, "stale": stale}[policy] and state["chunked"]
        if state["claims"] > 0 if state["replaced"] else due:
            expected.setdefault(state["user"], []).append((at, number))
    users = ("ada", "bob", "me")
    found = {user: [each.id for each in _pages(store, policy_wanted, user)] for user in users}
    assert found == {user: [number for _, number in sorted(expected.get(user, []))] for user in users}
    assert claims_found.count_due(store, policy_wanted, users) == sum(map(len, found.values()))
    turns = [each.user for each in examining.in_turn([iter(_pages(store, policy_wanted, user)) for user in users])]
    for index in range(1, len(turns) + 1):
        had = {user: turns[:index].count(user) for user in users}
        assert all(max(had.values()) - had[user] <= 1 for user in users if had[user] < len(found[user]))


def _pages(store, wanted, user):
    """What is due, two at a time."""
    found, after = [], ("", 0)
    while page := claims_found.due(store, wanted, user, after, 2):
        found += page
        after = (page[-1].examined_at, page[-1].id)
    return found


def _columns(store):
    return ["?" for _ in store.rows("PRAGMA table_info(items)")]


def _values(store, number, state, at):
    own = {
        "id": number, "user": state["user"], "extractor": state["extractor"], "extractor_version": state["version"],
        "examined_at": at, "examined_digest": "a", "indexed_digest": "b" if state["changed"] else "a",
        "chunker_version": int(state["chunked"]), "replaced_by": int(state["replaced"]) * 1000,
        "claims": state["claims"],
    }  # fmt: skip
    kinds = {name: kind for _, name, kind, *_ in store.rows("PRAGMA table_info(items)")}
    return tuple(own.get(name, "" if kind == "TEXT" else 0) for name, kind in kinds.items())


# --- what happens meanwhile ------------------------------------------------------------------------------------------


def test_it_ends_within_a_chunk_when_it_is_cancelled_and_goes_on_from_there(texts: Texts, monkeypatch):
    monkeypatch.setattr(examining, "BATCH_ITEMS", 2)
    items = [texts.add(FOUNDED) for _ in range(5)]
    seen = []
    real = claiming.claims_of

    def counted(*args, **kwargs):
        seen.append(1)
        if len(seen) == 4:
            texts.at_work.stop(number[0], Stopped("cancelled on request"))
        return real(*args, **kwargs)

    number: list[int] = []
    monkeypatch.setattr(claiming, "claims_of", counted)
    with pytest.raises(Stopped):
        texts.examine(policy="all", check=number.append)
    monkeypatch.setattr(claiming, "claims_of", real)
    assert texts.examined() == items[:4]
    assert texts.examine()["items"] == 1


def test_a_job_that_is_begun_again_does_what_is_left(texts: Texts, monkeypatch):
    monkeypatch.setattr(examining, "BATCH_ITEMS", 1)
    items = [texts.add(FOUNDED) for _ in range(4)]
    asked = examining_job(texts)
    calls = []

    def failing(_transaction, _examined):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power goes")
        return real(_transaction, _examined)

    real = examining.record
    monkeypatch.setattr(examining, "record", failing)
    with pytest.raises(RuntimeError):
        texts.do(*asked)
    monkeypatch.setattr(examining, "record", real)
    assert texts.do(*asked)["items"] == 2
    assert texts.examined() == items


def test_a_job_that_the_service_stopped_goes_on_where_it_was(texts: Texts, monkeypatch):
    monkeypatch.setattr(examining, "BATCH_ITEMS", 1)
    items = [texts.add(FOUNDED) for _ in range(4)]
    number, asked = examining_job(texts)
    texts.engine.record(JobStarted(user="", job=number, lease="first"))
    real, seen = claiming.claims_of, []

    def stopping(*args, **kwargs):
        seen.append(1)
        if len(seen) == 3:
            texts.at_work.stop(number, Stopped("the service stopped", "released"))
        return real(*args, **kwargs)

    monkeypatch.setattr(claiming, "claims_of", stopping)
    with pytest.raises(Stopped):
        texts.do(number, asked)
    texts.engine.record(
        JobReleased(user="", job=number, lease="first", reason="the service stopped", counted=False),
        JobStarted(user="", job=number, lease="second"),
    )
    texts.do(number, asked)
    assert texts.examined() == items


def test_a_job_that_takes_long_is_interrupted_for_those_of_other_users_and_goes_on(texts: Texts, monkeypatch):
    mine = [texts.add(FOUNDED, "me") for _ in range(4)]
    ((asked, number),) = texts.store.rows("SELECT args, id FROM jobs WHERE kind = 'claims'")
    wanted_by_me = JobRequested(user="me", kind="claims", args=asked)
    clock = itertools.count(0, claims.TURN_SECONDS / 2)
    monkeypatch.setattr(claims, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    hers = texts.add(FOUNDED, "ada")
    with pytest.raises(NotYet):
        texts.do(number, wanted_by_me)
    assert texts.examined() == mine[:1]
    texts.examine(user="ada")
    texts.store.execute("DELETE FROM jobs WHERE id <> ?", (number,))
    texts.do(number, wanted_by_me)
    assert texts.examined() == [mine[0], hers, *mine[1:]]


def examining_job(texts: Texts):
    asked = wanted(by_request(), "claims", {"policy": "all"})
    return texts.engine.request(asked), asked


def test_what_is_indexed_anew_while_it_is_examined_is_left_to_the_next_job(texts: Texts, monkeypatch):
    item = texts.add(FOUNDED)
    real = claiming.claims_of

    def rewriting(*args, **kwargs):
        monkeypatch.setattr(claiming, "claims_of", real)
        texts.index(item, "me", BOOK)
        return real(*args, **kwargs)

    monkeypatch.setattr(claiming, "claims_of", rewriting)
    assert texts.examine()["items"] == 0
    assert texts.quotes(item) == []
    assert texts.examine()["items"] == 1
    assert len(texts.quotes(item)) > 1


def test_a_clock_that_is_set_back_offers_nothing_twice(texts: Texts, monkeypatch):
    monkeypatch.setattr(examining, "BATCH_ITEMS", 1)
    items = [texts.add(FOUNDED) for _ in range(4)]
    texts.examine()
    asked = examining_job(texts)
    texts.seconds -= 7200
    assert texts.do(*asked)["items"] == 4
    assert texts.examined() == items * 2


def test_a_text_that_is_indexed_is_examined_by_one_job_a_user_unless_the_owner_wants_none(make_root):
    with opened(make_root("me", "ada")) as texts:
        for user in ("me", "me", "ada"):
            texts.add(FOUNDED, user)
        rows = texts.store.rows("SELECT user, args, priority, exclusive FROM jobs WHERE kind = 'claims' ORDER BY id")
        assert rows == [(user, '{"policy": "stale", "stale_days": null}', -10, "claims") for user in ("me", "ada")]
    with opened(make_root(name="other", claims__mode="off")) as texts:
        texts.add(FOUNDED)
        assert texts.store.rows("SELECT 1 FROM jobs WHERE kind = 'claims'") == []
        done = texts.examine(policy="all")
        assert (done["off"], done["items"]) == (True, 0)
    assert any("library_rules" in rule.__module__ for rules in RULES.values() for rule in rules)


def test_where_no_claims_are_wanted_any_more_they_go_with_their_text(make_root):
    config = make_root()
    with opened(config) as texts:
        kept, changed, gone, old = (texts.add(FOUNDED, source=f"users/me/inbox/{name}.txt") for name in "abcd")
        texts.examine()
        texts.config = replace(config, claims=replace(config.claims, mode="off"))
        texts.engine = Engine(texts.store, policy_of(texts.config), commit_seconds=0, now=texts.now)
        texts.store.execute("DELETE FROM jobs")
        texts.rewrite(changed, "me", f"{FOUNDED} That is known.")
        assert texts.store.value("SELECT count(*) FROM jobs WHERE kind = 'claims'") == 1
        texts.index(gone, "me", "")
        texts.add(NOTHING, source="users/me/inbox/d.txt")
        done = texts.examine()
        assert (done["off"], done["items"]) == (True, 3)
        assert [texts.row(item)[:2] for item in (kept, changed, gone, old)] == [(1, "heuristic"), *[(0, "")] * 3]
        assert list(row_differences(texts.store)) == []
    with opened(config) as texts:
        texts.seconds += 1000
        assert texts.examine()["items"] == 3  # what changed, what is new, and the note that is gone


def test_the_clock_asks_for_what_is_stale_once_a_day(make_root):
    (entry,) = [entry for entry in entries(make_root()) if entry.kind == "claims"]
    assert (entry.every_seconds, dict(entry.args)) == (86_400, {"policy": "stale", "stale_days": None})
    assert wrong_with(entry, {"me"}) == ""


KILLED = """
import sys, threading
from box import config
from box.library import claiming
from box.library_checks import row_differences
from box.tasks import by_request, examining
from box.tasks.asking import wanted
from tests.tasks.texts import opened
examining.BATCH_ITEMS = 1
real, seen = claiming.claims_of, []
def counted(*args, **kwargs):
    seen.append(1)
    if len(seen) == 4:
        print("here", flush=True)
        threading.Event().wait()
    return real(*args, **kwargs)
claiming.claims_of = counted
with opened(config.load(sys.argv[1], {})) as texts:
    texts.seconds += 1000
    texts.examine(policy="all")
"""


def test_after_a_kill_every_item_has_all_its_claims_or_those_of_before(make_root):
    config = make_root()
    with opened(config) as texts:
        items = [texts.add(FOUNDED) for _ in range(6)]
        texts.examine()
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, config.path], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert child.stdout
    assert child.stdout.readline() == "here\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with opened(config) as texts:
        assert list(row_differences(texts.store)) == []
        assert texts.examined() == [*items, *items[:3]]
        assert [texts.row(item)[0] for item in items] == [1] * 6
