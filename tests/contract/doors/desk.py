"""
A trader's desk at the doors: what is listed, what is asked, and fills without waiting for any.

The tape is in memory; the read models behind the doors are real, and shown at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import Response
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from adapters.calendars import calendars
from adapters.postgres import connect
from adapters.projector import install
from adapters.projector.live import Live
from adapters.servers import Database
from adapters.settings import Settings
from adapters.tape import MemoryTape
from commands.base import Caller, Command
from commands.trading import ApplyFill
from domain.base import Role
from domain.market import (
    Calendars,
    Instrument,
    InstrumentStatus,
    InstrumentType,
    Quote,
    Shortable,
    witness,
)
from projections import READ_MODELS
from projections.query import prepare
from tests.contract.doors.rig import SHARE, Doors, doors, now
from tests.contract.history import record

API = "/api/v1"
LISTED = (
    SHARE,
    replace(SHARE, symbol="LENT", mtf_own_funds_rate=Decimal("0.25")),
    replace(SHARE, symbol="SHY", shortable=Shortable.NONE),
    replace(SHARE, symbol="HALT", status=InstrumentStatus.SUSPENDED),
    replace(SHARE, symbol="GONE", status=InstrumentStatus.EXPIRED),
    replace(SHARE, symbol="NUM", type=InstrumentType.IDX),
    replace(SHARE, symbol="SHUT", exchange="REST"),
    replace(SHARE, symbol="BAND", lower_band=Decimal(90), upper_band=Decimal(110)),
    replace(SHARE, symbol="WILD", exchange="REST", upper_band=Decimal(110)),
    replace(SHARE, symbol="BIG", min_notional=Decimal(1000)),
    replace(SHARE, symbol="COIN", type=InstrumentType.SPOT, qty_step=Decimal("0.01")),
    replace(SHARE, symbol="LOAN", shortable=Shortable.ETB),
    replace(SHARE, symbol="COLD"),
    replace(SHARE, symbol="OLD"),
    replace(SHARE, symbol="FRZ", max_qty=Decimal(40)),
    replace(
        SHARE,
        symbol="FUT",
        type=InstrumentType.FUT,
        underlying="ACME",
        expiry=date(2027, 1, 28),
    ),
)
ORDER: dict[str, Any] = {
    "symbol": "ACME",
    "side": "BUY",
    "quantity": "10",
    "order_type": "LIMIT",
    "price": "99.95",
}
MARKET = {"order_type": "MARKET", "price": None}
STOP = {"order_type": "STOP", "price": None, "stop_price": "105"}
WHY = "enough for today"


def listed(house: Doors) -> dict[str, Instrument]:
    """All of them quoted at 100 to 101, OLD an hour ago, and COLD never."""
    price, size = Decimal(100), Decimal(9)
    for one in LISTED:
        if one.symbol not in ("COLD", "ACME"):
            at = now() - timedelta(hours=one.symbol == "OLD")
            book = (price, size, price + 1, size, price)
            house.house.board.publish(Quote(one.symbol, "test", 1, at, at, *book))
    return {one.symbol: one for one in LISTED}


def resting() -> Calendars:
    """The usual calendars, and an exchange that is closed today and tomorrow."""
    usual = calendars()
    always, today = usual.of("ALWAYS"), now().date()
    days = (today, today + timedelta(days=1))
    rest = replace(always, code="REST", holidays=dict.fromkeys(days, "a day of rest"))
    return Calendars({**usual.by_exchange, "REST": rest})


class Desk:
    """One account with a million, and what its owner asks of it."""

    def __init__(self, house: Doors, account: str) -> None:
        self.house = house
        self.account = account

    async def ask(self, method: str, path: str, /, headers: Any = None, **body: Any) -> Response:
        """The body is left out where nothing is said; an answer of 5xx is a mistake of ours."""
        return await self.house.http.request(
            method, f"{API}/{path}", json=body or None, headers=headers
        )

    async def place(self, **change: Any) -> Response:
        return await self.ask("POST", "orders", **self.ticket(**change))

    def ticket(self, **change: Any) -> dict[str, Any]:
        return {"account_id": self.account, **ORDER, **change}

    async def resting(self, **change: Any) -> str:
        answer = await self.place(**change)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["order_id"])

    async def limit(self, **limits: Any) -> Response:
        return await self.ask("PUT", f"accounts/{self.account}/risk-limits", limits=limits)

    async def hold(self, state: str) -> Response:
        path = f"accounts/{self.account}/trading-state"
        return await self.ask("PUT", path, state=state, reason=WHY)

    async def position(self, symbol: str = "ACME") -> str:
        """The id of the position, once the read models show it."""
        at = {"X-Min-Position": str(self.house.tape.head().position)}
        answer = await self.ask("GET", f"positions?account_id={self.account}", at)
        return next(str(p["position_id"]) for p in answer.json()["items"] if p["symbol"] == symbol)

    async def fill(self, order_id: str, quantity: str, price: str) -> None:
        quote = self.house.house.board.get("ACME")
        assert quote is not None, "or nothing could be filled"
        command = ApplyFill(
            at=now(),
            account_id=UUID(self.account),
            order_id=UUID(order_id),
            exec_id=self.house.house.ids(),
            quantity=Decimal(quantity),
            price=Decimal(price),
            evidence=witness(quote, now(), rule="MARKETABLE", model="TOP_OF_BOOK@1"),
            executed_at=now(),
        )
        await self.let(command, Role.VENUE)

    async def let(self, command: Command, role: Role = Role.SYSTEM) -> None:
        """What the house does of its own accord."""
        by = Caller(actor="system:test", roles=role, correlation_id=self.house.user_id)
        await self.house.house.dispatch(command, by)

    async def trade(self, side: str, price: str, quantity: str = "10", **change: Any) -> str:
        """An order that is placed and filled."""
        order = await self.resting(side=side, price=price, quantity=quantity, **change)
        await self.fill(order, quantity, price)
        return order


class Shown:
    """The read models of a tape in memory: whoever asks sees all that is on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tape = MemoryTape()
        self._recorded = 0
        with connect(database.dsn) as db:
            install(db, READ_MODELS)

    async def seen(self, position: int) -> None:
        facts = self.tape.facts(self._recorded, position)
        with connect(self.database.dsn) as db:
            record(db, facts)
            live = Live(db, READ_MODELS)
            while live.step(500):
                pass
        self._recorded += len(facts)


@asynccontextmanager
async def open_house(keys: Path, database: Database) -> AsyncIterator[Doors]:
    """The doors with all that is listed, and with read models that can be asked."""
    shown = Shown(database)
    pool = AsyncConnectionPool[Any](
        database.dsn, open=False, min_size=1, max_size=2, configure=prepare
    )
    async with (
        pool,
        doors(
            keys,
            # Its one trader is quicker than any person, and its market is quoted once.
            settings=Settings(rate_limit_scale=0, quote_max_age_ms=600_000),
            views=pool,
            seen=shown.seen,
            calendars=resting(),
            instruments={one.symbol: one for one in LISTED},
        ) as house,
    ):
        shown.tape = house.tape
        listed(house)
        yield house
