"""Converting a position: held under another product from now on, at cost."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.trading.base import AccountCommand, demand_amount
from domain.base import Events
from domain.errors import Illegal
from domain.market import Instrument
from domain.money import ZERO, tidy, tidy_up
from domain.trading import (
    LONG_ONLY,
    Account,
    Balance,
    LotMoved,
    Position,
    PositionAfter,
    PositionConverted,
    Posting,
    Product,
    Side,
    Style,
    netted_reserve,
)
from domain.trading.cost import part_of
from domain.trading.margin import initial_rate, margins_in_force
from domain.trading.order import style_of

#: What may become what.
PAIRS = frozenset(
    {
        frozenset({Product.CNC, Product.MIS}),
        frozenset({Product.NRML, Product.MIS}),
    }
)


class ConvertPosition(AccountCommand, frozen=True, kw_only=True):
    """Hold a position, or a part of it, under another product: at cost, equity as it was."""

    conversion_id: UUID
    instrument: Instrument
    from_product: Product
    to_product: Product
    quantity: Decimal

    def __post_init__(self) -> None:
        demand_amount("quantity", self.quantity)

    def decide(self, account: Account) -> Events:
        symbol = self.instrument.symbol
        source = account.position(symbol, self.from_product)
        target = account.position(symbol, self.to_product)
        self._demand_allowed(source, target)
        moved = self._moved(source, target, account)
        balance = moved.balance
        if balance.buying_power < min(ZERO, account.balance.buying_power):
            need = account.balance.buying_power - balance.buying_power
            raise Illegal(
                "FUNDS_INSUFFICIENT",
                need=f"{need:f}",
                available=f"{account.balance.buying_power:f}",
                short_by=f"{-balance.buying_power:f}",
            )
        return (moved,)

    def _demand_allowed(self, source: Position, target: Position) -> None:
        if source.quantity == 0:
            raise Illegal("POSITION_FLAT", symbol=self.instrument.symbol)
        pair = frozenset({self.from_product, self.to_product})
        fits = pair in PAIRS and self.to_product in self.instrument.products
        short = source.quantity < 0 and self.to_product in LONG_ONLY
        if not fits or short or source.quantity * target.quantity < 0:
            raise Illegal(
                "CONVERT_NOT_ALLOWED",
                source=str(self.from_product),
                target=str(self.to_product),
                held=f"{source.quantity:f}",
            )
        free = source.closable(Side.SELL if source.quantity > 0 else Side.BUY)
        if self.quantity > free:
            raise Illegal(
                "POSITION_INSUFFICIENT_QTY",
                sellable=f"{free:f}",
                held=f"{source.quantity:f}",
                in_orders=f"{abs(source.quantity) - free:f}",
            )

    def _moved(self, source: Position, target: Position, account: Account) -> PositionConverted:
        whole, part = abs(source.quantity), self.quantity
        sign = 1 if source.quantity > 0 else -1
        cost = part_of(source.cost_basis, part, whole)
        lots = _first_layers(source, target, part)
        skew = sign * (cost - sum((lot.amount for lot in lots), ZERO))
        kind = self.instrument.type
        styles = style_of(self.from_product, kind), style_of(self.to_product, kind)
        left = replace(
            source,
            quantity=source.quantity - sign * part,
            cost_basis=tidy(source.cost_basis - cost),
            realised_fifo=tidy(source.realised_fifo + skew),
            margin=ZERO if part == whole else tidy_up(source.margin * (whole - part) / whole),
        )
        grown = replace(
            target,
            quantity=target.quantity + sign * part,
            cost_basis=tidy(target.cost_basis + cost),
            realised_fifo=tidy(target.realised_fifo - skew),
            margin=self._margin(source, target, styles[1], cost),
            last_price=source.last_price,
            multiplier=source.multiplier,
            style=styles[1],
        )
        cash = ZERO
        if styles[0] is not styles[1]:
            cash = cost if styles[0] is Style.PREMIUM else -cost
        moves = ((source, left, styles[0]), (target, grown, styles[1]))
        return PositionConverted(
            account_id=self.account_id,
            conversion_id=self.conversion_id,
            symbol=self.instrument.symbol,
            from_product=self.from_product,
            to_product=self.to_product,
            from_style=styles[0],
            to_style=styles[1],
            quantity=part,
            cost=cost,
            price=source.last_price,
            multiplier=source.multiplier,
            source=_after(left, source),
            target=_after(grown, target),
            lots=lots,
            postings=(Posting("cash", cash), Posting("house:trading", -cash)) if cash else (),
            balance=_balance(account.balance, moves, cash),
        )

    def _margin(self, source: Position, target: Position, style: Style, cost: Decimal) -> Decimal:
        """What the grown position needs; what was written takes its margin along."""
        if style is Style.PREMIUM:
            if source.quantity > 0:
                return ZERO
            risk = target.risk_margin + source.risk_margin * self.quantity / -source.quantity
            units = (self.quantity - target.quantity) * source.multiplier
            return tidy_up(units * source.last_price + risk)
        rate = initial_rate(self.instrument, self.to_product, margins_in_force(self.at.date()))
        return tidy(target.margin + tidy_up(cost * rate))


def _first_layers(source: Position, target: Position, quantity: Decimal) -> tuple[LotMoved, ...]:
    """The oldest layers, as far as they are wanted, and what becomes of each on either side."""
    there = {lot.exec_id: lot for lot in target.lots}
    moved = []
    for lot in source.lots:
        taken = min(lot.quantity, quantity)
        if not taken:
            break
        amount = part_of(lot.amount, taken, lot.quantity)
        held = there.get(lot.exec_id)
        moved.append(
            LotMoved(
                exec_id=lot.exec_id,
                quantity=taken,
                amount=amount,
                opened_at=lot.opened_at,
                left_qty=lot.quantity - taken,
                left_amount=tidy(lot.amount - amount),
                held_qty=taken + (held.quantity if held else ZERO),
                held_amount=tidy(amount + (held.amount if held else ZERO)),
            )
        )
        quantity -= taken
    return tuple(moved)


def _after(held: Position, before: Position) -> PositionAfter:
    settled = before.settled_after(held.quantity)
    return PositionAfter(
        held.quantity,
        held.cost_basis,
        held.realised_wac,
        held.realised_fifo,
        held.margin,
        held.loan,
        settled if settled != before.settled_qty else None,
    )


def _balance(
    before: Balance, moves: tuple[tuple[Position, Position, Style], ...], cash: Decimal
) -> Balance:
    """The account once each position is as it is after; every order still leans on them."""
    reserved, positions, margin, unrealised = ZERO, ZERO, ZERO, ZERO
    for was, now, style in moves:
        reserved += netted_reserve(now, style) - netted_reserve(was, style)
        positions += now.value - was.value
        margin += now.margin - was.margin
        unrealised += now.variation - was.variation
    return Balance(
        tidy(before.cash + cash),
        tidy(before.reserved + reserved),
        tidy(before.positions + positions),
        tidy(before.margin + margin),
        before.loan,
        tidy(before.unrealised + unrealised),
    )
