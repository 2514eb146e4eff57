"""metrics.prom: what a real service writes is what Prometheus reads, what it costs, and what the docs ask of it."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from box import beside
from box import config as configuration
from box import events as e
from box.config import Config
from box.engine import Engine, create
from box.exposition import FAMILIES, Family, render
from box.layout import make_user
from box.meters import Meters
from box.metrics import FADING, Metrics
from box.models import live
from box.models.base import Store
from box.policy import Policy
from box.status import Problems, rfc3339
from box.watchers import Watched
from tests.helpers import REPOSITORY, inbox, jpeg, running, start_box, status_of, until
from tests.test_docs import rows

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

DASHBOARD = REPOSITORY / "docs" / "grafana-dashboard.json"
ALERTS = REPOSITORY / "docs" / "alerts.yml"

WITHOUT_SAMPLES = {"box_backup_age_seconds", "box_backup_missing_files"}
"""What even a busy service does not have: there is no backup in this version."""


def text_of(config: Config) -> str:
    path = Path(config.status.dir or config.box.root, "metrics.prom")
    return path.read_text("utf-8") if path.exists() else ""


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values(text: str, name: str, **labels: str) -> list[float]:
    """Of all samples of that name that have these labels."""
    return [s.value for s in samples(text) if s.name == name and labels.items() <= s.labels.items()]


def sample_names(family: Family) -> set[str]:
    """What the samples of a family are called."""
    endings = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
    return {family.name + ending for ending in endings.get(family.type, ("",))}


@pytest.fixture
def metrics(make_root, engine: Engine) -> Metrics:
    """Of a store to which nothing else happens."""
    return metrics_of(make_root(), engine)


def metrics_of(config: Config, engine: Engine, *watched: Watched) -> Metrics:
    return Metrics(config, engine.store, engine.policy, Meters(), Problems(), lambda: watched, lambda: 0)


# --- a real service --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a service writes that has filed a photo, quarantined another, failed at a job and missed an inbox."""
    root = tmp_path_factory.mktemp("root")
    (root / "config.toml").write_text(
        '[box]\nroot = "."\n[users]\nnames = ["me", "ann"]\n[watch]\nsettle_seconds = 0.05\n'
        '[storage]\nfree_bytes_min = 0\n[quota]\ndefault_bytes = "1 GB"\n[metrics]\ninterval_seconds = 1\n'
    )
    config = configured(root)
    with running(config):
        (inbox(config) / "good.jpg").write_bytes(jpeg(1))
        (inbox(config) / "cut.jpg").write_bytes(jpeg(2)[:300])
        (inbox(config, "ann") / ".box").unlink()
        with beside.beside(config) as way:
            way.engine.record(e.JobRequested(user="me", kind="no-such-kind"))
        return until(lambda: text if is_all_told(text := text_of(config)) else "", "everything is told")


def configured(root: Path) -> Config:
    """A root with its users; the fixture that makes roots lives for one test only."""
    config = configuration.load(str(root / "config.toml"), {})
    for user in config.users.names:
        make_user(str(root), user)
    return config


def is_all_told(text: str) -> bool:
    return (
        values(text, "box_job_failures_total", code="unknown-kind") == [1]
        and values(text, "box_jobs_ended_total", state="completed") == [2]
        and values(text, "box_watch_inboxes", user="ann", mode="missing") == [1]
        and sum(values(text, "box_upkeep_seconds_count", task="library-sweep")) >= 1
        and values(text, "box_jobs", state="running") in ([], [0.0])
    )


def test_a_real_service_writes_what_prometheus_reads(written: str):
    told = {family.name: family for family in text_string_to_metric_families(written)}
    for family in FAMILIES:
        read = told[family.name.removesuffix("_total")]
        assert (read.type, read.documentation) == (family.type, family.help)
        assert bool(read.samples) == (family.name not in WITHOUT_SAMPLES), family.name
        for sample in read.samples:
            assert sample.name in sample_names(family)
            assert set(sample.labels) - {"le"} == set(family.labels), sample


