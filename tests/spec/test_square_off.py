"""How the house closes what may not stay open."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.trading import (
    CancelOrder,
    RemarkMargin,
    SquareOff,
)
from commands.trading.closing import Listing
from domain.trading import (
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    Product,
    Side,
)
from tests.spec.daily import SQUARE, after, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
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


def square(at_quote: object = None, **more: object) -> SquareOff:
    command = SquareOff(
        at=NOW,
        account_id=MINE,
        square_id=SQUARE,
        reason="SQUARE_OFF",
        listings=(Listing(instrument=ACME, quote=at_quote),),  # type: ignore[arg-type]  # or none
        products=frozenset({Product.MIS}),
    )
    return replace(command, **more)


def test_intraday_positions_are_squared_off_after_their_orders_are_taken_back() -> None:
    working = replace(ticket(quantity="3"), product=Product.MIS)
    past = history(*bought(Product.MIS), place(working, SECOND), place(ticket(), THIRD))
    canceled, placed, accepted = told(past, square(quote()))
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.order_id, canceled.reason) == (SECOND, "SQUARE_OFF")
    assert isinstance(placed, OrderPlaced)
    assert (placed.origin, placed.order.reduce_only, placed.order.side) == (
        "SYSTEM",
        True,
        Side.SELL,
    )
    assert isinstance(accepted, OrderAccepted)
    given(*past, canceled, placed, accepted).when(square(quote())).then()


def test_without_a_fresh_quote_nothing_is_placed_and_asking_again_helps() -> None:
    past = history(*bought(Product.MIS))
    given(*past).when(square()).then()
    assert len(told(past, square(quote()))) == 2


def test_an_attempt_that_ended_unfilled_is_followed_by_another() -> None:
    past = history(*bought(Product.MIS))
    placed, accepted = told(past, square(quote()))
    assert isinstance(placed, OrderPlaced)
    cancel = CancelOrder(
        at=NOW, account_id=MINE, order_id=placed.order_id, reason="PRICE_PROTECTION"
    )
    past = (*past, placed, accepted)
    past = (*past, *told(past, cancel))
    (again, _) = told(past, square(quote()))
    assert isinstance(again, OrderPlaced)
    assert again.order_id != placed.order_id


def test_at_the_close_the_official_close_is_the_price() -> None:
    past = history(*bought(Product.MIS))
    old = replace(quote("94.95", "95.05"), received_at=NOW - timedelta(hours=2))
    facts = told(past, square(old, final=True))
    filled = facts[-1]
    assert isinstance(filled, OrderFilled)
    assert filled.last_px == 95
    assert filled.evidence.kind == "CLOSE_PRICE"
    account = after((*past, *facts))
    assert account.position("ACME", Product.MIS).quantity == 0
    assert not account.orders
    assert account.balance.cash == 99_950
    given(*past, *facts).when(square(old, final=True)).then()


def test_a_short_is_squared_off_by_buying() -> None:
    past = history(*bought(Product.MIS, Side.SELL))
    placed = told(past, square(quote()))[0]
    assert isinstance(placed, OrderPlaced)
    assert placed.order.side is Side.BUY


def test_only_the_largest_loss_is_closed_if_that_is_what_is_asked() -> None:
    other = replace(ACME, symbol="OTHER")
    order = replace(ticket(symbol="OTHER"), product=Product.MIS)
    past = history(
        *bought(Product.MIS),
        replace(place(order, SECOND), instrument=other),
        fill("10", "100", SECOND, UUID(int=9)),
        RemarkMargin(
            at=NOW,
            account_id=MINE,
            marks={"ACME": Decimal(99), "OTHER": Decimal(80)},
            closing=True,
        ),
    )
    listings = tuple(
        Listing(instrument=one, quote=replace(quote(), symbol=one.symbol)) for one in (ACME, other)
    )
    facts = told(past, square(listings=listings, largest_loss=True))
    placed = [fact.order.symbol for fact in facts if isinstance(fact, OrderPlaced)]
    assert placed == ["OTHER"]
