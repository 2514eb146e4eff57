"""The child process survives, or is survived: real processes, really misbehaving."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import box
from box.errors import BoxError, ChildDied, OutOfSpace, OverQuota, SourceChanged, Unprocessable
from box.tasks import child_main
from box.tasks.at_work import AtWork, Progress
from box.tasks.child import Child
from box.tasks.handler import Found, Request
from box.tasks.limits import ChildLimits
from tests.helpers import has_ended

LIMITS = ChildLimits(
    memory_bytes=256_000_000, cpu_seconds=30, deadline_seconds=60, file_bytes=100_000, open_files_max=64, files_max=1000
)
OPTIONS = {"photos": {"folder": "%Y", "name": "{stem}", "thumbnail_pixels": 0}, "other": {"secret": 1}}
HERE = Path(__file__).resolve().parent


@pytest.fixture
def make_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Child]]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(HERE), os.environ.get("PYTHONPATH", ""))))
    made: list[Child] = []

    def make(
        handlers: str = "misbehaving", at_work: AtWork | None = None, own: dict[str, float] | None = None,
        **limits: float,
    ) -> Child:  # fmt: skip
        by_kind = {"misbehave": own or {}, "other": {"cpu_seconds": 7}}
        made.append(Child(replace(LIMITS, **limits), OPTIONS, handlers, by_kind, at_work))
        return made[-1]

    yield make
    for child in made:
        child.close()


def asked(*doings: str | dict[str, Any], source: str = "/nowhere") -> list[Request]:
    """One request for each, numbered from 0."""
    args = [{"do": doing} if isinstance(doing, str) else doing for doing in doings]
    return [Request(number, "me", source, 0, 0, 0, "", arg) for number, arg in enumerate(args)]


def answers(child: Child, *doings: str | dict[str, Any]) -> list[Found | BoxError]:
    """What comes of them; the answers come in the order of the requests, one for each."""
    requests = asked(*doings)
    pairs = list(child.perform("misbehave", requests))
    assert [request for request, _ in pairs] == requests
    return [answer for _, answer in pairs]


def pids(found: list[Found | BoxError]) -> list[int]:
    return [answer.facts["pid"] for answer in found if isinstance(answer, Found)]


def test_all_requests_are_answered_in_order_by_one_process(make_child):
    child = make_child()
    found = answers(child, *["nothing"] * 200)
    assert len(pids(found)) == 200
    assert set(pids(found)) == {child.pid}
    assert child.pid != os.getpid()


def test_no_process_is_started_before_it_is_needed(make_child):
    child = make_child()
    assert child.pid is None
    assert child.idle_since is None
    assert answers(child) == []
    assert child.pid is None


@pytest.mark.parametrize(
    ("doing", "limits", "message"),
    [
        ("spin", {"cpu_seconds": 1}, "used more than 1 s of processor time (child.cpu_seconds)"),
        ("hang", {"deadline_seconds": 2}, "took longer than 2 s (child.deadline_seconds)"),
        ("flood", {"deadline_seconds": 2}, "took longer than 2 s (child.deadline_seconds)"),
        ("abort", {}, "crashed (SIGABRT)"),
        ("segv", {}, "crashed (SIGSEGV)"),
        ("exit", {}, "ended with code 3"),
        ("close", {}, "ended with code"),
        ("endless", {}, "answered without end"),
    ],
)
def test_a_file_that_kills_the_process_is_blamed_and_the_others_go_on_in_another(make_child, doing, limits, message):
    child = make_child(**limits)
    found = answers(child, "nothing", "nothing", doing, "nothing", "nothing")
    assert isinstance(found[2], ChildDied)
    assert found[2].retryable
    assert message in str(found[2])
    first, second, third, fourth = pids(found)
    assert first == second != third == fourth


@pytest.mark.parametrize(
    ("doing", "own", "limits", "message"),
    [
        ("spin", {"cpu_seconds": 1}, {}, "(jobs.kinds.misbehave.cpu_seconds)"),
        ("spin", {"deadline_seconds": 50, "memory_bytes": 256_000_000}, {"cpu_seconds": 1}, "(child.cpu_seconds)"),
        ("hang", {"deadline_seconds": 2}, {}, "(jobs.kinds.misbehave.deadline_seconds)"),
        ("hang", {"cpu_seconds": 50}, {"deadline_seconds": 2}, "(child.deadline_seconds)"),
        ("hog", {"memory_bytes": 256_000_000}, {}, "jobs.kinds.misbehave.memory_bytes (256000000)"),
        ("hog", {"cpu_seconds": 50}, {}, "child.memory_bytes (256000000)"),
    ],
)
def test_the_reason_names_the_key_that_holds_also_where_its_value_is_that_of_the_other(
    make_child, doing: str, own: dict[str, float], limits: dict[str, float], message: str
):
    (found,) = answers(make_child(own=own, **limits), doing)
    assert message in str(found)


@pytest.mark.parametrize(
    "nonsense",
    [
        "{", "", "7", "[]", "{}", "[" * 100_000, '{"found": 1}', '{"found": {"placements": [[]], "digest": ""}}',
        '{"found": {"placements": [["a"]], "digest": "", "facts": {}}}', '{"error": "BoxError"}', '{"progress": 1}',
        '{"progress": ["x", 1]}', "\xff", '{"reserve": "much"}', '{"reserve": 0}', '{"reserve": -1}',
        '{"reserve": 1e300}', '{"reserve": [1]}',
    ],
)  # fmt: skip
def test_what_is_no_answer_ends_the_process_and_is_taken_for_none(make_child, nonsense: str):
    found = answers(make_child(), "nothing", {"do": "nonsense", "nonsense": nonsense}, "nothing")
    assert isinstance(found[1], ChildDied)
    assert "answered what is no answer" in str(found[1])
    first, second = pids(found)
    assert first != second


@pytest.mark.parametrize("leaves", [False, True])
def test_who_dies_is_missed_at_once_even_if_others_hold_its_pipes(make_child, tmp_path, leaves: bool):
    source = str(tmp_path / "pid")
    doing = {"do": "leave", "leaves": leaves, "then": "abort"}
    found = list(make_child(deadline_seconds=3600).perform("misbehave", asked(doing, "nothing", source=source)))
    left = int((tmp_path / "pid").read_text())
    assert "crashed (SIGABRT)" in str(found[0][1])
    assert isinstance(found[1][1], Found)
    if leaves:  # the service adopts it, and ends it then; this process is nobody's service
        os.kill(left, signal.SIGKILL)
    assert has_ended(left)


def test_what_a_handler_started_ends_with_its_batch(make_child, tmp_path):
    child = make_child()
    doing = {"do": "leave", "leaves": False, "then": "nothing"}
    pairs = list(child.perform("misbehave", asked(doing, "nothing", source=str(tmp_path / "pid"))))
    assert [type(answer) for _, answer in pairs] == [Found, Found]
    assert has_ended(int((tmp_path / "pid").read_text()))
    assert child.pid is None


def test_a_copy_that_a_handler_made_of_the_process_answers_nothing(make_child):
    """Else every file after it would get the answer of the one before."""
    found = answers(make_child(), "fork once", "tell", "nothing")
    assert [isinstance(answer, Found) for answer in found] == [True] * 3
    assert ["source" in answer.facts for answer in found] == [False, True, False]
    assert len(set(pids(found))) == 1


def test_who_forks_without_end_is_stopped_by_the_system_some_hundreds_later(make_child):
    with open("/proc/loadavg", encoding="ascii") as file:
        running = int(file.read().split()[3].partition("/")[2])
    most = running + 4 * child_main.PROCESSES_MORE
    (found,) = answers(make_child(), {"do": "fork on", "most": most})
    assert isinstance(found, Found)
    assert found.facts["forked"] < most - child_main.PROCESSES_MORE


def test_who_leaks_a_few_descriptors_leaves_them_to_nobody(make_child):
    found = answers(make_child(), "nothing", "leak quietly", "nothing", "nothing")
    first, second, third, fourth = pids(found)
    assert first == second != third == fourth


def test_who_leaks_descriptors_does_so_alone(make_child):
    found = answers(make_child(), "nothing", "leak", "nothing", "nothing")
    assert isinstance(found[1], BoxError)
    assert (found[1].code, found[1].retryable) == ("file-system", True)
    first, second, third = pids(found)
    assert first != second == third


def test_two_files_in_a_row_that_kill_it_are_both_blamed(make_child):
    found = answers(make_child(), "abort", "abort", "nothing", "abort")
    assert [type(answer) for answer in found] == [ChildDied, ChildDied, Found, ChildDied]


def test_the_processor_time_of_each_file_is_its_own(make_child):
    found = answers(make_child(cpu_seconds=1), *[{"do": "work", "seconds": 0.6}] * 4)
    assert len(set(pids(found))) == 1


def test_a_file_that_takes_too_much_memory_is_refused_and_the_process_lives(make_child):
    found = answers(make_child(), "nothing", "hog", "nothing", "hog", "nothing")
    for refused in (found[1], found[3]):
        assert isinstance(refused, Unprocessable)
        assert refused.code == "too-much-memory"
        assert "child.memory_bytes (256000000)" in str(refused)
    assert len(set(pids(found))) == 1


def test_a_file_too_large_to_be_written_is_refused_and_the_process_lives(make_child, tmp_path):
    child = make_child()
    ((_, refused), (_, found)) = child.perform("misbehave", asked("write", "nothing", source=str(tmp_path / "made")))
    assert isinstance(refused, Unprocessable)
    assert refused.code == "too-large"
    assert (tmp_path / "made").stat().st_size <= LIMITS.file_bytes
    assert isinstance(found, Found)


class Purse:
    """Has so much to give, and remembers who asked."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.asked: list[tuple[int, int]] = []

    def reserve(self, job: int, size_bytes: int) -> OverQuota | None:
        self.asked.append((job, size_bytes))
        if size_bytes <= self.left:
            self.left -= size_bytes
            return None
        error = OverQuota("there is no more")
        error.needs_bytes = 77
        return error


