"""What a person notes about trades made elsewhere, told in facts."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from commands.base import Caller, Command
from commands.trading import AnnulManualTrade, CorrectManualTrade, RecordManualTrade
from commands.trading.journal import demand_entry
from domain.base import Events, Role, fold
from domain.errors import Conflict, Forbidden, Illegal, Invalid, NotFound
from domain.trading import (
    Journal,
    JournalEntry,
    ManualTradeAnnulled,
    ManualTradeCorrected,
    ManualTradeRecorded,
)
from domain.trading.journal import Noted, Standing
from tests.spec.given import given
from tests.spec.trading import ME, NOW, opened

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


def test_each_version_has_an_execution_of_its_own_and_names_the_one_before() -> None:
    recorded, corrected = noted(RECORD, CORRECT)
    assert recorded == ManualTradeRecorded(ME, TRADE, uuid5(TRADE, "version 1"), ENTRY)
    assert corrected == ManualTradeCorrected(
        user_id=ME,
        trade_id=TRADE,
        exec_id=uuid5(TRADE, "version 2"),
        exec_ref_id=uuid5(TRADE, "version 1"),
        version=2,
        entry=SOLD,
        reason=CORRECT.reason,
    )
    (annulled,) = given(recorded, corrected).when(replace(ANNUL, expected_version=2)).facts()
    assert annulled == ManualTradeAnnulled(
        user_id=ME,
        trade_id=TRADE,
        exec_id=uuid5(TRADE, "version 3"),
        exec_ref_id=uuid5(TRADE, "version 2"),
        version=3,
        reason=ANNUL.reason,
    )


def test_the_journal_knows_the_newest_version_and_how_it_stands() -> None:
    first, second, third = (uuid5(TRADE, f"version {nth}") for nth in (1, 2, 3))
    annul = replace(ANNUL, expected_version=2)
    for commands, kept in (
        ((RECORD,), Noted(1, first, ENTRY, Standing.ACTIVE)),
        ((RECORD, CORRECT), Noted(2, second, SOLD, Standing.CORRECTED)),
        ((RECORD, CORRECT, annul), Noted(3, third, SOLD, Standing.ANNULLED)),
    ):
        assert fold(Journal(), noted(*commands)).trades[TRADE] == kept


def test_what_is_no_trade_of_the_journal_leaves_it_as_it_is() -> None:
    journal = fold(Journal(), noted(RECORD))
    assert fold(journal, opened()) is journal
    unknown = ManualTradeAnnulled(ME, UUID(int=56), TRADE, TRADE, 2, "never known")
    assert fold(journal, (unknown,)) is journal


def test_a_refusal_names_the_trade() -> None:
    context = {"trade_id": str(TRADE)}
    past = noted(RECORD)
    assert given(*past).when(RECORD).then_fails(Conflict, "TRADE_EXISTS").context == context
    assert given().when(CORRECT).then_fails(NotFound, "TRADE_UNKNOWN").context == context
    gone = given(*noted(RECORD, ANNUL)).when(replace(CORRECT, expected_version=2))
    assert gone.then_fails(Illegal, "TRADE_ALREADY_ANNULLED").context == context
    stranger = Caller(actor="user:9", roles=Role.TRADER, correlation_id=ME)
    with pytest.raises(NotFound) as caught:
        RECORD.authorise(Journal(), stranger)
    assert (caught.value.code, caught.value.context) == ("TRADE_UNKNOWN", context)


def test_only_a_trader_keeps_a_journal() -> None:
    RECORD.authorise(Journal(), Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=ME))
    with pytest.raises(Forbidden):
        RECORD.authorise(Journal(), Caller(actor=f"user:{ME}", roles=Role(0), correlation_id=ME))


def test_whoever_annuls_says_why() -> None:
    with pytest.raises(Invalid):
        replace(ANNUL, reason="no")


AMOUNT = "above 0, at most 10^12, at most 8 decimal places"
CHARGE = "0 or above, at most 10^12, at most 8 decimal places"
TAGS = "at most 20 of at most 64 characters"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("quantity", Decimal(0), AMOUNT),
        ("buy_price", Decimal(-1), AMOUNT),
        ("sell_price", Decimal(0), AMOUNT),
        ("capital_used", Decimal(0), AMOUNT),
        ("brokerage_charge", Decimal(-1), CHARGE),
        ("mtf_charge", Decimal("0.000000001"), CHARGE),
        ("stock_ticker", "x" * 65, "at most 64 characters"),
        ("type", "x" * 65, "at most 64 characters"),
        ("notes", "x" * 2001, "at most 2000 characters"),
        ("tags", ("x",) * 21, TAGS),
        ("tags", ("x" * 65,), TAGS),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_rule(field: str, value: object, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        demand_entry(replace(SOLD, **{field: value}))
    assert caught.value.code == "VALIDATION"
    assert caught.value.detail == f"{field} must be {rule}"
    assert caught.value.context == {"field": field, "rule": rule}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("brokerage_charge", Decimal(0)),
        ("mtf_charge", Decimal("0.00000001")),
        ("capital_used", Decimal(1)),
        ("stock_ticker", "x" * 64),
        ("type", "x" * 64),
        ("notes", "x" * 2000),
        ("tags", ("x" * 64,) * 20),
    ],
)
def test_what_just_makes_sense_is_noted(field: str, value: object) -> None:
    demand_entry(replace(SOLD, **{field: value}))