def test_it_says_what_has_happened(written: str):
    assert values(written, "box_jobs", kind="photo", state="completed") == [1]
    assert values(written, "box_jobs", kind="photo", state="quarantined") == [1]
    assert values(written, "box_jobs", kind="quarantine", state="completed") == [1]
    assert values(written, "box_jobs", kind="no-such-kind", state="failed") == [1]
    assert values(written, "box_jobs_ended_total", state="quarantined") == [1]
    assert values(written, "box_job_quarantines_total", code="truncated") == [1]
    assert values(written, "box_events_total", event="PhotoFiled") == [1]
    assert values(written, "box_jobs_stale") == values(written, "box_settling_files") == [0]
    assert values(written, "box_watch_events_total", user="me")[0] >= 2
    assert values(written, "box_watch_inboxes", user="me") == [0, 1, 0], "missing, native, polling"
    assert values(written, "box_problems", code="inbox-unmarked") == [1]
    assert values(written, "box_quota_limit_bytes", user="me") == [1e9]
    assert values(written, "box_quota_used_bytes", user="me")[0] > len(jpeg(1))
    assert values(written, "box_upkeep_seconds_count", task="temp-clean-up") == [1]
    assert values(written, "box_log_position")[0] >= 10
    assert 1e6 < values(written, "box_process_resident_memory_bytes")[0] < 1e9
    assert values(written, "box_process_cpu_seconds_total")[0] > 0
    start, now = (
        values(written, "box_process_start_time_seconds")[0],
        values(written, "box_updated_timestamp_seconds")[0],
    )
    assert start < now < time.time()
    assert 0 < values(written, "box_disk_free_bytes")[0] < values(written, "box_disk_size_bytes")[0]


def test_no_label_comes_from_the_name_of_a_file(make_root, run_box):
    config = make_root()
    (inbox(config) / "secret-name").mkdir()
    (inbox(config) / "secret-name" / "secret-name.jpg").write_bytes(jpeg(1))
    (inbox(config) / "secret-name.jpg").write_bytes(jpeg(2)[:300])
    run_box("--config", config.path, "once")
    assert values(text_of(config), "box_jobs_ended_total", state="completed") == [2]
    assert "secret-name" not in text_of(config)
    assert str(config.box.root) not in text_of(config)


def test_a_run_of_once_leaves_its_figures_behind(make_root, run_box):
    config = make_root()
    (inbox(config) / "a.jpg").write_bytes(jpeg(1))
    run_box("--config", config.path, "once")
    assert values(text_of(config), "box_jobs", kind="photo", state="completed") == [1]
    assert not list(Path(config.box.root).glob("metrics.prom*.part"))


def test_a_service_writes_it_when_it_starts_at_every_interval_and_when_it_stops(make_root):
    config = make_root(metrics__interval_seconds=1)
    with running(config):
        first = values(text_of(config), "box_updated_timestamp_seconds")
        assert first, "who is told that Box is ready may read it"
        until(lambda: values(text_of(config), "box_updated_timestamp_seconds") != first, "it is written again")
    slow = make_root(name="slow", metrics__interval_seconds=3600)
    with running(slow):
        (inbox(slow) / "a.jpg").write_bytes(jpeg(1))
        until(lambda: status_of(slow)["photos"]["count"] == 1, "the photo is filed")
        assert values(text_of(slow), "box_jobs", state="completed") == [], "it is not due for an hour"
    assert values(text_of(slow), "box_jobs", state="completed") == [1]


def test_a_reader_never_sees_half_of_it(make_root):
    config = make_root()
    store = Store(str(Path(config.box.root, "box.db")))
    create(store)
    metrics = metrics_of(config, Engine(store, Policy(kinds={}, attempts_max=3)))
    metrics.refresh()
    broken: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            text = text_of(config)
            if not text.endswith("}" + " 1\n"):  # the build is the last family
                broken.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        metrics.refresh()
    stop.set()
    reader.join()
    store.close()
    assert not broken


