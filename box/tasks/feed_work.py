"""What the job of a feed does in its child. The rule: so much work a job; what is left is for the next one.

A feed is asked for what is new since last time; where it leads on for good, or says that it is elsewhere now, it has
moved. Of its newest entries, those that are not known become notes, with what is said in them if they have a
transcript. One whose transcript could not be had for now is read again when it can be, but who did not answer is not
asked again by the same job, and what is only tried again is never a reason for the next one.
"""

from __future__ import annotations

import io
import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

from box import __version__
from box.errors import NotYet, OverQuota, Unprocessable
from box.library import feeds, tags, transcripts
from box.library.episodes import Transcript
from box.library.feeds import Chapter, Entry, Feed, Link
from box.library.front import slug
from box.library.markdown import Markdown
from box.library.reading import CORRUPT
from box.tasks import feed_notes
from box.tasks.handler import Found, Placement, Request, Tools
from box.web.addresses import host_of, normal
from box.web.failures import FetchError
from box.web.fetching import Answer, Bounds, fetch
from box.web.patience import pause_seconds
from box.web.turns import Turns

WORK_SECONDS: Final = 45.0
"""After so long no further entry is begun."""
ASKING_SECONDS: Final = 80.0
"""After so long nothing more is asked for: the note is made of what is there."""
ENTRIES_MAX: Final = 500
FACTS_CHARS_MAX: Final = 1_000_000
"""Of so many entries, or when so much is known of them, the job is over: all of it has to fit into one answer."""
PATIENCE_SECONDS: Final = 10.0
"""How long it waits for its turn at a host."""
_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def work(request: Request, tools: Tools, known: Mapping[str, Any]) -> Found:
    """Fetch a feed and read what is new. Raises NotYet when another job is at its host."""
    worker = _Work(request, tools, known)
    try:
        return worker.run()
    except FetchError as error:
        return worker.failed(error.code, str(error), gone=error.gone, again_seconds=error.again_seconds)
    except Unprocessable as error:
        return worker.failed("not-a-feed" if error.code == CORRUPT else error.code, str(error))


