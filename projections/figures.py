"""Figures of the whole house: how many there are of everything, and whether the money adds up."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from domain.identity import Standing
from projections.query import Amount, Db, rows


class Interest(Struct, frozen=True):
    """What all accounts together hold of one symbol."""

    symbol: str
    long: Amount
    short: Amount
    accounts: int


class Money(Struct, frozen=True):
    """All accounts of one currency together; ``off`` are those whose ledger ends otherwise."""

    currency: str
    accounts: int
    cash: Amount
    paid_in: Amount
    fees: Amount
    off: int


class Lag(Struct, frozen=True):
    """``behind`` the head of the tape by so many facts."""

    model: str
    state: str
    position: int
    behind: int


class Figures(Struct, frozen=True):
    """
    ``conserved``: every account's cash is what its ledger ends with, as far as both have got.

    That each ledger adds up line by line is what ``papertape check`` proves.
    """

    head: int
    users: int
    suspended: int
    accounts: int
    working_orders: int
    orders_last_minute: int
    facts_last_minute: int
    conserved: bool
    money: list[Money]
    open_interest: list[Interest]
    models: list[Lag]


_COUNTS = b"""
SELECT (SELECT position FROM es.head) AS head,
       (SELECT count(*) FROM rm.users WHERE registered IS NOT NULL) AS users,
       (SELECT count(*) FROM rm.users WHERE suspended) AS suspended,
       (SELECT count(*) FROM rm.accounts) AS accounts,
       (SELECT count(*) FROM rm.orders WHERE ended_at IS NULL) AS working_orders,
       recent.orders AS orders_last_minute, recent.facts AS facts_last_minute
  FROM (SELECT count(*) AS facts, count(*) FILTER (WHERE type = 'OrderPlaced') AS orders
          FROM es.event WHERE recorded_at > now() - interval '1 minute') recent
"""
#: One statement, one snapshot: what both models show at the same moment.
_MONEY = b"""
SELECT w.currency, count(*) AS accounts, sum(w.cash) AS cash,
       sum(w.opening_capital + w.deposits - w.withdrawals) AS paid_in, sum(w.fees) AS fees,
       count(*) FILTER (WHERE w.cash <> coalesce(l.balance_after, 0)) AS off
  FROM rm.wallets w
  LEFT JOIN LATERAL (SELECT balance_after FROM rm.ledger l WHERE l.account_id = w.account_id
                      ORDER BY l.position DESC, l.line DESC LIMIT 1) l ON true
 GROUP BY w.currency ORDER BY w.currency
"""
_INTEREST = b"""
SELECT symbol, sum(greatest(quantity, 0)) AS long, -sum(least(quantity, 0)) AS short,
       count(DISTINCT account_id) AS accounts
  FROM rm.positions WHERE quantity <> 0 GROUP BY symbol ORDER BY symbol LIMIT 500
"""
_LAG = b"""
SELECT c.name AS model, c.state, c.position, greatest(h.position - c.position, 0) AS behind
  FROM rm.checkpoint c, es.head h WHERE c.state <> 'building' ORDER BY c.name
"""


async def of_the_house(db: Db, viewer: Standing) -> Figures | None:
    """None for whoever may not see how the whole service does."""
    if not viewer.may("system:read"):
        return None
    (counts,) = await rows(db, _COUNTS, ())
    money = [Money(**row) for row in await rows(db, _MONEY, ())]
    interest = [Interest(**row) for row in await rows(db, _INTEREST, ())]
    models: list[dict[str, Any]] = await rows(db, _LAG, ())
    return Figures(
        **counts,
        conserved=not any(one.off for one in money),
        money=money,
        open_interest=interest,
        models=[Lag(**row) for row in models],
    )