def test_a_folder_that_cannot_be_written_does_not_stop_the_service(make_root, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    config = make_root(status__dir=str(gone), metrics__interval_seconds=1)
    process = start_box(config)
    try:
        until(lambda: text_of(config), "it is up")
        gone.rename(tmp_path / "elsewhere")
        log = Path(config.box.root, "test.log")
        until(lambda: "the metrics could not be written" in log.read_text(), "it is told")
        gone.mkdir()
        until(lambda: text_of(config), "and it goes on")
    finally:
        process.terminate()
        assert process.wait(60) == 0


# --- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_that_vanishes_is_0_once_and_then_gone(metrics: Metrics, engine: Engine):
    job = engine.record(e.JobRequested(user="me", kind="photo"))[0].position

    def told(state: str) -> list[float]:
        return values(render(metrics.collect()), "box_jobs", kind="photo", state=state)

    assert told("queued") == [1]
    engine.record(e.JobStarted(user="me", job=job, lease="L"))
    text = render(metrics.collect())
    assert (values(text, "box_jobs", state="queued"), values(text, "box_jobs", state="running")) == ([0], [1])
    assert told("queued") == [], "job_counts still has its row, with 0"
    assert told("running") == [1]
    with engine.store.transaction():
        engine.store.execute("DELETE FROM job_counts")
    assert told("running") == [0]
    assert told("running") == []
    engine.record(e.JobRequested(user="me", kind="photo"))
    assert told("queued") == [1], "and it may come back"


def test_a_problem_that_is_over_and_an_account_that_is_gone_fade_too(metrics: Metrics, engine: Engine):
    metrics.problems.put("quota-exceeded", "me", "no room")
    metrics.problems.put("quota-exceeded", "ann", "no room")
    engine.record(e.QuotaSet(user="ann", quota_bytes=10))
    text = render(metrics.collect())
    assert values(text, "box_problems", code="quota-exceeded") == [2]
    assert values(text, "box_quota_limit_bytes") == [10]
    metrics.problems.replace("quota-exceeded", {})
    with engine.store.transaction():
        engine.store.execute("DELETE FROM accounts")
    text = render(metrics.collect())
    assert values(text, "box_problems") == values(text, "box_quota_used_bytes", user="ann") == [0]
    assert values(text, "box_quota_limit_bytes") == [], "a limit that is gone is none, not one of 0"
    text = render(metrics.collect())
    assert values(text, "box_problems") == values(text, "box_quota_used_bytes", user="ann") == []
    assert values(text, "box_quota_used_bytes", user="me") == [0], "a user of the configuration stays"


def test_a_counter_never_goes_down_while_its_process_lives(make_root):
    config = make_root(metrics__interval_seconds=1)
    never_down = {name for f in FAMILIES if f.type != "gauge" for name in sample_names(f)}
    before: dict[tuple[str, ...], float] = {}
    seen = 0

    def look() -> bool:
        nonlocal before, seen
        text = text_of(config)
        now = {(s.name, *s.labels.values()): s.value for s in samples(text) if s.name in never_down}
        assert all(now.get(key, -1) >= value for key, value in before.items())
        seen += now != before
        before = now
        return values(text, "box_jobs_ended_total", state="completed") == [3] and seen > 2

    with running(config):
        for number in range(3):
            (inbox(config) / f"{number}.jpg").write_bytes(jpeg(number))
        until(look, "all are filed")
        inbox(config).rename(inbox(config).with_name("away"))  # its watch is lost: notifications are not forgotten
        until(lambda: look() and values(text_of(config), "box_watch_inboxes", mode="missing") == [1], "it is missing")
        inbox(config).with_name("away").rename(inbox(config))
        until(lambda: look() and values(text_of(config), "box_watch_inboxes", mode="native") == [1], "it is back")
        assert values(text_of(config), "box_watch_events_total")[0] > 0


# --- what it costs ---------------------------------------------------------------------------------------------------


def statements(metrics: Metrics) -> list[str]:
    """The SQL of one refresh."""
    seen: list[str] = []
    connection: Any = metrics.store.peewee.connection()
    connection.set_trace_callback(seen.append)
    metrics.collect()
    connection.set_trace_callback(None)
    return [sql for sql in seen if not sql.startswith(("BEGIN", "ROLLBACK"))]


def test_a_refresh_reads_each_table_as_often_with_many_groups_as_with_none(make_root, engine: Engine):
    metrics = metrics_of(make_root(jobs__ttl_age="1 day", jobs__ttl_runtime="1 hour"), engine)
    few = statements(metrics)
    for number in range(40):
        kind, user = f"kind-{number}", f"user-{number}"
        first, second = (engine.record(e.JobRequested(user=user, kind=kind))[0].position for _ in range(2))
        engine.record(e.JobStarted(user=user, job=first, lease=f"L{number}"))
        engine.record(e.QuotaSet(user=user, quota_bytes=10))
        assert second
    many = statements(metrics)
    assert len(metrics.collect()["box_jobs"]) == 80
    assert len(many) == len(few)
    assert sum("GROUP BY" in sql for sql in many) == 1
    for table in ("job_counts", "accounts", "events", "leases"):
        assert sum(f"FROM {table}" in sql or f"JOIN {table}" in sql for sql in many) == 1, table


def test_nothing_that_a_refresh_reads_grows_with_history(make_root, engine: Engine):
    """Each statement goes by an index of what lives, by a key, or through a table that keeps the counts."""
    metrics = metrics_of(make_root(jobs__ttl_age="1 day"), engine)
    living = ("job_oldest", "job_scheduled", "job_running", "PRIMARY KEY", "INTEGER", "sqlite_autoindex_leases_1")
    for sql in statements(metrics):
        for *_, step in engine.store.rows(f"EXPLAIN QUERY PLAN {sql}"):
            if re.match("SCAN (jobs|events|leases)", step):
                assert any(index in step for index in living), f"{step} in {sql}"


# --- what the values are ---------------------------------------------------------------------------------------------


def test_leases_and_jobs_with_a_time_to_live_are_observed_at_each_refresh(make_root, engine: Engine):
    metrics = metrics_of(make_root(jobs__ttl_age=3600, jobs__ttl_runtime=600), engine)
    ids = [engine.record(e.JobRequested(user="me", kind="photo"))[0].position for _ in range(5)]
    later = rfc3339(time.time() + 3600) or ""
    engine.record(e.JobRequested(user="me", kind="photo", not_before=later))
    with engine.store.transaction():
        live.open_lease(engine.store, "alive", "here", time.time() + 42)
        live.open_lease(engine.store, "dead", "gone", time.time() - 1)
    engine.record(*(e.JobStarted(user="me", job=job, lease="alive") for job in ids[:2]))
    engine.record(e.JobStarted(user="me", job=ids[2], lease="dead"), e.JobStarted(user="me", job=ids[3], lease="no"))
    text = render(metrics.collect())
    assert values(text, "box_jobs_stale") == [2], "the lease ran out, or there is none"
    assert values(text, "box_jobs_scheduled") == [1]
    leases = {s.labels["le"]: s.value for s in samples(text) if s.name == "box_lease_expiry_seconds_bucket"}
    assert (leases["0.0"], leases["40.0"], leases["50.0"], leases["+Inf"]) == (1, 1, 2, 2)
    assert values(text, "box_ttl_expiry_seconds_count", limit="age") == [2], (
        "one may be claimed, one waits for its time"
    )
    assert values(text, "box_ttl_expiry_seconds_count", limit="runtime") == [4]
    assert values(render(metrics.collect()), "box_ttl_expiry_seconds_count", limit="runtime") == [8]


def test_without_a_time_to_live_nothing_is_observed_of_it(metrics: Metrics, engine: Engine):
    engine.record(e.JobRequested(user="me", kind="photo"))
    assert set(values(render(metrics.collect()), "box_ttl_expiry_seconds_count")) == {0}


def test_the_oldest_is_found_behind_younger_ones_that_go_first(metrics: Metrics, engine: Engine):
    old = engine.record(e.JobRequested(user="me", kind="photo", priority=-10))[0].position
    engine.record(e.JobRequested(user="me", kind="photo", priority=10))
    with engine.store.transaction():
        engine.store.execute("UPDATE jobs SET due_at = ? WHERE id = ?", (rfc3339(time.time() - 500), old))
    (age,) = values(render(metrics.collect()), "box_jobs_oldest_queued_seconds")
    assert 499 < age < 600


def test_kinds_that_nobody_would_call_so_are_counted_as_one(metrics: Metrics, engine: Engine):
    for kind in ("photo", 'a"b', "x\n# TYPE", "é"):
        engine.record(e.JobRequested(user="me", kind=kind))
    found = {s.labels["kind"]: s.value for s in samples(render(metrics.collect())) if s.name == "box_jobs"}
    assert found == {"photo": 1, "other": 3}


# --- the text --------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(), st.floats(), min_size=1))
def test_any_label_and_any_number_comes_back_as_it_was(found: dict[str, float]):
    text = render({"box_quota_used_bytes": {(user,): value for user, value in found.items()}})
    back = {s.labels["user"]: s.value for s in samples(text)}
    assert back.keys() == found.keys()
    assert all(back[user] == value or (math.isnan(back[user]) and math.isnan(value)) for user, value in found.items())


@given(st.integers(0, 2**53))
def test_a_whole_number_keeps_all_its_digits(number: int):
    text = render({"box_log_position": {(): number}})
    assert f"\nbox_log_position {number}\n" in text


def test_what_is_no_number_is_written_as_prometheus_has_it():
    text = render({"box_problems": {("a",): math.nan, ("b",): math.inf, ("c",): -math.inf}})
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("box_problems")] == [
        "NaN", "+Inf", "-Inf",
    ]  # fmt: skip


