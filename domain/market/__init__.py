"""
The market: what may be traded and when, what it was quoted at, and whether that may be traded on.

Prices are in the instrument's currency per unit, sizes in units, times in UTC.
"""

from __future__ import annotations

from domain.market.alerts import AlertCancelled as AlertCancelled
from domain.market.alerts import AlertExpired as AlertExpired
from domain.market.alerts import AlertKind as AlertKind
from domain.market.alerts import Alerts as Alerts
from domain.market.alerts import AlertSet as AlertSet
from domain.market.alerts import AlertTriggered as AlertTriggered
from domain.market.alerts import Condition as Condition
from domain.market.alerts import Way as Way
from domain.market.calendar import Calendar as Calendar
from domain.market.calendar import Calendars as Calendars
from domain.market.calendar import Phase as Phase
from domain.market.calendar import Session as Session
from domain.market.data_day import MarketData as MarketData
from domain.market.data_day import MarketDataDayClosed as MarketDataDayClosed
from domain.market.instrument import Instrument as Instrument
from domain.market.instrument import InstrumentStatus as InstrumentStatus
from domain.market.instrument import InstrumentType as InstrumentType
from domain.market.instrument import Shortable as Shortable
from domain.market.instrument import is_symbol as is_symbol
from domain.market.instrument import listing_faults as listing_faults
from domain.market.master import Differences as Differences
from domain.market.master import InstrumentMaster as InstrumentMaster
from domain.market.master import InstrumentsImported as InstrumentsImported
from domain.market.quote import CLOCK_SKEW_MAX as CLOCK_SKEW_MAX
from domain.market.quote import INCOHERENT_SHARE as INCOHERENT_SHARE
from domain.market.quote import INCOHERENT_SPREADS as INCOHERENT_SPREADS
from domain.market.quote import MAX_AGE as MAX_AGE
from domain.market.quote import Counts as Counts
from domain.market.quote import Evidence as Evidence
from domain.market.quote import Level as Level
from domain.market.quote import Quality as Quality
from domain.market.quote import Quote as Quote
from domain.market.quote import mark as mark
from domain.market.quote import quality as quality
from domain.market.quote import witness as witness