def test_what_is_needed_more_is_asked_for_and_granted_or_not(make_child):
    purse = Purse(100)
    child = make_child(at_work=AtWork(reserve=purse.reserve))
    greedy = {"do": "want", "sizes": [60, 30, 20, 5]}
    first, mild, second = answers(child, greedy, {**greedy, "minds": False}, {"do": "want", "sizes": [10, 0]})
    assert isinstance(first, OverQuota)
    assert (str(first), first.needs_bytes) == ("there is no more", 77)
    assert isinstance(mild, Found)
    assert (mild.facts["had"], isinstance(second, Found)) == (0, True)
    assert purse.asked == [(0, 60), (0, 30), (0, 20), (1, 60), (2, 10)]
    assert purse.left == 0


def test_who_says_that_a_quota_is_full_without_asking_says_nothing_of_how_much_it_needs(make_child):
    purse = Purse(0)
    refused, said = answers(make_child(at_work=AtWork(reserve=purse.reserve)), {"do": "want", "sizes": [1]}, "lie")
    assert isinstance(refused, OverQuota)
    assert (type(said), said.code, str(said)) == (BoxError, "over-quota", "it says so itself")


def test_who_asks_without_end_is_ended(make_child, monkeypatch):
    monkeypatch.setattr("box.tasks.child._ASKED_MAX", 50)
    purse = Purse(1000)
    found = answers(make_child(at_work=AtWork(reserve=purse.reserve)), {"do": "want", "sizes": [1] * 60}, "nothing")
    assert isinstance(found[0], ChildDied)
    assert isinstance(found[1], Found)
    assert len(purse.asked) == 50


