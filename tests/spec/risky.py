"""``limit``, ``hold``, ``kill``, ``buy`` and ``sell``: the test language of risk."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    ActivateKillSwitch,
    PlaceOrder,
    SetRiskLimits,
    SetTradingState,
)
from domain.base import Events
from domain.trading import (
    Limits,
    OrderAccepted,
    OrderRejected,
    Side,
    TradingState,
)
from tests.spec.given import given
from tests.spec.trading import (
    MINE,
    NOW,
    SECOND,
    fill,
    place,
    quote,
    ticket,
)

TOMORROW = NOW + timedelta(days=1)


def limit(**limits: object) -> SetRiskLimits:
    return SetRiskLimits(
        at=NOW,
        account_id=MINE,
        limits=Limits(**limits),  # type: ignore[arg-type]  # each test names its own
        next_session=TOMORROW,
    )


def hold(state: TradingState, **more: object) -> SetTradingState:
    command = SetTradingState(
        at=NOW, account_id=MINE, trading_state=state, reason="enough for today"
    )
    return replace(command, **more)


def kill(**more: object) -> ActivateKillSwitch:
    return replace(ActivateKillSwitch(at=NOW, account_id=MINE, reason="this is wrong"), **more)


def bought(quantity: str = "10", price: str = "100") -> tuple[Command, Command]:
    return place(ticket(quantity=quantity, price=price)), fill(quantity, price)


def sell(quantity: str = "10", price: str | None = "100") -> PlaceOrder:
    return place(ticket(Side.SELL, quantity, price), SECOND, at_quote=quote())


def buy(quantity: str = "10", price: str | None = "100", at: object = None) -> PlaceOrder:
    return place(ticket(quantity=quantity, price=price), SECOND, at_quote=at or quote())  # type: ignore[arg-type]


def refused(past: Events, command: PlaceOrder) -> OrderRejected:
    (fact,) = given(*past).when(command).facts()
    assert isinstance(fact, OrderRejected)
    return fact


def accepted(past: Events, command: PlaceOrder) -> bool:
    return isinstance(given(*past).when(command).facts()[-1], OrderAccepted)
