"""The days of an account, told in facts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from commands.trading import (
    CloseSession,
    ExpireOrders,
    OpenSession,
    RemarkMargin,
    SettleTrades,
)
from domain.trading import (
    OrderExpired,
    Product,
    SessionClosed,
    SessionOpened,
    Tif,
    TradesSettled,
)
from tests.spec.daily import MORNING, ONE_DAY, TODAY, after, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    history,
    place,
    ticket,
)


def test_a_session_opens_once_a_day_and_begins_the_counters_anew() -> None:
    opens = OpenSession(at=NOW, account_id=MINE, session_date=TODAY)
    past = history(*bought())
    given(*past).when(opens).then(
        SessionOpened(MINE, TODAY, cash=Decimal(99_000), equity=Decimal(100_000))
    )
    past = history(*bought(), opens)
    given(*past).when(opens).then()
    given(*past).when(replace(opens, session_date=TODAY - ONE_DAY)).then()
    assert after(past).risk.orders_today == 0
    assert after(past).risk.day_equity == 100_000


def test_a_session_closes_with_what_the_day_has_brought() -> None:
    opens = OpenSession(at=NOW, account_id=MINE, session_date=TODAY)
    closes = CloseSession(at=NOW, account_id=MINE, session_date=TODAY)
    remark = RemarkMargin(at=NOW, account_id=MINE, marks={"ACME": Decimal("101.5")}, closing=True)
    past = history(opens, *bought(), remark)
    given(*past).when(closes).then_only(
        SessionClosed, day_pnl=Decimal(15), positions=1, orders=0, equity=Decimal(100_015)
    )
    given(*history(opens, closes)).when(closes).then()
    given(*history()).when(closes).then()


def test_day_orders_end_with_the_session_and_others_live_on() -> None:
    past = history(
        place(ticket(tif=Tif.DAY)),
        place(ticket(tif=Tif.GTC), SECOND),
        place(replace(ticket(tif=Tif.GTD), expires_at=NOW + timedelta(hours=1)), THIRD),
    )
    expire = ExpireOrders(at=NOW, account_id=MINE, symbols=frozenset({"ACME"}))
    given(*past).when(expire).then_only(OrderExpired, order_id=FIRST, reason="SESSION_END")
    later = replace(expire, at=NOW + timedelta(hours=1))
    reasons = [fact.reason for fact in told(past, later) if isinstance(fact, OrderExpired)]
    assert reasons == ["SESSION_END", "GTD"]
    assert after((*past, *told(past, later))).balance.reserved == 1000
    given(*past).when(replace(expire, symbols=frozenset({"OTHER"}))).then()


def test_what_was_bought_before_the_session_is_settled_by_it_and_once() -> None:
    settle = SettleTrades(
        at=NOW + ONE_DAY, account_id=MINE, session_date=TODAY + ONE_DAY, opens_at=NOW + ONE_DAY
    )
    past = history(*bought())
    given(*past).when(settle).then_only(TradesSettled, session_date=TODAY + ONE_DAY)
    past = history(*bought(), settle)
    assert after(past).position("ACME", Product.CNC).settled_qty == 10
    given(*past).when(settle).then()
    given(*history(*bought())).when(replace(settle, opens_at=MORNING)).then()
