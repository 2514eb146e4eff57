"""Standing problems: what the projections say is wrong, for as long as they say it. The rule: read, never written.

What costs grows with users, cameras and destinations, never with files.
"""

from __future__ import annotations

from collections.abc import Mapping

from box.models import backups, camera_clocks, drops, feeds, usage
from box.models.base import Store
from box.policy import Policy, quota
from box.web.addresses import shown


def problems(store: Store, policy: Policy, soft_percent: int, engine: str) -> Mapping[str, Mapping[str, str]]:
    """code -> subject -> message; every code stands here, so that what is no longer wrong can be taken away."""
    return {
        "quota-exceeded": _exceeded(store),
        "quota-soft": _nearly(store, policy, soft_percent),
        "bitrot": _decayed(store, engine),
        "camera-clock": _clocks(store),
        "feed-dead": _feeds(store),
    }


def _exceeded(store: Store) -> dict[str, str]:
    return {
        user: f"{count} files of {user} wait in the inbox for room in the quota: remove something or raise it"
        for user, count in drops.waiting_counts(store).items()
    }


def _nearly(store: Store, policy: Policy, soft_percent: int) -> dict[str, str]:
    found = {}
    for user, each in usage.accounts(store).items():
        limit = quota(policy, user, is_set=each.quota_is_set, set_bytes=each.quota_bytes)
        charged = each.used_bytes + each.reserved_bytes
        if limit and 100 * charged >= soft_percent * limit:
            found[user] = (
                f"{user} has used {100 * charged // limit} % of the quota: remove something or raise it before drops"
                " have to wait"
            )
    return found


def _decayed(store: Store, engine: str) -> dict[str, str]:
    return {
        each.destination: f"The repository {each.path} is damaged: nothing in it counts as backed up until it is"
        " repaired by hand, and `box do verify-backup` has read all of it"
        if engine == "restic"
        else f"{each.damaged} files of the backup at {each.path} are damaged, there or here: `box jobs"
        " --kind verify-backup` says which; `box do verify-backup repair=true` copies the good side over the other"
        for each in backups.all_of(store)
        if each.damaged
    }


def _feeds(store: Store) -> dict[str, str]:
    return {
        f"{each.user} {each.url}": f"The feed {each.title or shown(each.url)} of {each.user} is not asked any more:"
        f" {each.message}. `box feeds add` tries it again, `box feeds remove` forgets it"
        for each in feeds.dead(store)
    }


def _clocks(store: Store) -> dict[str, str]:
    counted: dict[str, int] = {}
    for each in camera_clocks.all_of(store):
        counted[each.camera] = counted.get(each.camera, 0) + each.photos
    return {camera: _clock(camera, count) for camera, count in counted.items()}


def _clock(camera: str, count: int) -> str:
    told = (
        f"The clock of {camera or 'an unknown camera'} was wrong: {count} of its photos bear a time that cannot be"
        " right and lie under undated/."
    )
    mend = f' If you know by how much: `box do redate camera="{camera}" shift="+3 days 02:00:00"`'
    return told + mend if camera else told
