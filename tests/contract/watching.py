"""The clock of a house at the doors, on a market and a time that a test makes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from adapters.reactor.agenda import Agenda
from adapters.reactor.clock import Clock
from commands.base import Caller, Command, Receipt
from domain.base import Event
from tests.contract.doors.desk import resting
from tests.contract.doors.rig import Doors, now

E = TypeVar("E", bound=Event)


class Watch:
    """The clock of this house, and what it has asked of accounts."""

    def __init__(self, house: Doors) -> None:
        self.house = house
        self.asked: list[Command] = []
        self.now = now()
        self.clock = Clock(
            Agenda(house.house.views),
            self._dispatch,
            lambda: self.now,
            board=house.house.board,
            instruments=house.house.instruments,
            calendars=resting(),
        )

    async def _dispatch(self, command: Command, by: Caller) -> Receipt:
        self.asked.append(command)
        return await self.house.house.dispatch(command, by)

    async def tick(self, price: str | None = None, later: timedelta = timedelta(seconds=6)) -> None:
        """ACME is at this price some time later, and the clock looks at it."""
        await self.at(self.now + later, price)

    async def at(self, moment: datetime, price: str | None = None) -> None:
        self.now = moment
        board = self.house.house.board
        quote = board.get("ACME")
        if price is not None and quote is not None:
            mark = Decimal(price)
            quote = replace(quote, bid=mark, ask=mark, received_at=moment, at=moment)
            board.publish(quote)
        await self.house.house.seen(self.house.tape.head().position)
        await self.clock.tick()

    def told(self, kind: type[E]) -> list[E]:
        facts = (fact.event for fact in self.house.tape.facts(0, 10_000))
        return [fact for fact in facts if isinstance(fact, kind)]
