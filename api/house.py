"""The house: everything that the doors may be given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from psycopg_pool import AsyncConnectionPool

from adapters.back_room import BackRoom
from adapters.candles import Remembered
from adapters.credentials import Credentials
from adapters.desks import DesksInMemory
from adapters.feeds import Board, Sheets
from adapters.histories import Histories
from adapters.ids import Ids
from adapters.masters import Found
from adapters.people.people import People
from adapters.sessions import Sessions
from adapters.settings import Settings
from adapters.standings import Standings
from adapters.tokens import Tokens
from api.auth import Gate
from commands.dispatch import Dispatch
from domain.market import Calendars, Instrument
from domain.trading import Account
from projections.query import Page

#: An account as of a position or a moment of recording, and the position of its last fact then.
Past = Callable[[UUID, int | datetime | None], Awaitable[tuple[int, Account]]]
#: What is wrong with a part of the service, or None.
Check = Callable[[], Awaitable[str | None]]


class House(Struct, frozen=True, kw_only=True):
    """
    Whoever starts the service makes one (``api.parts``); the doors make nothing themselves.

    ``views`` is a pool whose connections ``projections.query.prepare`` has seen.  ``seen``
    waits until the read models show a position, or raises Unavailable; ``head`` is the last
    position on the tape.  ``checks`` and ``gauges`` are parts by name: each check must be None
    for the service to be ready, each gauge is shown in the metrics.  ``warnings`` are told by a
    service that is ready nonetheless; ``tallies`` are counted by reason.  ``listed`` searches
    what brokers list, as ``adapters.masters.search``.
    """

    version: str
    settings: Settings
    clock: Callable[[], datetime]
    ids: Ids
    dispatch: Dispatch
    head: Callable[[], Awaitable[int]]
    seen: Callable[[int], Awaitable[object]]
    past: Past
    history: Histories
    views: AsyncConnectionPool[Any]
    back_room: BackRoom
    board: Board
    sheets: Sheets
    instruments: Mapping[str, Instrument]
    access: Standings
    listed: Callable[..., Awaitable[Page[Found]]]
    desks: DesksInMemory
    calendars: Calendars
    people: People
    sessions: Sessions
    tokens: Tokens
    gate: Gate
    checks: Mapping[str, Check]
    gauges: Mapping[str, Callable[[], float]]
    warnings: Mapping[str, Check] = field(default_factory=dict)
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    candles: Remembered = field(default_factory=Remembered)

    @property
    def credentials(self) -> Credentials:
        return self.people.credentials
