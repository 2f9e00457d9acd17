"""What may be asked of the market: its reference data, and to be told of its prices."""

from __future__ import annotations

from commands.market.alerts import CancelAlert as CancelAlert
from commands.market.alerts import ExpireAlert as ExpireAlert
from commands.market.alerts import SetAlert as SetAlert
from commands.market.alerts import TriggerAlert as TriggerAlert
from commands.market.data_day import CloseMarketDataDay as CloseMarketDataDay
from commands.market.masters import ImportInstruments as ImportInstruments
