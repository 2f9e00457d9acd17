"""
The audit: the tape itself, read by whoever may, and by everybody else for their own acts.

Nothing is copied for it: an auditor reads the very facts, found by the keys that they are stored
under.  A filter that has no key (an actor, a type) costs one pass over the period it is put to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct

from domain.errors import NotFound
from domain.identity import Standing
from projections.query import LIMIT, NEWEST, Db, Page, page, rows, sql, start

CHAIN_MAX = 20
EFFECTS_MAX = 500
#: What a stream is called by the id of what it is about.
_STREAMS = ("account", "user", "sessions", "approval")
_ACCESS = "access-control"


class Sought(Struct, frozen=True, kw_only=True):
    """What an auditor looks for; ``since`` and ``until`` are moments of recording."""

    actor: str | None = None
    subject: UUID | None = None
    type: str | None = None
    correlation_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditedFact(Struct, frozen=True):
    """A fact in its whole envelope; ``payload`` is the text that was hashed."""

    position: int
    recorded_at: datetime
    occurred_at: datetime
    stream: str
    version: int
    type: str
    schema_version: int
    actor: str
    on_behalf_of: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    code: str
    hash: str
    payload: Raw


class Explained(Struct, frozen=True):
    """``causes`` from the nearest to the first, ``effects`` in the order of the tape."""

    fact: AuditedFact
    causes: list[AuditedFact]
    effects: list[AuditedFact]


_NAMES = AuditedFact.__struct_fields__
_COLUMNS = ", ".join("payload::text" if name == "payload" else name for name in _NAMES)
_SEEN = "(%(all)s OR actor = %(me)s)"
_CONDITIONS = {
    "actor": "actor = %(actor)s",
    "type": "type = %(type)s",
    "correlation_id": "correlation_id = %(correlation_id)s",
    "subject": "stream = ANY(%(streams)s) AND (stream = ANY(%(whole)s)"
    " OR %(id)s IN (payload->>'user_id', payload->>'order_id'))",
}
_FOUND = """
SELECT {columns} FROM es.audit
 WHERE position > %(after)s AND position < %(before)s AND {seen} AND {conditions}
 ORDER BY position {order} LIMIT %(limit)s
"""
_ONE = sql(
    "SELECT {columns} FROM es.audit WHERE position = %(position)s AND {seen}",
    columns=_COLUMNS,
    seen=_SEEN,
)
_OF_COMMAND = sql(
    "SELECT {columns} FROM es.audit WHERE command_id = %(command)s AND {seen}"
    " ORDER BY position LIMIT 1",
    columns=_COLUMNS,
    seen=_SEEN,
)
_EFFECTS = sql(
    "SELECT {columns} FROM es.audit WHERE correlation_id = %(correlation)s"
    " AND causation_id = %(command)s AND {seen} ORDER BY position LIMIT %(limit)s",
    columns=_COLUMNS,
    seen=_SEEN,
)
_ACCOUNTS = b"SELECT account_id FROM rm.accounts WHERE owner_id = %s"
_ORDER = b"SELECT account_id FROM rm.orders WHERE order_id = %s"
_RECORDED_BEFORE = b"SELECT recorded_at < %s AS before FROM es.event WHERE position = %s"
_HEAD = b"SELECT position FROM es.head"


def _seeing(viewer: Standing) -> dict[str, Any]:
    return {"all": viewer.may("audit:read"), "me": viewer.actor}


async def one(db: Db, viewer: Standing, position: int) -> Explained:
    """A fact, what led to it, and what followed from it."""
    found = await rows(db, _ONE, _seeing(viewer) | {"position": position})
    if not found:
        raise NotFound("FACT_UNKNOWN", position=position)
    fact = _fact(found[0])
    causes: list[AuditedFact] = []
    behind = fact.causation_id
    while behind is not None and len(causes) < CHAIN_MAX:
        cause = await rows(db, _OF_COMMAND, _seeing(viewer) | {"command": behind})
        if not cause:
            break
        causes.append(_fact(cause[0]))
        behind = causes[-1].causation_id
    values = {"correlation": fact.correlation_id, "command": fact.command_id, "limit": EFFECTS_MAX}
    effects = await rows(db, _EFFECTS, _seeing(viewer) | values)
    return Explained(fact, causes, [_fact(row) for row in effects])


async def search(
    db: Db, viewer: Standing, sought: Sought, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[AuditedFact]:
    """Newest first."""
    (before,) = start(limit, cursor)
    found = await _find(db, viewer, sought, before=before, limit=limit + 1, order="DESC")
    return page(found, limit, lambda fact: (fact.position,))


async def onward(
    db: Db, viewer: Standing, sought: Sought, after: int, limit: int
) -> list[AuditedFact]:
    """The next facts after a position, oldest first: a page of an export."""
    return await _find(db, viewer, sought, after=after, limit=limit, order="ASC")


async def _find(
    db: Db,
    viewer: Standing,
    sought: Sought,
    *,
    after: int = 0,
    before: int = NEWEST,
    limit: int,
    order: str,
) -> list[AuditedFact]:
    given = {name: getattr(sought, name) for name in _CONDITIONS}
    wanted = [_CONDITIONS[name] for name, value in given.items() if value is not None]
    values = _seeing(viewer) | given | {"limit": limit}
    if sought.subject is not None:
        values |= await _about(db, sought.subject)
    if sought.since is not None:
        after = max(after, await _first(db, sought.since) - 1)
    if sought.until is not None:
        before = min(before, await _first(db, sought.until))
    query = sql(
        _FOUND,
        columns=_COLUMNS,
        seen=_SEEN,
        conditions=" AND ".join(wanted) or "true",
        order=order,
    )
    found = await rows(db, query, values | {"after": after, "before": before})
    return [_fact(row) for row in found]


async def _about(db: Db, subject: UUID) -> dict[str, Any]:
    """The streams in which this id is spoken of, and those that are about it as a whole."""
    orders = [f"account-{row['account_id']}" for row in await rows(db, _ORDER, (subject,))]
    own = [f"account-{row['account_id']}" for row in await rows(db, _ACCOUNTS, (subject,))]
    whole = [*(f"{kind}-{subject}" for kind in _STREAMS), *own]
    return {"streams": [*whole, *orders, _ACCESS], "whole": whole, "id": str(subject)}


async def _first(db: Db, moment: datetime) -> int:
    """The first position that was recorded at this moment or after it."""
    (head,) = await rows(db, _HEAD, ())
    low, high = 1, int(head["position"]) + 1
    while low < high:
        middle = (low + high) // 2
        (row,) = await rows(db, _RECORDED_BEFORE, (moment, middle))
        low, high = (middle + 1, high) if row["before"] else (low, middle)
    return low


def _fact(row: dict[str, Any]) -> AuditedFact:
    return AuditedFact(**row | {"payload": Raw(row["payload"].encode())})
