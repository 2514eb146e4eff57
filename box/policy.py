"""Policy: what the owner decided, as far as rules need it. The rule: made from the configuration, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules go by."""

    kinds: Mapping[str, str]
    """media type -> kind of job."""
    attempts_max: int
    quarantine_after: int = 3
    """The same code so many times in a row takes a job to quarantine."""
    limits_by_kind: Mapping[str, tuple[int, int]] | None = None
    """kind -> (attempts_max, quarantine_after), where they are others than these two."""
    in_place: frozenset[str] = frozenset()
    """Kinds of job that also read what lies in the library already."""
    claims: bool = False
    """Texts are examined for claims."""
    groups: str = ""
    """The kind of job that takes a whole group of files; empty for none."""
    group_wait_seconds: float = 0.0
    """How long what is about another file waits for that one."""
    quota_default_bytes: int | None = None
    quota_bytes: Mapping[str, int | None] | None = None
    """user -> limit, from the configuration; `box quota set` goes before it."""

    feeds_seconds: float = 0.0
    """How often feeds are fetched by themselves; 0 for never."""
    feed_failures_max: int = 10
    """After so many failures in a row a feed is dead."""
    transcribes: bool = False
    """Whether what is said in recordings becomes text."""
    recognises: bool = False
    """Whether pages that are pictures of text are read."""
    embeds: bool = False
    """Whether vectors of texts are made."""
    sounds_max: int = 0
    """Of so many of the newest episodes of a feed the sound is fetched."""
    sound_bytes_max: int = 0

    def limits(self, kind: str) -> tuple[int, int]:
        """(attempts_max, quarantine_after) of a kind."""
        return (self.limits_by_kind or {}).get(kind, (self.attempts_max, self.quarantine_after))


def quota(policy: Policy, user: str, *, is_set: bool, set_bytes: int | None) -> int | None:
    """A user's limit in bytes, None for none: what was set by command, else by configuration, else the default."""
    if is_set:
        return set_bytes
    return (policy.quota_bytes or {}).get(user, policy.quota_default_bytes)
