"""What the venue sends to accounts, and the reasons it gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from commands.trading import (
    AdjustTrail,
    ApplyFill,
    CancelOrder,
    DeferFill,
    ExpireOrder,
    RecordTrigger,
)
from domain.trading import Tif

#: How long the rest of a market order waits at its collar for the market to come back.
PROTECTION = timedelta(seconds=1)

#: An order that may not wait: what it cannot take of its first slice is cancelled.
CancelReason = Literal["IOC", "FOK", "OPG", "PRICE_PROTECTION", "ORDER_WOULD_TAKE"]
AT_ONCE: dict[Tif, CancelReason] = {Tif.IOC: "IOC", Tif.FOK: "FOK", Tif.OPG: "OPG"}

Command = ApplyFill | CancelOrder | ExpireOrder | RecordTrigger | AdjustTrail | DeferFill