def test_errors_arrive_as_they_were_raised(make_child):
    doings = [{"do": "refuse", "how": how} for how in ("unprocessable", "changed", "full")]
    odd, changed, full = answers(make_child(), *doings)
    assert (type(odd), odd.code, str(odd), odd.retryable) == (Unprocessable, "too-odd", "the file is odd", False)
    assert (type(changed), changed.code, str(changed)) == (SourceChanged, "source-changed", "the file is another")
    assert (type(full), full.retryable) == (OutOfSpace, True)


def test_an_unexpected_exception_is_a_defect_that_says_where_and_the_process_lives(make_child):
    found = answers(make_child(), "nothing", "fail", "nothing")
    defect = found[1]
    assert isinstance(defect, BoxError)
    assert (defect.code, defect.retryable) == ("defect", False)
    assert str(defect).startswith("KeyError: 'a key that nobody has' (misbehaving.py, line ")
    assert len(set(pids(found))) == 1


def test_what_the_system_refuses_may_go_better_next_time(make_child):
    (failed,) = answers(make_child(), "read nothing")
    assert (type(failed), failed.code, failed.retryable) == (BoxError, "file-system", True)
    assert "/nowhere at all" in str(failed)


def test_what_is_printed_does_not_disturb(make_child):
    found = answers(make_child(), "print", "nothing", "print")
    assert len(pids(found)) == 3
    assert all(answer.digest == "" for answer in found)


