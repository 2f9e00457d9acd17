"""Days of market data: once nothing can be added to one, it is put on record what it was."""

from __future__ import annotations

from datetime import date

from commands.base import Command
from domain.base import Events, Role
from domain.market.data_day import MarketData, MarketDataDayClosed


class CloseMarketDataDay(Command, frozen=True, kw_only=True):
    """Put the hash of a day's candles on record; of a day that is closed nothing changes."""

    state = MarketData
    allowed = Role.SYSTEM

    source: str
    day: date
    rows: int
    sha256: str

    @property
    def stream(self) -> str:
        return f"market-data-{self.source}"

    def decide(self, data: MarketData) -> Events:
        if self.day in data.closed or not self.rows:
            return ()
        return (MarketDataDayClosed(self.source, self.day, self.rows, self.sha256),)
