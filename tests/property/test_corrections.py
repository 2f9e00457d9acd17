"""I-15: a restated account is the one that traded the corrected history from the start."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from commands.trading import (
    AnnulTrade,
    ApplyFill,
    CancelOrder,
    CorrectTrade,
    OpenAccount,
    PlaceOrder,
)
from domain.base import Event, fold
from domain.errors import Illegal
from domain.market import Instrument, InstrumentType
from domain.money import tidy
from domain.trading import Account, Position, Product, Side
from tests.spec.trading import ACME, ME, MINE, NOW, fill, place, ticket

FUTURE = replace(ACME, type=InstrumentType.FUT, multiplier=Decimal(3))
LENT = replace(ACME, mtf_own_funds_rate=Decimal("0.25"))
BOOKS = {Product.MIS: ACME, Product.NRML: FUTURE, Product.MTF: LENT, Product.CNC: ACME}
MINUTE = timedelta(minutes=1)
DEALS = st.lists(
    st.tuples(st.sampled_from(list(Side)), st.integers(1, 9), st.integers(90, 110)),
    min_size=1,
    max_size=7,
)
Deal = tuple[Side, int, int]


class Desk:
    """An account that trades deals one after the other; a deal None was never filled."""

    def __init__(self, product: Product, fees: str) -> None:
        self.product = product
        self.instrument: Instrument = BOOKS[product]
        self.facts: list[Event] = []
        self.account = Account()
        self.ask(
            OpenAccount(
                at=NOW,
                account_id=MINE,
                owner_id=ME,
                kind="PAPER",
                currency="INR",
                opening_capital=Decimal(10_000_000),
                fee_schedule=fees,
            )
        )

    def ask(self, command: object) -> bool:
        facts = command.decide(self.account)  # type: ignore[attr-defined]  # any command
        self.facts += facts
        self.account = fold(self.account, facts)
        return bool(facts)

    def deal(self, nth: int, asked: Deal, filled: Deal | None) -> None:
        """Ask for one thing and get another (less, or nothing); what is left is taken back."""
        side, quantity, _ = asked
        order_id, exec_id = UUID(int=1000 + nth), UUID(int=2000 + nth)
        price = "120" if side is Side.BUY else "80"
        order = replace(
            ticket(side, str(quantity), price),
            product=self.product,
            asset=self.instrument.type,
            multiplier=self.instrument.multiplier,
        )
        at = NOW + nth * MINUTE
        command: PlaceOrder = replace(
            place(order, order_id), instrument=self.instrument, at=at, quote=None
        )
        self.ask(command)
        assert order_id in self.account.orders, "money and holdings are enough for every deal"
        if filled is not None:
            report: ApplyFill = fill(str(filled[1]), str(filled[2]), order_id, exec_id)
            self.ask(replace(report, executed_at=at))
        if order_id in self.account.orders:
            self.ask(CancelOrder(at=at, account_id=MINE, order_id=order_id))

    def book(self) -> tuple[object, ...]:
        held = self.account.position("ACME", self.product)
        return (
            held.quantity,
            held.cost_basis,
            held.realised_wac,
            held.realised_fifo,
            held.lots,
            held.margin,
            held.loan,
            self.account.balance.cash,
            self.account.balance.reserved,
            self.account.fees,
        )


def fits(product: Product, deals: list[Deal | None]) -> bool:
    """What is long only never sells what it has not."""
    held = 0
    for deal in deals:
        if deal is not None:
            held += deal[1] if deal[0] is Side.BUY else -deal[1]
        if held < 0 and product in (Product.CNC, Product.MTF):
            return False
    return True


@given(
    st.sampled_from(list(BOOKS)),
    st.sampled_from(["ZERO@1", "ZERODHA@1"]),
    DEALS,
    DEALS,
    st.data(),
)
def test_a_restated_account_is_the_one_that_traded_the_corrected_history(
    product: Product, fees: str, deals: list[Deal], later: list[Deal], data: st.DataObject
) -> None:
    wrong = data.draw(st.integers(0, len(deals) - 1))
    side, quantity, _ = deals[wrong]
    right = data.draw(
        st.none() | st.tuples(st.just(side), st.integers(1, quantity), st.integers(90, 110)),
        label="as it should have been",
    )
    corrected: list[Deal | None] = [*deals]
    corrected[wrong] = right
    assume(fits(product, [*deals]) and fits(product, [*corrected, *later]))
    assume(fits(product, [*deals, *later]))

    booked, straight = Desk(product, fees), Desk(product, fees)
    for nth, deal in enumerate(deals):
        booked.deal(nth, deal, deal)
        straight.deal(nth, deal, corrected[nth])
    common = {
        "at": NOW,
        "account_id": MINE,
        "trade_id": UUID(int=2000 + wrong),
        "reason": "a wrong price came in",
        "expected_version": 1,
        "history": tuple(booked.facts),
    }
    if right is None:
        booked.ask(AnnulTrade(**common))  # type: ignore[arg-type]  # as named above
    else:
        booked.ask(
            CorrectTrade(**common, quantity=Decimal(right[1]), price=Decimal(right[2]))  # type: ignore[arg-type]
        )
    assert booked.book() == straight.book()
    for nth, deal in enumerate(later, len(deals)):
        booked.deal(nth, deal, deal)
        straight.deal(nth, deal, deal)
    assert booked.book() == straight.book()


@given(st.sampled_from(list(BOOKS)), DEALS, st.data())
def test_a_trade_corrected_there_and_back_leaves_the_account_as_it_was(
    product: Product, deals: list[Deal], data: st.DataObject
) -> None:
    assume(fits(product, [*deals]))
    desk = Desk(product, "ZERODHA@1")
    for nth, deal in enumerate(deals):
        desk.deal(nth, deal, deal)
    before = desk.book()
    wrong = data.draw(st.integers(0, len(deals) - 1))
    for version, price in ((1, 111), (2, deals[wrong][2])):
        desk.ask(
            CorrectTrade(
                at=NOW,
                account_id=MINE,
                trade_id=UUID(int=2000 + wrong),
                reason="a wrong price came in",
                expected_version=version,
                price=Decimal(price),
                force=True,
                history=tuple(desk.facts),
            )
        )
    assert desk.book() == before


def test_postings_of_a_restatement_sum_to_zero_and_equity_moves_by_the_profit() -> None:
    desk = Desk(Product.MIS, "ZERO@1")
    desk.deal(0, (Side.BUY, 9, 100), (Side.BUY, 9, 100))
    desk.deal(1, (Side.SELL, 9, 105), (Side.SELL, 9, 105))
    equity = desk.account.balance.equity
    desk.ask(
        AnnulTrade(
            at=NOW,
            account_id=MINE,
            trade_id=UUID(int=2000),
            reason="it never happened",
            expected_version=1,
            history=tuple(desk.facts),
        )
    )
    restated = desk.facts[-1]
    assert sum(posting.amount for posting in restated.postings) == 0  # type: ignore[attr-defined]
    held: Position = desk.account.position("ACME", Product.MIS)
    assert held.quantity == -9
    assert held.cost_basis == 945
    assert tidy(desk.account.balance.equity - equity) == -45


def test_what_would_break_a_rule_needs_force() -> None:
    desk = Desk(Product.CNC, "ZERO@1")
    desk.deal(0, (Side.BUY, 9, 100), (Side.BUY, 9, 100))
    desk.deal(1, (Side.SELL, 9, 105), (Side.SELL, 9, 105))
    annul = AnnulTrade(
        at=NOW,
        account_id=MINE,
        trade_id=UUID(int=2000),
        reason="it never happened",
        expected_version=1,
        history=tuple(desk.facts),
    )
    with pytest.raises(Illegal, match="ANNULMENT_BREAKS_POSITION"):
        desk.ask(annul)
    desk.ask(replace(annul, force=True))
    assert desk.account.risk.state_at(NOW) == "REDUCING"
    assert not desk.ask(replace(annul, history=tuple(desk.facts)))
