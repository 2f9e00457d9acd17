"""Every kind of fact of an order's life that plain buying and selling does not bring about."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.trading import (
    AdjustTrail,
    ConvertPosition,
    FinishOrderDay,
    RecordTrigger,
    RejectCancel,
    RejectReplace,
    ReleaseOrder,
    RequestCancel,
    RequestReplace,
    SuspendOrder,
)
from domain.base import Event, Events, fold
from domain.trading import (
    Account,
    OrderFillDeferred,
    OrderType,
    Product,
    Side,
    Tif,
)
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    cancel,
    fill,
    history,
    opened,
    place,
    quote,
    ticket,
)

TRAILING = replace(
    ticket(Side.SELL, "4", None),
    order_type=OrderType.TRAILING_STOP,
    trail_amount=Decimal(5),
    tif=Tif.GTD,
    expires_at=NOW + timedelta(days=3),
)


def of_orders() -> tuple[Event, ...]:
    one: dict[str, Any] = {"at": NOW, "account_id": MINE, "order_id": FIRST}
    two: dict[str, Any] = {**one, "order_id": SECOND}
    why: dict[str, Any] = {**one, "reason": "HALTED"}
    return (
        *history(
            place(ticket()),
            SuspendOrder(**why),
            ReleaseOrder(**why),
            FinishOrderDay(**why),
            ReleaseOrder(**why),
            RequestCancel(**one),
            RejectCancel(**why),
            RequestReplace(**one, quantity=Decimal(9)),
            RejectReplace(**why),
            fill("10", "100"),
            place(TRAILING, SECOND, at_quote=quote()),
            AdjustTrail(**two, instrument=ACME, watermark=Decimal(110)),
            RecordTrigger(**two, instrument=ACME, quote=quote("104", "105"), price=Decimal(105)),
            cancel(SECOND),
            ConvertPosition(
                at=NOW,
                account_id=MINE,
                conversion_id=UUID(int=900),
                instrument=ACME,
                from_product=Product.CNC,
                to_product=Product.MIS,
                quantity=Decimal(4),
            ),
        ),
        OrderFillDeferred(MINE, FIRST, "STALE_QUOTE", 5100),
        *filled_late(),
    )


def filled_late() -> Events:
    """A live venue fills what was cancelled."""
    account = fold(Account(), [replace(opened()[0], kind="LIVE")])
    facts: Events = ()
    for command in (place(ticket()), cancel(), fill("4", "100")):
        facts = command.decide(account)
        account = fold(account, facts)
    return facts
