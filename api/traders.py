"""The traders of the tour: three simple minds, each with a habit that shows in its curve."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Any

from msgspec import Struct

#: What a trader puts into one order, as a share of the capital it began with.
SHARE = Decimal("0.06")

Order = dict[str, str]


class Sight(Struct, frozen=True):
    """What a trader looks at: the instrument, its price now and before, and what is held of it."""

    instrument: dict[str, Any]
    price: Decimal
    before: Decimal
    held: Decimal


class Trader(Struct):
    """``habit`` makes the order that this trader would place on what it sees."""

    name: str
    says: str
    habit: Callable[[Sight, Decimal, Random], Order]
    account_id: str = ""


def _contrarian(sight: Sight, money: Decimal, dice: Random) -> Order:
    if sight.price > sight.before and sight.held:
        return _sell(sight, sight.held, limit=True)
    return _buy(sight, money, limit=True)


def _follower(sight: Sight, money: Decimal, dice: Random) -> Order:
    if sight.price < sight.before and sight.held:
        return _sell(sight, sight.held, limit=False)
    return _buy(sight, money, limit=False)


def _gambler(sight: Sight, money: Decimal, dice: Random) -> Order:
    if sight.held and dice.random() < 0.5:
        return _sell(sight, sight.held, limit=dice.random() < 0.5)
    return _buy(sight, money * dice.randint(1, 3), limit=dice.random() < 0.5)


def cast() -> list[Trader]:
    return [
        Trader("Ada", "buys what falls, sells what rises, at a limit", _contrarian),
        Trader("Ben", "buys what rises, sells what falls, at the market", _follower),
        Trader("Cyd", "rolls dice", _gambler),
    ]


def _buy(sight: Sight, money: Decimal, *, limit: bool) -> Order:
    one = sight.instrument
    wanted = money / (sight.price * Decimal(one["multiplier"]))
    return _order(sight, "BUY", min(wanted, Decimal(one["max_qty"])), limit=limit)


def _sell(sight: Sight, quantity: Decimal, *, limit: bool) -> Order:
    return _order(sight, "SELL", quantity, limit=limit)


def _order(sight: Sight, side: str, quantity: Decimal, *, limit: bool) -> Order:
    """Whole lots at a whole tick, and never nothing."""
    one = sight.instrument
    lot, tick = Decimal(one["lot_size"]), Decimal(one["tick_size"])
    whole = max(_down(quantity, lot), Decimal(one["min_qty"]))
    order = {"symbol": one["symbol"], "side": side, "quantity": f"{whole:f}"}
    if not limit:
        return order | {"order_type": "MARKET"}
    return order | {"order_type": "LIMIT", "price": f"{_down(sight.price, tick):f}"}


def _down(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_DOWN) * step
