"""Indicators over kept candles, with as many before them as it takes to be sure of the first."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from psycopg import AsyncConnection

from adapters.candles.query import Asked, Candle, candles
from domain.market.candle import DAY
from domain.market.indicators import INTRADAY_ONLY, Bar, Study, drawn, warm_up

Point = tuple[Candle, tuple[Decimal, ...]]


async def studied(db: AsyncConnection[Any], asked: Asked, study: Study) -> list[Point]:
    """The candles asked for, oldest first, each with the values after it; none without values."""
    found = await candles(db, replace(asked, limit=asked.limit + before(asked, study)))
    values = drawn(study, bars(found))
    points = [(candle, each) for candle, each in zip(found, values, strict=True) if each]
    return points[-asked.limit :]


def before(asked: Asked, study: Study) -> int:
    """How many candles to begin earlier: what counts from the day's first may need them all."""
    if study.indicator in INTRADAY_ONLY:
        return DAY // asked.timeframe.length
    return warm_up(study)


def bars(found: Iterable[Candle]) -> Iterable[Bar]:
    """Candles as indicators see them; one without volume traded at the middle of its prices."""
    for one in found:
        high, low, close = Decimal(one.high), Decimal(one.low), Decimal(one.close)
        price = (high + low + close) / 3 if one.vwap is None else Decimal(one.vwap)
        yield Bar(one.day, high, low, close, Decimal(one.volume), price)
