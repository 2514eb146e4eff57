"""What a job finds out that it will write is set aside while it works, by real children that race for the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from box import events as e
from box import log, storage
from box.beside import beside
from box.config import Config
from box.verify import differences
from tests.helpers import inbox, library, running, status_of, until
from tests.poison import GROWING, poison

PROGRAM = "tests.poison"
DROP_BYTES, GROWS_BYTES = 1000, 90_000
QUOTA_BYTES = 300_000
DROPS = 10
FITTING = 3


@pytest.fixture
def config(make_root) -> Config:
    return make_root(quota__default_bytes=QUOTA_BYTES, workers__count=4, photos__thumbnail_pixels=0)


def drop(config: Config, name: str, *sizes: int) -> None:
    said = json.dumps({"sizes": sizes, "gate": str(gate(config))}).encode()
    part = inbox(config) / f".{name}"
    part.write_bytes((GROWING + said).ljust(DROP_BYTES))
    part.rename(inbox(config) / name)


def gate(config: Config) -> Path:
    return Path(config.box.root, "gate")


def told(config: Config, *kinds: type[e.Event]) -> list[Any]:
    with beside(config) as box:
        return [each.event for each in log.read(box.store) if isinstance(each.event, kinds)]


def allow(config: Config, quota_bytes: int | None) -> None:
    """As `box quota set` would, if that knew the kinds of job that the service of the test has."""
    with beside(config) as box:
        box.engine.policy = replace(box.engine.policy, kinds={**box.engine.policy.kinds, "image/webp": "grow"})
        box.engine.record(e.QuotaSet(user="me", quota_bytes=quota_bytes))


def drops_left(config: Config) -> int:
    return sum(1 for path in inbox(config).iterdir() if not path.name.startswith("."))


def test_children_that_race_for_the_last_of_a_quota_get_exactly_what_fits_and_the_others_wait(config):
    for number in range(DROPS):
        drop(config, f"{number}.webp", GROWS_BYTES)
    with running(config, PROGRAM):
        until(lambda: len(told(config, e.QuotaExceeded)) == DROPS - FITTING, "who does not fit has been told so")
        with beside(config) as box:
            account = storage.calculate_user_storage("me", box=box)
            assert (account.used, account.reserved) == (0, FITTING * (DROP_BYTES + GROWS_BYTES))
            assert [each for each in differences(box.store, config) if each.where != "disk"] == []
        assert {event.size for event in told(config, e.QuotaExceeded)} == {DROP_BYTES + GROWS_BYTES}
        assert {event.code for event in told(config, e.JobFailed)} == {"over-quota"}
        gate(config).touch()
        until(lambda: len(library(config, "media")) == 2 * FITTING, "what fits is there")
        until(lambda: status_of(config)["state"] != "busy", "it is at rest")
        assert drops_left(config) == DROPS - FITTING
        assert len(told(config, e.JobStarted)) == DROPS, "nobody tries again where there is no room"
        with beside(config) as box:
            assert storage.calculate_user_storage("me", box=box).used == FITTING * (DROP_BYTES + GROWS_BYTES)
            assert storage.calculate_user_storage("me", box=box).reserved == 0
        allow(config, DROPS * (DROP_BYTES + GROWS_BYTES))
        until(lambda: len(library(config, "media")) == 2 * DROPS, "with more room all are taken, and touched by nobody")
    with beside(config) as box:
        assert storage.calculate_user_storage("me", box=box).available == 0
        assert list(differences(box.store, config)) == []


def test_a_drop_waits_until_there_is_room_for_all_that_its_job_asked_for(config):
    drop(config, "a.webp", 250_000, GROWS_BYTES, 20_000)
    with running(config, PROGRAM):
        until(lambda: told(config, e.QuotaExceeded), "it does not fit")
        gate(config).touch()
        allow(config, DROP_BYTES + 250_000 + GROWS_BYTES - 1)
        allow(config, DROP_BYTES + 250_000 + GROWS_BYTES)
        until(lambda: len(told(config, e.QuotaExceeded)) == 2, "it is tried when all fits that it had asked for so far")
        allow(config, None)
        until(lambda: len(library(config, "media")) == 2, "it is there")
    assert [event.size - DROP_BYTES for event in told(config, e.QuotaExceeded)] == [340_000, 360_000]
    assert len(told(config, e.JobStarted)) == 3
    with beside(config) as box:
        assert list(differences(box.store, config)) == []


def test_a_kind_of_job_that_sets_nothing_aside_may_not_ask_and_its_drop_does_not_wait_for_room(config):
    (inbox(config) / "a.gif").write_bytes(poison("reserve"))
    with running(config, PROGRAM):
        until(lambda: told(config, e.JobFailed), "it has failed")
    (failed,) = told(config, e.JobFailed)
    assert (failed.code, failed.needs_bytes) == ("over-quota", 0)
    assert told(config, e.QuotaExceeded, e.SpaceReserved) == []
    assert drops_left(config) == 1
