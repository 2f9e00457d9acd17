"""What a day brought is counted on that day, traded or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.postgres import connect
from adapters.servers import Database
from commands.base import Command
from commands.trading import (
    AnnulTrade,
    ApplyCorporateAction,
    ChargeBorrow,
    ChargeInterest,
    ExpirePosition,
    RemarkMargin,
    ResetAccount,
)
from domain.base import Event, fold
from domain.market import InstrumentType
from domain.trading import Account, ActionKind, CorporateAction, Product, Side
from projections import daily_pnl
from projections.daily_pnl import DayPnl
from tests import servers
from tests.contract.history import record
from tests.contract.telling import CAPITAL, told
from tests.contract.views import looking, project
from tests.spec.daily import LENT, bought
from tests.spec.trading import ACME, FIRST_EXEC, ME, NOW

pytestmark = pytest.mark.anyio

OPTION = replace(
    ACME, symbol="OPT", type=InstrumentType.CE, strike=Decimal(1000), underlying="ACME"
)
LENDING, PAID, SHORT, EXPIRED, ANNULLED, ANEW = (UUID(int=number) for number in range(21, 27))
WHY = "it never happened"


def on(day: int) -> datetime:
    return NOW + timedelta(days=day)


def of(account_id: UUID, day: int) -> dict[str, Any]:
    return {"at": on(day), "account_id": account_id}


def charged(account_id: UUID, day: int, rate: str) -> ChargeInterest:
    return ChargeInterest(**of(account_id, day), through=on(day).date(), rate=Decimal(rate))


def dividend(account_id: UUID) -> ApplyCorporateAction:
    action = CorporateAction(
        action_id=UUID(int=5),
        kind=ActionKind.DIVIDEND,
        symbol="ACME",
        ex_at=on(1),
        cash_per_unit=Decimal(3),
    )
    return ApplyCorporateAction(**of(account_id, 1), action=action)


def buying(account_id: UUID, *of_what: Any, **how: Any) -> tuple[Command, ...]:
    return tuple(replace(one, account_id=account_id) for one in bought(*of_what, **how))


def annulling() -> tuple[Command, ...]:
    """The whole history of the account goes with what annuls its trade."""
    made = buying(ANNULLED)
    facts = tuple(fact.event for fact in told([(ANNULLED, made)], NOW))
    return (
        *made,
        AnnulTrade(
            **of(ANNULLED, 1),
            trade_id=FIRST_EXEC,
            reason=WHY,
            expected_version=1,
            history=facts,
        ),
    )


def histories() -> Iterator[tuple[UUID, tuple[Command, ...]]]:
    yield LENDING, (*buying(LENDING, Product.MTF, instrument=LENT), charged(LENDING, 1, "0.1460"))
    yield PAID, (*buying(PAID), dividend(PAID))
    borrowed: dict[str, Any] = {"through": on(1).date(), "symbols": frozenset({"ACME"})}
    yield (
        SHORT,
        (
            *buying(SHORT, Product.MIS, Side.SELL),
            ChargeBorrow(**of(SHORT, 1), **borrowed, rate=Decimal("0.365")),
            RemarkMargin(**of(SHORT, 2), marks={"ACME": Decimal(90)}, closing=True),
        ),
    )
    over = ExpirePosition(
        **of(EXPIRED, 1),
        instrument=OPTION,
        settlement_price=Decimal(1150),
        expired_on=on(1).date(),
    )
    yield EXPIRED, (*buying(EXPIRED, Product.NRML, instrument=OPTION), over)
    yield ANNULLED, annulling()
    anew = ResetAccount(
        **of(ANEW, 1), opening_capital=Decimal(5000), session_date=on(1).date(), reason=WHY
    )
    yield ANEW, (anew,)


@pytest.fixture(scope="module")
def traded(postgres_server: Database) -> Iterator[Database]:
    with servers.fresh_database(postgres_server) as database:
        with connect(database.dsn) as db:
            record(db, list(told(histories(), NOW)))
            project(db, page=100)
        yield database


@pytest.fixture
async def days(traded: Database) -> dict[UUID, list[DayPnl]]:
    async with looking(traded) as db:
        return {
            account_id: await daily_pnl.of_account(db, ME, account_id)
            for account_id, _ in histories()
        }


async def test_interest_is_of_the_day_it_is_charged(days: dict[UUID, list[DayPnl]]) -> None:
    _, second = days[LENDING]
    assert (second.interest, second.net, second.unrealised_change) == ("0.3", "-0.3", "0")
    _, second, third = days[SHORT]
    assert (second.interest, second.net) == ("1", "-1")
    assert (third.interest, third.net, third.unrealised_change) == ("0", "100", "100")


async def test_a_dividend_is_of_the_day_it_is_paid(days: dict[UUID, list[DayPnl]]) -> None:
    _, second = days[PAID]
    assert (second.dividends, second.net, second.unrealised_change) == ("30", "30", "0")
    assert (second.fills, second.trades) == (0, 0)


async def test_what_expires_is_of_the_day_it_expires(days: dict[UUID, list[DayPnl]]) -> None:
    _, second = days[EXPIRED]
    assert (second.realised, second.net, second.trades) == ("500", "500", 1)


async def test_a_trade_that_never_was_is_taken_out_on_the_day_that_is_said(
    days: dict[UUID, list[DayPnl]],
) -> None:
    _, second = days[ANNULLED]
    assert (second.realised, second.net, second.equity) == ("0", "0", f"{CAPITAL}")


async def test_a_new_life_is_no_profit(days: dict[UUID, list[DayPnl]]) -> None:
    _, second = days[ANEW]
    assert (second.net, second.equity, second.flow) == ("0", "5000", "-95000")


async def test_days_add_up_to_what_the_account_has(days: dict[UUID, list[DayPnl]]) -> None:
    facts: dict[UUID, list[Event]] = {}
    for fact in told(histories(), NOW):
        facts.setdefault(fact.event.account_id, []).append(fact.event)  # type: ignore[attr-defined]  # of accounts
    for account_id, mine in days.items():
        equity = fold(Account(), facts[account_id]).balance.equity
        net, flow = (sum(Decimal(getattr(day, name)) for day in mine) for name in ("net", "flow"))
        assert CAPITAL + net + flow == equity