def test_a_metric_is_named_as_prometheus_wants_it():
    for family in FAMILIES:
        assert re.fullmatch(r"box(_[a-z]+)+", family.name)
        assert family.name.endswith("_total") == (family.type == "counter")
        assert family.help.endswith(".")
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert set(FADING) <= {family.name for family in FAMILIES}


# --- what the docs ask of it -----------------------------------------------------------------------------------------


def alerts() -> list[dict[str, str]]:
    """The rules of alerts.yml, whose few forms of YAML are all known here; others are refused."""
    found: list[dict[str, str]] = []
    for line in ALERTS.read_text("utf-8").splitlines():
        if re.fullmatch(r" *(#.*)?|groups:|  - name: box|    rules:|        (labels|annotations):", line):
            continue
        match = re.fullmatch(r'(?: {6}- | {8}| {10})(\w+): ("[^"\\]*"|[^"{\[&*!|>%@`\'][^#\n]*)', line)
        assert match, line
        key, value = match[1], match[2].strip('"')
        assert ": " not in value or match[2].startswith('"'), f"it has to be quoted: {line}"
        if key == "alert":
            found.append({})
        found[-1][key] = value
    return found


def panels() -> Iterator[dict[str, Any]]:
    yield from json.loads(DASHBOARD.read_text("utf-8"))["panels"]


