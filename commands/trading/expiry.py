"""A derivative is over: what it is worth at the end is settled in cash, and its orders end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid5

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from commands.trading.execution import postings_of
from commands.trading.groups import Course
from commands.trading.reserving import expired
from domain.base import Events, Role
from domain.market import Instrument, InstrumentType
from domain.market.instrument import OPTIONS
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    Position,
    PositionExpired,
    Product,
    Side,
    Style,
    in_force,
    traded,
)
from domain.trading.day import holding_after, revalued


class ExpirePosition(AccountCommand, frozen=True, kw_only=True):
    """
    Settle everything held of an expired contract.

    ``settlement_price`` is the underlying's for an option, the contract's own for a future.
    Contracts on single shares are settled in cash as well: an approximation, and said to be.
    """

    allowed = Role.SYSTEM

    instrument: Instrument
    settlement_price: Decimal
    expired_on: date

    def decide(self, account: Account) -> Events:
        symbol = self.instrument.symbol
        course = Course(account, self.account_id)
        for order_id, working in sorted(account.orders.items(), key=lambda item: item[0]):
            if working.order.symbol == symbol and order_id in course.account.orders:
                course.add(expired(course.account, self.account_id, order_id, working, "EXPIRED"))
        for key in sorted(account.positions):
            name, _, product = key.rpartition("/")
            held = course.account.positions[key]
            if name == symbol and held.quantity:
                course.add(self._settled(course.account, Product(product), held))
        return tuple(course.facts)

    @property
    def worth(self) -> Decimal:
        """Of one unit: the price of a future, the intrinsic value of an option."""
        strike = self.instrument.strike or ZERO
        match self.instrument.type:
            case InstrumentType.CE:
                return max(ZERO, self.settlement_price - strike)
            case InstrumentType.PE:
                return max(ZERO, strike - self.settlement_price)
            case _:
                return self.settlement_price

    def _settled(self, account: Account, product: Product, held: Position) -> PositionExpired:
        size, worth, symbol = abs(held.quantity), self.worth, self.instrument.symbol
        side = Side.SELL if held.quantity > 0 else Side.BUY
        gross = tidy(size * worth * held.multiplier)
        exec_id = uuid5(self.account_id, f"expiry/{symbol}/{product}/{self.expired_on}")
        effect = traded(held, side, size, gross, exec_id)
        moved = effect.realised_wac
        if held.style is Style.PREMIUM:
            moved = gross if side is Side.SELL else -gross
        fees = in_force(account.fee_schedule, self.expired_on)
        charged = fees.at_expiry(gross) if self._is_exercised(held) else {}
        cash = tidy(moved - sum(charged.values(), ZERO))
        after = replace(
            held,
            quantity=ZERO,
            cost_basis=ZERO,
            realised_wac=tidy(held.realised_wac + effect.realised_wac),
            realised_fifo=tidy(held.realised_fifo + effect.realised_fifo),
            last_price=worth,
            lots=(),
            margin=ZERO,
            loan=ZERO,
            settled_qty=ZERO,
        )
        return PositionExpired(
            account_id=self.account_id,
            symbol=symbol,
            product=product,
            quantity=held.quantity,
            settlement_price=self.settlement_price,
            value=gross,
            fee=tidy(moved - cash),
            realised_wac=effect.realised_wac,
            realised_fifo=effect.realised_fifo,
            expired_on=self.expired_on,
            holding=holding_after(symbol, product, after, held),
            postings=postings_of(cash, moved, ZERO, charged),
            balance=revalued(account.balance, held, after, cash),
            fees=charged or None,
            fee_schedule=fees.name,
        )

    def _is_exercised(self, held: Position) -> bool:
        """Who holds an option pays the tax on what it is worth; who wrote it does not."""
        return self.instrument.type in OPTIONS and held.quantity > 0