@dataclass(slots=True)
class _Work:
    request: Request
    tools: Tools
    known: Mapping[str, Any]
    began: float = field(default_factory=time.monotonic)
    placements: list[Placement] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Hosts that did not answer."""
    pending: bool = False
    """Something could not be had for now."""

    def run(self) -> Found:
        """What is new. Raises FetchError, Unprocessable and NotYet."""
        asked = {
            name: self.known[key]
            for name, key in (("if-none-match", "etag"), ("if-modified-since", "modified"))
            if self.known[key]
        }
        answer, data = self._get(self.known["url"], asked)
        if answer.status == 304:
            marks = {"etag": self.known["etag"], "modified": self.known["modified"]}
            return self._found({"unchanged": True, **marks}, answer.moved_to, [])
        feed, answer, moved_to = self._read(answer, data)
        found, more, message = self._entries(feed)
        facts = {"title": feed.title, "more": more, "message": message}
        if not more and not message and not self.pending:  # else it has to come whole again
            facts |= {
                "etag": answer.headers.get("etag", "")[:500],
                "modified": answer.headers.get("last-modified", "")[:100],
            }
        return self._found(facts, moved_to, found)

    def failed(self, code: str, message: str, *, gone: bool = False, again_seconds: float = 0.0) -> Found:
        """It could not be had."""
        options, failures = self.tools.options, self.known["failures"]
        step = options["every_seconds"] or 3600.0
        is_dead = gone or failures + 1 >= options["failures_max"]
        pause = max(again_seconds, pause_seconds(step, failures))
        told = {"code": code, "message": message[:1000], "next_at": "" if is_dead else _later(pause)}
        return Found(
            facts={"failed": told}, result={"feed": self.known["url"], "code": code, "message": message[:1000]}
        )

    def _found(self, fetched: Mapping[str, Any], moved_to: str, found: list[dict[str, Any]]) -> Found:
        facts: dict[str, Any] = {
            "episodes": found, "fetched": {**fetched, "next_at": _later(self.tools.options["every_seconds"] or 0.0)},
        }  # fmt: skip
        url = self.known["url"]
        if moved_to and moved_to != url:
            facts["moved"] = {"url": moved_to, "previous": url}
        result = {"feed": url, "episodes": sum(bool(each["item"]) for each in found)}
        if fetched.get("message"):
            result["message"] = fetched["message"]
        return Found(tuple(self.placements), facts=facts, result=result)

    # --- the feed -----------------------------------------------------------------------------------------------------

    def _get(
        self, url: str, headers: Mapping[str, str] | None = None, patience: float = PATIENCE_SECONDS,
        seconds: float = ASKING_SECONDS,
    ) -> tuple[Answer, bytes]:  # fmt: skip
        options = self.tools.options
        seconds = min(options["timeout_seconds"], seconds)
        bounds = Bounds(
            seconds, seconds, options["feed_bytes_max"],
            allow_private=options["allow_private"], user_agent=options["user_agent"] or f"Box/{__version__}",
        )  # fmt: skip
        out = io.BytesIO()
        turns = Turns(self.tools, options["host_pause_seconds"], patience)
        return fetch(url, lambda _status, _headers: out, bounds, turns.at, headers), out.getvalue()

    def _read(self, answer: Answer, data: bytes) -> tuple[Feed, Answer, str]:
        """The feed, the answer that it came with, and where it has moved to."""
        try:
            feed = feeds.parse(data, self.known["url"])
        except Unprocessable as error:
            named = _named_by_page(data, answer.url)
            if error.code != CORRUPT or not named:
                raise
            answer, data = self._get(named)
            return feeds.parse(data, named), answer, answer.moved_to or named
        target = _other(feed.moved_to, answer.url, self.known["url"])
        if target:
            try:
                elsewhere, data = self._get(target)
                return feeds.parse(data, target), elsewhere, elsewhere.moved_to or target
            except (FetchError, Unprocessable, NotYet):  # it says so, but there is nothing: it stays where it is
                return feed, answer, answer.moved_to
        return feed, answer, answer.moved_to

    # --- its entries --------------------------------------------------------------------------------------------------

    def _entries(self, feed: Feed) -> tuple[list[dict[str, Any]], bool, str]:
        """What becomes of the newest entries, the oldest of them first; whether some are left; and why, if not yet."""
        old: Mapping[str, str] = self.known["episodes"]
        new, again = [], []
        for entry in reversed(feeds.newest(feed.entries, self.tools.options["episodes_max"])):
            key, choice = feeds.key_of(entry), transcripts.choose(entry.transcripts, feed.language)
            if key not in old:
                new.append((key, entry, choice))
            elif choice and not old[key]:
                again.append((key, entry, choice))
        found: list[dict[str, Any]] = []
        chars = 0
        for done, (key, entry, choice) in enumerate(new + again):
            if self._seconds() > WORK_SECONDS or len(found) >= ENTRIES_MAX or chars > FACTS_CHARS_MAX:
                self.pending = True
                return found, done < len(new), ""
            self.tools.progress(done=done, total=len(new) + len(again), message=entry.title)
            try:
                told = self._entry(feed, entry, key, choice, is_known=key in old)
            except OverQuota as error:
                return found, False, f"the quota has no room for its next note: {error}"
            if told:
                found.append(told)
                chars += len(json.dumps(told))
        return found, False, ""

    def _entry(
        self, feed: Feed, entry: Entry, key: str, choice: Sequence[Sequence[Link]], *, is_known: bool
    ) -> dict[str, Any] | None:  # fmt: skip
        said, is_final = self._transcripts(choice)
        self.pending = self.pending or not is_final
        if is_known and not said and not is_final:
            return None  # nothing new to say
        told: dict[str, Any] = {
            "episode": key, "transcript": transcripts.usable(choice) if is_final else "", "item": None, "note": 0,
            "audio": entry.audio.url if entry.audio else "",
            "audio_type": entry.audio.media_type if entry.audio else "",
            "audio_bytes": entry.audio.size if entry.audio else 0,
        }  # fmt: skip
        if said or not is_known:
            told |= {"note": len(self.placements), "item": self._note(feed, entry, said)}
        return told

    def _transcripts(self, choice: Sequence[Sequence[Link]]) -> tuple[list[Transcript], bool]:
        """What is said, in each language; and whether asking again would be no use."""
        found: list[Transcript] = []
        is_final = True
        for links in choice:
            for link in links:
                try:
                    found.append(self._transcript(link))
                    break
                except FetchError as error:
                    is_final = is_final and error.is_lasting
                except NotYet:
                    is_final = False
                except Unprocessable:
                    continue  # the next form of it
        return found, is_final or bool(found)

    def _transcript(self, link: Link) -> Transcript:
        data = self._beside(link.url)
        form = transcripts.form_of(link)
        # Read once in vain, so that half of a broken one is never in a note.
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            transcripts.write(data, form, link.url, Markdown(nowhere, self.tools.options["text_chars_max"]))
        return Transcript(data, form, link.url, link.language)

    def _chapters(self, entry: Entry) -> tuple[list[Chapter], tuple[str, ...]]:
        if not entry.chapters_url or entry.chapters:
            return entry.chapters, ()
        try:
            return transcripts.chapters(self._beside(entry.chapters_url), entry.chapters_url), ()
        except (FetchError, Unprocessable, NotYet):
            return [], ("no-chapters",)

    def _beside(self, url: str) -> bytes:
        """What lies elsewhere about an entry. Raises FetchError, and NotYet where asking has to end."""
        host = host_of(normal(url))
        left = ASKING_SECONDS - self._seconds()
        if host in self.silent or left < 1:
            raise NotYet(f"{host} did not answer, or there was no time to ask it", 0.0)
        try:
            return self._get(url, patience=min(2 * PATIENCE_SECONDS, left), seconds=left)[1]
        except FetchError as error:
            if not error.is_lasting:
                self.silent.add(host)
            raise

    def _seconds(self) -> float:
        return time.monotonic() - self.began

    def _note(self, feed: Feed, entry: Entry, said: Sequence[Transcript]) -> dict[str, Any]:
        """Write the note of an entry to the scratch folder; the fields of its item. Raises OverQuota."""
        chapters, marks = self._chapters(entry)
        name = f"note-{len(self.placements)}.md"
        path = os.path.join(self.request.scratch, name)
        os.makedirs(self.request.scratch, exist_ok=True)
        chars_max = self.tools.options["text_chars_max"]
        item = feed_notes.write(path, self.known["url"], feed, entry, chapters, said, marks, chars_max)
        self.tools.reserve(os.stat(path).st_size)
        self.placements.append(Placement("notes", "", f"{slug(item['title']) or 'episode'}.md", made=name, apart=True))
        return item


def _named_by_page(data: bytes, url: str) -> str:
    """The feed that a web page says it has, empty if it says none."""
    for token in tags.tokens(data[: 256 * 1024].decode("utf-8", "replace")):
        if isinstance(token, tags.Start) and token.name == "link":
            said = token.attributes
            if "alternate" in said.get("rel", "").lower().split() and said.get("type", "").lower() in _FEED_TYPES:
                return _other(urljoin(url, said.get("href", "")), url)
    return ""


def _other(url: str, *known: str) -> str:
    """An address, if it is one, and another one than those."""
    try:
        target = normal(url) if url else ""
    except FetchError:
        return ""
    return "" if target in known else target


def _later(seconds: float) -> str:
    """A time, so many seconds from now, as the log writes it; spread a little, so that not all come at once."""
    moment = time.time() + seconds * (1 - 0.05 * random.random())  # noqa: S311 - spreads load, guards nothing
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
