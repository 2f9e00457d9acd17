"""Facts of an account's days, life and corrections, for the golden files."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    AnnulManualTrade,
    AnnulTrade,
    ApplyCorporateAction,
    ChargeBorrow,
    ChargeInterest,
    CheckMargin,
    CloseAccount,
    CloseSession,
    CorrectManualTrade,
    CorrectTrade,
    DepositVirtual,
    ExpirePosition,
    OpenSession,
    RecordManualTrade,
    RemarkMargin,
    ResetAccount,
    SettleTrades,
)
from domain.base import Event, Events, fold
from domain.trading import (
    Account,
    ActionKind,
    CorporateAction,
    Journal,
    JournalEntry,
    Product,
    Side,
)
from tests.spec.trading import (
    ACME,
    FIRST,
    FIRST_EXEC,
    ME,
    MINE,
    NOW,
    fill,
    opened,
    place,
    ticket,
)

TODAY = date(2026, 11, 20)
ONE_DAY = timedelta(days=1)
LENT = replace(ACME, mtf_own_funds_rate=Decimal("0.25"))


def of_days() -> tuple[Event, ...]:
    """A bought position through its days; then shorts, margin, and the ends of accounts."""
    return (*_delivery(), *_short(), *_ends(), *_corrected(), *_journal())


def _told(*commands: Command, past: Events = ()) -> Events:
    facts: Events = past or opened("10000")
    for command in commands:
        facts += command.decide(fold(Account(), facts))
    return facts


def _bought(product: Product, side: Side = Side.BUY) -> tuple[Command, Command]:
    order = replace(ticket(side), product=product)
    return replace(place(order), instrument=LENT), fill("10", "100")


def _delivery() -> Events:
    split = CorporateAction(
        action_id=UUID(int=5),
        kind=ActionKind.SPLIT,
        symbol="ACME",
        ex_at=NOW + ONE_DAY,
        numerator=Decimal(3),
        denominator=Decimal(4),
        reference_price=Decimal(130),
    )
    return _told(
        OpenSession(at=NOW, account_id=MINE, session_date=TODAY),
        *_bought(Product.MTF),
        CloseSession(at=NOW, account_id=MINE, session_date=TODAY),
        SettleTrades(at=NOW, account_id=MINE, session_date=TODAY + ONE_DAY, opens_at=NOW + ONE_DAY),
        ChargeInterest(at=NOW, account_id=MINE, through=TODAY + ONE_DAY, rate=Decimal("0.15")),
        ApplyCorporateAction(at=NOW, account_id=MINE, action=split),
    )


def _short() -> Events:
    mine: dict[str, Any] = {"at": NOW, "account_id": MINE}
    return _told(
        *_bought(Product.MIS, Side.SELL),
        ChargeBorrow(
            **mine,
            through=TODAY + ONE_DAY,
            rate=Decimal("0.1"),
            symbols=frozenset({"ACME"}),
        ),
        RemarkMargin(**mine, marks={"ACME": Decimal(1200)}),
        DepositVirtual(**mine, amount=Decimal(100_000)),
        CheckMargin(**mine),
        ExpirePosition(**mine, instrument=ACME, settlement_price=Decimal(90), expired_on=TODAY),
    )


def _ends() -> Events:
    return _told(
        ResetAccount(
            at=NOW,
            account_id=MINE,
            opening_capital=Decimal(500),
            session_date=TODAY,
            reason="a new beginning",
        ),
        CloseAccount(at=NOW, account_id=MINE, reason="no more of this"),
    )


def _corrected() -> Events:
    past = _told(*_bought(Product.CNC))
    wrong: dict[str, Any] = {
        "at": NOW,
        "account_id": MINE,
        "trade_id": FIRST_EXEC,
        "reason": "a wrong price",
    }
    correct = CorrectTrade(**wrong, expected_version=1, price=Decimal(99), history=past)
    past = _told(correct, past=past)
    annul = AnnulTrade(**wrong, expected_version=2, history=past)
    return _told(annul, past=past)


def _journal() -> Events:
    entry = JournalEntry(
        stock_ticker="ACME",
        quantity=Decimal(10),
        buy_price=Decimal(100),
        order_executed_at=NOW,
        strategy="gap",
        tags=("one",),
    )
    mine: dict[str, Any] = {"at": NOW, "user_id": ME, "trade_id": FIRST}
    facts: Events = ()
    commands: tuple[Command, ...] = (
        RecordManualTrade(**mine, entry=entry),
        CorrectManualTrade(
            **mine,
            entry=replace(entry, sell_price=Decimal(120)),
            expected_version=1,
            reason="it is sold now",
        ),
        AnnulManualTrade(**mine, expected_version=2, reason="it never was"),
    )
    for command in commands:
        facts += command.decide(fold(Journal(), facts))
    return facts
