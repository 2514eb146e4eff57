"""Claims that were found: sentences of items that can be checked. The rule: an item's are replaced together.

They are derived from the chunks, so they are not in the log; that an item was examined, by whom and with how many
claims, is. Which items are to be examined is said here and nowhere else: *missing* are those that this extractor in
this version never examined; *stale* are these too, and what was examined in another text than is in the index now, or
too long ago. Where nobody is to examine anything, *gone* are those whose claims are of a text that is no longer there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import peewee

from box.models.base import Store, Table


class Claim(Table):
    """A sentence, or a part of one, that states something."""

    item = peewee.BigIntegerField()
    start = peewee.BigIntegerField()
    stop = peewee.BigIntegerField()
    """`note[start:stop]` is what was found, in characters."""
    chunk = peewee.IntegerField()
    """Number of the chunk that it was found in."""
    score = peewee.DoubleField()
    reasons = peewee.TextField()
    """Separated by spaces."""
    text = peewee.TextField()
    """Normalised: small letters without accents, words with one space between them. It is what is searched."""
    text_digest = peewee.TextField()
    """Of that: the same claim in other items has the same."""

    class Meta:
        table_name = "claims"
        primary_key = peewee.CompositeKey("item", "start", "stop")
        without_rowid = True


INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS claim_text ON claims (text_digest)",
    # The oldest first, of each user by itself.
    "CREATE INDEX IF NOT EXISTS item_examined ON items (user, examined_at, id)",
)

type_claim = tuple[int, int, int, float, str, str, str]
"""Start, stop, chunk, score, reasons, text, digest of the text."""


def replace(store: Store, item: int, claims: Iterable[type_claim]) -> None:
    """These are the claims of an item from now on, none perhaps."""
    store.execute("DELETE FROM claims WHERE item = ?", (item,))
    store.execute_each(
        "INSERT INTO claims (item, start, stop, chunk, score, reasons, text, text_digest)"
        f" VALUES ({item:d}, ?, ?, ?, ?, ?, ?, ?)",
        claims,
    )


def unlike(store: Store) -> list[tuple[int, int, int]]:
    """(item, claims that it is said to have, claims that are there), where these differ."""
    rows = store.rows(
        "SELECT id, claims, (SELECT count(*) FROM claims WHERE item = items.id) AS there FROM items"
        " WHERE claims <> there UNION ALL SELECT item, 0, count(*) FROM claims WHERE item NOT IN"
        " (SELECT id FROM items) GROUP BY item"
    )
    return [(item, told, there) for item, told, there in rows]


# --- what is to be examined ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items somebody wants to have examined. Times are as the log writes them."""

    policy: str
    """"missing", "all", "stale" or "gone"."""
    extractor: str
    extractor_version: int
    before: str
    """What was examined since then and has not changed is done: a job that is begun again goes on where it was."""
    old: str = ""
    """What was examined before that is stale; empty: age does not matter."""
    kind: str = ""


class Due(NamedTuple):
    """An item that is to be examined."""

    id: int
    user: str
    language: str
    digest: str
    """Of its text in the index."""
    is_replaced: bool
    """A newer version took its place: nothing is to be found in it any more."""
    examined_at: str
    examined_digest: str
    extractor: str
    extractor_version: int


_MISSING: Final = "(extractor <> ? OR extractor_version <> ?)"
_STALE: Final = f"({_MISSING} OR examined_digest <> indexed_digest OR examined_at < ?)"
_UNDONE: Final = "(examined_at < ? OR examined_digest <> indexed_digest OR replaced_by <> 0)"
_INDEXED: Final = "(CASE replaced_by WHEN 0 THEN chunker_version > 0 ELSE claims > 0 END)"
"""What has no chunks yet is examined when it has some; of what was replaced, what is left of claims goes."""


