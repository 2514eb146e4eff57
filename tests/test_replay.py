"""Rebuild equals live: any history that the engine accepts folds to the same rows again, byte for byte."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box import events as e
from box.engine import Engine, create, rebuild
from box.errors import IllegalMove
from box.models import camera_clocks, jobs, usage
from box.models.base import Store
from box.policy import Policy
from box.verify import log_differences, sum_differences
from tests.helpers import REPOSITORY, projections

USERS = ("ada", "bob")
NAMES = ("a.jpg", "a.jpg.xmp", "a.json", "b'.jpg", "c\n.jpg", "d\\xff.jpg", "é 🦉.jpg")
POLICY = Policy(kinds={"image/jpeg": "photo"}, attempts_max=3, quota_default_bytes=60, groups="photo")


def some_event(draw: random.Random, store: Store) -> e.Event:
    """Anything that could happen next, legal or not."""
    user, name = draw.choice(USERS), draw.choice(NAMES)
    inbox, photo = f"users/{user}/inbox/{name}", f"users/{user}/photos/{name}"
    size = draw.randrange(1, 30)
    some = [(0, ""), *store.rows("SELECT id, lease FROM jobs ORDER BY id DESC LIMIT 12")]
    job, lease = draw.choice(some)
    lease = draw.choice(("L1", "L2", lease or "L1", lease or "L2"))  # most often the one that may speak
    feed = draw.choice((0, *(row[0] for row in store.rows("SELECT id FROM feeds LIMIT 5"))))
    own = {"user": user, "job": job, "lease": lease}
    return draw.choice(
        (
            e.FileSettled(
                user=user, path=inbox, size=size, mtime_ns=size, inode=1, media_type=draw.choice(("image/jpeg", ""))
            ),
            e.FileVanished(user=user, path=draw.choice((inbox, photo))),
            e.FileNoticed(user=user, path=photo, size=size, mtime_ns=1),
            e.FilePlaced(user=user, path=f"users/{user}/thumbnails/{name}", size=size, mtime_ns=1),
            e.FileQuarantined(
                user=user, source=inbox, path=f"users/{user}/quarantine/{name}", size=size, mtime_ns=1, code="x",
                message="",
            ),
            e.DocumentRead(
                user=user, source=inbox, path=f"users/{user}/media/2024/{name}", size=size, mtime_ns=1,
                digest=str(size), media_type="text/plain", note=f"users/{user}/notes/{name}.md", note_digest=str(size),
                item_kind="document", title=name, chars=size, words=1, cover=draw.choice(("", photo)),
            ),
            e.DocumentDescribed(
                user=user, item=draw.choice((0, *(row[0] for row in store.rows("SELECT id FROM items LIMIT 5")))),
                title=name, tags=draw.choice(("", "a\nb")),
            ),
            e.NoteRewritten(
                user=user, item=draw.choice((0, *(row[0] for row in store.rows("SELECT id FROM items LIMIT 5")))),
                note=f"users/{user}/notes/{name}.md", size=size, mtime_ns=2, note_digest="x", reader="speech",
                reader_version=1, language=draw.choice(("", "en")), job=job, counts=draw.choice(("", "{}")),
            ),
            e.DocumentIndexed(
                user=user, item=draw.choice((0, *(row[0] for row in store.rows("SELECT id FROM items LIMIT 5")))),
                note_digest=draw.choice(("", str(size))), chunks=draw.randrange(3), chunker_version=1,
            ),
            e.ClaimsExtracted(
                user=user, item=draw.choice((0, *(row[0] for row in store.rows("SELECT id FROM items LIMIT 5")))),
                note_digest=str(size), claims=draw.randrange(3), chunks=1, extractor="rules", extractor_version=1,
            ),
            e.UsageRecorded(
                user=user, provider=draw.choice(("127.0.0.1:8080", "example.org")), model="m", purpose="claims",
                tokens_in=size, tokens_out=draw.randrange(3), cost_millionths=draw.randrange(3), milliseconds=size,
                failure=draw.choice(("", "deadline")), job=job,
            ),
            e.FeedSubscribed(user=user, url=f"https://example.org/{draw.randrange(3)}", title=name),
            e.FeedUnsubscribed(user=user, feed=feed),
            e.FeedFetched(
                user=user, feed=feed, title=draw.choice(("", name)), etag=str(size), next_at=draw.choice(("", "2030")),
                unchanged=draw.choice((True, False)), more=draw.choice((True, False, False)),
            ),
            e.FeedMoved(user=user, feed=feed, url=f"https://example.org/{draw.randrange(3)}", previous="x"),
            e.FeedFailed(user=user, feed=feed, code="c", message="m", next_at=draw.choice(("", "2030"))),
            e.EpisodeFiled(
                user=user, feed=feed, episode=name, item_source=inbox, transcript=draw.choice(("", "t")), audio="a"
            ),
            e.EpisodeDownloaded(
                user=user, feed=feed, episode=name, path=f"users/{user}/media/2024/{name}", size=size, mtime_ns=1,
                digest=str(size), media_type="audio/mpeg",
            ),
            e.EpisodeMissed(
                user=user, feed=feed, episode=name, code="c", message="m", next_at=draw.choice(("", "2030"))
            ),
            e.FileVanished(
                user=user, path=f"users/{user}/{draw.choice(('media/2024/' + name, 'notes/' + name + '.md'))}"
            ),
            e.PhotoFiled(
                user=user, source=inbox, path=photo, size=size, mtime_ns=1, digest=str(size), media_type="image/jpeg",
                width=1, height=1, taken_at=draw.choice(("", "2024-05-04T10:11:12", "2024-05-05T00:00:00+02:00")),
                make=draw.choice(("", "Owl")), model=draw.choice(("Owl 1", "X")), doubt=draw.choice(("", "", "future")),
            ),
            e.CompanionFiled(user=user, source=inbox, path=photo, size=size, mtime_ns=1, main=draw.choice(("", photo))),
            e.DropJoined(user=user, job=job, path=inbox, size=size),
            e.FileMoved(
                user=user, source=photo, path=f"users/{user}/photos/{draw.choice(NAMES)}", size=size, mtime_ns=1,
                thumbnail=draw.choice(("", f"users/{user}/thumbnails/{name}")),
            ),
            e.DropReturned(
                user=user, source=photo, path=inbox, size=size, mtime_ns=1, inode=1, media_type="image/jpeg", job=job
            ),
            e.PhotoRedated(
                user=user, path=photo, taken_at="2024-05-06T00:00:00", day=draw.choice(("", "2024-05-06")), job=job
            ),
            e.DuplicateDropped(user=user, source=inbox, kept=photo, digest=str(size), size=size),
            e.FileRemoved(
                user=user, path=draw.choice((photo, f"users/{user}/thumbnails/{name}")), size=size, why="temp", job=job
            ),
            e.FileImported(
                user=user, name="card", volume=draw.choice(("", "1234-ABCD")), path=inbox,
                place=draw.choice((name, f"DCIM/{name}")), size=size, mtime_ns=1, digest=str(size), job=job,
            ),
            e.ImportUndone(user=user, name="card", volume="1234-ABCD", place=f"DCIM/{name}", path=inbox, job=job),
            e.PhotoTrashed(
                user=user, source=photo, path=f"users/{user}/trash/2026-11-21/photos/{draw.choice(NAMES)}", size=size,
                mtime_ns=1, digest=str(size), job=job,
            ),
            e.PhotoReturned(
                user=user, source=f"users/{user}/trash/2026-11-21/photos/{name}", path=photo, size=size, mtime_ns=1,
                job=job, thumbnail=draw.choice(("", f"users/{user}/thumbnails/{name}")),
            ),
            e.FileRemoved(
                user=user, path=draw.choice((photo, f"users/{user}/trash/2026-11-21/photos/{name}")), size=size,
                digest=str(size), why="trash", job=job,
            ),
            e.PhotosKept(user=user, path=photo, kept=draw.choice((True, False))),
            e.PhotosKept(user=user, day="2024-05-04", kept=draw.choice((True, False))),
            e.BackupFinished(
                destination=draw.choice("uv"), path=draw.choice(("/a", "/b")), files=1, bytes=size, files_held=2,
                asked=draw.choice(("", "auto")), job=job,
            ),
            e.BackupStopped(
                destination=draw.choice(("", "u")), path=draw.choice(("/a", "auto")), code="c", reason="r", job=job
            ),
            e.BackupVerified(destination="u", path=draw.choice(("/a", "/b")), files=1, bytes=size, damaged=size % 2),
            e.QuotaSet(user=user, quota_bytes=draw.choice((None, 0, 40, 100))),
            e.SpaceReserved(**own, size=size, quota_bytes=draw.choice((None, 30, 90))),
            e.FileWeighed(user=user, path=photo, charged_bytes=draw.choice((0, 3, -1, size))),
            e.UsageUpdated(user=user, bytes=draw.choice((size, -size))),
            corrected(store, user, draw.choice(("", "inbox", "photos", "thumbnails"))),
            e.JobRequested(user=user, kind=draw.choice(("photo", "backup")), key=draw.choice(("", "k"))),
            e.JobRequested(
                user=user, kind="call", exclusive=draw.choice(("", "x")), after=draw.choice(((job,), (job, job), ())),
                answer=draw.choice(("", inbox)), not_before=draw.choice(("", "2030")), reserve_bytes=size,
            ),
            e.JobAskedAgain(user=user, job=job, answer=inbox),
            e.JobStepped(**own, what="w", undo=draw.choice(("", '["a:b", []]'))),
            e.KindHeld(kind=draw.choice(("", "photo")), until=draw.choice((0, job))),
            e.KindResumed(kind=draw.choice(("", "photo"))),
            e.JobFailed(user=user, job=job, lease="", code="ttl-age", message="it waited for too long"),
            e.JobCancelled(user=user, job=job, reason="it waited for too long"),
            e.PeriodicPlanned(name="p", plan="0 3 * * *", slot=str(draw.randrange(9)), ahead=draw.choice(("", "9"))),
            e.JobRequested(kind="backup", periodic="p", slot=str(draw.randrange(9))),
            e.JobStarted(**own), e.JobStarted(**own),
            e.JobReleased(
                **own, reason="r", counted=draw.choice((True, False)), not_before=draw.choice(("", "2030")),
                code=draw.choice(("", "c")),
            ),
            e.JobSucceeded(**own, result="{}"),
            e.JobFailed(
                **own, code="c", message="m", retry_at=draw.choice(("", "2030")), error_class="E", traceback="T",
                needs_bytes=draw.choice((0, 7)),
            ),
            e.JobCancelled(**own, reason="r"),
            e.JobQuarantined(**own, code="c", message="m"),
            e.JobCancelRequested(user=user, job=job),
            e.JobRetried(user=user, job=job), e.JobDue(user=user, job=job),
        )
    )  # fmt: skip


def corrected(store: Store, user: str, area: str) -> e.UsageCorrected:
    """What would be put right of a sum, which is right already."""
    files, size = usage.by_area(store, user).get(area, (0, 0))
    return e.UsageCorrected(user=user, area=area, files=files, bytes=size)


def test_the_random_histories_know_every_event_but_those_of_the_archive(store: Store):
    live(store, 0, 3000)
    seen = {kind for (kind,) in store.rows("SELECT DISTINCT kind FROM events")}
    assert seen == {event.__name__ for event in e.ALL} - {"DatabaseRestored", "EventsArchived", "JobsArchived"}


def live(store: Store, seed: int, steps: int) -> None:
    draw = random.Random(seed)
    engine = Engine(store, POLICY, commit_seconds=0)
    for _ in range(steps):
        try:
            engine.transact(lambda t: [t.record(some_event(draw, store)) for _ in range(draw.choice((1, 1, 1, 3)))])
        except IllegalMove:
            continue


@pytest.mark.parametrize("seed", range(12))
def test_a_random_history_folds_to_the_same_rows_again(store: Store, tmp_path: Path, seed: int):
    live(store, seed, 250)
    before = projections(store)
    assert any(before.values())
    assert list(log_differences(store, str(tmp_path))) == []
    assert rebuild(store) == store.value("SELECT count(*) FROM events")
    assert projections(store) == before


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 80))
def test_what_holds_after_every_history(seed: int, steps: int):
    """Sums equal rows, nothing is below zero, nothing is set aside for what has ended, counts equal the jobs."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder + "/box.db")
        create(store)
        live(store, seed, steps)
        assert list(sum_differences(store)) == []
        counted: dict[str, dict[str, int]] = {}
        for kind, state, number in store.rows("SELECT kind, state, count(*) FROM jobs GROUP BY 1, 2"):
            counted.setdefault(kind, {})[state] = number
        kept = {k: {s: n for s, n in v.items() if n} for k, v in jobs.counts(store).items()}
        assert {k: v for k, v in kept.items() if v} == counted
        for user in USERS:
            reserved = store.value(
                "SELECT (SELECT coalesce(sum(reserve_bytes), 0) FROM jobs WHERE user = ?"
                " AND state IN ('queued', 'running'))"
                " + (SELECT coalesce(sum(bytes), 0) FROM reservations WHERE user = ?)",
                (user, user),
            )
            assert usage.balance(store, user).reserved_bytes == reserved
            assert all(files >= 0 and size >= 0 for files, size in usage.by_area(store, user).values())
            assert min(usage.balance(store, user).used_bytes, usage.balance(store, user).elsewhere_bytes) >= 0
        running = "SELECT 1 FROM reservations WHERE job NOT IN (SELECT id FROM jobs WHERE state = 'running')"
        assert store.rows(running) == []
        photo_days = store.rows("SELECT user, day, count(*), sum(size) FROM photos GROUP BY 1, 2 ORDER BY 1, 2")
        assert store.rows("SELECT user, day, photos, bytes FROM photo_days ORDER BY 1, 2") == photo_days
        doubtful = store.rows(
            "SELECT user, CASE WHEN model LIKE make || '%' THEN model ELSE make || ' ' || model END, doubt, count(*)"
            " FROM photos WHERE doubt <> '' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        assert [(c.user, c.camera, c.doubt, c.photos) for c in camera_clocks.all_of(store)] == doubtful
        trashed = "SELECT folder, name FROM trashed_photos EXCEPT SELECT folder, name FROM trash"
        assert store.rows(trashed) == [], "what is known of a photo in the trash goes with its file"
        assert store.rows("SELECT folder, name FROM trash EXCEPT SELECT folder, name FROM files") == []
        positions = [p for (p,) in store.rows("SELECT position FROM events ORDER BY position")]
        assert positions == list(range(1, len(positions) + 1))
        store.close()


def test_projections_of_an_older_version_are_folded_again(store: Store):
    live(store, 3, 150)
    before = projections(store)
    store.execute("ALTER TABLE jobs DROP COLUMN result")
    store.execute("ALTER TABLE files ADD COLUMN colour TEXT")
    create(store)
    assert projections(store) == before


_RENEWED = """
import resource, sys
from box import engine, models
from box.models.base import Store
store = Store(sys.argv[1])
engine.create(store)
with store.transaction():
    store.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
                  " INSERT INTO files SELECT 'users/me/photos', i || hex(zeroblob(60)), i, i, i FROM n")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with store.transaction():
    models.renew(store)
print(store.file_bytes() // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_making_the_tables_anew_takes_little_memory_however_full_they_were(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", _RENEWED, str(tmp_path / "box.db")], cwd=REPOSITORY, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    database_kib, more_kib = map(int, done.stdout.split())
    assert database_kib > 30_000
    assert more_kib < 8_000


def test_a_changed_row_is_found_and_named(store: Store, tmp_path: Path):
    live(store, 1, 100)
    job = store.value("SELECT max(id) FROM jobs")
    store.execute("UPDATE jobs SET attempts = attempts + 7 WHERE id = ?", (job,))
    store.execute("UPDATE usage SET bytes = bytes + 1 WHERE user = 'ada' AND area = 'inbox'")
    found = [str(each) for each in (*log_differences(store, str(tmp_path)), *sum_differences(store))]
    assert len(found) == 3
    assert any(f"jobs {job}" in text and "attempts=" in text for text in found)
    assert any("ada inbox" in text for text in found)
