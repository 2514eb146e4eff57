"""What the job of an episode does in its child. The rule: what has come is kept, and only the rest is asked for.

The part lies in `temp/` beside the scratch folders, with what the other side said of it: only if that is still so the
rest is asked for (`If-Range`), else it begins anew. When its time is up, or the line is cut, the job goes back to the
queue and goes on later. What came whole has to sound like something: a page that says "not found" is no episode.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, cast

from blake3 import blake3

from box import __version__
from box.errors import NotYet
from box.library.front import slug
from box.library.recognising import HEAD_BYTES, media_type
from box.tasks.handler import Found, Placement, Request, Tools
from box.web.failures import LASTING, FetchError
from box.web.fetching import Bounds, fetch
from box.web.patience import pause_seconds
from box.web.turns import Turns

SLICE_SECONDS: Final = 80.0
"""After so long the job makes room for others."""
PATIENCE_SECONDS: Final = 10.0
BEGINNINGS_MAX: Final = 3
"""Who sends it whole each time, and slowly, is left."""
_BLOCK_BYTES: Final = 256 * 1024
_ENDINGS: Final = {
    "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/ogg": ".ogg", "audio/flac": ".flac", "audio/wav": ".wav",
    "audio/aac": ".aac", "video/mp4": ".mp4",
}  # fmt: skip


@dataclass(slots=True)
class _Part:
    """What is known of a part."""

    url: str = ""
    validator: str = ""
    """What says whether it is still the same there: its ETag, else its date."""
    beginnings: int = 0
    total: int = 0
    """How large the whole is, 0 if nobody says."""


@dataclass(slots=True)
class _Sink:
    """Where the bytes go; says how far it is."""

    file: BinaryIO
    tools: Tools
    total: int
    done: int
    bytes_max: int
    too_many: str
    """The code of what is wrong with more bytes."""

    def write(self, data: bytes) -> int:
        """Write some. Raises FetchError where that is more than was set aside."""
        self.done += len(data)
        if self.done > self.bytes_max:
            raise FetchError(self.too_many, f"it has more than {self.bytes_max:,} bytes")
        self.tools.progress(done=self.done, total=self.total or None)
        return self.file.write(data)


def work(request: Request, tools: Tools, known: Mapping[str, Any]) -> Found:
    """Fetch a sound, or the rest of it. Raises NotYet when there is more to come."""
    worker = _Work(request, tools, known)
    try:
        return worker.run()
    except FetchError as error:
        if error.code in {"cut", "timeout"} and worker.size() > worker.before and worker.part.validator:
            raise NotYet("the rest comes later", tools.options["host_pause_seconds"]) from None
        if error.code == "http-416" and worker.before:
            worker.forget()
            raise NotYet("it is not what it was: it begins anew", tools.options["host_pause_seconds"]) from None
        return worker.missed(error)


@dataclass(slots=True)
class _Work:
    request: Request
    tools: Tools
    known: Mapping[str, Any]
    path: str = field(init=False)
    part: _Part = field(init=False)
    before: int = 0
    said_bytes: int = 0
    """How large it is, if that is more than was set aside."""

    def __post_init__(self) -> None:
        args = self.request.args
        temp = os.path.dirname(self.request.scratch)
        self.path = os.path.join(temp, f"episode-{int(args['feed'])}-{slug(str(args['episode']))}.part")
        self.part = _Part()
        with suppress(OSError, ValueError, TypeError), open(f"{self.path}.json", encoding="utf-8") as file:
            self.part = _Part(**json.load(file))
        if self.part.url != self.known["url"] or not self.part.validator:
            self.part = _Part(self.known["url"], beginnings=self.part.beginnings)
        self.before = self.size() if self.part.validator else 0

    def size(self) -> int:
        """Of what has come so far."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def run(self) -> Found:
        """Fetch the rest; what it is. Raises FetchError and NotYet."""
        os.makedirs(self.request.scratch, exist_ok=True)  # and the folder above it
        if self.before and self.before == self.part.total:  # all has come already, but nobody was left to say so
            return self._whole()
        options = self.tools.options
        bounds = Bounds(
            options["timeout_seconds"], SLICE_SECONDS, self.tools.options["audio_bytes_max"],
            allow_private=options["allow_private"], user_agent=options["user_agent"] or f"Box/{__version__}",
        )  # fmt: skip
        headers = {"accept-encoding": "identity"}
        if self.before:
            headers |= {"range": f"bytes={self.before}-", "if-range": self.part.validator}
        turns = Turns(self.tools, options["host_pause_seconds"], PATIENCE_SECONDS)
        sinks: list[_Sink] = []

        def out(status: int, said: Mapping[str, str]) -> BinaryIO:
            sinks.append(self._sink(status, said))
            return cast("BinaryIO", sinks[-1])

        try:
            fetch(self.known["url"], out, bounds, turns.at, headers)
        finally:
            for sink in sinks:
                sink.file.close()
        return self._whole()

    def _sink(self, status: int, said: Mapping[str, str]) -> _Sink:
        """Go on with the part, or begin anew."""
        goes_on = status == 206 and said.get("content-range", "").startswith(f"bytes {self.before}-")
        length = said.get("content-length", "")
        total = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
        if goes_on:
            total = self.before + total if total else 0
            self._check_room(total)
            return self._sunk(self._opened(), total)
        if status == 206:
            raise FetchError("bad-range", "the other side sent another part than the one that was asked for")
        self._check_room(total)
        etag = said.get("etag", "")
        validator = etag if etag and not etag.startswith("W/") else said.get("last-modified", "")
        self.part = _Part(self.known["url"], validator[:500], self.part.beginnings + 1, total)
        if self.part.beginnings > BEGINNINGS_MAX:
            raise FetchError("too-slow", "it does not come whole in time, and not in parts")
        self.before = 0
        with self._opened() as file:
            file.truncate(0)  # before it is said what comes: whoever is killed here has nothing, not some of each
        with open(f"{self.path}.json", "w", encoding="utf-8") as about:
            json.dump(asdict(self.part), about)
        return self._sunk(self._opened(), total)

    def _sunk(self, file: BinaryIO, total: int) -> _Sink:
        limit = self._bytes_max()
        code = "too-large" if limit == self.tools.options["audio_bytes_max"] else "larger-than-said"
        return _Sink(file, self.tools, total, self.before, limit, code)

    def _opened(self) -> BinaryIO:
        """The part, for this process alone. Raises NotYet while one that was taken for dead still writes to it."""
        file = cast("BinaryIO", open(self.path, "ab"))  # noqa: SIM115 - whoever writes to it closes it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise NotYet("somebody else is still writing to it", PATIENCE_SECONDS) from None
        return file

    def _check_room(self, total: int) -> None:
        if total > self.tools.options["audio_bytes_max"]:
            raise FetchError("too-large", f"it has {total:,} bytes (podcasts.audio_bytes_max)")
        if total > self._bytes_max():
            self.said_bytes = total
            raise FetchError("larger-than-said", f"it has {total:,} bytes, which is more than was set aside for it")

    def _bytes_max(self) -> int:
        return int(min(self.tools.options["audio_bytes_max"], self.known["bytes_max"]))

    def _whole(self) -> Found:
        """It has come whole: what it is, and where it belongs."""
        digest = blake3()
        with open(self.path, "rb") as file:
            found = _type_of(file.read(HEAD_BYTES), self.known["media_type"])
            file.seek(0)
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                self.tools.check_cancelled()
        if not found:
            raise FetchError("not-audio", "what came is no sound")
        os.replace(self.path, os.path.join(self.request.scratch, "sound"))
        self.forget()
        year = self.known["date"][:4] if self.known["date"][:4].isdigit() else time.strftime("%Y", time.gmtime())
        name = f"{slug(self.known['title']) or 'episode'}{_ENDINGS.get(found, '')}"
        return Found(
            (Placement("media", year, name, made="sound"),), facts={"digest": digest.hexdigest(), "media_type": found}
        )

    def missed(self, error: FetchError) -> Found:
        """It could not be had."""
        options, failures = self.tools.options, self.known["failures"]
        is_final = error.gone or error.code in LASTING or failures + 1 >= options["failures_max"]
        if is_final or error.code == "bad-range":
            self.forget()
        if error.code == "larger-than-said" and not self.said_bytes:  # nobody says how large it is
            self.said_bytes = min(2 * self._bytes_max(), options["audio_bytes_max"])
        pause = max(error.again_seconds, pause_seconds(options["every_seconds"] or 3600.0, failures))
        if self.said_bytes:  # with that much set aside it can be had
            is_final, pause = False, 0.0
        later = datetime.fromtimestamp(time.time() + pause, UTC).isoformat(timespec="milliseconds")
        told = {
            "code": error.code, "message": str(error)[:1000], "size": self.said_bytes,
            "next_at": "" if is_final else later.replace("+00:00", "Z"),
        }  # fmt: skip
        return Found(facts=told, result=told)

    def forget(self) -> None:
        """Remove the part."""
        for path in (self.path, f"{self.path}.json"):
            with suppress(FileNotFoundError):
                os.unlink(path)


def _type_of(head: bytes, said: str) -> str:
    """What kind of sound it is by its bytes, empty for none."""
    if head[4:8] == b"ftyp":
        return "video/mp4" if said.startswith("video/") else "audio/mp4"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    found = media_type("", head)
    return found if found.startswith("audio/") else ""
