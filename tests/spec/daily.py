"""``bought``, ``told`` and ``after``: the test language of an account's days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from domain.base import Events, fold
from domain.market import Instrument
from domain.trading import (
    Account,
    Product,
    Side,
)
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    NOW,
    fill,
    place,
    ticket,
)

TODAY = date(2026, 11, 20)
MORNING = NOW - timedelta(hours=1)
ONE_DAY = timedelta(days=1)
LENT = replace(ACME, mtf_own_funds_rate=Decimal("0.25"))
SQUARE = UUID(int=77)


def bought(
    product: Product = Product.CNC,
    side: Side = Side.BUY,
    instrument: Instrument = ACME,
    price: str = "100",
) -> tuple[Command, Command]:
    order = replace(
        ticket(side, "10", price),
        product=product,
        symbol=instrument.symbol,
        asset=instrument.type,
        multiplier=instrument.multiplier,
    )
    return replace(place(order), instrument=instrument), fill("10", price)


def after(facts: Events) -> Account:
    return fold(Account(), facts)


def told(past: Events, command: Command) -> Events:
    return given(*past).when(command).facts()
