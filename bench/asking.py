"""Who asks, in the soak. The rule: a seed says what is asked for and in which order; what should come of it is noted.

Of a hundred jobs about: 51 calls of nothing, 24 calls with an effect, 6 photos, 5 with a key (asked for twice), 8 in
pairs of which one waits for the other, 3 that fail the first time, 2 that are cancelled before their time, 1 that is
cancelled at work or before; and a chore now and then.
"""

from __future__ import annotations

import io
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from bench import effects
from box.beside import Beside
from box.client import Client, Options
from box.events import JobRequested

USERS = ("ada", "bob", "cyd")
A_COMMIT = 200
"""Jobs that are asked for together."""
WAITING_MAX = 3000
"""More are not asked for before some are done."""
CHORES = 20
SHARES = (
    ("nothing", 51), ("effect", 24), ("photo", 6), ("key", 5), ("after", 4), ("second", 3), ("later", 2), ("cancel", 1),
)  # fmt: skip
"""Of a hundred draws; `after` makes two jobs."""


@dataclass(slots=True)
class Asked:
    """What was asked for, and what should come of it."""

    jobs: int = 0
    effects: set[int] = field(default_factory=set)
    maybe: set[int] = field(default_factory=set)
    """Effects of jobs that are cancelled while they may be at work."""
    photos: dict[str, list[bytes]] = field(default_factory=lambda: {user: [] for user in USERS})
    keys: dict[str, int] = field(default_factory=dict)
    never: list[int] = field(default_factory=list)
    """Jobs that are cancelled before their time has come."""
    perhaps: list[int] = field(default_factory=list)
    """Jobs that are cancelled, or done before that."""
    chores: int = 0


def photo(number: int) -> bytes:
    """A small one; another number makes other bytes."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Box", f"Soak {number}"
    exif.get_ifd(0x8769)[0x9003] = f"2024:{1 + number % 12:02d}:{1 + number // 12 % 28:02d} 10:11:12"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (number % 256, number // 256 % 256, 128)).save(out, "JPEG", exif=exif)
    return out.getvalue()


class Asker:
    """Asks for all of it, beside the service, a commit at a time."""

    def __init__(self, root: str, folder: str, beside: Beside, client: Client, seed: int) -> None:
        """`folder`: where effects are noted."""
        self.asked = Asked()
        self._root, self._folder, self._beside, self._client = root, folder, beside, client
        self._draw = random.Random(seed)

    def ask(self, count: int, unfinished: Callable[[int], int]) -> None:
        """Ask for so many jobs. `unfinished` says, of a number that was asked for, how many are not done."""
        kinds, weights = zip(*SHARES, strict=True)
        chore_each = max(1, count // CHORES)
        while self.asked.jobs < count:
            while unfinished(self.asked.jobs) > WAITING_MAX:
                time.sleep(0.05)
            self._some(self._draw.choices(kinds, weights, k=min(A_COMMIT, count - self.asked.jobs)))
            while self.asked.chores * chore_each < self.asked.jobs:
                self._client.enqueue("snapshot")
                self.asked.chores += 1
                self.asked.jobs += 1

    def _some(self, kinds: list[str]) -> None:
        asked, together, cancel = self.asked, [], []
        for kind in kinds:
            number, user = asked.jobs, self._draw.choice(USERS)
            asked.jobs += 1
            match kind:
                case "nothing":
                    together.append(call(user, effects.nothing, number))
                case "effect" | "second":
                    function = effects.effect if kind == "effect" else effects.second_time
                    together.append(call(user, function, self._folder, number))
                    asked.effects.add(number)
                case "photo":
                    self._drop(user, number)
                case "key":
                    self._with_key(user, number)
                case "after":
                    self._pair(user, number)
                case _:
                    cancel.append(self._to_be_cancelled(user, number, kind))
        self._beside.engine.record(*together)
        for job in cancel:
            self._client.cancel_job(job)

    def _drop(self, user: str, number: int) -> None:
        made = photo(number)
        target = os.path.join(self._root, "users", user, "inbox", f"IMG_{number:06d}.JPG")
        with open(target + ".part", "wb") as file:
            file.write(made)
        os.rename(target + ".part", target)
        self.asked.photos[user].append(made)

    def _with_key(self, user: str, number: int) -> None:
        options = Options(user=user, key=f"key {number}")
        first, second = (
            self._client.request(effects.effect, (self._folder, number), options=options) for _ in range(2)
        )
        assert first == second, "a second request is the first job"
        self.asked.keys[options.key] = first
        self.asked.effects.add(number)

    def _pair(self, user: str, number: int) -> None:
        first = self._client.request(effects.effect, (self._folder, number), options=Options(user=user))
        self._client.request(
            effects.follows, (self._folder, number + 1, number), options=Options(user=user, after=(first,))
        )
        self.asked.effects |= {number, number + 1}
        self.asked.jobs += 1

    def _to_be_cancelled(self, user: str, number: int, kind: str) -> int:
        options = Options(user=user, later="1 hour" if kind == "later" else None)
        job = self._client.request(effects.effect, (self._folder, number), options=options)
        if kind == "later":
            self.asked.never.append(job)
        else:
            self.asked.perhaps.append(job)
            self.asked.maybe.add(number)
        return job


def call(user: str, function: Callable[..., object], *args: object) -> JobRequested:
    """As `Client.request` makes it; many of them are recorded in one commit."""
    named = {"function": f"{function.__module__}:{function.__qualname__}", "args": list(args)}
    return JobRequested(user=user, kind="call", args=json.dumps(named))
