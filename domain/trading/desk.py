"""
The desks: the risk of every scope wider than one account, which all accounts in it respect.

A scope is written ``platform``, ``user:<id>``, ``bot:<id>``, ``exchange:<name>`` or
``symbol:<name>``; the risk of a single account is part of the account itself.  All desks are
one stream, so that whoever decides on orders can keep all of them in memory.
"""

from __future__ import annotations

import re

from immutables import Map

from domain.base import Event, State
from domain.trading.risk import (
    KillSwitchActivated,
    KillSwitchReleased,
    Risk,
    RiskLimitsSet,
    TradingStateChanged,
)

PLATFORM = "platform"
STREAM = "desks"
FREE = Risk()

_SCOPE = re.compile(r"platform|(user|bot):[0-9a-f-]{36}|(exchange|symbol):[A-Z0-9.&_-]{1,32}")


def is_scope(text: str) -> bool:
    return _SCOPE.fullmatch(text) is not None


class Desks(State, frozen=True):
    scopes: Map[str, Risk] = Map()

    def risk_of(self, scope: str) -> Risk:
        return self.scopes.get(scope, FREE)

    def evolve(self, event: Event) -> Desks:
        match event:
            case (
                TradingStateChanged() | RiskLimitsSet() | KillSwitchActivated()
                | KillSwitchReleased()
            ):  # fmt: skip
                risk = self.risk_of(event.scope).evolve(event)
                return Desks(self.scopes.set(event.scope, risk))
            case _:
                return self
