"""What a trader asks about trades.  They are folded from fills when asked for, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, json

from domain.money import ZERO, tidy
from projections.query import (
    LIMIT,
    Amount,
    Db,
    Page,
    mean,
    of_known_account,
    page,
    plain,
    sql,
    start,
)
from projections.trades.counted import Booked, Version, counted
from projections.trades.round_trips import Fill, Method, RoundTrip, fifo, flat_to_flat


class Trade(Struct, frozen=True):
    """
    A round trip, or with ``method`` FIFO the match of a closing fill with one lot.  ``trade_id``
    of a round trip is the execution that it was entered with (GET /trades/TRADE_ID).

    ``entry_avg`` and ``exit_avg`` are prices, ``capital_used`` what was paid (or received) to
    enter; ``mae`` and ``mfe`` are the worst and the best it stood per unit, by the prices seen
    with this account's fills in the instrument while it lasted.
    """

    trade_id: UUID
    account_id: UUID
    method: Method
    symbol: str
    product: str
    side: Literal["BUY", "SELL"]
    status: Literal["OPEN", "CLOSED"]
    quantity: Amount
    entry_avg: Amount | None
    exit_avg: Amount | None
    capital_used: Amount
    gross_pnl: Amount | None
    fees: Amount
    net_pnl: Amount | None
    mae: Amount
    mfe: Amount
    opened_at: datetime
    closed_at: datetime | None
    holding_seconds: int | None
    strategy: str | None
    position: int


_FILLS = sql(
    """
SELECT f.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT f.exec_id, f.symbol, f.product, f.side, f.quantity, f.price, f.gross, f.fee,
           f.held, f.multiplier, f.executed_at, f.position,
           f.order_id, o.strategy, o.fees AS order_fees,
           (SELECT json_agg(json_build_array(v.position, COALESCE(v.quantity, 0)::text,
                                             v.price::text) ORDER BY v.version)
              FROM rm.trade_versions v WHERE v.trade_id = f.exec_id)::text AS versions,
           least((f.evidence->>'bid')::numeric, (f.evidence->>'last')::numeric) AS low,
           greatest((f.evidence->>'ask')::numeric, (f.evidence->>'last')::numeric) AS high
      FROM rm.fills f LEFT JOIN rm.orders o USING (order_id)
     WHERE f.account_id = a.account_id) f ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY f.position
"""
)

_VERSIONS = json.Decoder(tuple[Version, ...])


async def of_account(
    db: Db,
    owner: UUID,
    account_id: UUID,
    *,
    method: Method = Method.FLAT_TO_FLAT,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Trade]:
    """Newest first; a trade that is still open stands where its last fill stands."""
    before, nth = start(limit, cursor, 2)
    fold = fifo if method is Method.FIFO else flat_to_flat
    found = list(enumerate(fold(await fills_of(db, owner, account_id))))
    found.sort(key=lambda each: (each[1].position, each[0]), reverse=True)
    chosen = [(number, trip) for number, trip in found if (trip.position, number) < (before, nth)][
        : limit + 1
    ]
    places = [(trip.position, number) for number, trip in chosen]
    trades = [_trade(account_id, trip) for _, trip in chosen]
    by_id = dict(zip((trade.trade_id for trade in trades), places, strict=True))
    return page(trades, limit, lambda trade: by_id[trade.trade_id])


async def fills_of(db: Db, owner: UUID, account_id: UUID) -> list[Fill]:
    """Every fill of an account as it counts now and trades are folded from it, oldest first."""
    found = await of_known_account(db, account_id, _FILLS, (account_id, owner))
    return counted(_booked(row) for row in found)


def closed(trips: Sequence[RoundTrip]) -> list[RoundTrip]:
    return [trip for trip in trips if trip.closed_at is not None]


def _booked(row: dict[str, Any]) -> Booked:
    versions = row["versions"]
    return Booked(
        fill=_fill(row),
        order_id=row["order_id"],
        order_fees=Decimal(row["order_fees"] or 0),
        versions=() if versions is None else _VERSIONS.decode(versions),
    )


def _fill(row: dict[str, Any]) -> Fill:
    sign = 1 if row["side"] == "BUY" else -1
    return Fill(
        exec_id=row["exec_id"],
        symbol=row["symbol"],
        product=row["product"],
        signed=sign * Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        gross=Decimal(row["gross"]),
        fee=Decimal(row["fee"]),
        held=Decimal(row["held"]),
        at=row["executed_at"],
        position=row["position"],
        multiplier=Decimal(row["multiplier"]),
        low=None if row["low"] is None else Decimal(row["low"]),
        high=None if row["high"] is None else Decimal(row["high"]),
        strategy=row["strategy"],
    )


def _trade(account_id: UUID, trip: RoundTrip) -> Trade:
    over = trip.closed_at is not None
    units = trip.quantity * trip.multiplier
    return Trade(
        trade_id=trip.trade_id,
        account_id=account_id,
        method=trip.method,
        symbol=trip.symbol,
        product=trip.product,
        side="BUY" if trip.side == "BUY" else "SELL",
        status="CLOSED" if over else "OPEN",
        quantity=plain(trip.quantity),
        entry_avg=mean(trip.entry, units),
        exit_avg=mean(trip.exit, units) if over else None,
        capital_used=plain(trip.entry),
        gross_pnl=plain(tidy(trip.gross_pnl)) if over else None,
        fees=plain(trip.fees),
        net_pnl=plain(tidy(trip.net_pnl)) if over else None,
        mae=plain(tidy(trip.mae)) if units else plain(ZERO),
        mfe=plain(tidy(trip.mfe)) if units else plain(ZERO),
        opened_at=trip.opened_at,
        closed_at=trip.closed_at,
        holding_seconds=_seconds(trip),
        strategy=trip.strategy,
        position=trip.position,
    )


def _seconds(trip: RoundTrip) -> int | None:
    return (
        None if trip.closed_at is None else int((trip.closed_at - trip.opened_at).total_seconds())
    )
