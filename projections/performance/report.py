"""The performance of an account over a range of days: every measure, under its fixed name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, structs

from domain.money import ZERO
from projections.daily_pnl import FIRST_DAY, LAST_DAY, day_of
from projections.performance import outcomes as of_trades
from projections.performance import returns as of_days
from projections.performance.outcomes import Outcomes, outcomes, sliced
from projections.performance.returns import Day, Return, rounded
from projections.query import Amount, Db, of_known_account, plain, sql
from projections.trades.report import closed, fills_of
from projections.trades.round_trips import RoundTrip, flat_to_flat

#: Sessions a year; where one may trade every day there are more.
SESSIONS, ALL_DAYS = 252, 365


class Fall(Struct, frozen=True):
    """``recovered`` is None while the account is below its peak."""

    depth: Amount
    peak: date | None
    trough: date | None
    recovered: date | None


class Part(Struct, frozen=True):
    """The closed trades that have ``key`` in common."""

    key: str
    trades: int
    net_pnl: Amount
    win_rate: Amount | None


class Performance(Struct, frozen=True):
    """
    Ratios and money as plain decimals, None where the rule of trading.md §4.18 gives none.

    ``periods`` is A of the annual measures; ``exposure`` the average share of equity that was
    held; ``slippage`` the shortfall against the middle of the book at acceptance, in money
    (above zero: paid); ``daily`` and ``monthly`` are returns.
    """

    account_id: UUID
    since: date | None
    until: date | None
    periods: int
    total_return: Amount | None
    cagr: Amount | None
    volatility: Amount | None
    sharpe: Amount | None
    sortino: Amount | None
    max_drawdown: Fall
    calmar: Amount | None
    trades: int
    wins: int
    losses: int
    win_rate: Amount | None
    avg_win: Amount | None
    avg_loss: Amount | None
    payoff: Amount | None
    profit_factor: Amount | None
    expectancy: Amount | None
    largest_win: Amount | None
    largest_loss: Amount | None
    longest_winning_streak: int
    longest_losing_streak: int
    avg_holding_seconds: Amount | None
    gross_pnl: Amount
    fees: Amount
    net_pnl: Amount
    fee_drag: Amount | None
    mae: Amount | None
    mfe: Amount | None
    turnover: Amount
    exposure: Amount | None
    slippage: Amount | None
    fill_ratio: Amount | None
    rejection_ratio: Amount | None
    by_symbol: list[Part]
    by_strategy: list[Part]
    by_weekday: list[Part]
    by_hour: list[Part]
    daily: dict[str, Amount]
    monthly: dict[str, Amount]


_DAYS = sql(
    """
SELECT d.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT day, equity, flow, opening, turnover, held,
           (SELECT bool_and(f.product = 'SPOT') FROM rm.fills f
             WHERE f.account_id = a.account_id) AS always_open
      FROM rm.daily_pnl d WHERE d.account_id = a.account_id) d ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY d.day
"""
)
_ORDERS = sql(
    """
SELECT o.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT count(*) AS asked, count(*) FILTER (WHERE ended_as = 'REJECTED') AS rejected,
           coalesce(sum(cum_qty) FILTER (WHERE accepted_at IS NOT NULL), 0) AS filled,
           coalesce(sum(quantity) FILTER (WHERE accepted_at IS NOT NULL), 0) AS ordered,
           sum(CASE WHEN side = 'BUY' THEN 1 ELSE -1 END
               * (turnover - mid * cum_qty * multiplier)) AS slippage
      FROM (SELECT *, ((reference->>'bid')::numeric + (reference->>'ask')::numeric) / 2 AS mid
              FROM rm.orders) o
     WHERE o.account_id = a.account_id AND o.placed_at::date BETWEEN %s AND %s) o ON true
 WHERE a.account_id = %s AND a.owner_id = %s