def expressions() -> list[str]:
    board = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    asked += [v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    return [*asked, *(alert["expr"] for alert in alerts())]


def test_every_metric_of_the_dashboard_and_of_the_alerts_is_written(written: str):
    there = {s.name for s in samples(written)} | WITHOUT_SAMPLES
    families = {name: family for family in FAMILIES for name in sample_names(family)}
    for expression in expressions():
        names = set(re.findall(r"\bbox_\w+", expression))
        assert names, expression
        assert names <= there, expression
        labels = {label for name in names for label in families[name].labels} | {"instance", "le"}
        by = re.findall(r"\bby \(([^)]*)\)", expression)
        asked = {label.strip() for part in by for label in part.split(",")} | set(re.findall(r"(\w+)=~?\"", expression))
        assert asked <= labels, expression


def test_a_value_that_an_expression_asks_for_can_be_there(written: str):
    """`state="queued"` names a state, `mode="missing"` a mode: a word that no label ever has would never alarm."""
    known = {"queued", "running", *(v for s in samples(written) for v in s.labels.values())}
    for expression in expressions():
        for words in re.findall(r'(?<!instance)=~?"([^"]*)"', expression):
            assert set(words.split("|")) <= known, expression


def test_every_metric_is_shown_on_the_dashboard():
    shown = " ".join(expressions())
    for family in FAMILIES:
        assert any(re.search(rf"\b{name}\b", shown) for name in sample_names(family)), family.name


def test_the_panels_of_the_dashboard_have_names_and_do_not_overlap():
    cells: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert panel["title"]
        assert at["x"] + at["w"] <= 24
        assert not cells & mine, panel["title"]
        cells |= mine
    assert len({panel["id"] for panel in panels()}) == len(list(panels()))


def test_every_alert_waits_and_says_what_is_wrong_and_what_to_do():
    assert len(alerts()) >= 7
    for alert in alerts():
        assert re.fullmatch(r"Box[A-Za-z]+", alert["alert"])
        assert re.fullmatch(r"\d+[mh]", alert["for"])
        assert alert["severity"] in {"warning", "critical"}
        assert "$labels.instance" in alert["summary"]
        assert alert["description"].endswith(".")
    assert len({alert["alert"] for alert in alerts()}) == len(alerts())


def test_the_table_of_metrics_is_the_one_that_is_written():
    told = [
        (row[0].strip("`"), row[1], tuple(re.findall(r"`(\w+)`", row[2])), row[3])
        for row in rows("docs/operations.md", "Every metric")
    ]
    assert told == [(f.name, f.type, f.labels, f.help) for f in FAMILIES]
