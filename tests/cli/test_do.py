"""`box do`, `box jobs pause|drain|resume`: what is asked for is one job, said in words."""

from __future__ import annotations

import json

import pytest

from box import events as e
from box.beside import beside
from box.cli import grammar
from box.models import holds

USAGE = 2


@pytest.fixture
def begun(box):
    """A root in which something has happened."""
    box("once")
    return box


def test_without_a_kind_it_lists_what_can_be_asked_for(begun):
    head, *rows = begun("do").stdout.splitlines()
    assert head.split() == ["kind", "takes", "which", "is"]
    assert {row.split()[0] for row in rows if not row.startswith(" ")} == {
        "backup", "call", "camtrap-dp", "claims", "clean-photos", "clean-temp", "compact", "embeddings",
        "empty-trash", "feeds", "import", "index", "organize", "put-back", "recalculate", "redate", "scans", "snapshot",
        "transcripts", "verify", "verify-backup",
    }  # fmt: skip
    assert begun.json("do")["verify"]["deep"]["required"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("teleport",), "no kind of job 'teleport' can be asked for; there are: backup, call, "),
        (("photo",), "no kind of job 'photo' can be asked for"),
        (("verify", "deep"), "deep: expected key=value"),
        (("verify", "depth=1"), "verify takes no 'depth'; it takes deep"),
        (("verify", "deep=perhaps"), "deep = 'perhaps': expected true or false"),
        (("verify", "deep=true", "deep=false"), "deep was given twice"),
        (("call",), 'call needs function: its name, "module:name"'),
        (("call", "function=os"), "function = 'os': expected a function"),
        (("call", "function=os:getpid", "args=[1"), "args: not valid JSON"),
        (("verify", "--in", "soon"), "in = 'soon': expected a duration"),
        (("verify", "--at", "tomorrow"), "at = 'tomorrow': expected a time"),
        (("verify", "--in", "1 h", "--at", "2030-01-01"), "say either in how long or at what time"),
        (("verify", "--priority", "5000"), "priority = 5000: expected -1000 to 1000"),
        (("verify", "--user", "nobody"), "there is no user 'nobody'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_what_can(begun, words, said):
    done = begun("do", *words)
    assert done.returncode == USAGE
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert begun.json("jobs") == []


def test_options_may_stand_anywhere():
    wanted = grammar.parse(["do", "redate", "camera=x", "shift=-1 h", "--dry-run"])
    words = ["redate", "camera=x", "shift=-1 h"]
    for at in range(len(words)):
        assert grammar.parse(["do", *words[:at], "--dry-run", *words[at:]]) == wanted


def test_a_value_that_begins_with_a_zero_is_a_name_and_no_number(begun):
    args = json.loads(begun.json("do", "camtrap-dp", "deployment=007", "latitude=-0.5", "longitude=0")["args"])
    assert args == {"deployment": "007", "latitude": -0.5, "longitude": 0.0}


def test_a_job_can_wait_for_its_time_for_others_and_its_key_asks_once(begun):
    first = begun.json("do", "snapshot", "--in", "2 hours", "--key", "k", "--priority", "7", "--user", "me")
    assert (first["state"], first["priority"], first["user"], first["key"]) == ("queued", 7, "me", "k")
    assert first["not_before"] > first["created_at"]
    assert begun.json("do", "snapshot", "--key", "k")["id"] == first["id"]
    second = begun.json("do", "verify", "deep=yes", "--after", str(first["id"]))
    assert (second["waits"], json.loads(second["args"])) == (1, {"deep": True})
    shown = begun("jobs", "show", str(second["id"])).stdout
    assert f"waits for        {first['id']}" in shown
    refused = begun("do", "verify", "--after", "999")
    assert (refused.returncode, "there" in refused.stderr) == (1, True)
    begun("jobs", "cancel", str(first["id"]))
    third = begun.json("jobs", "show", str(second["id"]))
    assert (third["state"], third["message"]) == ("cancelled", f"it waited for job {first['id']}, which is cancelled")


def test_waiting_shows_what_came_of_it(begun):
    with begun.running():
        assert begun("do", "verify", "--wait").stdout == 'job 1 completed: {"differences": 0}\n'
        failed = begun("do", "call", "function=nowhere:nothing", "--wait")
        assert (failed.returncode, "failed: nowhere:nothing cannot be imported" in failed.stdout) == (1, True)
        shown = begun("jobs", "show", failed.stdout.split()[1]).stdout
        assert "attempt 1" in shown
        assert "no-such-function" in shown
    alone = begun("do", "verify", "--wait")
    assert (alone.returncode, "the service is not running" in alone.stderr) == (3, True)
    begun("once")
    assert {row["state"] for row in begun.json("jobs")} == {"completed", "failed"}


def test_a_kind_is_paused_drained_and_resumed(begun):
    assert begun("jobs", "pause", "snapshot").stdout == "snapshot: paused\n"
    begun("do", "snapshot")
    assert begun("once").returncode == 0
    assert [row["state"] for row in begun.json("jobs")] == ["queued"]
    drained = begun("jobs", "drain").stdout.splitlines()
    assert drained[0].startswith("all kinds: draining, jobs up to ")
    assert drained[1:] == ["snapshot: paused"]
    assert begun.json("jobs", "resume", "snapshot")[0]["kind"] is None
    begun("do", "verify")
    begun("once")
    assert [(row["kind"], row["state"]) for row in begun.json("jobs")] == [
        ("verify", "queued"), ("snapshot", "completed"),
    ]  # fmt: skip
    assert begun("jobs", "resume").stdout == "nothing is paused\n"
    begun("once")
    assert {row["state"] for row in begun.json("jobs")} == {"completed"}
    refused = begun("jobs", "pause", "teleport")
    assert (refused.returncode, "there is no kind of job 'teleport'" in refused.stderr) == (USAGE, True)


def test_the_status_says_what_is_paused(begun):
    with begun.running():
        begun("jobs", "pause", "photo")
        begun("jobs", "pause")
        begun.shows("paused: all kinds, photo")
        assert begun.json("status")["jobs"]["paused"] == ["*", "photo"]


def test_a_file_that_asks_for_a_job_can_be_added_and_its_answer_waited_for(begun, tmp_path):
    asks = tmp_path / "check.job.toml"
    asks.write_text('kind = "verify"\n')
    with begun.running():
        done = begun("add", str(asks))
        assert (done.returncode, done.stdout) == (0, 'check.job.toml what it asks for is done: {"differences": 0}\n')
        asks.write_text('kind = "verify"\nkey = "once"\n')
        for _ in range(2):  # the second time it is told what came of the first
            done = begun("add", str(asks))
            assert (done.returncode, done.stdout) == (
                0,
                'check.job.toml what it asks for is done: {"differences": 0}\n',
            )
        asks.write_text('kind = "compact"\n')
        refused = begun("add", str(asks))
        assert refused.returncode == 1
        assert "kind = 'compact': files may ask for verify, snapshot" in refused.stdout


def test_holds_are_decisions_and_survive_a_rebuild(begun):
    with beside(begun.config) as at:
        at.engine.record(e.KindHeld(kind="photo"), e.KindHeld(kind="call", until=3), e.KindResumed(kind="photo"))
    begun("rebuild")
    with beside(begun.config) as at:
        assert holds.all_of(at.store) == {"call": 3}


def test_a_dry_run_is_said_file_by_file_and_an_undoing_lists_what_stays(make_box, photo):
    box = make_box(photos__thumbnail_pixels=0)
    box("once")
    with box.running():
        assert box("add", str(photo)).returncode == 0
        refused = box("do", "verify", "--dry-run")
        assert (refused.returncode, "verify takes no 'dry_run'" in refused.stderr) == (USAGE, True)
        assert box("do", "organize", "--dry-run").stdout == "0 files would be moved\n"
        (job,) = [row["id"] for row in box.json("jobs", "--kind", "photo")]
        line = "users/me/photos/2009/2009-04-10/IMG0001.JPG -> users/me/inbox/IMG0001.JPG\n"
        assert box("undo", str(job), "--dry-run").stdout == line + "1 file would be moved\n"
        assert box("undo", str(job)).stdout == f"job {job}: 1 file put back\n"
        assert box("undo", str(job)).stdout == f"job {job}: 0 files put back\n"
        assert box("jobs", "retry", str(job)).returncode == 0
        assert box("do", "verify", "--wait").returncode == 0
        (box.root / "users/me/inbox/IMG0001.JPG").write_bytes(bytes(range(256)))
        stays = box("undo", str(job))
        assert stays.returncode == 1
        assert "something else stands at users/me/inbox/IMG0001.JPG by now" in stays.stdout
        none = box("undo", "99999")
        assert (none.returncode, "there is no job 99999" in none.stdout) == (1, True)
        assert json.loads(box("undo", str(job), "--json").stdout)["kind"] == "put-back"
