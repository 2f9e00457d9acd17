"""
Which accounts the clock has to ask, and for what: read from the read models, which may lag.

It is a list of candidates and no more: every account decides for itself, and is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, convert
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from domain.trading import CorporateAction


class Holder(Struct, frozen=True):
    """What an account holds of one instrument under one product."""

    account_id: UUID
    symbol: str
    product: str
    loan: bool
    margin: bool
    short: bool = False


class Killed(Struct, frozen=True):
    """A kill switch that is on, or somebody who is shut out and has orders that still work."""

    scope: str
    cancel_orders: bool
    flatten: bool
    reason: Literal["KILL_SWITCH", "USER_SUSPENDED"] = "KILL_SWITCH"


class Watched(Struct, frozen=True):
    """Limits of loss or gain that one party has set in one scope, as JSON."""

    scope: str
    party: str
    limits: str | None
    later: str | None
    later_from: str | None


class Exposed(Struct, frozen=True):
    """An account that such a limit concerns, and the symbols that it holds."""

    account_id: UUID
    owner: str
    symbols: list[str]


_HOLDERS = b"""
SELECT account_id, symbol, product, loan <> 0 AS loan, margin <> 0 AS margin,
       quantity < 0 AS short
  FROM rm.positions
 WHERE quantity <> 0 AND (%s OR product NOT IN ('CNC', 'SPOT') OR loan <> 0 OR margin <> 0)
"""
_UNSETTLED = b"""
SELECT DISTINCT p.account_id FROM rm.positions p
 WHERE p.product IN ('CNC', 'MTF') AND p.quantity > COALESCE(p.settled_qty, 0)
   AND p.symbol = ANY(%s)
   AND (SELECT SUM(l.quantity) FROM rm.lots l
         WHERE (l.account_id, l.symbol, l.product) = (p.account_id, p.symbol, p.product)
           AND l.opened_at < %s) > COALESCE(p.settled_qty, 0)
"""
_ORDERS = b"""
SELECT DISTINCT account_id, symbol FROM rm.orders
 WHERE ended_at IS NULL AND accepted_at IS NOT NULL
"""
_OWNERS = b"SELECT account_id, owner_id FROM rm.accounts"
_KILLED = b"""
SELECT scope, cancel_orders, flatten, 'KILL_SWITCH' AS reason FROM rm.risk_status
 WHERE party = 'KILL_SWITCH' AND switched_on
UNION ALL
SELECT 'user:' || user_id, true, false, 'USER_SUSPENDED' FROM rm.users u
 WHERE (suspended OR erased_at IS NOT NULL) AND EXISTS (
    SELECT FROM rm.accounts JOIN rm.orders USING (account_id)
     WHERE owner_id = u.user_id AND ended_at IS NULL)
"""
_WATCHED = b"""
SELECT scope, party, limits::text AS limits, later::text AS later, later_from FROM rm.risk_status
 WHERE concat(limits, later) ~ '"(daily_loss_limit|daily_profit_lock|total_loss_limit|max_drawdown)'
"""
_EXPOSED = b"""
SELECT p.account_id, 'user:' || a.owner_id AS owner, array_agg(DISTINCT p.symbol) AS symbols
  FROM rm.positions p JOIN rm.accounts a USING (account_id)
 WHERE p.quantity <> 0
   AND ('platform' = ANY(%s) OR 'account:' || p.account_id = ANY(%s)
        OR 'user:' || a.owner_id = ANY(%s))
 GROUP BY p.account_id, a.owner_id
"""
_ACTIONS = b"""
SELECT action_id, kind, symbol, ex_at, numerator, denominator, cash_per_unit, reference_price,
       into_symbol AS into, step
  FROM rm.corporate_actions WHERE ex_at <= %s AND ex_at > %s ORDER BY ex_at, action_id
"""
_HOLDERS_OF = b"""
SELECT DISTINCT account_id FROM rm.positions WHERE symbol = %s AND quantity <> 0
"""
_LIMITED = b"SELECT DISTINCT scope FROM rm.risk_status WHERE limits IS NOT NULL"


class Agenda:
    """``pool`` reads the read models; a query is one round trip."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def holders(self, *, everyone: bool) -> list[Holder]:
        """Who has to be looked after every day, or ``everyone``: what is paid in full rests."""
        return [Holder(**row) for row in await self._rows(_HOLDERS, everyone)]

    async def unsettled(self, symbols: list[str], before: datetime) -> list[UUID]:
        """Accounts that hold some of ``symbols``, bought before then and not yet delivered."""
        return [row["account_id"] for row in await self._rows(_UNSETTLED, symbols, before)]

    async def orders(self) -> dict[UUID, set[str]]:
        """The symbols of the working orders of each account."""
        found: dict[UUID, set[str]] = {}
        for row in await self._rows(_ORDERS):
            found.setdefault(row["account_id"], set()).add(row["symbol"])
        return found

    async def owners(self) -> dict[UUID, str]:
        return {row["account_id"]: f"user:{row['owner_id']}" for row in await self._rows(_OWNERS)}

    async def killed(self) -> list[Killed]:
        return [Killed(**row) for row in await self._rows(_KILLED)]

    async def limited(self) -> set[str]:
        """The scopes in which limits are set."""
        return {row["scope"] for row in await self._rows(_LIMITED)}

    async def watched(self) -> list[Watched]:
        """The limits that a mark alone can break, in force or to come."""
        return [Watched(**row) for row in await self._rows(_WATCHED)]

    async def exposed(self, scopes: list[str]) -> list[Exposed]:
        """The accounts in these scopes that hold anything."""
        return [Exposed(**row) for row in await self._rows(_EXPOSED, scopes, scopes, scopes)]

    async def actions(self, after: datetime, until: datetime) -> list[CorporateAction]:
        """What companies do from a time in between on, in the order of these times."""
        found = await self._rows(_ACTIONS, until, after)
        return [convert(row, CorporateAction, strict=False) for row in found]

    async def holders_of(self, symbol: str) -> list[UUID]:
        """The accounts that hold any of it, or have sold it short."""
        return [row["account_id"] for row in await self._rows(_HOLDERS_OF, symbol)]

    async def _rows(self, query: bytes, *values: object) -> Sequence[dict[str, Any]]:
        async with self._pool.connection() as db, db.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, values, prepare=True)
            found: list[dict[str, Any]] = await cursor.fetchall()
        return found
