"""Measures of performance, worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from projections.performance import returns as of_days
from projections.performance.outcomes import by_hour, by_symbol, by_weekday, outcomes, sliced
from projections.performance.returns import Day, Return, returns
from projections.trades.round_trips import Method, RoundTrip

MONDAY = date(2026, 11, 2)
OPENED = datetime(2026, 11, 2, 10, tzinfo=UTC)


def day(nth: int, equity: str, flow: str = "0") -> Day:
    return Day(MONDAY + timedelta(days=nth), Decimal(equity), Decimal(flow))


def series(*values: str) -> list[Return]:
    return [Return(MONDAY + timedelta(days=n), Decimal(v)) for n, v in enumerate(values)]


def trade(net: str, fees: str = "1", nth: int = 0, side: str = "BUY") -> RoundTrip:
    """Ten units entered at 100 that brought ``net`` after fees."""
    won = Decimal(net) + Decimal(fees)
    entry = Decimal(1000)
    opened = OPENED + timedelta(hours=nth)
    return RoundTrip(
        trade_id=UUID(int=nth + 1),
        method=Method.FLAT_TO_FLAT,
        symbol="ACME" if nth % 2 else "INIT",
        product="CNC",
        side=side,
        quantity=Decimal(10),
        entry=entry,
        exit=entry + won if side == "BUY" else entry - won,
        fees=Decimal(fees),
        multiplier=Decimal(1),
        opened_at=opened,
        closed_at=opened + timedelta(minutes=30),
        position=nth,
        low=Decimal(98),
        high=Decimal(105),
    )


def test_money_paid_in_is_no_return() -> None:
    days = [day(0, "110"), day(1, "160", "50"), day(2, "80", "-80")]
    found = [each.value for each in returns(Decimal(100), days)]
    assert found == [Decimal("0.1"), Decimal(0), Decimal(0)]
    assert of_days.total(series("0.1", "-0.1")) == Decimal("-0.01")


def test_a_day_that_began_with_nothing_has_no_return() -> None:
    days = [day(0, "0"), day(1, "50", "50"), day(2, "55")]
    assert [each.day for each in returns(Decimal(100), days)] == [days[0].day, days[2].day]


def test_growth_a_year_needs_thirty_days() -> None:
    short = [Return(MONDAY, Decimal("0.1")), Return(MONDAY + timedelta(days=28), Decimal(0))]
    year = [Return(MONDAY, Decimal("0.1")), Return(MONDAY + timedelta(days=364), Decimal(0))]
    assert of_days.cagr(short) is None
    assert of_days.rounded(of_days.cagr(year)) == Decimal("0.1")
    assert of_days.cagr(series("-1", *["0"] * 40)) is None, "everything is lost"


def test_sharpe_and_sortino_need_ten_days_and_some_spread() -> None:
    nine = series(*["0.01", "-0.01"] * 4, "0.01")
    assert of_days.sharpe(nine, 252) is None
    assert of_days.sortino(nine, 252) is None
    assert of_days.sharpe(series(*["0.01"] * 10), 252) is None
    assert of_days.sortino(series(*["0.01"] * 10), 252) is None


def test_sharpe_and_sortino_by_hand() -> None:
    ten = series(*["0.02", "-0.01"] * 5)
    # mean 0.005; sample deviation sqrt(10 x 0.015^2 / 9); downside sqrt(5 x 0.01^2 / 10)
    assert of_days.rounded(of_days.sharpe(ten, 252)) == Decimal("5.01996016")
    assert of_days.rounded(of_days.sortino(ten, 252)) == Decimal("11.22497216")
    assert of_days.rounded(of_days.volatility(ten, 252)) == Decimal("0.25099801")
    dearer = of_days.sharpe(ten, 252, Decimal("1.26"))
    assert dearer == 0, "a risk-free rate of 0.005 a day leaves no excess"


def test_the_deepest_fall_has_a_peak_a_trough_and_perhaps_a_recovery() -> None:
    fall = of_days.max_drawdown(series("0.1", "-0.2", "-0.5", "1.4", "0.1", "-0.3"))
    assert fall.depth == Decimal("0.6")
    assert [fall.peak, fall.trough] == [MONDAY, MONDAY + timedelta(days=2)]
    assert fall.recovered == MONDAY + timedelta(days=4)
    lasting = of_days.max_drawdown(series("-0.1", "-0.1"))
    assert (lasting.depth, lasting.peak, lasting.recovered) == (Decimal("0.19"), None, None)
    assert of_days.max_drawdown([]).depth == 0


def test_a_withdrawal_is_no_fall() -> None:
    halved = returns(Decimal(100), [day(0, "100"), day(1, "50", "-50")])
    assert of_days.max_drawdown(halved).depth == 0


def test_beta_against_a_benchmark_that_moves_half_as_much() -> None:
    mine = series(*["0.02", "-0.01", "0.04"] * 4)
    theirs = [Return(each.day, each.value / 2) for each in mine]
    assert of_days.beta(mine, theirs) == 2
    assert of_days.beta(mine[:9], theirs) is None
    assert of_days.beta(mine, [Return(each.day, Decimal(0)) for each in mine]) is None


def test_months_multiply_their_days() -> None:
    found = of_days.by_month([*series("0.1", "0.1"), Return(date(2026, 12, 1), Decimal("-0.5"))])
    assert found == {"2026-11": Decimal("0.21"), "2026-12": Decimal("-0.5")}


def test_outcomes_of_trades_by_hand() -> None:
    found = outcomes([trade("10"), trade("20", nth=1), trade("-5", nth=2), trade("0", nth=3)])
    assert (found.trades, found.wins, found.losses) == (4, 2, 1)
    assert found.win_rate == Decimal("0.5")
    assert (found.avg_win, found.avg_loss) == (Decimal(15), Decimal(-5))
    assert found.payoff == 3
    assert found.profit_factor == 6
    assert found.expectancy == Decimal("6.25")
    assert (found.largest_win, found.largest_loss) == (Decimal(20), Decimal(-5))
    assert (found.longest_winning_streak, found.longest_losing_streak) == (2, 1)
    assert found.avg_holding_seconds == 1800
    assert [found.gross_pnl, found.fees, found.net_pnl] == [29, 4, 25]
    assert found.fee_drag == Decimal(4) / 29
    assert (found.mae, found.mfe) == (Decimal(2), Decimal(5))


def test_where_nothing_was_lost_there_is_no_profit_factor() -> None:
    assert outcomes([trade("10")]).profit_factor is None
    nothing = outcomes([])
    assert (nothing.win_rate, nothing.expectancy, nothing.fee_drag) == (None, None, None)
    assert nothing.profit_factor is None


def test_a_short_trade_suffers_from_what_a_long_one_gains() -> None:
    short = trade("10", side="SELL")
    assert (short.gross_pnl, short.mae, short.mfe) == (Decimal(11), Decimal(5), Decimal(2))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (by_symbol, ["ACME 2 15", "INIT 2 10"]),
        (by_weekday, ["1 4 25"]),
        (by_hour, ["10 1 10", "11 1 20", "12 1 0", "13 1 -5"]),
    ],
)
def test_trades_are_told_apart_by_what_they_have_in_common(
    key: object, expected: list[str]
) -> None:
    trades = [trade("10"), trade("20", nth=1), trade("0", nth=2), trade("-5", nth=3)]
    parts = sliced(trades, key)  # type: ignore[arg-type]  # a parameter of the test
    assert [f"{part.key} {part.trades} {part.net_pnl}" for part in parts] == expected
