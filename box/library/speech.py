"""What is said in a recording, by a Whisper model in a folder. The rule: window by window, and nothing from elsewhere.

The model is loaded once for a recording and fetched from nowhere: what is not in its folder is not there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, Any, Final

from box.errors import BoxError
from box.library.heard import Heard, Segment
from box.library.hearing import RATE, Hearing, is_silent
from box.library.reading import Progress

MODEL_FILES: Final = ("model.bin", "config.json", "tokenizer.json")
PACKAGE: Final = "faster_whisper"
CODE: Final = "no-speech-model"

DAMAGED: Final = "sound-damaged"
"""The mark of a recording of which pieces could not be decoded."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides what comes out."""

    model_path: str
    language: str
    beam: int
    threads: int
    window_seconds: float

    @property
    def identity(self) -> str:
        """All of it but the number of threads, as a text; with the model's size and time, as it may be replaced."""
        status = os.stat(os.path.join(self.model_path, MODEL_FILES[0]))
        model = f"{self.model_path}:{status.st_size}:{status.st_mtime}"
        return f"{model}:{self.language}:{self.beam}:{self.window_seconds:g}"


def settings_of(section: Mapping[str, Any]) -> Settings:
    """The section `speech` of the configuration. Raises BoxError where it cannot work, with what to do."""
    path = section["model_path"]
    why = ""
    if not path:
        why = "speech.model_path is empty: it names the folder of a Whisper model for CTranslate2"
    elif missing := [name for name in MODEL_FILES if not os.path.isfile(os.path.join(path, name))]:
        why = f"speech.model_path: {path} has no {', '.join(missing)}: it is no Whisper model for CTranslate2"
    elif find_spec(PACKAGE) is None:
        why = "faster-whisper is not installed: `pip install 'box-worker[speech]'`"
    if why:
        error = BoxError(f"{why}; then `box jobs retry`")
        error.code = CODE
        raise error
    return Settings(path, section["language"], section["beam"], section["threads"], section["window_seconds"])


def transcribe(
    file: IO[bytes], media_type: str, name: str, seconds: float, settings: Settings, heard: Heard, progress: Progress
) -> tuple[str, ...]:
    """Hear all that `heard` does not hold yet; marks. Raises Unprocessable for what cannot be decoded."""
    hearing = Hearing(file, media_type, name)
    if heard.is_complete:
        return ()
    model = _load(settings)
    total = round(seconds) or None  # a feed need not say how long it is
    language = settings.language or heard.language
    end = heard.position
    progress(done=round(end), total=total, message="listening")
    for start, sound in hearing.windows(heard.position, settings.window_seconds):
        end = start + len(sound) / RATE
        if not is_silent(sound):
            # Each window by itself: what was said before would be said again and again where it is mistaken.
            said, info = model.transcribe(
                sound, language=language or None, beam_size=settings.beam, condition_on_previous_text=False
            )
            for each in said:
                segment = Segment(round(start + each.start, 3), round(min(start + each.end, end), 3), each.text.strip())
                if segment.text:
                    heard.add(segment)
                progress(done=round(segment.end), total=total, message="listening")
            language = language or info.language
        heard.reached(end, language)
        progress(done=round(end), total=total, message="listening")
    heard.reached(end, language, is_complete=True)
    return (DAMAGED,) if hearing.damaged else ()


def _load(settings: Settings) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    from faster_whisper import WhisperModel  # noqa: PLC0415 - it takes half a second and 100 MB

    try:
        return WhisperModel(
            settings.model_path, device="cpu", compute_type="int8", cpu_threads=settings.threads, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        failed = BoxError(f"speech.model_path: the model in {settings.model_path} cannot be loaded: {str(error)[:300]}")
        failed.code = CODE
        raise failed from error