def test_large_requests_and_answers_never_block_each_other(make_child):
    doings = [{"do": "much", "bytes": 200_000, "padding": "y" * 200_000} for _ in range(100)]
    found = answers(make_child(), *doings)
    assert [len(answer.facts["much"]) for answer in found] == [200_000] * 100


def test_names_that_are_no_utf8_travel_unchanged(make_child):
    source = os.fsdecode(b'/in/\xff\xfe "quoted"\n\xf0\x9f\x8c\xb5.jpg')
    ((_, found),) = make_child().perform("misbehave", asked("tell", source=source))
    assert found.facts["source"] == source
    assert found.placements[0].name == os.path.basename(source)


def test_a_handler_gets_its_section_of_the_options_and_no_other(make_child):
    (found,) = answers(make_child(), "tell")
    assert found.facts["options"] == OPTIONS["photos"]


def test_the_process_is_limited_and_knows_no_secrets(make_child, monkeypatch):
    monkeypatch.setenv("BOX_DATABASE_URL", "postgresql://user:secret@host/box")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    (found,) = answers(make_child(), "tell")
    facts = found.facts
    assert facts["core"] == [0, 0]
    assert facts["files"] == 64
    assert facts["is_session_leader"]
    assert facts["nice"] >= 5
    assert facts["is_dumpable"] == 0
    assert not {name for name in facts["environment"] if name.startswith(("BOX", "NOTIFY"))}
    assert facts["modules"] == []


def test_progress_is_told_while_the_file_is_worked_on(make_child):
    at_work, told = AtWork(), []
    at_work.on_progress = lambda: told.append(at_work.progress())
    at_work.claimed("lease", [0])
    list(make_child(at_work=at_work, deadline_seconds=2).perform("misbehave", asked("hang")))
    assert told == [{0: Progress(1.0, "hanging")}]


def test_it_can_be_killed_from_another_thread_and_the_rest_goes_on(make_child):
    at_work = AtWork()
    child = make_child(at_work=at_work)
    at_work.claimed("lease", [1])

    def kill() -> None:
        thread = threading.Thread(target=child.kill)
        thread.start()
        thread.join()

    at_work.on_progress = kill
    pairs = list(child.perform("misbehave", asked("nothing", "hang", "nothing")))
    died = pairs[1][1]
    assert isinstance(died, ChildDied)
    assert "was stopped" in str(died)
    assert isinstance(pairs[2][1], Found)


def test_closing_answers_what_is_left_and_starts_nothing_again(make_child):
    at_work = AtWork()
    child = make_child(at_work=at_work)
    at_work.claimed("lease", [1])
    at_work.on_progress = child.close
    pairs = list(child.perform("misbehave", asked("nothing", "hang", "nothing", "nothing")))
    assert [type(answer) for _, answer in pairs] == [Found, ChildDied, ChildDied, ChildDied]
    assert child.pid is None
    assert [type(answer) for answer in answers(child, "nothing")] == [ChildDied]


