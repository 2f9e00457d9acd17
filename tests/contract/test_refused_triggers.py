"""A trigger that goes off in vain is refused although it was placed: people see one order, over."""

from __future__ import annotations

from decimal import Decimal

import pytest
from psycopg.rows import dict_row

from adapters.postgres import connect
from adapters.projector import check_against_replay
from adapters.servers import Database
from commands.trading import Trigger
from domain.base import fold
from domain.trading import Account, OrderRejected, Side
from tests.contract.history import record
from tests.contract.views import project
from tests.spec.test_invariants import on_tape
from tests.spec.test_order_kinds import gtt, trigger
from tests.spec.trading import FIRST, history


@pytest.mark.parametrize("page", [1, 500])
def test_an_order_refused_at_its_trigger_is_shown_once_and_as_refused(
    database: Database, page: int
) -> None:
    past = history(gtt(Trigger(Decimal(90), Decimal(10_000)), side=Side.BUY))
    (refused,) = trigger(FIRST).decide(fold(Account(), past))
    assert isinstance(refused, OrderRejected)
    assert refused.was_placed
    with connect(database.dsn) as db:
        record(db, on_tape([*past, refused]))
        project(db, page)
        with db.cursor(row_factory=dict_row) as cursor:
            (order,) = cursor.execute("SELECT * FROM rm.orders").fetchall()
            (shown,) = cursor.execute("SELECT * FROM rm.dashboard").fetchall()
        parked = db.execute("SELECT count(*) FROM rm.dead_letter").fetchone()
    assert (order["ended_as"], order["reject_code"]) == ("REJECTED", "FUNDS_INSUFFICIENT")
    assert order["placed"] == 2
    assert (shown["orders"], shown["open_orders"], shown["rejected"]) == (1, 0, 1)
    assert parked == (0,)
    wrong = [each for each in check_against_replay(database.dsn) if not each.agrees]
    assert wrong == []
