"""Projections: what the log adds up to. The rule: only a fold writes a projection, and `FOLDS` says which.

`PROJECTIONS` can be dropped and folded again from the log, with the same rows. `LIVE` tables are not in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from box import events as e
from box.events import Event, Recorded
from box.models import (
    answers,
    attempts,
    backed,
    backups,
    camera_clocks,
    chunks,
    claims_found,
    drops,
    episodes,
    feeds,
    files,
    holds,
    hosts,
    imports,
    items,
    job_history,
    job_moves,
    jobs,
    live,
    model_answers,
    model_usage,
    periodic,
    photos,
    ready,
    repositories,
    reservations,
    trash,
    usage,
    waits,
)
from box.models.base import Store, Table

PROJECTIONS: Final[tuple[type[Table], ...]] = (
    drops.Drop, files.File, photos.Photo, photos.PhotoDay, trash.Trashed, trash.TrashedPhoto, trash.KeptDay,
    camera_clocks.CameraClock, imports.Import,
    items.Item, items.ItemName, items.LibraryCount, model_usage.ModelUsage, feeds.Feed, episodes.Episode,
    usage.Usage, usage.Account, reservations.Reservation, jobs.Job, jobs.JobCount, waits.Wait, answers.Asker,
    attempts.Attempt, attempts.Step, holds.Hold, backups.Backup,
    periodic.Plan,
)  # fmt: skip
LIVE: Final[tuple[type[Table], ...]] = (
    live.Lease, live.Journal, live.Folder, backed.Backed, backed.Replica, repositories.Repository,
    repositories.Reading, chunks.Chunk, chunks.Edition, claims_found.Claim, model_answers.ModelAnswer, hosts.Host,
)  # fmt: skip
INDEXES: Final = (
    *drops.INDEXES, *photos.INDEXES, *items.INDEXES, *feeds.INDEXES, *jobs.INDEXES, *ready.INDEXES, *waits.INDEXES,
    *attempts.INDEXES, *chunks.INDEXES, *claims_found.INDEXES,
)  # fmt: skip

type_fold = Callable[[Store, Recorded, Any], None]

FOLDS: Final[dict[type[Event], tuple[type_fold, ...]]] = {
    e.FileSettled: (drops.on_settled,),
    e.FileNoticed: (files.on_put, photos.on_noticed, items.on_noticed, trash.on_gone),
    e.FileVanished: (
        drops.on_vanished, files.on_vanished, camera_clocks.on_leaving, photos.on_vanished, items.on_gone,
        trash.on_gone,
    ),
    e.FilePlaced: (files.on_put,),
    e.FileQuarantined: (drops.on_taken, files.on_put),
    e.PhotoFiled: (
        drops.on_taken, files.on_put, camera_clocks.on_leaving, photos.on_filed, camera_clocks.on_standing,
    ),
    e.DropJoined: (job_moves.on_joined, drops.on_joined),
    e.CompanionFiled: (drops.on_taken, files.on_put),
    e.FileMoved: (files.on_moved, camera_clocks.on_moving, photos.on_moved, items.on_moved, trash.on_moved),
    e.DropReturned: (
        files.on_returned, camera_clocks.on_returned, photos.on_returned, drops.on_returned, job_moves.on_returned,
    ),
    e.PhotoRedated: (camera_clocks.on_leaving, photos.on_redated, camera_clocks.on_standing),
    e.DocumentRead: (drops.on_taken, files.on_put, items.on_read),
    e.DocumentDescribed: (items.on_described,),
    e.NoteRewritten: (items.on_rewritten,),
    e.DocumentIndexed: (items.on_indexed,),
    e.ClaimsExtracted: (items.on_examined,),
    e.UsageRecorded: (model_usage.on_used,),
    e.FeedSubscribed: (feeds.on_subscribed,),
    e.FeedUnsubscribed: (feeds.on_unsubscribed,),
    e.FeedFetched: (feeds.on_fetched,),
    e.FeedMoved: (feeds.on_moved,),
    e.FeedFailed: (feeds.on_failed,),
    e.EpisodeFiled: (feeds.on_filed,),
    e.EpisodeDownloaded: (files.on_put, items.on_downloaded, episodes.on_downloaded),
    e.EpisodeMissed: (episodes.on_missed,),
    e.DuplicateDropped: (drops.on_taken, items.on_duplicate),
    e.FileImported: (imports.on_imported,),
    e.ImportUndone: (imports.on_undone,),
    e.PhotoTrashed: (files.on_moved, camera_clocks.on_returned, trash.on_trashed),
    e.PhotoReturned: (files.on_moved, camera_clocks.on_leaving, trash.on_returned, camera_clocks.on_standing),
    e.FileRemoved: (
        files.on_removed, camera_clocks.on_leaving, photos.on_vanished, items.on_gone, trash.on_gone,
    ),
    e.PhotosKept: (photos.on_kept, trash.on_kept),
    e.QuotaSet: (usage.on_quota_set,),
    e.QuotaExceeded: (drops.on_exceeded,),
    e.SpaceReserved: (reservations.on_reserved,),
    e.FileWeighed: (files.on_weighed,),
    e.UsageCorrected: (usage.on_corrected,),
    e.UsageUpdated: (usage.on_updated,),
    e.JobRequested: (
        job_moves.on_requested, drops.on_requested, periodic.on_requested, feeds.on_requested,
        episodes.on_requested,
    ),
    e.JobAskedAgain: (answers.on_asked_again,),
    e.JobDue: (job_moves.on_due,),
    e.JobStarted: (job_moves.on_started,),
    e.JobReleased: (job_moves.on_released,),
    e.JobSucceeded: (job_moves.on_succeeded,),
    e.JobFailed: (job_moves.on_failed,),
    e.JobCancelRequested: (job_moves.on_cancel_requested,),
    e.JobCancelled: (job_moves.on_cancelled,),
    e.JobQuarantined: (job_moves.on_quarantined,),
    e.JobRetried: (job_moves.on_retried,),
    e.JobStepped: (attempts.on_stepped,),
    e.KindHeld: (holds.on_held,),
    e.KindResumed: (holds.on_resumed,),
    e.PeriodicPlanned: (periodic.on_planned,),
    e.BackupFinished: (backups.on_finished,),
    e.BackupStopped: (backups.on_stopped,),
    e.BackupVerified: (backups.on_verified,),
    e.DatabaseRestored: (),
    e.EventsArchived: (),
    e.JobsArchived: (job_history.on_archived,),
}  # fmt: skip
"""What follows for the tables from each event, in order. Every event of the vocabulary stands here."""


def create(store: Store) -> None:
    """Make the tables and indexes that are not there yet."""
    store.create((*PROJECTIONS, *LIVE), *INDEXES)


def fold(store: Store, recorded: Recorded) -> None:
    """Bring the projections up to date with one event, inside the caller's transaction."""
    for each in FOLDS[type(recorded.event)]:
        each(store, recorded, recorded.event)


def renew(store: Store) -> None:
    """Drop every projection and make it anew, empty, inside the caller's transaction."""
    for model in PROJECTIONS:
        table = model._meta.table_name
        if store.columns(table):
            store.execute(f"DELETE FROM {table}")  # measured: DROP keeps every page of a full table in memory
            store.execute(f"DROP TABLE {table}")
    create(store)


def are_outdated(store: Store) -> bool:
    """Whether another version of Box made the projections, with other columns."""
    wanted = {model._meta.table_name: {f.column_name for f in model._meta.sorted_fields} for model in PROJECTIONS}
    return any(store.columns(table) not in (set(), columns) for table, columns in wanted.items())
