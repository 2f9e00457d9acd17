"""
Corporate actions: what a company does to its shares, done to what is held of them.

Entitled is what was bought before the ex-date opened and is still held; working orders on the
instrument are taken back first (FIX 378=0).
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from commands.trading.groups import Course
from commands.trading.taking_back import taken_back
from domain.base import Events, Role
from domain.money import ZERO, round_down_to, tidy
from domain.trading import (
    FLAT,
    Account,
    ActionKind,
    CorporateAction,
    CorporateActionApplied,
    HoldingAfter,
    Lot,
    Position,
    Posting,
    Product,
    holding,
)
from domain.trading.cost import part_of
from domain.trading.day import holding_after, revalued

MINOR_UNIT = Decimal("0.01")


class ApplyCorporateAction(AccountCommand, frozen=True, kw_only=True):
    """Do to this account what the company has done; once, however often it is asked."""

    allowed = Role.SYSTEM

    action: CorporateAction

    def decide(self, account: Account) -> Events:
        action = self.action
        if action.action_id in account.day.actions:
            return ()
        entitled = [
            Product(product)
            for key, held in sorted(account.positions.items())
            for symbol, _, product in (key.rpartition("/"),)
            if symbol == action.symbol and _old_units(held, action.ex_at)
        ]
        if not entitled:
            return ()
        course = Course(account, self.account_id)
        if action.kind is not ActionKind.DIVIDEND:
            course = taken_back(
                account,
                self.account_id,
                "CORPORATE_ACTION",
                lambda _, working: working.order.symbol == action.symbol,
            )
        for product in entitled:
            course.add(self._applied(course.account, product))
        return tuple(course.facts)

    def _applied(self, account: Account, product: Product) -> CorporateActionApplied:
        action = self.action
        held = account.position(action.symbol, product)
        old = _old_units(held, action.ex_at)
        changed, fraction, cash = converted(held, action)
        into = action.into or action.symbol
        balance = account.balance
        if into == action.symbol:
            holdings: tuple[HoldingAfter, ...] = (holding_after(into, product, changed, held),)
            balance = revalued(balance, held, changed, cash)
        else:
            target = account.positions.get(holding(into, product), FLAT)
            joined = _joined(target, changed)
            left = _emptied(held)
            holdings = (
                holding_after(action.symbol, product, left, held),
                holding_after(into, product, joined, target),
            )
            balance = revalued(revalued(balance, held, left, cash), target, joined, ZERO)
        ledger = "house:dividends" if action.kind is ActionKind.DIVIDEND else "house:ca"
        return CorporateActionApplied(
            account_id=self.account_id,
            action_id=action.action_id,
            kind=action.kind,
            symbol=action.symbol,
            product=product,
            into=into,
            numerator=action.numerator,
            denominator=action.denominator,
            cash_per_unit=action.cash_per_unit,
            quantity_before=old,
            fraction=fraction,
            reference_price=action.reference_price,
            cash=cash,
            holdings=holdings,
            postings=(Posting("cash", cash), Posting(ledger, -cash)),
            balance=balance,
            ex_at=action.ex_at,
            step=action.step,
            realised_wac=tidy(changed.realised_wac - held.realised_wac),
            realised_fifo=tidy(changed.realised_fifo - held.realised_fifo),
        )


def _old_units(held: Position, ex_at: datetime) -> Decimal:
    """What was opened before the ex-date and is still there; below zero when short."""
    units = sum((lot.quantity for lot in held.lots if lot.opened_at < ex_at), ZERO)
    return -units if held.quantity < 0 else units


def converted(held: Position, action: CorporateAction) -> tuple[Position, Decimal, Decimal]:
    """The position afterwards, the fraction that could not be given, and the cash received."""
    new, old = action.ratio
    units = _old_units(held, action.ex_at)
    dividend = (units * action.cash_per_unit * held.multiplier).quantize(
        MINOR_UNIT, ROUND_HALF_EVEN
    )
    if new == old:
        return held, ZERO, dividend
    lots, whole = _scaled(held.lots, action)
    size = abs(units)
    exact = size * new / old
    fraction = exact - whole
    sign = 1 if held.quantity >= 0 else -1
    cash = sign * (fraction * action.reference_price * held.multiplier).quantize(
        MINOR_UNIT, ROUND_HALF_EVEN
    )
    quantity = held.quantity + sign * (whole - size)
    cost_share = part_of(held.cost_basis, fraction * old / new, abs(held.quantity))
    relieved = tidy(cost_share) if quantity else held.cost_basis
    lots, relieved_fifo = _without_fraction(lots, fraction * old / new, held.lots)
    settled = round_down_to(held.settled_qty * new / old, action.step)
    after = replace(
        held,
        quantity=quantity,
        cost_basis=tidy(held.cost_basis - relieved),
        realised_wac=tidy(held.realised_wac + cash - sign * relieved),
        realised_fifo=tidy(held.realised_fifo + cash - sign * relieved_fifo),
        last_price=tidy(held.last_price * old / new),
        lots=lots,
        settled_qty=min(settled, max(ZERO, quantity)),
    )
    return after, tidy(fraction), tidy(cash + dividend)


def _scaled(lots: tuple[Lot, ...], action: CorporateAction) -> tuple[tuple[Lot, ...], Decimal]:
    """
    Layers by cumulative floor: the first n of them give what their sum gives, rounded down.

    A layer too small to give anything leaves its cost to the next.
    """
    new, old = action.ratio
    scaled: list[Lot] = []
    counted = given = carried = ZERO
    for lot in lots:
        if lot.opened_at >= action.ex_at:
            scaled.append(replace(lot, amount=tidy(lot.amount + carried)))
            carried = ZERO
            continue
        counted += lot.quantity
        reached = round_down_to(counted * new / old, action.step)
        quantity, given = reached - given, reached
        if quantity:
            scaled.append(replace(lot, quantity=quantity, amount=tidy(lot.amount + carried)))
            carried = ZERO
        else:
            carried += lot.amount
    if carried and scaled:
        scaled[-1] = replace(scaled[-1], amount=tidy(scaled[-1].amount + carried))
    return tuple(scaled), given


def _without_fraction(
    lots: tuple[Lot, ...], units: Decimal, before: tuple[Lot, ...]
) -> tuple[tuple[Lot, ...], Decimal]:
    """The layers once the cost of the fraction (in old units) is taken from the oldest."""
    if not lots:
        return (), tidy(sum((lot.amount for lot in before), ZERO))
    if not units:
        return lots, ZERO
    oldest = before[0]
    cost = tidy(part_of(oldest.amount, min(units, oldest.quantity), oldest.quantity))
    cost = min(cost, lots[0].amount)
    return (replace(lots[0], amount=tidy(lots[0].amount - cost)), *lots[1:]), cost


def _joined(target: Position, moved: Position) -> Position:
    """A position with another one's units, cost and history on top; oldest layers first."""
    lots = tuple(sorted((*target.lots, *moved.lots), key=lambda lot: lot.opened_at))
    return replace(
        target,
        quantity=target.quantity + moved.quantity,
        cost_basis=tidy(target.cost_basis + moved.cost_basis),
        realised_wac=tidy(target.realised_wac + moved.realised_wac),
        realised_fifo=tidy(target.realised_fifo + moved.realised_fifo),
        last_price=target.last_price or moved.last_price,
        multiplier=moved.multiplier,
        style=moved.style,
        lots=lots,
        margin=tidy(target.margin + moved.margin),
        loan=tidy(target.loan + moved.loan),
        settled_qty=target.settled_qty + moved.settled_qty,
    )


def _emptied(held: Position) -> Position:
    return replace(
        held,
        quantity=ZERO,
        cost_basis=ZERO,
        realised_wac=ZERO,
        realised_fifo=ZERO,
        lots=(),
        margin=ZERO,
        loan=ZERO,
        settled_qty=ZERO,
    )
