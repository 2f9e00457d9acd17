"""Margin over time, and contracts that are over."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    CheckMargin,
    DepositVirtual,
    ExpirePosition,
    RemarkMargin,
    WithdrawVirtual,
)
from domain.market import Instrument, InstrumentType
from domain.trading import (
    MarginCallCleared,
    MarginCallIssued,
    MarginRemarked,
    OrderExpired,
    PositionExpired,
    Product,
    Side,
    TradingState,
)
from tests.spec.daily import TODAY, after, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    MINE,
    NOW,
    SECOND,
    history,
    place,
    ticket,
)

FUTURE = replace(ACME, symbol="FUT", type=InstrumentType.FUT, multiplier=Decimal(90))


def remark(price: str, **more: object) -> RemarkMargin:
    command = RemarkMargin(at=NOW, account_id=MINE, marks={"FUT": Decimal(price)})
    return replace(command, **more)


def levered() -> tuple[Command, ...]:
    """Ten contracts for 90,000 on a margin of 9,000, and 10,000 in cash."""
    withdraw = WithdrawVirtual(at=NOW, account_id=MINE, amount=Decimal(90_000))
    return (*bought(Product.NRML, instrument=FUTURE), withdraw)


def test_a_mark_that_has_moved_a_tenth_is_news_and_a_smaller_move_only_at_the_close() -> None:
    past = history(*bought(Product.NRML, instrument=FUTURE))
    given(*past).when(remark("109")).then()
    given(*past).when(remark("111")).then_only(MarginRemarked)
    (fact,) = told(past, remark("109", closing=True))
    assert isinstance(fact, MarginRemarked)
    assert fact.balance.unrealised == 8100
    assert after((*past, fact)).balance == fact.balance


def test_who_has_too_little_is_called_and_only_closes_until_it_is_back() -> None:
    past = history(*levered())
    _, call, _ = told(past, remark("98.5", closing=True))
    assert isinstance(call, MarginCallIssued)
    assert call.buying_power == -350
    assert call.margin_used == 9000
    assert not call.forced
    past = (*past, *told(past, remark("98.5", closing=True)))
    assert after(past).risk.state_at(NOW) is TradingState.REDUCING
    given(*past).when(CheckMargin(at=NOW, account_id=MINE)).then()
    deposit = DepositVirtual(at=NOW, account_id=MINE, amount=Decimal(500))
    past = (*past, *told(past, deposit))
    cleared, _ = told(past, CheckMargin(at=NOW, account_id=MINE))
    assert isinstance(cleared, MarginCallCleared)
    past = (*past, *told(past, CheckMargin(at=NOW, account_id=MINE)))
    assert after(past).risk.state_at(NOW) is TradingState.ACTIVE


def test_far_below_positions_are_closed_by_force() -> None:
    past = history(*levered())
    call = told(past, remark("96", closing=True))[1]
    assert isinstance(call, MarginCallIssued)
    assert call.forced
    past = (*past, *told(past, remark("98.5", closing=True)))
    (_, again) = told(past, remark("96", closing=True))
    assert isinstance(again, MarginCallIssued)
    assert again.forced


def option(kind: InstrumentType) -> Instrument:
    return replace(ACME, symbol="OPT", type=kind, strike=Decimal(1000), underlying="ACME")


def expire(instrument: Instrument, price: str) -> ExpirePosition:
    return ExpirePosition(
        at=NOW,
        account_id=MINE,
        instrument=instrument,
        settlement_price=Decimal(price),
        expired_on=TODAY,
    )


@pytest.mark.parametrize(
    ("kind", "side", "settles_at", "realised", "cash"),
    [
        (InstrumentType.CE, Side.BUY, "1150", 500, 100_500),
        (InstrumentType.CE, Side.BUY, "900", -1000, 99_000),
        (InstrumentType.PE, Side.BUY, "900", 0, 100_000),
        (InstrumentType.CE, Side.SELL, "900", 1000, 101_000),
        (InstrumentType.CE, Side.SELL, "1150", -500, 99_500),
    ],
)
def test_an_option_is_settled_at_what_it_is_worth_in_the_end(
    kind: InstrumentType, side: Side, settles_at: str, realised: int, cash: int
) -> None:
    instrument = option(kind)
    past = history(*bought(Product.NRML, side, instrument))
    (fact,) = told(past, expire(instrument, settles_at))
    assert isinstance(fact, PositionExpired)
    assert fact.realised_wac == realised
    assert fact.realised_fifo == realised
    account = after((*past, fact))
    assert account.balance.cash == cash
    assert account.balance.equity == cash
    assert account.balance.margin == 0
    assert account.position("OPT", Product.NRML).lots == ()
    given(*past, fact).when(expire(instrument, settles_at)).then()


@pytest.mark.parametrize(
    ("kind", "side", "settles_at", "tax"),
    [
        (InstrumentType.CE, Side.BUY, "1150", "2.25"),
        (InstrumentType.PE, Side.BUY, "900", "1.5"),
        (InstrumentType.CE, Side.BUY, "900", "0"),
        (InstrumentType.CE, Side.SELL, "1150", "0"),
    ],
)
def test_who_holds_an_option_to_its_end_is_taxed_on_what_it_is_worth(
    kind: InstrumentType, side: Side, settles_at: str, tax: str
) -> None:
    instrument = option(kind)
    account = replace(after(history(*bought(Product.NRML, side, instrument))), fee_schedule="GROWW")
    (fact,) = expire(instrument, settles_at).decide(account)
    assert isinstance(fact, PositionExpired)
    assert fact.fee == Decimal(tax)
    assert fact.fees == ({"stt_exercise": Decimal(tax)} if fact.fee else None)
    assert sum(line.amount for line in fact.postings) == 0
    free = expire(instrument, settles_at).decide(replace(account, fee_schedule="ZERO"))[0]
    assert isinstance(free, PositionExpired)
    assert free.balance.cash - fact.balance.cash == fact.fee
    assert account.evolve(fact).fees - account.fees == fact.fee


def test_a_future_is_settled_at_its_own_price_and_its_orders_end() -> None:
    working = replace(
        ticket(symbol="FUT"),
        product=Product.NRML,
        asset=InstrumentType.FUT,
        multiplier=FUTURE.multiplier,
    )
    past = history(
        *bought(Product.NRML, instrument=FUTURE), replace(place(working, SECOND), instrument=FUTURE)
    )
    ended, settled = told(past, expire(FUTURE, "101"))
    assert isinstance(ended, OrderExpired)
    assert isinstance(settled, PositionExpired)
    assert after((*past, ended, settled)).balance.cash == 100_900
