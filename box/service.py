"""The service: the composition root. The rule: all is built here, once, from the config; nothing else constructs.

`build` makes a box that is not running yet; `Service.run` is `box run`, `Service.once` is `box once`.
"""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

from box import bells, damage, imports, locks, people, status
from box import config as configuration
from box.backup import restoring
from box.beside import engine_of
from box.claims import Claims
from box.config import Config
from box.engine import Engine
from box.errors import BoxError
from box.import_tables import Import
from box.job_tables import KindSettings
from box.library.chunking import CHUNKER_VERSION
from box.meters import Meters
from box.metrics import Metrics
from box.models import item_lists, ready, texts, usage
from box.models.base import Store
from box.queue import Queue
from box.retention import Steadiness
from box.room import Room
from box.serving import Service
from box.status import Problems
from box.sweeps import LibrarySweep
from box.tasks import ALL, asking, by_request, index, retry
from box.tasks.at_work import AtWork
from box.tasks.choose import Chooser
from box.tasks.chore import Inside
from box.tasks.handler import Handler
from box.tasks.limits import ChildLimits, type_own
from box.tasks.perform import Performer
from box.tasks.runner import Runner
from box.upkeep import Upkeep
from box.watching import Watching

__all__ = ["Service", "build"]


def build(config: Config, handlers: str = "box.tasks") -> Service:
    """Everything, from the config; the lock is taken, the database checked and what was interrupted is finished.

    `handlers`: the module from which children take the table of contents (`ALL`), for a program with kinds of its own.
    """
    root = config.box.root
    if not os.path.isdir(root):
        raise BoxError(f"there is no folder {root}: `box init` makes it")
    if not restoring.is_whole(root):
        raise BoxError(
            f"a restore into {root} has not come to its end: do the same `box restore` again; or, to begin with what is"
            f" there, remove {root}/{restoring.UNFINISHED}"
        )
    lock = locks.RootLock(root)
    lock.take()
    try:
        store, restored = damage.open_checked(root)
        service = _assemble(config, lock, store, restored, handlers)
        _index_anew(service.engine)
    except BaseException:
        lock.release()
        raise
    return service


def _assemble(
    config: Config, lock: locks.RootLock, store: Store, restored: damage.Restored | None, handlers: str
) -> Service:  # fmt: skip
    root = config.box.root
    engine = engine_of(config, store)
    problems = Problems()
    meters = Meters(handler.kind for handler in ALL)
    bell = bells.Bell()
    claims = _claims(config, engine, meters)
    retries, clock = _retries(config), Steadiness()
    watching = Watching(config, engine, problems, bell)
    performer = Performer(
        root, engine, Chooser(root, store, config.photos.duplicates), retries,
        on_hold=claims.hold, stopping=lambda: claims.closed, ring=watching.ring,
        inside=Inside(config, engine, problems, watching.ring, meters.timing, clock), on_ran=meters.ran,
    )  # fmt: skip
    runner = _runner(config, performer.attention.at_work, handlers)
    sweep = _sweep(config, engine, problems, meters)

    def entry_problem(name: str, why: str) -> None:
        problems.put("periodic", name, why)

    room = Room(config, engine, problems, clock)
    upkeep = Upkeep(config, engine, claims, retries, runner, sweep, performer.attention, entry_problem, meters, room)
    queue = Queue(claims, lambda lease: performer.perform(lease, runner.run), upkeep.tick)
    service = Service(
        config=config, lock=lock, store=store, engine=engine, claims=claims, runner=runner, sweep=sweep, bell=bell,
        upkeep=upkeep, problems=problems, consumer=queue.consumer(config.workers.count, config.workers.grace_seconds),
        watching=watching, imports=_imports(config, engine, problems), due=status.Due(config.status.rest_seconds),
        attention=performer.attention,
        metrics=Metrics(config, store, engine.policy, meters, problems, watching.watched, watching.unsettled),
        take_back=performer.take_back,
    )  # fmt: skip
    performer.attention.at_work.on_stop = runner.wake
    performer.attention.at_work.on_progress = service.changed
    claims.on_renewal = performer.attention.attend
    engine.on_commit = service.woken
    watching.on_change = service.changed
    claims.on_hold, claims.prepare = service.held_up, runner.prepare
    service.recover(retries, restored)
    return service


