"""The floor of the venue: what it takes up, what it sends, and in what order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from adapters.venue import Floor, Standing, Venue
from adapters.venue.floor import IN_FLIGHT_MAX
from commands import base
from commands.base import Caller, Receipt
from commands.trading import ApplyFill
from domain.base import Role
from domain.errors import Illegal, Unavailable
from domain.market import Quote
from domain.trading import (
    Balance,
    FundsDeposited,
    Order,
    OrderAccepted,
    OrderPlaced,
    OrderReplaced,
    OrderType,
    Product,
    Side,
    Tif,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ACCOUNTS = (UUID(int=1), UUID(int=2))


def one_order_on(floor: Floor, tif: Tif) -> None:
    floor.begin(
        [
            Standing(
                order_id=UUID(int=5),
                account_id=ACCOUNTS[0],
                symbol="ACME",
                side=Side.BUY,
                order_type=OrderType.LIMIT,
                tif=tif,
                limit=Decimal(100),
                quantity=Decimal(10),
                since=NOW - timedelta(minutes=1),
            )
        ]
    )


def ask_of(seq: int, size: int) -> Quote:
    return Quote("ACME", "test", seq, NOW, NOW, ask=Decimal(99), ask_size=Decimal(size))


def floor_that(answer: Callable[[base.Command], Receipt]) -> tuple[Floor, list[base.Command]]:
    asked: list[base.Command] = []

    async def dispatch(command: base.Command, by: Caller) -> Receipt:
        assert (by.actor, by.roles) == ("venue:paper", Role.VENUE)
        await asyncio.sleep(0.001 if isinstance(command, ApplyFill) else 0)
        asked.append(command)
        return answer(command)

    return Floor(Venue(), dispatch, lambda: NOW), asked


FILLED = Receipt((FundsDeposited(UUID(int=1), Decimal(1), "", (), Balance()),), 1)


def accepted(order_id: UUID, venue: str) -> tuple[OrderPlaced, OrderAccepted]:
    order = Order("ACME", Side.BUY, Decimal(10), OrderType.LIMIT, Product.CNC, Decimal(100))
    return (
        OrderPlaced(account_id=ACCOUNTS[0], order_id=order_id, order=order),
        OrderAccepted(
            account_id=ACCOUNTS[0],
            order_id=order_id,
            venue=venue,
            model="TOP_OF_BOOK@1",
            limit=Decimal(100),
            reserved=Decimal(1000),
            balance=Balance(),
        ),
    )


def test_orders_of_other_venues_are_none_of_its_business() -> None:
    floor, _ = floor_that(lambda _: FILLED)
    for nth, venue in enumerate(("paper", "kraken")):
        for fact in accepted(UUID(int=nth), venue):
            floor.learn(fact, NOW)
    assert floor.venue.why(UUID(int=0), NOW) is not None
    assert floor.venue.why(UUID(int=1), NOW) is None


@pytest.mark.parametrize(("keeps_priority", "first"), [(True, 0), (False, 1)])
def test_an_order_that_was_changed_keeps_its_place_if_the_account_says_so(
    keeps_priority: bool, first: int
) -> None:
    floor, _ = floor_that(lambda _: FILLED)
    began = NOW - timedelta(minutes=1)
    for nth in range(2):
        for fact in accepted(UUID(int=nth), "paper"):
            floor.learn(fact, began + nth * timedelta(seconds=1))
    smaller = OrderReplaced(
        account_id=ACCOUNTS[0],
        order_id=UUID(int=0),
        quantity=Decimal(9),
        price=Decimal(100),
        limit=Decimal(100),
        reserved=Decimal(900),
        keeps_priority=keeps_priority,
        balance=Balance(),
    )
    floor.learn(smaller, began + timedelta(seconds=30))
    fills = floor.venue.on_quote(ask_of(1, 50), NOW)
    assert [fill.order_id.int for fill in fills] == [first, 1 - first]


def test_the_cancel_of_an_immediate_order_never_overtakes_its_fill() -> None:
    async def scene() -> list[str]:
        floor, asked = floor_that(lambda _: FILLED)
        one_order_on(floor, Tif.IOC)
        floor.on_quote(ask_of(1, 4))
        await floor.drained()
        return [type(command).__name__ for command in asked]

    assert asyncio.run(scene()) == ["ApplyFill", "CancelOrder"]


@pytest.mark.parametrize(
    ("error", "asked_again", "logged"),
    [
        (Unavailable("TAPE_UNAVAILABLE"), True, 0),
        (Illegal("EXEC_OVERFILL"), True, 1),
        (Illegal("ORDER_TOO_LATE"), False, 0),
        (ConnectionError("gone"), True, 1),
    ],
)
def test_a_refused_fill_is_tried_again_unless_the_order_is_over(
    error: Exception, asked_again: bool, logged: int
) -> None:
    async def scene() -> int:
        def refuse(_: base.Command) -> Receipt:
            if len(asked) == 1:
                raise error
            return FILLED

        floor, asked = floor_that(refuse)
        one_order_on(floor, Tif.GTC)
        for seq in (1, 2, 3):
            floor.on_quote(ask_of(seq, 50))
            await floor.drained()
        return len(asked)

    with capture_logs() as logs:
        assert asyncio.run(scene()) == 1 + asked_again
    assert len(logs) == logged


def test_a_fill_that_changed_nothing_leaves_the_order_to_the_next_slice() -> None:
    async def scene() -> int:
        floor, asked = floor_that(lambda _: Receipt((), 1))
        one_order_on(floor, Tif.GTC)
        for seq in (1, 2):
            floor.on_quote(ask_of(seq, 50))
            await floor.drained()
        return len(asked)

    assert asyncio.run(scene()) == 2


def test_the_market_is_held_back_while_the_accounts_cannot_keep_up() -> None:
    async def scene() -> None:
        gate = asyncio.Event()

        async def dispatch(command: base.Command, by: Caller) -> Receipt:
            await gate.wait()
            return FILLED

        floor = Floor(Venue(), dispatch, lambda: NOW)
        for nth in range(IN_FLIGHT_MAX + 1):
            one_order_on(floor, Tif.GTC)
            floor.on_quote(ask_of(nth, 50))
            floor.venue.on_end(UUID(int=5))
        await asyncio.wait_for(floor.pace(0), 5)  # one order: one command under way
        floor.begin(
            Standing(
                order_id=UUID(int=1000 + nth), account_id=ACCOUNTS[0], symbol="ACME",
                side=Side.BUY, order_type=OrderType.MARKET, tif=Tif.GTC, limit=Decimal(100),
                quantity=Decimal(1), since=NOW - timedelta(minutes=1),
            )
            for nth in range(IN_FLIGHT_MAX + 1)
        )  # fmt: skip
        floor.on_quote(ask_of(-1, 5000))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(floor.pace(0), 0.05)
        gate.set()
        await asyncio.wait_for(floor.pace(0), 5)
        await floor.drained()

    asyncio.run(scene())
