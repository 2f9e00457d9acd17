"""The orders that stand are taken up again when the venue opens, whatever the read model knows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.postgres import connect
from adapters.projector import Projector
from adapters.servers import Database
from adapters.tape import AsyncTape
from adapters.venue import Floor, Venue
from adapters.venue.standing import take_up
from commands.base import Entry
from commands.trading import CancelOrder
from domain.base import Meta
from domain.market import Quote
from domain.trading import Side
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    fill,
    history,
    place,
    quote,
    ticket,
)

META = Meta(actor="test", command_id=UUID(int=1), correlation_id=UUID(int=1), occurred_at=NOW)
LATER = NOW + timedelta(minutes=1)
LIFE = history(
    place(ticket(quantity="10", price="100")),
    fill("4", "100"),
    place(ticket(quantity="5", price="90"), SECOND),
    place(ticket(Side.SELL, "4", "120"), THIRD),
    CancelOrder(at=NOW, account_id=MINE, order_id=SECOND),
)


def seen(bid: str, ask: str, seq: int) -> Quote:
    return replace(quote(bid, ask, seq=seq), at=LATER, received_at=LATER)


async def never(*_: object) -> None:
    raise AssertionError("opening the venue asks for nothing")


@pytest.mark.parametrize("projected", [0, 1, 3, 4, len(LIFE)])
async def test_the_venue_opens_with_the_orders_that_stand(
    database: Database, projected: int
) -> None:
    async with AsyncTape(database.dsn, lambda: NOW, "test") as tape:
        for facts, after in ((LIFE[:projected], 0), (LIFE[projected:], projected)):
            if facts:
                await tape.append([Entry(f"account-{MINE}", after, facts, META)])
            if projected and not after:
                Projector(database.dsn).catch_up()
    venue = Venue([ACME])
    floor = Floor(venue, never, lambda: NOW)  # type: ignore[arg-type]  # it must not be called
    with connect(database.dsn) as db:
        assert take_up(floor, db) == len(LIFE)
    assert len(venue) == 2
    assert not venue.on_quote(seen("95", "100.05", 1), LATER), "the market reaches neither"
    (bought,) = venue.on_quote(seen("95", "99", 2), LATER)
    assert (bought.order_id, bought.quantity) == (FIRST, Decimal(6))  # type: ignore[union-attr]
