"""
Corporate actions: when their time has come every holder is asked to take them in.

An account does it once, however often it is asked, and only for what it held before; so the
clock asks again every hour for a while, in case somebody could not be reached.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from commands.base import Command
from commands.trading import ApplyCorporateAction
from domain.trading import CorporateAction

LOOK_EVERY = timedelta(seconds=5)
AGAIN_AFTER = timedelta(hours=1)
#: Whoever was not reached for so long needs a person to look at it.
LOOK_BACK = timedelta(days=30)


class Companies(Protocol):
    async def actions(self, after: datetime, until: datetime) -> list[CorporateAction]: ...
    async def holders_of(self, symbol: str) -> list[UUID]: ...


class CorporateActions:
    def __init__(self, agenda: Companies) -> None:
        self._agenda = agenda
        self._looked: datetime | None = None
        self._asked: dict[UUID, tuple[datetime, set[UUID]]] = {}

    async def due(self, now: datetime) -> list[Command]:
        last = self._looked
        if last is not None and timedelta(0) <= now - last < LOOK_EVERY:
            return []
        self._looked = now
        commands: list[Command] = []
        for action in await self._agenda.actions(now - LOOK_BACK, now):
            asked = self._asked_for(action, now)
            for account_id in await self._agenda.holders_of(action.symbol):
                if account_id not in asked:
                    asked.add(account_id)
                    commands.append(
                        ApplyCorporateAction(at=now, account_id=account_id, action=action)
                    )
        return commands

    def _asked_for(self, action: CorporateAction, now: datetime) -> set[UUID]:
        """Who was asked lately by this process: asking again would only cost time."""
        before = self._asked.get(action.action_id)
        if before is None or now - before[0] >= AGAIN_AFTER:
            before = self._asked[action.action_id] = now, set()
        return before[1]