def _where(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    own = (wanted.extractor, wanted.extractor_version)
    due: dict[str, tuple[str, tuple[Any, ...]]] = {
        "all": ("", ()),
        "missing": (f" AND (replaced_by <> 0 OR {_MISSING})", own),
        "stale": (f" AND (replaced_by <> 0 OR {_STALE})", (*own, wanted.old)),
        "gone": (" AND claims > 0 AND (replaced_by <> 0 OR examined_digest <> indexed_digest)", ()),
    }
    condition, values = due[wanted.policy]
    if wanted.kind:
        condition, values = condition + " AND item_kind = ?", (*values, wanted.kind)
    return f"{_INDEXED} AND {_UNDONE}{condition}", (wanted.before, *values)


def due(store: Store, wanted: Wanted, user: str, after: tuple[str, int], limit: int) -> list[Due]:
    """The next items of a user: those that were examined longest ago come first, those that never were before them."""
    where, values = _where(wanted)
    rows = store.rows(
        "SELECT id, user, language, indexed_digest, replaced_by <> 0, examined_at, examined_digest, extractor,"
        f" extractor_version FROM items WHERE user = ? AND (examined_at, id) > (?, ?) AND {where}"
        " ORDER BY examined_at, id LIMIT ?",
        (user, *after, *values, limit),
    )
    return [Due(*row) for row in rows]


def count_due(store: Store, wanted: Wanted, users: Iterable[str]) -> int:
    """How many items of these users are to be examined."""
    where, values = _where(wanted)
    sql = f"SELECT count(*) FROM items WHERE user = ? AND {where}"
    return sum(store.value(sql, (user, *values)) for user in users)


def is_any_missing(store: Store, extractor: str, version: int) -> bool:
    """Whether anything is yet to be examined by that extractor, whoever it belongs to and whenever it is due."""
    row = store.row(
        f"SELECT 1 FROM items WHERE replaced_by = 0 AND chunker_version > 0 AND ({_MISSING}"
        " OR examined_digest <> indexed_digest) LIMIT 1",
        (extractor, version),
    )
    return row is not None


def digest_of(store: Store, item: int) -> str | None:
    """Of the text of an item that is in the index now; None if a newer version took its place."""
    row = store.row("SELECT indexed_digest FROM items WHERE id = ? AND replaced_by = 0", (item,))
    return row[0] if row else None


# --- looking at them -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """Which claims somebody wants to see."""

    item: int = 0
    user: str = ""
    words: tuple[str, ...] = ()
    """Normalised; each has to occur."""
    score_min: float = 0.0
    limit: int = 50


_FROM: Final = (
    "claims JOIN items ON items.id = claims.item LEFT JOIN editions ON editions.item = claims.item LEFT JOIN chunks ON"
    " chunks.item = claims.item AND chunks.edition = editions.edition AND chunks.number = claims.chunk"
)
_COLUMNS: Final = (
    "claims.item", "items.user", "items.title", "items.note", "claims.start", "claims.stop", "claims.score",
    "claims.reasons", "claims.text", "claims.text_digest", "items.extractor", "items.extractor_version",
    "coalesce(chunks.place, '')", "coalesce(chunks.heading, '')",
    "coalesce(substr(chunks.text, claims.start - chunks.start + 1, claims.stop - claims.start), '')",
)  # fmt: skip


class Listed(NamedTuple):
    """A claim, with what is known of where it stands."""

    item: int
    user: str
    title: str
    note: str
    start: int
    end: int
    score: float
    reasons: str
    normalised: str
    digest: str
    extractor: str
    extractor_version: int
    place: str
    heading: str
    quote: str
    """What stands there in the index."""


def listed(store: Store, query: Query) -> list[Listed]:
    """The claims that fit: of the newest items first, in the order of the text."""
    where = ["claims.score >= ?"]
    values: list[int | float | str] = [query.score_min]
    wanted: tuple[tuple[str, int | str], ...] = (("claims.item = ?", query.item), ("items.user = ?", query.user))
    for condition, value in wanted:
        if value:
            where.append(condition)
            values.append(value)
    for word in query.words:
        where.append("claims.text LIKE ? ESCAPE '!'")
        values.append(f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%")
    rows = store.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM {_FROM} WHERE {' AND '.join(where)}"
        " ORDER BY claims.item DESC, claims.start, claims.stop LIMIT ?",
        (*values, query.limit),
    )
    return [Listed(*row) for row in rows]


def alike(store: Store, claim: Listed, limit: int = 20) -> list[tuple[int, str]]:
    """(item, title) of the same user's other items that state the same; not of one whose text is another by now."""
    rows = store.rows(
        "SELECT DISTINCT items.id, items.title FROM claims JOIN items ON items.id = claims.item"
        " WHERE text_digest = ? AND claims.item <> ? AND items.user = ? AND replaced_by = 0"
        " AND examined_digest = indexed_digest ORDER BY items.id LIMIT ?",
        (claim.digest, claim.item, claim.user, limit),
    )
    return [(item, title) for item, title in rows]
