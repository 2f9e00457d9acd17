"""
American calls by the approximation of Bjerksund and Stensland of 1993 (Haug, 2nd ed., 3.2).

Part of the floats of ``greeks``, and evaluated some ten times for each option of a chain, so that
what its terms have in common is counted once.
"""

from __future__ import annotations

from math import erfc, exp, log, sqrt

_ROOT_HALF = sqrt(0.5)


def american_call(  # noqa: PLR0917 - as the formula has them
    s: float, k: float, t: float, r: float, b: float, v: float
) -> float:
    """
    What the right to exercise at any time is worth, where exercising early can be worth it.

    0 where it never is, so that the European price stands; may overflow at next to no volatility.
    """
    if b >= r:
        return 0.0
    variance = v * v
    tilt = b / variance
    beta = 0.5 - tilt + sqrt((tilt - 0.5) ** 2 + 2 * r / variance)
    ever = beta / (beta - 1) * k
    now = max(k, r / (r - b) * k)
    root = v * sqrt(t)
    trigger = now + (ever - now) * (1 - exp(-(b * t + 2 * root) * now / (ever - now)))
    if s >= trigger:
        return s - k
    far, near, width = log(trigger / s), log(k / s), _ROOT_HALF / root

    def chance(gamma: float, h: float) -> float:
        """What phi is besides its growth; ``h`` is the logarithm of its bound over the price."""
        d = (b + (gamma - 0.5) * variance) * t - h
        back = erfc((d + 2 * far) * width)
        echo = exp((2 * tilt + 2 * gamma - 1) * far) * back if back else 0.0
        return 0.5 * (erfc(d * width) - echo)

    # phi(beta, ...) does not grow: beta is what makes its growth vanish.
    return (
        (trigger - k) * exp(-beta * far) * (1 - chance(beta, far))
        + s * exp((b - r) * t) * (chance(1, far) - chance(1, near))
        - k * exp(-r * t) * (chance(0, far) - chance(0, near))
    )
