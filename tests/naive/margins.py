"""The margin of a written option, from the text of §4.5.5: sixteen scenarios and an exposure."""

from __future__ import annotations

from fractions import Fraction

from tests.naive.amounts import upward

#: Of single stocks and their options; what the operator would set.
RANGE, SHIFT, EXPOSURE = Fraction(10, 100), Fraction(25, 100), Fraction(35, 1000)
EXTREME_SHARE = Fraction(35, 100)
#: Of futures, and of shares within the day (leverage 5).
FUTURES, INTRADAY = Fraction(1, 10), Fraction(1, 5)


def scenarios() -> list[tuple[Fraction, Fraction, Fraction]]:
    """The move in ranges, what time value becomes, and which share of the loss counts."""
    thirds = [Fraction(n, 3) for n in (0, 1, -1, 2, -2, 3, -3)]
    swings = (1 + SHIFT, 1 - SHIFT)
    ordinary = [(move, swing, Fraction(1)) for move in thirds for swing in swings]
    extreme = [(Fraction(move), Fraction(1), EXTREME_SHARE) for move in (2, -2)]
    assert len(ordinary) + len(extreme) == 16
    return ordinary + extreme


def intrinsic(kind: str, strike: Fraction, at: Fraction) -> Fraction:
    return max(Fraction(0), at - strike if kind == "CE" else strike - at)


def writing(
    kind: str, strike: Fraction, mark: Fraction, underlying: Fraction, multiplier: Fraction
) -> Fraction:
    """Beside its value, of one written unit."""
    time_value = max(Fraction(0), mark - intrinsic(kind, strike, underlying))
    worst = Fraction(0)
    for move, swing, share in scenarios():
        at = max(Fraction(0), underlying * (1 + move * RANGE))
        after = intrinsic(kind, strike, at) + time_value * swing
        worst = max(worst, (after - mark) * multiplier * share)
    return upward(worst + underlying * multiplier * EXPOSURE)
