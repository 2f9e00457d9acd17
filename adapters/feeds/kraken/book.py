"""
A book kept by updates, and the checksum by which one knows that none was lost.

CRC32 over the best ten asks, then the best ten bids: of each level price and quantity with the
pair's precision, without the point and without leading zeros.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

from adapters.feeds.kraken.frames import Pair, Row
from domain.market import Level

DEPTH = 10


class KeptBook:
    """Best first; no more than ``DEPTH`` levels a side, as Kraken counts on."""

    def __init__(self, pair: Pair) -> None:
        self._price = Decimal(1).scaleb(-pair.price_precision)
        self._qty = Decimal(1).scaleb(-pair.qty_precision)
        self.bids: list[Level] = []
        self.asks: list[Level] = []

    def start(self, bids: Iterable[Row], asks: Iterable[Row]) -> None:
        self.bids, self.asks = [], []
        self.update(bids, asks)

    def update(self, bids: Iterable[Row], asks: Iterable[Row]) -> None:
        """A quantity of 0 takes a level out."""
        self.bids = _updated(self.bids, bids, best_is_highest=True)
        self.asks = _updated(self.asks, asks, best_is_highest=False)

    def fits(self, checksum: int) -> bool:
        """Whether this is the book that Kraken has."""
        try:
            return self._checksum() == checksum
        except ArithmeticError:  # a number that no market writes
            return False

    def _checksum(self) -> int:
        levels = (*self.asks[:DEPTH], *self.bids[:DEPTH])
        text = "".join(
            _digits(level.price, self._price) + _digits(level.size, self._qty) for level in levels
        )
        return crc32(text.encode())


def _updated(side: list[Level], news: Iterable[Row], *, best_is_highest: bool) -> list[Level]:
    levels = {level.price: level for level in side}
    for row in news:
        if row.qty:
            levels[row.price] = Level(row.price, row.qty)
        else:
            levels.pop(row.price, None)
    return sorted(levels.values(), key=lambda level: level.price, reverse=best_is_highest)[:DEPTH]


def _digits(value: Decimal, unit: Decimal) -> str:
    return format(value.quantize(unit), "f").replace(".", "").lstrip("0")
