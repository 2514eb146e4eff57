"""What is said in a recording becomes the text of its note: heard window by window, gone on with after a kill."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from box import beside, events
from box.client import Client
from box.config import Config
from box.library import heard
from box.library.heard import Heard, Segment
from box.library.hearing import RATE, Hearing, quietest
from box.library_rules import TRANSCRIBE, more_text
from box.tasks.transcribe import KIND
from tests import speech
from tests.helpers import REPOSITORY, library, running, start_box, until
from tests.library.test_items import drop, front, note, once
from tests.tasks import test_feed
from tests.test_cancel import names, of_job, seconds_to_end
from tests.web.server import page, serving

BECKETT = ("ever tried", "ever failed", "try again", "fail again", "fail better")


@pytest.fixture
def listening(make_root):
    """A box that makes text of what is said."""
    return lambda **keys: make_root(speech__enabled=True, speech__model_path=str(speech.whisper()), **keys)


def words_of(text: str) -> str:
    """What is said below the heading, as words."""
    body = text.partition("## Transcript")[2].casefold()
    return " ".join("".join(letter if letter.isalpha() else " " for letter in body).split())


def said(times: int, quiet_seconds: int = 0) -> bytes:
    """The same recording, said so often; then nearly nothing."""
    out = io.BytesIO()
    with wave.open(str(speech.talk()), "rb") as source, wave.open(out, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * times)
        target.writeframes(b"\1\0" * (quiet_seconds * source.getframerate() * source.getnchannels()))
    return out.getvalue()


def jobs(config: Config) -> list[tuple[str, str, str]]:
    with beside.beside(config) as there:
        return there.store.rows("SELECT kind, state, code FROM jobs WHERE kind = ?", (KIND,))


def test_what_is_said_becomes_the_text_of_the_note_with_its_times(listening):
    config = listening()
    drop(config, "plays/beckett.wav", speech.talk().read_bytes())
    (item,) = once(config)
    assert jobs(config) == [(KIND, "completed", "")]
    text = note(config, item)
    assert "## Transcript\n\n[00:00:0" in text
    assert all(words in words_of(text) for words in BECKETT)
    assert (item["reader"], item["language"], item["marks"]) == ("speech", "en", "transcribed")
    assert (item["note_digest"], item["chars"]) == (blake3(text.encode()).hexdigest(), len(text))
    facts = front(text)
    assert facts["counts"] == {"seconds": 10, "segments": text.count("\n["), "words": item["words"]}
    assert (facts["source"], facts["tags"], facts["title"]) == ("plays/beckett.wav", ["plays"], "beckett")
    assert list(library(config, "notes")) == ["beckett.md"]
    with beside.beside(config) as there:
        (result,) = there.store.rows("SELECT result FROM jobs WHERE kind = ?", (KIND,))
    assert json.loads(result[0])["language"] == "en"


def test_a_recording_goes_on_after_a_kill_where_it_was(listening):
    config = listening(speech__window_seconds=10, jobs__retry_base_seconds=0)
    drop(config, "twice.wav", said(times=2))
    temp = Path(config.box.root, heard.FOLDER)
    process = start_box(config)
    try:
        until(lambda: [path for path in temp.glob("*.jsonl") if b'"at"' in path.read_bytes()], "something was heard")
    finally:
        process.kill()
        process.wait()
    (path,) = temp.glob("*.jsonl")
    before = path.read_bytes()
    whole = before[: before.rindex(b"\n") + 1]
    assert b'"complete": true' not in whole
    (item,) = once(config)
    assert path.read_bytes().startswith(whole)
    text = note(config, item)
    assert words_of(text).count("ever tried") == words_of(text).count("fail better") == 2
    times = [line[1:13] for line in text.splitlines() if line.startswith("[")]
    assert times == sorted(times)


def test_a_job_that_is_cancelled_while_it_listens_ends_and_what_was_heard_is_kept(listening):
    config = listening(speech__window_seconds=10)
    drop(config, "long.wav", said(times=40))
    temp = Path(config.box.root, heard.FOLDER)
    with running(config), Client(config) as client:
        until(lambda: [path for path in temp.glob("*.jsonl") if b'"at"' in path.read_bytes()], "something was heard")
        with beside.beside(config) as there:
            ((job,),) = there.store.rows("SELECT id FROM jobs WHERE kind = ?", (KIND,))
        assert client.cancel_job(job)
        until(lambda: client.get_job_status(job) == "cancelled", "it is cancelled")
    found = of_job(config, job)
    print(f"cancelled after {seconds_to_end(found):.3f} s")  # noqa: T201 - a figure, not a limit
    assert names(found)[-2:] == ["JobCancelRequested", "JobCancelled"]
    (path,) = temp.glob("*.jsonl")
    before = path.read_bytes()
    assert b'"complete": true' not in before
    with Heard(str(path)) as kept:
        assert kept.position > 0
    assert library(config, "temp") == {}
    assert "Transcript" not in library(config, "notes")["long.md"].decode()


def test_however_long_it_is_listening_takes_less_than_400_mb(listening):
    """Five minutes, the first of which holds speech; the peak of all processes of the real program."""
    config = listening()
    drop(config, "long.wav", said(times=2, quiet_seconds=280))
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", script, sys.executable, "-m", "box", "--config", config.path, "once"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    peak_mb = int(done.stdout.split()[-1]) / 1000
    print(f"peak {peak_mb:.0f} MB")  # noqa: T201 - a figure
    assert jobs(config) == [(KIND, "completed", "")]
    assert words_of(library(config, "notes")["long.md"].decode()).count("fail better") == 2
    assert 100 < peak_mb < 400


def test_a_note_that_somebody_changed_stays_and_the_text_gets_a_file_of_its_own(make_root, listening):
    config = make_root()
    drop(config, "beckett.wav", speech.talk().read_bytes())
    (item,) = once(config)
    path = Path(config.box.root, str(item["note"]))
    path.write_text(path.read_text().replace("---\n", '---\nmy: "own"\n', 1) + "\nMy own words.")
    config = listening(exists=True)
    stands = (Path(config.box.root) / str(item["path"])).stat()
    with beside.beside(config) as there:
        there.engine.record(more_text(TRANSCRIBE, item, stands.st_size, stands.st_mtime_ns))
    (item,) = once(config)
    assert item["note"] == "users/me/notes/beckett-2.md"
    assert path.read_text().endswith("My own words.")
    text = note(config, item)
    assert BECKETT[0] in words_of(text)
    assert "My own words." in text
    assert front(text)["my"] == "own"


def test_recordings_that_were_there_before_are_listened_to_when_somebody_asks_once(make_root, listening):
    config = make_root()
    drop(config, "beckett.wav", speech.talk().read_bytes())
    once(config)
    config = listening(exists=True)
    for expected in (1, 0):
        with beside.beside(config) as there:
            there.engine.request(events.JobRequested(user="", kind="transcripts"))
        (item,) = once(config)
        assert item["marks"] == "transcribed"
        with beside.beside(config) as there:
            results = there.store.rows("SELECT result FROM jobs WHERE kind = 'transcripts' ORDER BY id")
        assert json.loads(results[-1][0]) == {"asked": expected}


def test_a_text_that_the_quota_has_no_room_for_is_not_written_and_comes_when_it_has(make_root, listening):
    config = make_root()
    drop(config, "beckett.wav", speech.talk().read_bytes())
    (before,) = once(config)
    config = listening(exists=True)
    with beside.beside(config) as there:
        used = there.store.value("SELECT used_bytes FROM accounts WHERE user = 'me'")
        there.engine.record(events.QuotaSet(user="me", quota_bytes=used + 100))
        there.engine.request(events.JobRequested(user="", kind="transcripts"))
    assert once(config) == [before]
    assert jobs(config) == [(KIND, "failed", "over-quota")]
    with beside.beside(config) as there:
        there.engine.record(events.QuotaSet(user="me", quota_bytes=None))
        there.engine.request(events.JobRequested(user="", kind="transcripts"))
    (item,) = once(config)
    assert item["marks"] == "transcribed"
    assert jobs(config)[-1] == (KIND, "completed", "")


@pytest.mark.parametrize("model", ["", "/nowhere", "unreadable"])
def test_without_a_model_the_item_stays_as_it_is_and_the_job_says_what_is_missing(make_root, tmp_path, model: str):
    if model == "unreadable":
        model = str(tmp_path / "model")
        for name in ("model.bin", "config.json", "tokenizer.json"):
            (tmp_path / "model").mkdir(exist_ok=True)
            (tmp_path / "model" / name).write_text("{}")
    config = make_root(speech__enabled=True, speech__model_path=model)
    with wave.open(str(tmp_path / "tone.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(16000))
    drop(config, "tone.wav", (tmp_path / "tone.wav").read_bytes())
    (item,) = once(config)
    assert jobs(config) == [(KIND, "failed", "no-speech-model")]
    assert item["reader"] == "sound"
    assert "Transcript" not in note(config, item)


def test_where_it_is_not_wanted_nobody_listens(make_root):
    config = make_root()
    drop(config, "beckett.wav", speech.talk().read_bytes())
    once(config)
    assert jobs(config) == []


@pytest.mark.parametrize("more", ["", '<podcast:transcript url="{url}/a.txt" type="text/plain"/>'])
def test_the_sound_of_an_episode_is_listened_to_unless_its_feed_says_what_is_said(listening, more: str):
    config = listening(podcasts__allow_private=True, podcasts__host_pause_seconds=0, podcasts__download=True)
    with serving() as site:
        site.pages["/feed"] = page(test_feed.show(site, 1, more))
        site.pages["/g0.mp3"] = page(speech.talk().read_bytes(), "audio/mpeg")
        site.pages["/a.txt"] = page("It was said.", "text/plain")
        test_feed.served(config, test_feed.subscribed(site))
    (item,) = once(config)
    assert jobs(config) == ([] if more else [(KIND, "completed", "")])
    text, facts = note(config, item), front(note(config, item))
    assert "Notes of Owl 0." in text
    if not more:
        assert all(words in words_of(text) for words in BECKETT)
        assert (item["reader"], item["marks"], facts["marks"]) == ("speech", "transcribed", ["transcribed"])
        assert facts["counts"] == {"seconds": 3723, "segments": text.count("\n["), "words": item["words"]}
        assert (facts["source"], facts["date"]) == (f"{site.url}/feed", "2024-05-06T08:00:00Z")
        assert (item["note_digest"], item["chars"]) == (blake3(text.encode()).hexdigest(), len(text))
    with beside.beside(config) as there:
        there.engine.request(events.JobRequested(user="", kind="transcripts"))
    once(config)
    assert len(jobs(config)) == (not more)


# --- windows ----------------------------------------------------------------------------------------------------------


def test_windows_hold_all_of_it_once_whatever_their_length_and_wherever_one_begins():
    def heard_in(start: float, seconds: float) -> tuple[list[float], np.ndarray]:
        with open(speech.talk(), "rb") as file:
            windows = list(Hearing(file, "audio/wav", "x").windows(start, seconds))
        assert all(len(sound) <= seconds * RATE for _, sound in windows)
        for (begin, sound), (after, _) in pairwise(windows):
            assert round(after * RATE) == round(begin * RATE) + len(sound)
        return [begin for begin, _ in windows], np.concatenate([sound for _, sound in windows])

    _, whole = heard_in(0, 600)
    for seconds in (2, 7.5):
        starts, sound = heard_in(0, seconds)
        assert len(starts) > 1
        assert (sound == whole).all()
        _, rest = heard_in(starts[1], seconds)
        assert (rest == whole[round(starts[1] * RATE) :]).all()


def test_a_window_is_cut_where_it_is_quiet():
    sound = np.full(20 * RATE, 1000, np.int16)
    sound[15 * RATE : 15 * RATE + RATE // 10] = 0
    assert 15 <= quietest(sound) / RATE <= 15.1


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=2000))
def test_a_cut_always_leaves_something_on_its_left(values: list[int]):
    sound = np.array(values, np.int16)
    assert 0 < quietest(sound) <= len(sound)


# --- what was heard so far --------------------------------------------------------------------------------------------

SEGMENTS = (Segment(0.0, 1.5, "One"), Segment(1.5, 2.0, "Zwölf \u2028 "), Segment(3.0, 4.0, '"]'))


@pytest.mark.parametrize("torn", range(0, 140, 7))
def test_a_torn_end_is_not_there_and_is_written_over(tmp_path: Path, torn: int):
    path = tmp_path / "deep" / "speech-x.jsonl"
    with Heard(str(path)) as first:
        for segment in SEGMENTS:
            first.add(segment)
        first.reached(5.0, "de")
    path.write_bytes(path.read_bytes()[: -torn or None])
    with Heard(str(path)) as again:
        found = list(again.segments)
        assert tuple(found) == SEGMENTS[: len(found)]
        assert again.position == (5.0 if torn == 0 else found[-1].end if found else 0.0)
        again.add(Segment(6.0, 7.0, "more"))
        again.reached(9.0, "de", is_complete=True)
    with Heard(str(path)) as last:
        assert last.segments == [*found, Segment(6.0, 7.0, "more")]
        assert (last.position, last.language, last.is_complete) == (9.0, "de", True)


def test_what_is_complete_and_old_goes_and_what_is_not_stays(tmp_path: Path):
    ages = {
        "speech-new": 0.0,
        "speech-done": 2.0,
        "speech-part": 2.0,
        "speech-lost": 20.0,
    }
    for name, days in ages.items():
        with Heard(str(tmp_path / name)) as file:
            file.reached(1.0, "", is_complete=name in {"speech-new", "speech-done"})
        at = time.time() - days * heard.KEEP_SECONDS
        os.utime(tmp_path / name, (at, at))
    heard.clear(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speech-new", "speech-part"]
