"""What must follow for the rest of a group when one of its orders moves, from the text of §4.6."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tests.naive.account import Account


class Expected(NamedTuple):
    """The fact that must come next, and the quantity that the order then has."""

    fact: str
    order_id: object
    quantity: Fraction | None = None


@dataclass
class Member:
    """``waits`` until its entry is filled; ``stops`` if it then waits for its price."""

    order_id: object
    role: str
    waits: bool = False
    stops: bool = False


@dataclass
class Groups:
    members: dict[object, list[Member]] = field(default_factory=dict)
    of_order: dict[object, object] = field(default_factory=dict)

    def join(self, group_id: object, member: Member) -> None:
        self.members.setdefault(group_id, []).append(member)
        self.of_order[member.order_id] = group_id

    def after_fill(
        self, account: Account, order_id: object, quantity: Fraction, leaves: Fraction
    ) -> Iterator[Expected]:
        """First fill of a leg takes as much off the other; an entry gives as much to its exits."""
        mine = self.member(order_id)
        for other in self._others(account, order_id):
            assert mine is not None
            size = account.orders[other.order_id].quantity
            if mine.role == "ENTRY":
                yield from self._entered(other, size, quantity)
            elif other.role == "ENTRY":
                if not leaves:
                    yield Expected("OrderCanceled", other.order_id)
            elif leaves and account.orders[other.order_id].leaves > quantity:
                yield Expected("OrderReplaced", other.order_id, size - quantity)
            else:
                yield Expected("OrderCanceled", other.order_id)

    def after_end(self, account: Account, order_id: object, filled: Fraction) -> Iterator[Expected]:
        """The exits of an entry that was never filled go with it."""
        mine = self.member(order_id)
        if mine is not None and mine.role == "ENTRY" and not filled:
            yield from self.rest_ends(account, order_id)

    def rest_ends(self, account: Account, order_id: object) -> Iterator[Expected]:
        for other in self._others(account, order_id):
            yield Expected("OrderCanceled", other.order_id)

    def member(self, order_id: object) -> Member | None:
        everybody = self.members.get(self.of_order.get(order_id), [])
        return next((one for one in everybody if one.order_id == order_id), None)

    def _others(self, account: Account, order_id: object) -> list[Member]:
        everybody = self.members.get(self.of_order.get(order_id), [])
        return [
            one for one in everybody if one.order_id != order_id and one.order_id in account.orders
        ]

    def _entered(self, exit_: Member, size: Fraction, quantity: Fraction) -> Iterator[Expected]:
        grown = quantity if exit_.waits else size + quantity
        if grown != size:
            yield Expected("OrderReplaced", exit_.order_id, grown)
        if exit_.waits:
            exit_.waits = False
            yield Expected("OrderHeld" if exit_.stops else "OrderTriggered", exit_.order_id)
