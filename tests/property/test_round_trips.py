"""Whatever is filled: round trips and lot matches tell the same money, and tell all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from projections.trades.round_trips import Fill, RoundTrip, fifo, flat_to_flat

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
steps = st.tuples(
    st.sampled_from(["ACME", "INIT"]),
    st.integers(-5, 5).filter(bool),
    st.integers(1, 9),
    st.integers(0, 3),
)
scripts = st.lists(steps, max_size=30)


def filled(script: list[tuple[str, int, int, int]]) -> list[Fill]:
    held: dict[str, int] = {}
    fills = []
    for nth, (symbol, signed, price, fee) in enumerate(script):
        held[symbol] = held.get(symbol, 0) + signed
        fills.append(
            Fill(
                exec_id=UUID(int=nth + 1),
                symbol=symbol,
                product="MIS",
                signed=Decimal(signed),
                price=Decimal(price),
                gross=Decimal(abs(signed) * price),
                fee=Decimal(fee),
                held=Decimal(held[symbol]),
                at=NOON + timedelta(seconds=nth),
                position=nth + 1,
            )
        )
    return fills


def flattened(script: list[tuple[str, int, int, int]]) -> list[Fill]:
    held: dict[str, int] = {}
    for symbol, signed, _, _ in script:
        held[symbol] = held.get(symbol, 0) + signed
    return filled([*script, *((s, -left, 4, 1) for s, left in held.items() if left)])


def cash(fills: list[Fill]) -> Fraction:
    """What went into the pocket: sold for less bought for."""
    return sum((Fraction(-fill.gross if fill.signed > 0 else fill.gross) for fill in fills),
               Fraction(0))  # fmt: skip


def won(trips: list[RoundTrip]) -> Fraction:
    return sum((Fraction(trip.gross_pnl) for trip in trips), Fraction(0))


@given(scripts)
def test_once_flat_both_methods_tell_the_money_that_was_made(
    script: list[tuple[str, int, int, int]],
) -> None:
    fills = flattened(script)
    trips, matches = flat_to_flat(fills), fifo(fills)
    assert all(trip.closed_at for trip in trips)
    assert won(trips) == won(matches) == cash(fills)
    fees = sum((fill.fee for fill in fills), Decimal(0))
    assert sum((trip.fees for trip in trips), Decimal(0)) == fees
    assert sum((match.fees for match in matches), Decimal(0)) == fees


@given(scripts)
def test_every_unit_is_entered_once_and_left_at_most_once(
    script: list[tuple[str, int, int, int]],
) -> None:
    fills = filled(script)
    opened = closed = Decimal(0)
    for fill in fills:
        before = fill.held - fill.signed
        shut = min(abs(fill.signed), abs(before)) if before * fill.signed < 0 else Decimal(0)
        closed += shut
        opened += abs(fill.signed) - shut
    assert sum((match.quantity for match in fifo(fills)), Decimal(0)) == closed
    assert sum((trip.quantity for trip in flat_to_flat(fills)), Decimal(0)) == opened


@given(scripts)
def test_a_trade_that_is_open_is_told_last_and_has_no_end(
    script: list[tuple[str, int, int, int]],
) -> None:
    fills = filled(script)
    still = {fill.symbol: fill.held for fill in fills}
    open_trips = [trip for trip in flat_to_flat(fills) if trip.closed_at is None]
    assert sorted(trip.symbol for trip in open_trips) == sorted(
        symbol for symbol, held in still.items() if held
    )
    for trip in open_trips:
        assert (trip.side == "BUY") == (still[trip.symbol] > 0)


@given(scripts)
def test_identifiers_of_trades_are_their_own_and_stay(
    script: list[tuple[str, int, int, int]],
) -> None:
    fills = filled(script)
    for fold in (flat_to_flat, fifo):
        ids = [trip.trade_id for trip in fold(fills)]
        assert len(ids) == len(set(ids))
        assert ids == [trip.trade_id for trip in fold(fills)]
