"""Whereabouts: to which account an order belongs, for the recent ones by heart."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from msgspec import Struct

KEPT = 65_536


class Place(Struct, frozen=True):
    """``owner`` is the actor whose order it is: nobody else may find it."""

    owner: str
    account_id: UUID
    symbol: str


class Whereabouts:
    """The latest orders that came in by these doors, and those asked for since."""

    def __init__(self, kept: int = KEPT) -> None:
        self._places: OrderedDict[UUID, Place] = OrderedDict()
        self._kept = kept

    def note(self, order_id: UUID, place: Place) -> None:
        self._places[order_id] = place
        if len(self._places) > self._kept:
            self._places.popitem(last=False)

    def find(self, order_id: UUID) -> Place | None:
        return self._places.get(order_id)
