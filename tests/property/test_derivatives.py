"""The simulated derivatives: listed soundly, quoted alike whenever asked, worth what they say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.feeds import SimMarket
from adapters.feeds.derivatives import INDEX, KNOWN, LISTED
from domain.market import Instrument, InstrumentType, Quality, Quote, listing_faults, quality
from domain.market.options import Contract, Model, chain

TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SLICES = 250
moments = st.datetimes(datetime(2026, 11, 18), datetime(2026, 12, 2), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds must be naive
seeds = st.integers(0, 2**63 - 1)


def watched(seed: int, since: datetime, many: int = SLICES) -> list[Quote]:
    return list(islice(SimMarket(seed, TODAY).slices(since), many))


def contracts(market: SimMarket, expiry: date = TODAY) -> list[Instrument]:
    return [one for one in market.instruments() if one.expiry == expiry]


@settings(max_examples=10)
@given(seed=seeds, since=moments, late=st.integers(0, 100))
def test_whoever_comes_later_sees_the_same_derivatives(
    seed: int, since: datetime, late: int
) -> None:
    early = watched(seed, since)
    from_here = next(n for n, q in enumerate(early) if n >= late and not q.symbol.startswith(INDEX))
    assert watched(seed, early[from_here].at, 50) == early[from_here : from_here + 50]


@settings(max_examples=10)
@given(seed=seeds)
def test_what_is_listed_may_be_listed_a_week_before_and_after(seed: int) -> None:
    market = SimMarket(seed, TODAY)
    assert all(listing_faults(one) == () for one in market.instruments())
    symbols = [one.symbol for one in market.instruments()]
    assert len(set(symbols)) == len(symbols)
    days = {one.expiry for one in market.instruments() if one.expiry}
    assert (min(days), max(days)) == (TODAY - KNOWN, TODAY + LISTED)
    assert contracts(SimMarket(seed, TODAY + timedelta(days=3))) == contracts(market)


@settings(max_examples=10)
@given(seed=seeds, since=moments)
def test_no_slice_is_crossed_stale_or_off_the_grid(seed: int, since: datetime) -> None:
    market = SimMarket(seed, TODAY)
    listed = {one.symbol: one for one in market.instruments()}
    told = watched(seed, since)
    assert [quote.at for quote in told] == sorted(quote.at for quote in told)
    for quote in told:
        one = listed[quote.symbol]
        assert quality(quote, quote.at) is Quality.FRESH
        for price in (quote.bid, quote.ask, quote.last):
            assert price is None or (price > 0 and price % one.tick_size == 0)
        for size in (quote.bid_size, quote.ask_size, quote.last_size, quote.open_interest):
            assert size is None or size % one.step == 0
        assert one.expiry is None or one.expiry >= quote.at.date(), "what has expired is silent"


@pytest.mark.parametrize("seed", range(3))
def test_a_chain_can_be_read_of_it(seed: int) -> None:
    market = SimMarket(seed, TODAY)
    board = {quote.symbol: quote for quote in watched(seed, NOON, 400)}
    future, *options = contracts(market)
    found = chain(
        (Contract(one, board.get(one.symbol)) for one in options),
        expiry=TODAY,
        expires_at=datetime(2026, 11, 26, tzinfo=UTC),
        now=NOON + timedelta(seconds=5),
        spot=board[INDEX].last,
        future=board[future.symbol].last,
        model=Model.BLACK76,
        rate=Decimal("0.065"),
    )
    assert found.atm_strike is not None
    assert None not in (found.max_pain, found.pcr_oi, found.pcr_volume, found.expected_move)
    money = next(row for row in found.rows if row.strike == found.atm_strike)
    for leg in (money.ce, money.pe):
        assert leg is not None
        assert leg.valued.iv is not None
        assert Decimal("0.10") < leg.valued.iv < Decimal("0.20"), "it was priced at 14 %"
    assert {one.type for one in options} == {InstrumentType.CE, InstrumentType.PE}
