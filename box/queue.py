"""The queue: huey on the ledger. The rule: the job row is the message, and taking it is claiming it with a lease.

huey runs the workers and the scheduler: threads, health check, graceful stop. It stores nothing of its own: its storage
reads the ledger, and what it would keep beside the tasks (results, revocations, locks, a schedule) is never used, so
those methods answer "nothing" without touching the disk. It has one task, `run(job_id, lease)`; its messages are JSON.
This is the only module that imports huey.

What programs ask of the queue (`enqueue`, `get_job` and so on) is in `box.client`, and offered here under its name.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from huey.api import Huey
from huey.consumer import Consumer, Scheduler, Worker
from huey.registry import Message
from huey.storage import EmptyData, SqliteStorage

from box import logs
from box.claims import Claims
from box.client import Client, Job, Options, cancel_job, cleanup_old_jobs, enqueue, get_job, get_job_status

__all__ = [
    "BoxConsumer", "Client", "Job", "Options", "Queue",
    "cancel_job", "cleanup_old_jobs", "enqueue", "get_job", "get_job_status",
]  # fmt: skip

ERROR_SECONDS: Final = 1.0
"""How long a worker waits after the ledger could not be read, before it tries again."""

TICK_SECONDS_MAX: Final = 60.0
"""The longest that the scheduler sleeps."""

_log = logs.get(__name__)


class JsonSerializer:
    """Messages as JSON: never pickle, so nobody who can write the file can run code."""

    def serialize(self, message: Any) -> bytes:
        """A message as bytes; refuses (TypeError) whatever JSON cannot hold."""
        return json.dumps(list(message)).encode()

    def deserialize(self, data: bytes) -> Any:
        """The message that `serialize` wrote."""
        return Message(*json.loads(data))


class ClaimStorage(SqliteStorage):  # type: ignore[misc]  # huey has no types
    """huey's SQLite storage, with the ledger in place of its tables."""

    blocking = True  # `dequeue` waits by itself: workers never poll

    def __init__(self, name: str, claims: Claims, message: Callable[[int, str], bytes]) -> None:
        """`message` makes the bytes of the task `run(job_id, lease)`."""
        super().__init__(name, filename="", create_tables=False)
        self._claims = claims
        self._message = message

    def _create_connection(self) -> Any:
        raise AssertionError("the ledger is the only storage")

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Refused: work enters with a `JobRequested` in the log, in the transaction of the event that asks for it."""
        raise AssertionError("work enters through engine.record(JobRequested(...))")

    def dequeue(self) -> bytes | None:
        """Claim the next job; waits for one. None once closed."""
        claimed = self._claims.next(idle=lambda: TICK_SECONDS_MAX)
        return None if claimed is None else self._message(*claimed)

    def read_schedule(self, ts: Any) -> list[bytes]:
        """Nothing: a scheduled job is a row with `not_before`."""
        return []

    def peek_data(self, key: str) -> Any:
        """Nothing: there are no results and no revocations."""
        return EmptyData

    pop_data = peek_data

    def peek_many(self, keys: Any) -> dict[str, Any]:
        """Nothing."""
        return {}

    def delete_data(self, key: str) -> bool:
        """Nothing to delete."""
        return False

    def has_data_for_key(self, key: str) -> bool:
        """Never."""
        return False


class BoxWorker(Worker):  # type: ignore[misc]  # huey has no types
    """huey's worker; after an error it waits a moment instead of growing its delay."""

    def initialize(self) -> None:
        """On its thread, before it claims anything."""
        self.huey.warm_up()

    def sleep(self) -> None:
        """Called after the ledger could not be read (a full disk, a lock held by somebody else)."""
        self.stop_flag.wait(ERROR_SECONDS)


class BoxScheduler(Scheduler):  # type: ignore[misc]  # huey has no types
    """huey's scheduler thread: it runs the timers of the service, and sleeps until the next one is due."""

    def loop(self, now: Any = None) -> None:
        """Run what is due, then wait; an error of a timer is told and the timer comes again."""
        self.huey.nudge.clear()
        seconds = self.huey.tick()
        self.huey.nudge.wait(min(max(seconds, 0.01), TICK_SECONDS_MAX))


class BoxConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """huey's consumer inside our process: signals belong to the service."""

    worker_class = BoxWorker
    scheduler_class = BoxScheduler

    def _set_signal_handlers(self) -> None:
        pass


class Queue(Huey):  # type: ignore[misc]  # huey has no types
    """The huey of a service: one task, the ledger as its storage."""

    def __init__(self, claims: Claims, perform: Callable[[str], int], tick: Callable[[], float]) -> None:
        """Nothing runs yet.

        `perform(lease)` does the jobs of a lease and says how many; `tick()` runs due timers and says in how many
        seconds the next is.
        """
        self.tick = tick
        self.warm_up: Callable[[], object] = lambda: None
        """What each worker does first, on its own thread."""
        self.nudge = threading.Event()
        """Set: the scheduler looks at once (something was scheduled, or the service stops)."""
        self._claims = claims
        super().__init__("box", results=False, serializer=JsonSerializer(), storage_class=self._storage)

        def run(job_id: int, lease: str) -> None:  # noqa: ARG001  the first job of the lease, for huey's logs
            began, count = time.monotonic(), 0
            try:
                count = perform(lease)
            finally:
                claims.done(lease, count, time.monotonic() - began)

        self._run = self.task(name="run")(run)

    def _storage(self, name: str) -> ClaimStorage:
        return ClaimStorage(name, self._claims, lambda job, lease: self.serialize_task(self._run.s(job, lease)))

    def consumer(self, workers: int, grace_seconds: float) -> BoxConsumer:
        """The threads that do the work, not started yet."""
        return BoxConsumer(
            self, workers=workers, periodic=False, shutdown_timeout=grace_seconds, health_check_interval=1
        )
