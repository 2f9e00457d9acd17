"""What closed trades say: how often they won, how much, in a row, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from msgspec import Struct

from domain.money import ZERO
from projections.trades.round_trips import RoundTrip

#: A trade without a strategy.
NONE = "-"


class Outcomes(Struct, frozen=True):
    """
    Of closed trades, net of fees; money in the account's currency, None where nothing is known.

    ``profit_factor`` is what was won over what was lost (None without a loss), ``payoff`` the
    average of either; ``mae`` and ``mfe`` are averages per unit.
    """

    trades: int
    wins: int
    losses: int
    win_rate: Decimal | None
    avg_win: Decimal | None
    avg_loss: Decimal | None
    payoff: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    longest_winning_streak: int
    longest_losing_streak: int
    avg_holding_seconds: Decimal | None
    gross_pnl: Decimal
    fees: Decimal
    net_pnl: Decimal
    fee_drag: Decimal | None
    mae: Decimal | None
    mfe: Decimal | None


class Slice(Struct, frozen=True):
    """The closed trades that have something in common."""

    key: str
    trades: int
    net_pnl: Decimal
    win_rate: Decimal | None


def outcomes(trades: Sequence[RoundTrip]) -> Outcomes:
    """Of trades in the order in which they closed."""
    results = [trade.net_pnl for trade in trades]
    wins = [result for result in results if result > 0]
    losses = [result for result in results if result < 0]
    gross = sum((trade.gross_pnl for trade in trades), ZERO)
    fees = sum((trade.fees for trade in trades), ZERO)
    won, lost = mean(wins), mean(losses)
    return Outcomes(
        trades=len(trades),
        wins=len(wins),
        losses=len(losses),
        win_rate=_share(len(wins), len(trades)),
        avg_win=won,
        avg_loss=lost,
        payoff=None if won is None or not lost else won / -lost,
        profit_factor=sum(wins, ZERO) / -sum(losses, ZERO) if losses else None,
        expectancy=mean(results),
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
        longest_winning_streak=_streak(results, lambda result: result > 0),
        longest_losing_streak=_streak(results, lambda result: result < 0),
        avg_holding_seconds=mean([_held(trade) for trade in trades]),
        gross_pnl=gross,
        fees=fees,
        net_pnl=gross - fees,
        fee_drag=fees / gross if gross > 0 else None,
        mae=mean([trade.mae for trade in trades]),
        mfe=mean([trade.mfe for trade in trades]),
    )


def sliced(trades: Iterable[RoundTrip], key: Callable[[RoundTrip], str]) -> list[Slice]:
    """The trades by what ``key`` says of them, in the order of the keys."""
    ordered = sorted(trades, key=key)
    return [_slice(name, list(part)) for name, part in groupby(ordered, key)]


def by_symbol(trade: RoundTrip) -> str:
    return trade.symbol


def by_strategy(trade: RoundTrip) -> str:
    return trade.strategy or NONE


def by_weekday(trade: RoundTrip) -> str:
    """1 is Monday, of the day on which it closed (UTC)."""
    return str((trade.closed_at or trade.opened_at).isoweekday())


def by_hour(trade: RoundTrip) -> str:
    """The hour in which it was opened (UTC)."""
    return f"{trade.opened_at:%H}"


def mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, ZERO) / len(values) if values else None


def _slice(name: str, trades: list[RoundTrip]) -> Slice:
    wins = sum(trade.net_pnl > 0 for trade in trades)
    net = sum((trade.net_pnl for trade in trades), ZERO)
    return Slice(name, len(trades), net, _share(wins, len(trades)))


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _held(trade: RoundTrip) -> Decimal:
    lasted = (trade.closed_at or trade.opened_at) - trade.opened_at
    return Decimal(lasted // timedelta(microseconds=1)) / 1_000_000


def _streak(results: Sequence[Decimal], of: Callable[[Decimal], bool]) -> int:
    return max((len(list(run)) for is_it, run in groupby(results, of) if is_it), default=0)
