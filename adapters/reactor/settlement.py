"""
Settlement: who has bought something that is delivered now (T+1), asked of the read models.

An account is named only if layers of what it holds were bought before the session opened and
are not delivered yet.  Whoever bought today is left alone, and so is whoever only holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from commands.base import Command
from commands.trading import SettleTrades
from domain.market import Instrument, Session

#: How often a session is looked at: read models lag, and a correction may change what is due.
LOOK_EVERY = timedelta(seconds=30)

#: The session of an exchange at a time, None on a day without one.
Sessions = Callable[[str, datetime], Session | None]


class Unsettled(Protocol):
    async def unsettled(self, symbols: list[str], before: datetime) -> list[UUID]:
        """Accounts that hold some of ``symbols``, bought before then and not yet delivered."""
        ...


class Settlement:
    """Each account is asked once a session; what it has to deliver it knows itself."""

    def __init__(
        self, agenda: Unsettled, instruments: Mapping[str, Instrument], sessions: Sessions
    ) -> None:
        self._agenda = agenda
        self._sessions = sessions
        self._symbols: dict[str, list[str]] = {}
        for symbol, instrument in instruments.items():
            self._symbols.setdefault(instrument.exchange, []).append(symbol)
        self._looked: dict[str, datetime] = {}
        self._asked: dict[str, tuple[date, set[UUID]]] = {}

    async def due(self, now: datetime) -> list[Command]:
        commands: list[Command] = []
        for exchange, symbols in self._symbols.items():
            session = self._sessions(exchange, now)
            if session is None or now < session.opens or not self._is_time(exchange, now):
                continue
            asked = self._asked_in(exchange, session.day)
            for account_id in await self._agenda.unsettled(symbols, session.opens):
                if account_id not in asked:
                    asked.add(account_id)
                    commands.append(
                        SettleTrades(
                            at=now,
                            account_id=account_id,
                            session_date=session.day,
                            opens_at=session.opens,
                        )
                    )
        return commands

    def _is_time(self, exchange: str, now: datetime) -> bool:
        last = self._looked.get(exchange)
        if last is not None and timedelta(0) <= now - last < LOOK_EVERY:
            return False
        self._looked[exchange] = now
        return True

    def _asked_in(self, exchange: str, day: date) -> set[UUID]:
        """Who was asked in this session by this process: asking again would only cost time."""
        last = self._asked.get(exchange)
        if last is None or last[0] != day:
            last = self._asked[exchange] = day, set()
        return last[1]
