"""Greeks are the slopes of prices, prices keep parity, and a volatility is found again."""

from __future__ import annotations

from math import exp, log, pow, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.market.options.american import american_call
from domain.market.options.greeks import (
    VOLATILITY_MAX,
    VOLATILITY_MIN,
    Exercise,
    NoVolatility,
    Terms,
    greeks,
    normal,
    price,
    volatility_of,
)

SPOT = Terms(call=True, s=24_000.0, k=24_000.0, t=7 / 365, r=0.065, b=0.065)
FORWARD = replace(SPOT, s=24_000 * exp(0.065 * 7 / 365), b=0.0, on_forward=True)


@st.composite
def options(draw: st.DrawFn, exercise: Exercise = Exercise.EUROPEAN) -> Terms:
    rate = draw(st.floats(0.0, 0.15))
    on_forward = draw(st.booleans())
    return Terms(
        call=draw(st.booleans()),
        s=100.0,
        k=draw(st.floats(60, 160)),
        t=draw(st.floats(3 / 365, 2)),
        r=rate,
        b=0.0 if on_forward else rate - draw(st.floats(0, 0.1)),
        exercise=exercise,
        on_forward=on_forward,
    )


volatilities = st.floats(0.08, 1.2)


def test_the_numbers_of_the_reference_come_out() -> None:
    on_spot, on_forward = greeks(SPOT, 0.12), greeks(FORWARD, 0.12)
    assert on_spot.price == pytest.approx(174.41, abs=0.005)
    assert on_spot.delta == pytest.approx(0.5332, abs=5e-5)
    assert on_spot.gamma == pytest.approx(0.0010, abs=5e-5)
    assert on_spot.vega == pytest.approx(13.2135, abs=5e-5)
    assert on_spot.theta == pytest.approx(-13.5736, abs=1e-4)
    assert on_spot.rho == pytest.approx(2.4207, abs=5e-5)
    assert on_forward.price == pytest.approx(174.41, abs=0.005)
    assert on_forward.delta == pytest.approx(0.5325, abs=5e-5)
    assert on_forward.theta == pytest.approx(-11.2948, abs=5e-5)
    assert on_forward.rho == pytest.approx(-0.0334, abs=5e-5)


def test_the_american_approximation_gives_the_example_of_its_book() -> None:
    """Haug, 2nd ed., page 103: 5.2704 against 5.0975 for the European call."""
    call = Terms(call=True, s=42, k=40, t=0.75, r=0.04, b=-0.04, exercise=Exercise.AMERICAN)
    assert price(call, 0.35) == pytest.approx(5.2704, abs=5e-5)
    assert price(replace(call, exercise=Exercise.EUROPEAN), 0.35) == pytest.approx(5.0975, abs=5e-5)


def by_the_book(  # noqa: PLR0917 - as the formula has them
    s: float, k: float, t: float, r: float, b: float, v: float
) -> float:
    """The formulas as they are printed (Haug, 2nd ed., 3.2)."""
    beta = 0.5 - b / v**2 + sqrt((b / v**2 - 0.5) ** 2 + 2 * r / v**2)
    ever, now = beta / (beta - 1) * k, max(k, r / (r - b) * k)
    h = -(b * t + 2 * v * sqrt(t)) * now / (ever - now)
    x = now + (ever - now) * (1 - exp(h))
    if s >= x:
        return s - k

    def phi(gamma: float, h: float) -> float:
        growth = (-r + gamma * b + 0.5 * gamma * (gamma - 1) * v**2) * t
        d = -(log(s / h) + (b + (gamma - 0.5) * v**2) * t) / (v * sqrt(t))
        kappa = 2 * b / v**2 + 2 * gamma - 1
        back = normal(d - 2 * log(x / s) / (v * sqrt(t)))
        return exp(growth) * pow(s, gamma) * (normal(d) - pow(x / s, kappa) * back)

    alpha = (x - k) * pow(x, -beta)
    return (
        alpha * pow(s, beta) - alpha * phi(beta, x)
        + phi(1, x) - phi(1, k) - k * phi(0, x) + k * phi(0, k)
    )  # fmt: skip


@given(options(Exercise.AMERICAN), volatilities)
def test_american_calls_are_those_of_the_book(terms: Terms, volatility: float) -> None:
    numbers = terms.s, terms.k, terms.t, terms.r, terms.b, volatility
    assume(terms.r > 1e-4 and terms.b < terms.r - 1e-4)
    assert american_call(*numbers) == pytest.approx(by_the_book(*numbers), abs=1e-8)


