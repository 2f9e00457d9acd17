"""
What changed a price without a trade: as companies announced it, else as a file has told.

An announcement counts from the first session on that ends behind its time, once there is one:
until then nobody has traded the new shares.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from psycopg.rows import tuple_row

from adapters.candles.adjusting import Adjustment

_CLOSE = """(SELECT close::text FROM md.candle c WHERE c.symbol = a.symbol AND level = '1D'
   AND c.day < a.ex_date ORDER BY begins DESC LIMIT 1)"""
_TOLD = f"""
SELECT ex_date, ratio::text, amount::text, {_CLOSE} FROM md.action a WHERE symbol = %s
"""  # noqa: S608 - a part of our own
_ANNOUNCED = f"""
WITH a AS (
    SELECT a.symbol, a.cash_per_unit AS amount,
        CASE kind WHEN 'BONUS' THEN numerator + denominator ELSE numerator END / denominator
            AS ratio,
        (SELECT min(day) FROM md.candle c
          WHERE c.symbol = a.symbol AND level = '1D' AND c.ends > a.ex_at) AS ex_date
      FROM rm.corporate_actions a
     WHERE symbol = %s AND kind IN ('SPLIT', 'BONUS', 'DIVIDEND')
)
SELECT ex_date, ratio::text, amount::text, {_CLOSE} FROM a WHERE ex_date IS NOT NULL
"""  # noqa: S608 - a part of our own


async def adjustments(db: AsyncConnection[Any], symbol: str) -> list[Adjustment]:
    """Oldest first; of a day that was announced the file is not asked."""
    announced = await _read(db, _ANNOUNCED, symbol)
    days = {one.ex_date for one in announced}
    told = [one for one in await _read(db, _TOLD, symbol) if one.ex_date not in days]
    return sorted([*announced, *told], key=lambda one: one.ex_date)


async def _read(db: AsyncConnection[Any], query: str, symbol: str) -> list[Adjustment]:
    try:
        async with db.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(query.encode(), [symbol], prepare=True)
            rows = await cursor.fetchall()
    except UndefinedTable:  # nothing was ever projected here
        return []
    return [
        Adjustment(day, Decimal(ratio), Decimal(amount), Decimal(close) if close else None)
        for day, ratio, amount, close in rows
    ]
