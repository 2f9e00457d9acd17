"""What an execution does to its account: reckoned once, for every product and every venue."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.market import Evidence
from domain.money import ZERO, tidy, tidy_down, tidy_up
from domain.trading import (
    LONG_ONLY,
    Account,
    Balance,
    Claim,
    Effect,
    Execution,
    Liquidity,
    Order,
    Position,
    PositionAfter,
    Posting,
    Product,
    Side,
    Style,
    Terms,
    Working,
    netted_reserve,
    own_reserve,
    schedule,
    segment_of,
    traded,
)
from domain.trading.schedules import ZERO_FEES

E = TypeVar("E", bound=Execution)


class Report(Struct, frozen=True, kw_only=True):
    """An execution as its venue tells it."""

    account_id: UUID
    order_id: UUID
    exec_id: UUID
    quantity: Decimal
    price: Decimal
    evidence: Evidence
    executed_at: datetime
    liquidity: Liquidity = Liquidity.TAKER


def executed(kind: type[E], account: Account, working: Working, report: Report) -> E:
    """The fact that books it: cash, position, lots, margin, loan, fees and reservation."""
    order, quantity, price = working.order, report.quantity, report.price
    held = account.position(order.symbol, order.product)
    gross = tidy(quantity * price * order.multiplier)
    effect = traded(held, order.side, quantity, gross, report.exec_id)
    fees = fees_of(working, gross)
    fee = tidy(sum(fees.values(), ZERO)) if fees else ZERO
    loan = _loan(held, working, effect, gross) if order.product is Product.MTF else ZERO
    style = order.style
    moved = effect.realised_wac if style is Style.VARIATION else _paid(order.side, gross)
    cash = tidy(moved + loan - fee) if loan or fee else moved
    after = _after(held, effect, working, price, loan)
    reserved, freed = _reserves(held, working, report, effect.quantity, loan)
    return kind(
        account_id=report.account_id,
        order_id=report.order_id,
        exec_id=report.exec_id,
        symbol=order.symbol,
        product=order.product,
        side=order.side,
        last_qty=quantity,
        last_px=price,
        multiplier=order.multiplier,
        cum_qty=working.cum_qty + quantity,
        leaves_qty=working.leaves_qty - quantity,
        gross=gross,
        fee=fee,
        realised_wac=effect.realised_wac,
        realised_fifo=effect.realised_fifo,
        reserved=reserved,
        position=after,
        lots=effect.lots,
        executed_at=report.executed_at,
        evidence=report.evidence,
        postings=postings_of(cash, moved, loan, fees),
        balance=balance_after(
            account.balance, held, _valued(after, style, price, order), cash=cash, freed=freed
        ),
        fees=fees or None,
        fee_schedule=working.fee_schedule,
        style=style,
        loan=loan,
        liquidity=report.liquidity,
        short_qty=effect.opened if order.side is Side.SELL and effect.opened else ZERO,
    )


def _after(
    held: Position, effect: Effect, working: Working, price: Decimal, loan: Decimal
) -> PositionAfter:
    settled = held.settled_after(effect.quantity)
    return PositionAfter(
        effect.quantity,
        effect.cost_basis,
        tidy(held.realised_wac + effect.realised_wac) if effect.closed else held.realised_wac,
        tidy(held.realised_fifo + effect.realised_fifo) if effect.closed else held.realised_fifo,
        margin_after(held, effect, working, price),
        tidy(held.loan + loan) if loan else held.loan,
        settled if settled != held.settled_qty else None,
    )


def _valued(after: PositionAfter, style: Style, price: Decimal, order: Order) -> Position:
    return Position(
        quantity=after.quantity,
        cost_basis=after.cost_basis,
        last_price=price,
        multiplier=order.multiplier,
        style=style,
        margin=after.margin,
        loan=after.loan,
    )


def _paid(side: Side, gross: Decimal) -> Decimal:
    return gross if side is Side.SELL else -gross


def fees_of(working: Working, gross: Decimal) -> dict[str, Decimal]:
    """By component: what this much more turnover adds to the fees of the order."""
    fees = schedule(working.fee_schedule)
    if fees is ZERO_FEES:
        return {}
    before = working.turnover
    order = working.order
    return fees.charged(segment_of(order), order.side, before, before + gross)


def _loan(held: Position, working: Working, effect: Effect, gross: Decimal) -> Decimal:
    """What a purchase draws, cumulative over its order; what a sale pays back, pro rata."""
    if working.order.side is Side.BUY:
        return tidy_down((working.turnover + gross) * working.risk) - working.loan
    if not effect.quantity:
        return -held.loan
    return -tidy_down(held.loan * effect.closed / held.quantity)


def margin_after(held: Position, effect: Effect, working: Working, price: Decimal) -> Decimal:
    """
    What is held against the position from now on; rounded up.

    VARIATION: set at the price of each fill, released in proportion.  A written option: its
    value at this price, and the risk beside it.
    """
    if working.order.style is Style.VARIATION:
        opened = tidy_up(effect.gross_opened * working.risk)
        return tidy(_kept(held, held.margin, effect) + opened)
    if effect.quantity >= 0:
        return ZERO
    beside = _kept(held, held.risk_margin, effect) + effect.opened * working.risk
    return tidy_up(-effect.quantity * price * working.order.multiplier + beside)


def _kept(held: Position, margin: Decimal, effect: Effect) -> Decimal:
    size = abs(held.quantity)
    if not effect.closed:
        return margin
    if effect.closed == size:
        return ZERO
    return tidy_up(margin * (size - effect.closed) / size)


def _reserves(
    held: Position, working: Working, report: Report, quantity: Decimal, loan: Decimal
) -> tuple[Decimal, Decimal]:
    """What is set aside for the order alone after the fill, and how much less for all orders."""
    order = working.order
    leaves = working.leaves_qty - report.quantity
    reserved = ZERO
    if leaves and working.reserved:
        gross = tidy(report.quantity * report.price * order.multiplier)
        claim = Claim(leaves, working.turnover + gross, working.loan + max(ZERO, loan))
        price = working.reserve_price or working.limit
        terms = Terms(working.limit, price, working.unit, working.risk)
        reserved = own_reserve(order, claim, terms, schedule(working.fee_schedule))
    freed = working.reserved - reserved
    if order.product not in LONG_ONLY:
        after = replace(held, quantity=quantity)
        if working.counted:
            after = after.offered(order, working.unit, -report.quantity)
        freed += netted_reserve(held, order.style) - netted_reserve(after, order.style)
    return reserved, freed


def postings_of(
    cash: Decimal, moved: Decimal, loan: Decimal, fees: dict[str, Decimal]
) -> tuple[Posting, ...]:
    """Double entry of what moved cash, what was lent (below zero: paid back) and what it cost."""
    lines = [Posting("cash", cash), Posting("house:trading", -moved)]
    if loan:
        lines.append(Posting("loan", -loan))
    lines += (Posting(f"house:fees:{name}", amount) for name, amount in fees.items())
    return tuple(lines)


def balance_after(
    before: Balance, held: Position, after: Position, *, cash: Decimal, freed: Decimal
) -> Balance:
    """The account once one position is as ``after`` says, valued at its last price."""
    gained = after.value - held.value
    margin, loan, unrealised = before.margin, before.loan, before.unrealised
    if after.style is Style.VARIATION:
        unrealised = tidy(unrealised + gained)
    if after.margin or held.margin:
        margin = tidy(margin - held.margin + after.margin)
    if after.loan or held.loan:
        loan = tidy(loan - held.loan + after.loan)
    return Balance(
        tidy(before.cash + cash) if cash else before.cash,
        tidy(before.reserved - freed) if freed else before.reserved,
        tidy(before.positions + gained),
        margin,
        loan,
        unrealised,
    )