"""
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, since: str | None = None, until: str | None = None
) -> Performance:
    """From the first to the last day asked for (UTC); the whole life of the account by default."""
    first, last = day_of(since, "since", FIRST_DAY), day_of(until, "until", LAST_DAY)
    days = await of_known_account(db, account_id, _DAYS, (account_id, owner))
    asked = await of_known_account(db, account_id, _ORDERS, (first, last, account_id, owner))
    fills = [fill for fill in await fills_of(db, owner, account_id) if fill.at.date() <= last]
    trades = [
        trip
        for trip in closed(flat_to_flat(fills))
        if trip.closed_at is not None and trip.closed_at.date() >= first
    ]
    chosen = [row for row in days if first <= date.fromisoformat(row["day"]) <= last]
    series = [each for each in _returns(days) if first <= each.day <= last]
    return Performance(
        account_id=account_id,
        **_range(chosen),
        **_of_returns(series, ALL_DAYS if chosen and chosen[0]["always_open"] else SESSIONS),
        **_of_trades(outcomes(trades)),
        **_of_orders(asked[0]),
        **_parts(trades),
    )


def _returns(rows: Sequence[dict[str, Any]]) -> list[Return]:
    opening = sum((Decimal(row["opening"]) for row in rows), ZERO)
    days = [
        Day(date.fromisoformat(row["day"]), Decimal(row["equity"]), Decimal(row["flow"]))
        for row in rows
    ]
    return of_days.returns(opening, days)


def _range(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    shares = [
        Decimal(row["held"]) / Decimal(row["equity"]) for row in rows if Decimal(row["equity"]) > 0
    ]
    return {
        "since": date.fromisoformat(rows[0]["day"]) if rows else None,
        "until": date.fromisoformat(rows[-1]["day"]) if rows else None,
        "turnover": plain(sum((Decimal(row["turnover"]) for row in rows), ZERO)),
        "exposure": told(of_trades.mean(shares)),
    }


def _of_returns(series: Sequence[Return], periods: int) -> dict[str, Any]:
    fall = of_days.max_drawdown(series)
    growth = of_days.cagr(series)
    return {
        "periods": periods,
        "total_return": told(of_days.total(series)) if series else None,
        "cagr": told(growth),
        "volatility": told(of_days.volatility(series, periods)),
        "sharpe": told(of_days.sharpe(series, periods)),
        "sortino": told(of_days.sortino(series, periods)),
        "max_drawdown": Fall(told(fall.depth) or "0", fall.peak, fall.trough, fall.recovered),
        "calmar": told(growth / fall.depth) if growth is not None and fall.depth else None,
        "daily": {each.day.isoformat(): told(each.value) for each in series},
        "monthly": {month: told(value) for month, value in of_days.by_month(series).items()},
    }


def _of_trades(found: Outcomes) -> dict[str, Any]:
    return {
        name: told(value) if isinstance(value, Decimal) else value
        for name, value in structs.asdict(found).items()
    }


def _of_orders(row: dict[str, Any]) -> dict[str, Any]:
    asked, ordered = Decimal(row["asked"]), Decimal(row["ordered"])
    return {
        "slippage": row["slippage"],
        "fill_ratio": told(Decimal(row["filled"]) / ordered) if ordered else None,
        "rejection_ratio": told(Decimal(row["rejected"]) / asked) if asked else None,
    }


def _parts(trades: Sequence[RoundTrip]) -> dict[str, Any]:
    keys = {
        "by_symbol": of_trades.by_symbol,
        "by_strategy": of_trades.by_strategy,
        "by_weekday": of_trades.by_weekday,
        "by_hour": of_trades.by_hour,
    }
    return {
        name: [
            Part(part.key, part.trades, plain(part.net_pnl), told(part.win_rate))
            for part in sliced(trades, key)
        ]
        for name, key in keys.items()
    }


def told(value: Decimal | None) -> Amount | None:
    """To eight places, half to even."""
    found = rounded(value)
    return None if found is None else plain(found)
