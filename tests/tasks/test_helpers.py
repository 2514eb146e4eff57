"""Programs that help the child: one exiftool for many files, and none that outlives the child."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from box.config import as_dict
from box.sections import Photos
from box.tasks.child import Child, ChildLimits
from box.tasks.handler import Found, Request
from tests.helpers import has_ended

LIMITS = ChildLimits(
    memory_bytes=512_000_000, cpu_seconds=60, deadline_seconds=60, file_bytes=10**7, open_files_max=64, files_max=10**6
)
OPTIONS = {"photos": as_dict(replace(Photos(), thumbnail_pixels=100, pixels_max=10**8))}


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child(LIMITS, OPTIONS)
    yield made
    made.close()


def asked(path: Path, tmp_path: Path) -> Request:
    status = path.stat()
    return Request(1, "me", str(path), status.st_size, status.st_mtime_ns, status.st_ino, str(tmp_path / "scratch"))


def found(child: Child, *requests: Request) -> list[Found]:
    answers = [answer for _, answer in child.perform("photo", requests)]
    assert all(isinstance(answer, Found) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Found)]


def helpers(pid: int | None) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_one_exiftool_serves_batch_after_batch_and_ends_with_the_child(corpora, child, tmp_path):
    request = asked(corpora / "makers/CanonRaw.cr2", tmp_path)
    (first,) = found(child, request)
    assert first.facts["taken_at"] == "2005-08-03T18:59:18"
    assert first.facts["serial"] == "0123456789"
    before, (helper,) = child.pid, helpers(child.pid)
    found(child, request, request)
    assert (child.pid, helpers(child.pid)) == (before, [helper])
    assert child.stop_if_idle(0)
    assert has_ended(helper)


def test_no_picture_starts_an_exiftool(corpora, child, tmp_path):
    found(child, asked(corpora / "exif-samples/jpg/Nikon_D70.jpg", tmp_path))
    found(child, asked(corpora / "exif-samples/heic/IMG_5195.HEIC", tmp_path))
    assert helpers(child.pid) == []


def test_an_exiftool_dies_with_a_child_that_is_killed(corpora, child, tmp_path):
    request = asked(corpora / "makers/CanonRaw.cr2", tmp_path)
    found(child, request)
    (helper,) = helpers(child.pid)
    os.kill(child.pid or 0, signal.SIGKILL)
    assert has_ended(helper)
    found(child, request)


def test_an_exiftool_dies_with_a_service_that_is_killed(corpora, tmp_path):
    path = corpora / "makers/CanonRaw.cr2"
    program = (
        f"import signal\nfrom pathlib import Path\n"
        f"from tests.tasks.test_helpers import LIMITS, OPTIONS, Child, asked, found, helpers\n"
        f"child = Child(LIMITS, OPTIONS)\nfound(child, asked(Path({str(path)!r}), Path({str(tmp_path)!r})))\n"
        f"print(*helpers(child.pid), flush=True)\nsignal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as service:
        assert service.stdout
        helper = int(service.stdout.readline())
        service.kill()
    assert has_ended(helper)


def test_an_exiftool_has_its_processor_time_for_each_file_anew(corpora, tmp_path):
    """Its limit counts from its start: one that is inherited from the first file would end it some thousand later."""
    child = Child(replace(LIMITS, cpu_seconds=1), OPTIONS)
    try:
        found(child, asked(corpora / "makers/CanonRaw.cr2", tmp_path))
        (helper,) = helpers(child.pid)
        resource.prlimit(helper, resource.RLIMIT_CPU, (1, resource.prlimit(helper, resource.RLIMIT_CPU)[1]))
        found(child, asked(corpora / "makers/CanonRaw.cr2", tmp_path))
        assert resource.prlimit(helper, resource.RLIMIT_CPU)[0] > 1
        assert helpers(child.pid) == [helper]
    finally:
        child.close()


def test_a_film_has_a_thumbnail_also_where_memory_is_short(tmp_path):
    path = tmp_path / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=1280x720:rate=10:duration=2", "-c:v", "mpeg4"]
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", *source, str(path)], check=True)
    child = Child(replace(LIMITS, memory_bytes=200_000_000), OPTIONS)
    try:
        (film,) = found(child, asked(path, tmp_path))
    finally:
        child.close()
    assert len(film.placements) == 2


def test_an_exiftool_that_hangs_costs_the_child_nothing_but_time(corpora, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "exiftool").write_text("#!/bin/sh\nexec sleep 3600\n")
    (folder / "exiftool").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    child = Child(replace(LIMITS, deadline_seconds=10), OPTIONS)
    try:
        (first,) = found(child, asked(corpora / "makers/CanonRaw.cr2", tmp_path))
        assert first.facts["taken_at"] == "2005-08-03T18:59:18"
        assert first.facts["serial"] == ""
        assert helpers(child.pid) == []
    finally:
        child.close()
