"""
Fill models: the published assumptions by which the paper venue fills an order.

A model is data under a name and a version that never change their meaning: another assumption
is another version.  An order keeps the model it was accepted under, and every fill names it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.money import ZERO


class Sees(StrEnum):
    """What an order is filled from: the touch, all displayed levels, prints alone, or bars."""

    TOUCH = "TOUCH"
    DEPTH = "DEPTH"
    PRINTS = "PRINTS"
    BARS = "BARS"


class FillModel(Struct, frozen=True, kw_only=True):
    """
    The assumptions of one model.

    A slice may fill an order that was accepted at least ``latency`` before it.  ``whole``: size
    is no limit.  ``slip_ticks`` makes whatever takes that many ticks worse, and ``impact`` makes
    it worse by impact x share^2 x price, where share is the part taken of what is displayed, at
    most ``share_max``; neither goes beyond the order's limit.  ``queues``: a trade at the limit
    of a resting order first uses up what was displayed ahead of it; where that is not known the
    order is filled with probability ``p_touch``.
    """

    name: str
    says: str
    sees: Sees = Sees.TOUCH
    latency: timedelta = timedelta(milliseconds=200)
    whole: bool = False
    slip_ticks: int = 0
    impact: Decimal = ZERO
    share_max: Decimal = ZERO
    queues: bool = False
    p_touch: Decimal = ZERO

    @property
    def at_the_limit(self) -> bool:
        """Whether a trade exactly at the limit of a resting order may fill it."""
        return self.queues or self.p_touch > 0


TOP_OF_BOOK = FillModel(
    name="TOP_OF_BOOK@1",
    says="takes the touch up to the size displayed; at rest, filled when crossed or traded through",
)
_ALL = (
    TOP_OF_BOOK,
    FillModel(
        name="INSTANT@1",
        says="the whole order at the touch at once; for tutorials",
        latency=timedelta(0),
        whole=True,
    ),
    FillModel(
        name="DEPTH@1",
        says="takes every displayed level up to the limit, each at its own price",
        sees=Sees.DEPTH,
    ),
    FillModel(
        name="LAST_PRICE@1",
        says="deals at prints alone, whatever is quoted; every fill is marked DEGRADED",
        sees=Sees.PRINTS,
    ),
    FillModel(
        name="BAR@1",
        says="from the next bar on: at its open, or at the limit when traded strictly through",
        sees=Sees.BARS,
    ),
    FillModel(
        name="PESSIMISTIC@1",
        says="as TOP_OF_BOOK@1, and whatever takes is a tick worse",
        slip_ticks=1,
    ),
    FillModel(
        name="IMPACT@1",
        says="as TOP_OF_BOOK@1, worse by 0.1 x share^2 of the price, share at most 2.5 %",
        impact=Decimal("0.1"),
        share_max=Decimal("0.025"),
    ),
    FillModel(
        name="QUEUE@1",
        says="as TOP_OF_BOOK@1, and trades at the limit count once the queue ahead is used up",
        queues=True,
        p_touch=Decimal("0.25"),
    ),
)

FILL_MODELS: dict[str, FillModel] = {model.name: model for model in _ALL}