def test_leaving_early_ends_the_process_and_the_next_batch_has_a_fresh_one(make_child):
    child = make_child()
    left = child.perform("misbehave", asked("nothing", "hang", "nothing"))
    next(left)
    pid = child.pid
    left.close()
    assert has_ended(pid)
    assert len(pids(answers(child, "nothing", "nothing"))) == 2


def test_an_error_of_the_callback_ends_the_process_too(make_child):
    at_work = AtWork()
    child = make_child(at_work=at_work)
    at_work.claimed("lease", [0])

    def cancel() -> None:
        raise KeyboardInterrupt

    at_work.on_progress = cancel
    with pytest.raises(KeyboardInterrupt):
        list(child.perform("misbehave", asked("hang")))
    assert child.pid is None
    assert pids(answers(child, "nothing"))


def test_an_idle_process_is_stopped_and_a_busy_one_is_not(make_child):
    child = make_child()
    working = child.perform("misbehave", asked("nothing", "nothing"))
    next(working)
    assert child.idle_since is None
    assert not child.stop_if_idle(0)
    list(working)
    pid = child.pid
    assert child.idle_since is not None
    assert not child.stop_if_idle(3600)
    assert child.stop_if_idle(0)
    assert has_ended(pid)
    assert child.pid is child.idle_since is None


def test_a_process_for_whose_start_somebody_waits_is_not_stopped_for_its_idleness(make_child):
    child = make_child()
    with ThreadPoolExecutor(1) as other:
        started = other.submit(child.start)
        while not started.done():
            assert not child.pid or not child.stop_if_idle(1)
        started.result()
    assert child.pid


def test_a_process_that_died_while_idle_is_replaced_and_nobody_is_blamed(make_child):
    child = make_child()
    answers(child, "nothing")
    pid = child.pid
    os.kill(pid, signal.SIGKILL)
    assert has_ended(pid)
    assert len(pids(answers(child, "nothing", "nothing"))) == 2


def test_it_is_replaced_after_so_many_files(make_child):
    found = answers(make_child(files_max=3), *["nothing"] * 8)
    first, *_ = seen = pids(found)
    assert seen[:3] == [first] * 3
    assert len(set(seen)) == 3


def test_no_file_is_blamed_when_no_process_can_start(make_child):
    found = answers(make_child(handlers="no_such_module"), "nothing", "nothing")
    for refused in found:
        assert not isinstance(refused, ChildDied | Unprocessable)
        assert (refused.code, refused.retryable) == ("child-start", True)
        assert "No module named 'no_such_module'" in str(refused)


def test_only_one_batch_at_a_time(make_child):
    child = make_child()
    first = child.perform("misbehave", asked("nothing", "nothing"))
    next(first)
    with pytest.raises(RuntimeError):
        next(child.perform("misbehave", asked("nothing")))
    list(first)


PARENT = """
import sys
from box.tasks.at_work import AtWork, Progress
from box.tasks.child import Child
from box.tasks.handler import Request
from box.tasks.limits import ChildLimits

child = Child(ChildLimits(256_000_000, 30, 60, 100_000, 64, 1000), {}, "misbehaving")
requests = [Request(number, "me", "/nowhere", 0, 0, 0, "", {"do": doing}) for number, doing in enumerate(sys.argv[1:])]
for _ in child.perform("misbehave", requests):
    print(child.pid, flush=True)
"""


@pytest.mark.parametrize("doing", ["hang", "spin"])
def test_a_parent_that_is_killed_leaves_no_orphan(doing: str, monkeypatch):
    packages = os.path.dirname(os.path.dirname(box.__file__))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((packages, str(HERE), os.environ.get("PYTHONPATH", ""))))
    with subprocess.Popen([sys.executable, "-c", PARENT, "nothing", doing], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    assert has_ended(pid)
