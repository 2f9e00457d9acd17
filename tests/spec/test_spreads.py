"""What hedges a written option lowers its margin, as long as both are held and no longer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from commands.trading import RemarkMargin
from domain.base import fold
from domain.market import Instrument
from domain.trading import Account, MarginRemarked, Product, Side
from domain.trading.margin import SAMPLE, hedged_share, leg_of, writing_risk
from tests.spec.given import given
from tests.spec.test_products import CALL, asked
from tests.spec.trading import MINE, NOW, fill, history

NEAR = replace(CALL, symbol="NEAR", strike=Decimal(102))
OTHER = replace(NEAR, symbol="OTHER", underlying="ELSE")
MARKS = {"CALL": Decimal(5), "NEAR": Decimal(3), "OTHER": Decimal(3), "ACME": Decimal(100)}


def traded(nth: int, side: Side, of: Instrument, price: str) -> tuple[Command, Command]:
    order_id = UUID(int=700 + nth)
    order = replace(asked(Product.NRML, side, "10", price, of), order_id=order_id)
    return order, fill("10", price, order_id, UUID(int=800 + nth))


ALONE = writing_risk(CALL, Decimal(5), Decimal(100), SAMPLE)
WRITTEN = traded(1, Side.SELL, CALL, "5")
HEDGED = (*WRITTEN, *traded(2, Side.BUY, NEAR, "3"))


def remark(**more: Any) -> RemarkMargin:
    command = RemarkMargin(at=NOW, account_id=MINE, marks=MARKS, instruments=(CALL, NEAR, OTHER))
    return replace(command, **more)


def margin(facts: Any) -> Decimal:
    return fold(Account(), facts).balance.margin


def test_a_hedge_lowers_the_margin_although_no_price_has_moved() -> None:
    past = history(*HEDGED)
    assert margin(past) == margin(history(*WRITTEN)) >= 10 * (5 + ALONE)
    (fact,) = given(*past).when(remark()).facts()
    assert isinstance(fact, MarginRemarked)
    legs = (leg_of(CALL, Decimal(-10), Decimal(5)), leg_of(NEAR, Decimal(10), Decimal(3)))
    share = hedged_share(legs, Decimal(100), SAMPLE.rates(CALL))
    assert 0 < share < 1
    beside = writing_risk(CALL, Decimal(5), Decimal(100), SAMPLE, share)
    assert margin((*past, fact)) == 10 * (5 + beside) < margin(past)
    given(*past, fact).when(remark()).then()


def test_when_the_hedge_is_gone_the_margin_is_what_it_was() -> None:
    past = history(*HEDGED, remark(), *traded(3, Side.SELL, NEAR, "3"))
    (fact,) = given(*past).when(remark()).facts()
    assert margin((*past, fact)) == 10 * (5 + ALONE) > margin(past)


def test_what_belongs_to_another_underlying_hedges_nothing() -> None:
    past = history(*WRITTEN, *traded(2, Side.BUY, OTHER, "3"))
    given(*past).when(remark()).then()


def test_without_a_price_of_the_underlying_nobody_knows_what_hedges() -> None:
    marks = {symbol: mark for symbol, mark in MARKS.items() if symbol != "ACME"}
    given(*history(*HEDGED)).when(remark(marks=marks)).then()
