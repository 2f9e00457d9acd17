"""The option chain: the money, what options mean, and what nobody can know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market import Instrument, InstrumentType, Quote
from domain.market.options import Chain, Contract, IvQuality, Leg, Model, Setting, chain, valued

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
EXPIRY = date(2026, 11, 26)
EXPIRES_AT = datetime(2026, 11, 26, 10, tzinfo=UTC)
RATE = Decimal("0.065")


def contract(
    strike: int, kind: str, bid: str | None = None, ask: str | None = None, **changes: Any
) -> Contract:
    one = Instrument(
        symbol=f"NIFTY-261126-{strike}-{kind}",
        name="NIFTY",
        exchange="NFO",
        type=InstrumentType(kind),
        currency="INR",
        tick_size=Decimal("0.05"),
        underlying="NIFTY",
        expiry=EXPIRY,
        strike=Decimal(strike),
    )
    sides = {"bid": bid, "ask": ask}
    told = {name: Decimal(text) for name, text in sides.items() if text is not None} | changes
    return Contract(one, Quote(one.symbol, "test", 1, NOW, NOW, **told))


def chained(contracts: Iterable[Contract], **changes: Any) -> Chain:
    asked: dict[str, Any] = {
        "expiry": EXPIRY,
        "expires_at": EXPIRES_AT,
        "now": NOW,
        "spot": Decimal(24000),
        "future": None,
        "model": Model.BLACK76,
        "rate": RATE,
    }
    return chain(contracts, **(asked | changes))


def leg(found: Chain, strike: int = 24000, side: str = "ce") -> Leg:
    (row,) = (row for row in found.rows if row.strike == strike)
    leg = row.ce if side == "ce" else row.pe
    assert leg is not None
    return leg


PAIR = (contract(24000, "CE", "174", "176"), contract(24000, "PE", "144", "146"))


def test_without_a_future_the_options_at_the_money_say_where_the_underlying_goes() -> None:
    found = chained(PAIR)
    assert found.source == "SYNTHETIC"
    assert found.forward == pytest.approx(Decimal("24030.03"), abs=Decimal("0.01"))
    call, put = leg(found), leg(found, side="pe")
    assert call.valued.iv_quality is IvQuality.MID
    assert call.valued.iv is not None
    assert call.valued.iv == pytest.approx(put.valued.iv, abs=Decimal("0.00001"))
    assert chained(PAIR, future=Decimal(24100)).source == "FUTURE"
    assert chained(PAIR[:1]).source == "SPOT"
    assert chained(PAIR[:1]).forward == pytest.approx(Decimal("24026.4"), abs=Decimal(1))


def test_without_any_price_of_the_underlying_nothing_is_valued() -> None:
    found = chained(PAIR, spot=None, model=Model.BSM)
    assert (found.source, found.forward, found.atm_strike) == (None, None, None)
    assert leg(found).valued.iv_quality is IvQuality.NO_UNDERLYING
    assert leg(found).intrinsic is None


@pytest.mark.parametrize(
    ("quoted", "quality"),
    [
        ({}, IvQuality.NO_PRICE),
        ({"bid": "100"}, IvQuality.NO_PRICE),
        ({"bid": "180", "ask": "170"}, IvQuality.NO_PRICE),
        ({"bid": "100", "ask": "200"}, IvQuality.WIDE_SPREAD),
        ({"last": Decimal(175), "last_size": Decimal(75)}, IvQuality.LAST),
        ({"last": Decimal(175)}, IvQuality.NO_PRICE),
        ({"bid": "24000", "ask": "24100"}, IvQuality.ABOVE_MAXIMUM),
    ],
)
def test_a_volatility_is_known_only_where_the_price_tells(
    quoted: dict[str, Any], quality: IvQuality
) -> None:
    found = leg(chained([contract(24000, "CE", **quoted)], future=Decimal(24000)))
    assert found.valued.iv_quality is quality
    known = (found.valued.iv, found.valued.delta, found.valued.vega)
    assert (None in known) is (quality not in (IvQuality.MID, IvQuality.LAST))


def test_a_price_below_what_exercise_pays_means_no_volatility() -> None:
    found = leg(chained([contract(23000, "CE", "990", "994")], future=Decimal(24000)), 23000)
    assert found.valued.iv_quality is IvQuality.BELOW_INTRINSIC
    assert found.intrinsic == 1000
    assert found.time_value == -8


def test_where_a_tick_is_ten_points_of_volatility_the_price_tells_none() -> None:
    far = contract(15000, "PE", "0.05", "0.05")
    found = leg(chained([far], future=Decimal(24000), now=EXPIRES_AT), 15000, "pe")
    assert found.valued.iv_quality in (IvQuality.FLAT, IvQuality.ABOVE_MAXIMUM)
    deep = contract(15000, "CE", "8990.1", "8990.15")
    assert leg(chained([deep], future=Decimal(24000)), 15000).valued.iv_quality is IvQuality.FLAT


def test_an_old_trade_says_nothing() -> None:
    printed = contract(24000, "CE", last=Decimal(175), last_size=Decimal(75))
    later = chained([printed], now=NOW + timedelta(seconds=61), future=Decimal(24000))
    assert leg(later).valued.iv_quality is IvQuality.NO_PRICE


def test_strikes_are_shown_around_the_money() -> None:
    ladder = [contract(strike, "CE", "10", "10.5") for strike in range(23000, 25001, 100)]
    found = chained(ladder, future=Decimal(24050), each_side=2)
    assert found.atm_strike == 24000  # as near as 24100: the lower
    assert [row.strike for row in found.rows] == [23800, 23900, 24000, 24100, 24200]
    sides = [row.ce.moneyness for row in found.rows if row.ce]
    assert sides == ["ITM", "ITM", "ATM", "OTM", "OTM"]
    assert all(row.pe is None for row in found.rows)


def test_max_pain_and_ratios_count_every_strike() -> None:
    held = [
        contract(23900, "PE", open_interest=Decimal(300), volume=Decimal(10)),
        contract(24000, "CE", open_interest=Decimal(100), volume=Decimal(40)),
        contract(24100, "CE", open_interest=Decimal(100), volume=Decimal(0)),
    ]
    found = chained(held, each_side=1)
    assert found.max_pain == 23900  # at 23900 and at 24000 nobody is paid: the lower
    assert found.pcr_oi == Decimal("1.5")
    assert found.pcr_volume == Decimal("0.25")
    assert chained([contract(24000, "PE")]).pcr_oi is None
    assert chained([contract(24000, "PE")]).max_pain is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["CE", "PE"]), st.integers(1, 9), st.integers(0, 3)), min_size=1
    )
)
def test_max_pain_is_where_the_writers_pay_least(held: list[tuple[str, int, int]]) -> None:
    legs = {(strike, kind): units for kind, strike, units in held}
    found = chained(contract(k, kind, open_interest=Decimal(n)) for (k, kind), n in legs.items())

    def paid(at: int) -> int:
        return sum(n * max(0, at - k if kind == "CE" else k - at) for (k, kind), n in legs.items())

    wanted = min(sorted(k for k, _ in legs), key=paid) if any(legs.values()) else None
    assert found.max_pain == wanted


def test_the_expected_move_is_one_standard_deviation() -> None:
    found = chained(PAIR)
    iv = leg(found).valued.iv
    assert found.setting is not None
    assert iv is not None
    assert found.expected_move == pytest.approx(
        found.setting.price * iv * found.setting.t_years.sqrt(), rel=Decimal("0.001")
    )


def test_in_its_last_minute_an_option_has_a_minute_to_go() -> None:
    after = chained(PAIR, now=EXPIRES_AT + timedelta(days=1))
    assert after.setting is not None
    assert after.setting.t_years == pytest.approx(Decimal(60) / (365 * 86400), rel=Decimal("1e-3"))


def test_what_is_shown_has_six_places() -> None:
    setting = Setting(Model.BSM, Decimal(24000), Decimal(7) / 365, RATE)
    found = valued(
        setting,
        call=True,
        strike=Decimal(24000),
        worth=Decimal("174.41"),
        tick=Decimal("0.05"),
        taken_from=IvQuality.MID,
    )
    assert (found.iv, found.delta) == (Decimal("0.120001"), Decimal("0.533202"))
    assert (found.vega, found.rho) == (Decimal("13.213454"), Decimal("2.420741"))