@given(options(Exercise.AMERICAN), volatilities)
def test_american_greeks_are_slopes_where_nobody_would_exercise(
    terms: Terms, volatility: float
) -> None:
    def at(v: float = volatility, **changes: float) -> float:
        return price(replace(terms, **changes), v)

    european = price(replace(terms, exercise=Exercise.EUROPEAN), volatility)
    paid = (terms.s - terms.k) * (1 if terms.call else -1)
    assume(at() > max(european, paid) + 0.05)
    found, dx = greeks(terms, volatility), 1e-5
    assert found.price == at()
    assert found.delta == pytest.approx((at(s=100.001) - at(s=99.999)) / 0.002, abs=1e-3)
    assert found.vega == pytest.approx(
        (at(volatility + dx) - at(volatility - dx)) / (2 * dx) / 100, abs=1e-4
    )
    assert found.theta == pytest.approx(
        (at(t=terms.t - dx) - at(t=terms.t + dx)) / (2 * dx) / 365, abs=1e-3
    )


@given(options(), volatilities)
def test_every_greek_is_the_slope_of_the_price(terms: Terms, volatility: float) -> None:
    found, dx = greeks(terms, volatility), 1e-4

    def at(v: float = volatility, **changes: float) -> float:
        return price(replace(terms, **changes), v)

    def carried(r: float) -> float:
        return terms.b if terms.on_forward else terms.b + r - terms.r

    up, down = at(s=terms.s + 1e-2), at(s=terms.s - 1e-2)
    rates = (terms.r + dx, terms.r - dx)
    higher, lower = (at(r=r, b=carried(r)) for r in rates)
    assert found.price == pytest.approx(at(), abs=1e-9)
    assert found.delta == pytest.approx((up - down) / 2e-2, abs=1e-5)
    assert found.gamma == pytest.approx((up - 2 * at() + down) / 1e-4, abs=1e-4)
    assert found.vega == pytest.approx(
        (at(volatility + dx) - at(volatility - dx)) / (2 * dx) / 100, abs=1e-5
    )
    assert found.theta == pytest.approx(
        (at(t=terms.t - dx) - at(t=terms.t + dx)) / (2 * dx) / 365, abs=1e-4
    )
    assert found.rho == pytest.approx((higher - lower) / (2 * dx) / 100, abs=1e-5)


@given(options(), volatilities)
def test_a_call_less_a_put_is_the_forward_less_the_strike(terms: Terms, volatility: float) -> None:
    call, put = (price(replace(terms, call=side), volatility) for side in (True, False))
    forward = terms.s * exp((terms.b - terms.r) * terms.t)
    assert call - put == pytest.approx(forward - terms.k * exp(-terms.r * terms.t), abs=1e-9)


@pytest.mark.parametrize("exercise", Exercise)
@given(st.data(), volatilities)
def test_a_volatility_is_found_again_in_its_price(
    exercise: Exercise, data: st.DataObject, volatility: float
) -> None:
    terms = data.draw(options(exercise))
    worth = price(terms, volatility)
    # Both ways: where exercise at once is best, a price says nothing of volatility.
    assume(worth - price(terms, volatility - 0.005) > 1e-4)
    assume(price(terms, volatility + 0.005) - worth > 1e-4)
    found = volatility_of(terms, worth)
    assert isinstance(found, float)
    assert price(terms, found) == pytest.approx(worth, abs=1e-6)
    if exercise is Exercise.EUROPEAN:
        assert found == pytest.approx(volatility, abs=1e-4)


@pytest.mark.parametrize("exercise", Exercise)
@given(st.data(), st.floats(0, 1e6))
def test_no_price_gives_a_nonsensical_volatility(
    exercise: Exercise, data: st.DataObject, worth: float
) -> None:
    terms = data.draw(options(exercise))
    found = volatility_of(terms, worth)
    if isinstance(found, NoVolatility):
        low, high = price(terms, VOLATILITY_MIN), price(terms, VOLATILITY_MAX)
        assert worth <= low or worth >= high
    else:
        assert VOLATILITY_MIN <= found <= VOLATILITY_MAX


@given(options(Exercise.AMERICAN), volatilities)
def test_an_american_option_is_worth_at_least_the_european_and_its_exercise(
    terms: Terms, volatility: float
) -> None:
    american = price(terms, volatility)
    european = price(replace(terms, exercise=Exercise.EUROPEAN), volatility)
    pays = max(0.0, (terms.s - terms.k) * (1 if terms.call else -1))
    assert american >= max(european, pays)
    delta = greeks(terms, volatility).delta
    assert -1.001 <= delta <= 1.001


@given(options(Exercise.AMERICAN), st.floats(1e-5, 0.05))
def test_next_to_no_volatility_breaks_nothing(terms: Terms, volatility: float) -> None:
    found = greeks(terms, volatility)
    assert all(abs(figure) < 1e9 for figure in (found.price, found.delta, found.vega, found.rho))
