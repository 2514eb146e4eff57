"""Beside the service: how a command gets at the log. The rule: it waits for its turn, and the service hears of it.

The service may be running or not; the database's own lock keeps the two apart, and after each commit the doorbell
rings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from box import bells, damage
from box.config import Config
from box.engine import Engine
from box.errors import BoxError
from box.library import ocr
from box.models.base import Store
from box.policy import Policy
from box.tasks import ALL, kinds_by_media_type
from box.tasks.handler import Handler


@dataclass(frozen=True, slots=True)
class Beside:
    """A way into the log for a command beside the service; the service hears the doorbell after each commit."""

    store: Store
    engine: Engine
    policy: Policy
    config: Config


def policy_of(config: Config) -> Policy:
    """What the owner decided, for the rules."""
    return Policy(
        kinds=kinds_by_media_type(),
        attempts_max=config.jobs.attempts_max,
        quarantine_after=config.jobs.quarantine_after,
        limits_by_kind={
            kind: (own.attempts_max or config.jobs.attempts_max, own.quarantine_after or config.jobs.quarantine_after)
            for kind, own in config.jobs.kinds.items()
        },
        in_place=frozenset(handler.kind for handler in ALL if isinstance(handler, Handler) and handler.in_place),
        claims=config.claims.mode != "off",
        groups=next(handler.kind for handler in ALL if isinstance(handler, Handler) and handler.groups),
        group_wait_seconds=config.photos.group_wait_seconds,
        quota_default_bytes=config.quota.default_bytes,
        quota_bytes=config.quota.users,
        feeds_seconds=config.podcasts.every_seconds or 0.0,
        feed_failures_max=config.podcasts.failures_max,
        transcribes=config.speech.enabled,
        recognises=bool(config.library.ocr_languages) and ocr.is_installed(),
        embeds=config.embeddings.enabled,
        sounds_max=config.podcasts.download_max if config.podcasts.download else 0,
        sound_bytes_max=config.podcasts.audio_bytes_max,
    )


def engine_of(config: Config, store: Store) -> Engine:
    """The engine of a store, paced as the configuration says."""
    return Engine(
        store,
        policy_of(config),
        commit_seconds=config.database.commit_seconds,
        commit_events=config.database.commit_events,
    )


@contextmanager
def beside(config: Config) -> Iterator[Beside]:
    """Open the database of a root for a command. Raises BoxError if there is none yet."""
    if not os.path.exists(os.path.join(config.box.root, damage.DATABASE)):
        raise BoxError(f"nothing has happened in {config.box.root} yet: `box run` or `box once` begins")
    store = damage.open_unchecked(config.box.root)
    try:
        engine = engine_of(config, store)
        engine.on_commit = lambda _: bells.ring_service(config.box.root)
        yield Beside(store, engine, engine.policy, config)
    finally:
        store.close()
