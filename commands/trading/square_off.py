"""
Squaring off: the house closes what may not stay open, as any order is placed and filled.

Orders that could open something are taken back first.  Where there is no fresh quote nothing is
placed yet; whoever asks goes on asking until all of it is closed, and what is on its way is not
ordered twice.  At the close of the session the official close is the price, and the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5

from commands.trading.base import AccountCommand
from commands.trading.closing import Listing, side_out_of
from commands.trading.execution import Report, executed
from commands.trading.groups import after_fill
from commands.trading.place import PlaceOrder
from commands.trading.taking_back import taken_back
from domain.base import Events, Role, fold
from domain.market import MAX_AGE, Quote, mark, witness
from domain.trading import (
    Account,
    Order,
    OrderFilled,
    OrderPlaced,
    OrderType,
    Origin,
    Position,
    Product,
    Working,
)

#: A close is the price of the day, however long ago the last trade was.
ANY_AGE = timedelta(days=3650)


class SquareOff(AccountCommand, frozen=True, kw_only=True):
    """
    Close the positions of some products, or the one with the largest loss.

    ``square_id`` names the orders: the same for every asking of one occasion.  ``final`` fills
    at the last price known, which at the close of a session is the official one.
    """

    allowed = Role.SYSTEM
    urgent = True

    square_id: UUID
    reason: Literal["SQUARE_OFF", "KILL_SWITCH", "MARGIN_CALL", "RESET"]
    listings: tuple[Listing, ...]
    products: frozenset[Product] = frozenset(Product)
    largest_loss: bool = False
    final: bool = False
    quote_max_age: timedelta = MAX_AGE

    def decide(self, account: Account) -> Events:
        if self.reason == "MARGIN_CALL" and not needs_force(account):
            return ()
        meant = tuple(self._meant(account))
        if self.largest_loss:
            worst = min(meant, key=lambda held: held[2].variation, default=None)
            meant = () if worst is None else (worst,)
        ours = {order_id for key, *_ in meant for order_id in self._ours(account, key)}
        course = taken_back(
            account,
            self.account_id,
            self.reason,
            lambda order_id, working: self._gives_way(order_id, working, ours),
        )
        listings = {one.instrument.symbol: one for one in self.listings}
        for key, product, held in meant:
            listing = listings.get(key.rpartition("/")[0])
            if listing is not None:
                for fact in self._closed(course.account, key, product, held, listing):
                    course.add(fact)
        return tuple(course.facts)

    def _meant(self, account: Account) -> Iterator[tuple[str, Product, Position]]:
        for key, held in sorted(account.positions.items()):
            product = Product(key.rpartition("/")[2])
            if held.quantity and product in self.products:
                yield key, product, held

    def _ours(self, account: Account, key: str) -> Iterator[UUID]:
        """The orders of this occasion for one position that still work: at most one does."""
        order_id = self._free_id(account, key)
        if order_id in account.orders:
            yield order_id

    def _free_id(self, account: Account, key: str) -> UUID:
        """The id of the attempt that is under way, or of the next."""
        attempt = 0
        while (order_id := uuid5(self.square_id, f"{key}/{attempt}")) in account.done:
            attempt += 1
        return order_id

    def _gives_way(self, order_id: UUID, working: Working, ours: set[UUID]) -> bool:
        return working.order.product in self.products and order_id not in ours

    def _closed(
        self, account: Account, key: str, product: Product, held: Position, listing: Listing
    ) -> Events:
        order_id = self._free_id(account, key)
        side = side_out_of(held)
        if order_id in account.orders:
            facts: Events = ()
        else:
            facts = self._placed(account, order_id, product, held, listing)
            account = fold(account, facts)
        working = account.orders.get(order_id)
        price = mark(listing.quote)
        if not self.final or working is None or listing.quote is None or not price:
            return facts
        beyond = price > working.limit if side is side.BUY else price < working.limit
        if working.limit and beyond:
            price = working.limit
        filled = self._filled(account, order_id, working, price, listing.quote)
        return (*facts, *after_fill(account, working, filled))

    def _placed(
        self,
        account: Account,
        order_id: UUID,
        product: Product,
        held: Position,
        listing: Listing,
    ) -> Events:
        instrument = listing.instrument
        order = Order(
            symbol=instrument.symbol,
            side=side_out_of(held),
            quantity=abs(held.quantity),
            order_type=OrderType.MARKET,
            product=product,
            multiplier=held.multiplier,
            asset=instrument.type,
            reduce_only=True,
        )
        facts = PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=order_id,
            order=order,
            instrument=instrument,
            quote=listing.quote,
            quote_max_age=ANY_AGE if self.final else self.quote_max_age,
            origin=Origin.SYSTEM,
        ).decide(account)
        return facts if isinstance(facts[0], OrderPlaced) else ()

    def _filled(
        self, account: Account, order_id: UUID, working: Working, price: Decimal, quote: Quote
    ) -> OrderFilled:
        held = account.position(working.order.symbol, working.order.product)
        report = Report(
            account_id=self.account_id,
            order_id=order_id,
            exec_id=uuid5(order_id, "close"),
            quantity=min(working.leaves_qty, abs(held.quantity)),
            price=price,
            evidence=witness(
                quote, self.at, rule="CLOSE_PRICE", model=account.fill_model, kind="CLOSE_PRICE"
            ),
            executed_at=self.at,
        )
        return executed(OrderFilled, account, working, report)


def needs_force(account: Account) -> bool:
    """Whether a margin call has gone so far that positions are closed until it is met."""
    return account.day.margin_call == "FORCED" and account.balance.buying_power < 0
