"""
Which orders stand when the venue opens.

The orders read model tells those that stood at its checkpoint, the tape what became of them
since.  It is a head start and no more: the account checks whatever the venue reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import convert
from psycopg import Connection
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row

from adapters.tape import Reader
from adapters.venue.floor import VENUE, Floor
from adapters.venue.ticket import Standing

_REACHED = """
SELECT coalesce(max(position), 0) FROM rm.checkpoint WHERE name = 'orders' AND state = 'live'
"""
_STANDING = """
SELECT order_id, account_id, symbol, side, coalesce(works_as, order_type) AS order_type, tif,
       limit_price AS "limit", quantity, coalesce(cum_qty, 0) AS cum_qty,
       coalesce(replaced_at, accepted_at, placed_at) AS since, model,
       coalesce(post_only, false) AS post_only, expires_at, display_qty,
       CASE WHEN waits THEN condition END AS condition, CASE WHEN waits THEN stop END AS stop,
       coalesce(trigger_by, 'LAST') AS trigger_by, trail_amount, trail_pct,
       coalesce(away, '') <> '' AS paused, deferred
  FROM rm.orders WHERE ended_at IS NULL AND venue = %s
"""
_PAGE = 2000


def take_up(floor: Floor, db: Connection[Any]) -> int:
    """Give the floor the orders that stand; return the position of the last fact it has learnt."""
    with db.transaction():
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        position, standing = _stood(db)
    floor.begin(standing)
    # The last fact again: an order is accepted by the fact that follows its placing.
    position = max(0, position - 1)
    reader = Reader(db)
    while facts := reader.facts(position, _PAGE):
        for fact in facts:
            floor.learn(fact.event, fact.meta.occurred_at)
        position = facts[-1].position
    return position


def _stood(db: Connection[Any]) -> tuple[int, Iterator[Standing]]:
    try:
        row = db.execute(_REACHED).fetchone()
    except UndefinedTable:  # nothing was ever projected here
        return 0, iter(())
    position = row[0] if row else 0
    if position == 0:
        return 0, iter(())
    with db.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_STANDING, [VENUE]).fetchall()
    return position, (convert(row, Standing) for row in rows)
