"""
The days of an account: the last one is closed, the next one opened.

Only accounts in which something is counted by the day have days.  One begins at midnight UTC,
when no exchange is in the middle of a session.  The books of the day before are closed at the
marks of that moment, so that what it brought is what it was worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from adapters.feeds.board import Board
from adapters.reactor.agenda import Exposed
from commands.base import Command
from commands.trading import CloseSession, OpenSession, RemarkMargin
from domain.market import Instrument

ONE_DAY = timedelta(days=1)


class Counted(Protocol):
    async def limited(self) -> set[str]: ...
    async def owners(self) -> dict[UUID, str]: ...
    async def exposed(self, scopes: list[str]) -> list[Exposed]: ...


class Days:
    def __init__(
        self, agenda: Counted, instruments: Mapping[str, Instrument], board: Board
    ) -> None:
        self._agenda = agenda
        self._instruments = instruments
        self._board = board
        self._opened: dict[UUID, date] = {}

    async def due(self, now: datetime) -> list[Command]:
        """What opens a day is asked once a day of each account by this process."""
        limited = await self._agenda.limited()
        if not limited:
            return []
        owners, today = await self._agenda.owners(), now.date()
        fresh = [
            account_id
            for account_id, owner in owners.items()
            if self._opened.get(account_id) != today
            and {"platform", owner, f"account:{account_id}"} & limited
        ]
        if not fresh:
            return []
        exposed = await self._agenda.exposed(sorted(limited))
        held = {one.account_id: one.symbols for one in exposed}
        self._opened.update(dict.fromkeys(fresh, today))
        return [
            command
            for account_id in fresh
            for command in self._turn(now, account_id, held.get(account_id, []))
        ]

    def _turn(self, now: datetime, account_id: UUID, symbols: list[str]) -> Iterator[Command]:
        today = now.date()
        if symbols:
            yield remark(now, account_id, symbols, self._instruments, self._board, closing=True)
        yield CloseSession(at=now, account_id=account_id, session_date=today - ONE_DAY)
        yield OpenSession(at=now, account_id=account_id, session_date=today)


def remark(
    now: datetime,
    account_id: UUID,
    symbols: list[str],
    instruments: Mapping[str, Instrument],
    board: Board,
    *,
    closing: bool = False,
) -> RemarkMargin:
    """Have an account valued by the marks of now; ``closing`` however little they have moved."""
    listed = [instruments[symbol] for symbol in symbols if symbol in instruments]
    priced = {*symbols, *(one.underlying for one in listed if one.underlying)}
    marks = {symbol: mark for symbol in priced if (mark := board.mark(symbol)) is not None}
    return RemarkMargin(
        at=now, account_id=account_id, marks=marks, instruments=tuple(listed), closing=closing
    )
