"""
Hours and bands: when a symbol may be dealt in, between which prices, and when its day is over.

Without calendars the market is always open and a day is a day of UTC; with them, an exchange
that has none is never open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from domain.market import Calendars, Instrument, InstrumentStatus, Phase
from domain.trading import Tif
from domain.trading.order import AUCTIONS

ONE_DAY = timedelta(days=1)
#: What counts as the close where no auction is quoted: the last so much of the session.
CLOSING = timedelta(minutes=1)


class Hours:
    """The rules of the exchanges, by symbol; a symbol that nobody listed has none."""

    def __init__(self, instruments: Iterable[Instrument], calendars: Calendars | None) -> None:
        self._listed = {one.symbol: one for one in instruments}
        self._calendars = calendars

    def of(self, symbol: str) -> Instrument | None:
        return self._listed.get(symbol)

    def phase(self, symbol: str, at: datetime) -> Phase:
        listed = self._listed.get(symbol)
        if self._calendars is None or listed is None:
            return Phase.CONTINUOUS
        return self._calendars.of(listed.exchange).phase(at)

    def closed(self, symbol: str, at: datetime) -> str | None:
        """Why nothing is dealt in this symbol at all, None when it is."""
        listed = self._listed.get(symbol)
        if listed is not None and listed.status is not InstrumentStatus.ACTIVE:
            return "INSTRUMENT_HALTED"
        return None if self.phase(symbol, at) is Phase.CONTINUOUS else "SESSION_CLOSED"

    def day_ends(self, symbol: str, since: datetime) -> datetime:
        """When the day is over for which an order of ``since`` is good."""
        listed = self._listed.get(symbol)
        close = None
        if self._calendars is not None and listed is not None:
            close = self._calendars.of(listed.exchange).next_close(since)
        return close or _midnight_after(since)

    def waits_until(self, symbol: str, tif: Tif, since: datetime) -> datetime | None:
        """When the opening or the close begins that an order of ``since`` is for, if it is."""
        listed = self._listed.get(symbol)
        if tif not in AUCTIONS or self._calendars is None or listed is None:
            return None
        calendar = self._calendars.of(listed.exchange)
        if tif is Tif.OPG:
            return calendar.next_open(since)
        close = calendar.next_close(since)
        return None if close is None else close - CLOSING


def within_bands(price: Decimal, listed: Instrument | None) -> bool:
    """Nothing trades outside the bands of the day, where there are any."""
    if listed is None:
        return True
    low, high = listed.lower_band, listed.upper_band
    return (low is None or price >= low) and (high is None or price <= high)


def _midnight_after(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(UTC).date() + ONE_DAY, time.min, UTC)