def _claims(config: Config, engine: Engine, meters: Meters) -> Claims:
    """The door to the ledger, with how many may be at work on what."""
    return Claims(
        engine, config.box.root, config.workers.count, config.jobs.batch, config.jobs.lease_seconds,
        config.storage.free_bytes_min,
        running_max={kind: own.running_max for kind, own in config.jobs.kinds.items() if own.running_max},
        heavy=frozenset(handler.kind for handler in ALL if isinstance(handler, Handler) and handler.heavy),
        heavy_max=config.workers.heavy, on_wait=meters.waited,
    )  # fmt: skip


def _sweep(config: Config, engine: Engine, problems: Problems, meters: Meters) -> LibrarySweep:
    """What compares the library of everybody who is named, or was once."""
    return LibrarySweep(
        config.box.root, engine,
        users=lambda: sorted({*people.users(config), *usage.users(engine.store)} - {""}),
        on_problem=lambda found: problems.replace("library-away", found), timed=meters.timed,
    )  # fmt: skip


def _index_anew(engine: Engine) -> None:
    """What is not in the index as it should be is put there: an older version of Box did it, or a job gave up."""
    for user in texts.users(engine.store):
        is_owed = item_lists.has_unindexed(engine.store, user) or texts.has_outdated(
            engine.store, user, CHUNKER_VERSION
        )
        if is_owed and not ready.is_any_alone(engine.store, user, index.KIND):
            engine.request(asking.wanted(by_request(), index.KIND, {}, user=user))


def _imports(config: Config, engine: Engine, problems: Problems) -> imports.Imports:
    """What looks at cards, and asks for jobs as a person would."""

    def ask(entry: Import) -> None:
        engine.request(asking.wanted(by_request(), imports.KIND, {"name": entry.name}, user=entry.user))

    return imports.Imports(config, engine, problems, ask)


def _retries(config: Config) -> retry.Policy:
    """When failed attempts are made again, of every kind of job."""
    jobs = config.jobs
    own = ("attempts_max", "retry_base_seconds", "retry_cap_seconds", "quarantine_after")

    def policy(settings: KindSettings) -> retry.Policy:
        values = (getattr(settings, name) for name in own)
        chosen = [getattr(jobs, name) if value is None else value for name, value in zip(own, values, strict=True)]
        return retry.Policy(*chosen)

    by_kind = {kind: policy(settings) for kind, settings in jobs.kinds.items()}
    return replace(policy(KindSettings()), by_kind=by_kind)


def _runner(config: Config, at_work: AtWork, handlers: str) -> Runner:
    """What runs handlers; each kind gets its section of the configuration."""
    limits, by_kind = _limits(config)
    return Runner(limits, options_of(config), config.child.idle_seconds, by_kind, at_work, handlers)


def options_of(config: Config) -> dict[str, dict[str, Any]]:
    """What handlers are told of the configuration, by the name of their section."""
    return {
        "photos": configuration.as_dict(config.photos), "library": configuration.as_dict(config.library),
        "podcasts": configuration.as_dict(config.podcasts) | {"text_chars_max": config.library.text_chars_max},
        "speech": configuration.as_dict(config.speech) | {"text_chars_max": config.library.text_chars_max},
        "embeddings": configuration.as_dict(config.embeddings),
        "jobs": {"by_file": list(config.jobs.by_file)},
    }  # fmt: skip


def _limits(config: Config) -> tuple[ChildLimits, type_own]:
    """What children may use; for every kind of job, and what kinds have for themselves."""
    names = [f.name for f in fields(ChildLimits)]
    limits = ChildLimits(**{name: getattr(config.child, name) for name in names})
    by_kind = {each.kind: dict(each.limits) for each in ALL if isinstance(each, Handler) and each.limits}
    for kind, settings in config.jobs.kinds.items():
        own = {name: getattr(settings, name, None) for name in names}
        by_kind[kind] = by_kind.get(kind, {}) | {name: value for name, value in own.items() if value is not None}
    return limits, by_kind
