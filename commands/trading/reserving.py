"""What an order that comes, changes or goes does to the account's reservation."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO, tidy
from domain.trading import (
    LONG_ONLY,
    Account,
    Balance,
    Claim,
    FeeSchedule,
    Order,
    OrderCanceled,
    OrderExpired,
    Position,
    Side,
    Terms,
    Working,
    netted_reserve,
    own_reserve,
)


class Need(Struct, frozen=True):
    """
    What a change of one order asks of the account.

    ``reserved`` is set aside for the order alone, ``more`` is what all orders need more than
    before; ``opens`` says whether it could open anything that could not be opened before.
    """

    reserved: Decimal
    more: Decimal
    opens: bool


def need_of(
    account: Account,
    order: Order,
    terms: Terms,
    fees: FeeSchedule,
    before: Working | None = None,
) -> Need:
    """For ``order`` on these terms, in the place of ``before`` if it is a change."""
    claim = Claim(order.quantity)
    had = ZERO
    if before is not None:
        claim = Claim(order.quantity - before.cum_qty, before.turnover, before.loan)
        had = before.reserved
    reserved = own_reserve(order, claim, terms, fees)
    if order.product in LONG_ONLY:
        return Need(reserved, reserved - had, order.side is Side.BUY)
    held = account.position(order.symbol, order.product)
    without = held
    if before is not None and before.counted:
        without = held.offered(before.order, before.unit, -before.leaves_qty)
    after = without.offered(order, terms.unit, claim.leaves)
    netted = netted_reserve(after, order.style) - netted_reserve(held, order.style)
    opens = _opening(after, order.side) > _opening(without, order.side)
    return Need(reserved, tidy(reserved - had + netted), opens)


def _opening(held: Position, side: Side) -> Decimal:
    if side is Side.BUY:
        return max(ZERO, held.buying - max(ZERO, -held.quantity))
    return max(ZERO, held.selling - max(ZERO, held.quantity))


def reserving(account: Account, more: Decimal) -> Balance:
    """The balance once so much more is set aside."""
    before = account.balance
    if not more:
        return before
    return Balance(
        before.cash,
        tidy(before.reserved + more),
        before.positions,
        before.margin,
        before.loan,
        before.unrealised,
    )


def released(account: Account, working: Working) -> Balance:
    """The balance once nothing is set aside for this order any more."""
    order = working.order
    more = -working.reserved
    if working.counted and order.product not in LONG_ONLY:
        held = account.position(order.symbol, order.product)
        after = held.offered(order, working.unit, -working.leaves_qty)
        more += netted_reserve(after, order.style) - netted_reserve(held, order.style)
    return reserving(account, more)


def canceled(
    account: Account, account_id: UUID, order_id: UUID, working: Working, reason: str
) -> OrderCanceled:
    return OrderCanceled(
        account_id=account_id,
        order_id=order_id,
        canceled_qty=working.leaves_qty,
        reason=reason,
        balance=released(account, working),
    )


def expired(
    account: Account, account_id: UUID, order_id: UUID, working: Working, reason: str
) -> OrderExpired:
    return OrderExpired(
        account_id=account_id,
        order_id=order_id,
        canceled_qty=working.leaves_qty,
        reason=reason,
        balance=released(account, working),
    )
