"""
Limits of loss and gain, held against the prices of now: a mark alone can break them.

Only accounts that such a limit concerns and that hold anything are asked, at most once in a
few seconds; what follows each of them decides for itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import json

from adapters.feeds.board import Board
from adapters.reactor.agenda import Exposed, Watched
from commands.base import Command
from commands.trading import CheckRisk
from domain.trading import Bound, Limits, Party, Risk
from domain.trading.desk import PLATFORM
from domain.trading.limits import UNLIMITED, Layer

LOOK_EVERY = timedelta(seconds=5)


class Limited(Protocol):
    async def watched(self) -> list[Watched]: ...
    async def exposed(self, scopes: list[str]) -> list[Exposed]: ...


class Losses:
    def __init__(self, agenda: Limited, board: Board) -> None:
        self._agenda = agenda
        self._board = board
        self._looked: datetime | None = None

    async def due(self, now: datetime) -> list[Command]:
        """A look at every account concerned; nothing within a few seconds of the last one."""
        last = self._looked
        if last is not None and timedelta(0) <= now - last < LOOK_EVERY:
            return []
        self._looked = now
        bounds = _bounds(await self._agenda.watched())
        if not bounds:
            return []
        exposed = await self._agenda.exposed(sorted(bounds))
        return [self._check(now, one, bounds) for one in exposed]

    def _check(self, now: datetime, one: Exposed, bounds: dict[str, Bound]) -> CheckRisk:
        marks = {s: price for s in one.symbols if (price := self._board.mark(s)) is not None}
        wider = (bounds.get(scope) for scope in (PLATFORM, one.owner))
        return CheckRisk(
            at=now,
            account_id=one.account_id,
            marks=marks,
            bounds=tuple(bound for bound in wider if bound is not None),
        )


def _bounds(watched: list[Watched]) -> dict[str, Bound]:
    """What each scope limits, all its parties together; the account knows its own best."""
    risks: dict[str, Risk] = {}
    for one in watched:
        layer = Layer(
            _limits(one.limits) or UNLIMITED,
            _limits(one.later),
            datetime.fromisoformat(one.later_from) if one.later_from else None,
        )
        risks[one.scope] = risks.get(one.scope, Risk()).limited(Party(one.party), layer)
    return {scope: Bound(scope, risk) for scope, risk in risks.items()}


def _limits(text: str | None) -> Limits | None:
    return None if text is None else json.decode(text, type=Limits | None)
