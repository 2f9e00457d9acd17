"""What a person notes about trades made elsewhere, told in facts."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Caller, Command
from commands.trading import AnnulManualTrade, CorrectManualTrade, RecordManualTrade
from domain.base import Events, Role, fold
from domain.errors import Conflict, Illegal, Invalid, NotFound
from domain.trading import (
    Journal,
    JournalEntry,
    ManualTradeAnnulled,
    ManualTradeCorrected,
    ManualTradeRecorded,
)
from tests.spec.given import given
from tests.spec.trading import ME, NOW

TRADE = UUID(int=55)
ENTRY = JournalEntry(
    stock_ticker="ACME",
    quantity=Decimal(10),
    buy_price=Decimal(100),
    order_executed_at=NOW,
    brokerage_charge=Decimal(5),
)
SOLD = replace(ENTRY, sell_price=Decimal(110))
RECORD = RecordManualTrade(at=NOW, user_id=ME, trade_id=TRADE, entry=ENTRY)
CORRECT = CorrectManualTrade(
    at=NOW, user_id=ME, trade_id=TRADE, entry=SOLD, expected_version=1, reason="it is sold now"
)
ANNUL = AnnulManualTrade(
    at=NOW, user_id=ME, trade_id=TRADE, expected_version=1, reason="it never was"
)


def noted(*commands: Command) -> Events:
    facts: Events = ()
    for command in commands:
        facts += command.decide(fold(Journal(), facts))
    return facts


def test_a_trade_is_noted_once() -> None:
    given().when(RECORD).then_only(ManualTradeRecorded, trade_id=TRADE, entry=ENTRY)
    given(*noted(RECORD)).when(RECORD).then_fails(Conflict, "TRADE_EXISTS")


def test_profit_is_computed_and_never_noted() -> None:
    assert (ENTRY.status, ENTRY.net_pnl) == ("OPEN", None)
    assert (SOLD.status, SOLD.net_pnl) == ("CLOSED", Decimal(95))


def test_a_correction_refers_to_the_version_before_it() -> None:
    recorded, corrected = noted(RECORD, CORRECT)
    assert isinstance(recorded, ManualTradeRecorded)
    assert isinstance(corrected, ManualTradeCorrected)
    assert corrected.exec_ref_id == recorded.exec_id
    assert corrected.version == 2
    given(recorded, corrected).when(replace(CORRECT, expected_version=2)).then()


def test_whoever_looked_at_an_older_version_looks_again() -> None:
    past = noted(RECORD, CORRECT)
    for command in (replace(CORRECT, entry=ENTRY), ANNUL):
        error = given(*past).when(command).then_fails(Conflict, "VERSION_STALE")
        assert error.context["current"] == "2"


def test_an_annulled_trade_stays_annulled_and_annulling_it_again_changes_nothing() -> None:
    past = noted(RECORD, ANNUL)
    assert isinstance(past[-1], ManualTradeAnnulled)
    given(*past).when(ANNUL).then()
    correct = replace(CORRECT, expected_version=2)
    given(*past).when(correct).then_fails(Illegal, "TRADE_ALREADY_ANNULLED")


def test_nobody_writes_in_the_journal_of_another() -> None:
    stranger = Caller(actor="user:9", roles=Role.TRADER, correlation_id=ME)
    with pytest.raises(NotFound, match="TRADE_UNKNOWN"):
        RECORD.authorise(Journal(), stranger)
    given().when(ANNUL).then_fails(NotFound, "TRADE_UNKNOWN")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", Decimal(0)),
        ("buy_price", Decimal("NaN")),
        ("brokerage_charge", Decimal(-1)),
        ("notes", "x" * 2001),
        ("tags", ("x",) * 21),
    ],
)
def test_an_entry_makes_sense(field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        replace(RECORD, entry=replace(ENTRY, **{field: value}))
    assert caught.value.context["field"] == field
