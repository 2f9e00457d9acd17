"""The blast radius: what a correction or an annulment would change, before anybody decides."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from commands.trading.corrections import Restating, breaks, restatement
from domain.trading import Account
from domain.trading.correction_events import Deltas


class Blast(Struct, frozen=True):
    """``breaks`` is the rule that the account would break, in words."""

    trade_id: UUID
    symbol: str
    product: str
    deltas: Deltas
    quantity_after: Decimal
    cash_after: Decimal
    equity_after: Decimal
    breaks: str | None


def blast_radius(account: Account, command: Restating) -> Blast:
    """The figures that would change, without changing them."""
    trade = command.trade()
    fact = restatement(account, command, trade, command.wanted(trade))
    return Blast(
        trade_id=command.trade_id,
        symbol=fact.holding.symbol,
        product=fact.holding.product,
        deltas=fact.deltas,
        quantity_after=fact.holding.quantity,
        cash_after=fact.balance.cash,
        equity_after=fact.balance.equity,
        breaks=breaks(account, fact),
    )
