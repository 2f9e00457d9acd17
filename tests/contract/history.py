"""A trading history made by the real commands: seeded, so that the same seed is the same tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Json

from adapters.tape import Reader
from adapters.tape.batch import Batch
from adapters.tape.codec import CODEC
from adapters.tape.writer import APPEND
from commands.base import Command, Entry
from commands.identity import RegisterUser
from commands.trading import (
    ApplyFill,
    CancelOrder,
    ClosePosition,
    DepositVirtual,
    ExpireOrder,
    OpenAccount,
    PlaceOrder,
    ReplaceOrder,
    WithdrawVirtual,
)
from domain.base import Event, Fact, Meta, State, fold
from domain.errors import DomainError
from domain.market import Instrument, Quote, witness
from domain.trading import FLAT, Account, Order, OrderType, Product, Side, Tif, holding
from tests.contract import clockwork, life_of_alerts, life_of_risk, life_of_trades, office
from tests.contract.shares import PRICES

OPENING = datetime(2026, 1, 5, 9, 15, tzinfo=UTC)
MODEL = "TOP_OF_BOOK@1"


#: Facts of one batch, which are recorded at the same moment.
RECORDED_AT_ONCE = 500


def record(db: Connection[Any], facts: Sequence[Fact]) -> None:
    """Put facts on the tape, each by a command of its own."""
    for first in range(0, len(facts), RECORDED_AT_ONCE):
        part = facts[first : first + RECORDED_AT_ONCE]
        entries = [Entry(f.stream, f.version - 1, (f.event,), f.meta) for f in part]
        batch = Batch.of(entries, CODEC)
        sealed = batch.seal(Reader(db).head(), part[-1].recorded_at, "test")
        head = sealed.head.position - len(part)
        document = Json(sealed.json(), _as_is)
        db.execute(APPEND, (document, len(part), head, sealed.head.hash, None))


def _as_is(document: bytes) -> bytes:
    return document


class Trading:
    """
    Some people, their accounts and a paper venue, playing on without end.

    With ``corrected`` some of their trades turn out to have been wrong.
    """

    def __init__(
        self, seed: int = 1, accounts: int = 6, owners: int = 3, *, corrected: bool = False
    ) -> None:
        self._corrected = corrected
        self._told: dict[str, list[Event]] = {}
        self._dice = Random(seed)
        self._count = seed << 40
        self._versions: dict[str, int] = {}
        self._states: dict[str, State] = {}
        self._position = 0
        self._now = OPENING
        self._accounts_max = accounts
        self.owners = [self._id() for _ in range(owners)]
        self.accounts: list[UUID] = []

    def facts(self, count: int) -> list[Fact]:
        """The next facts, at least ``count`` of them."""
        facts: list[Fact] = []
        while len(facts) < count:
            facts.extend(self._turn())
        return facts

    def account(self, account_id: UUID) -> Account:
        state = self._states[f"account-{account_id}"]
        assert isinstance(state, Account), "the stream of an account"
        return state

    def _id(self) -> UUID:
        """Looks like UUIDv7, and grows."""
        self._count += 1
        return UUID(int=(self._count << 64) | (7 << 76) | (2 << 62) | (self._count & 0xFFFF))

    def _turn(self) -> Iterator[Fact]:
        self._now += timedelta(microseconds=self._dice.randint(50, 900_000))
        for command, actor in self._moves():
            yield from self._ask(command, actor)

    def _ask(self, command: Command, actor: str) -> list[Fact]:
        state = self._states.get(command.stream) or command.state()
        try:
            events = command.decide(state)
        except DomainError:
            return []
        self._states[command.stream] = fold(state, events)
        self._told.setdefault(command.stream, []).extend(events)
        meta = self._meta(actor)
        return [self._fact(command.stream, event, meta) for event in events]

    def _meta(self, actor: str) -> Meta:
        return Meta(
            actor=actor,
            command_id=self._id(),
            correlation_id=self._id(),
            occurred_at=self._now,
        )

    def _fact(self, stream: str, event: Event, meta: Meta) -> Fact:
        self._position += 1
        self._versions[stream] = self._versions.get(stream, 0) + 1
        recorded_at = self._now + timedelta(milliseconds=2)
        return Fact(self._position, stream, self._versions[stream], event, meta, recorded_at)

    def _moves(self) -> Iterator[tuple[Command, str]]:
        dice = self._dice.random()
        if not self.accounts:
            yield from self._open()
            yield from office.a_day(self._now, self._id)
            yield from life_of_risk.a_day(self._now)
            yield from life_of_alerts.a_day(self._now)
            yield from life_of_trades.a_day(self._now, self.owners[0], self._id)
        elif len(self.accounts) < self._accounts_max and dice < 0.15:
            yield from self._open()
        else:
            yield from self._deal(dice)

    def _deal(self, dice: float) -> Iterator[tuple[Command, str]]:
        account_id = self._dice.choice(self.accounts)
        trader = self.account(account_id).owner
        common: dict[str, Any] = {"at": self._now, "account_id": account_id}
        if self._corrected and 0.04 <= dice < 0.08:
            told = self._told[f"account-{account_id}"]
            yield from life_of_trades.a_correction(self._dice, common, told)
        elif dice < 0.04:
            yield clockwork.a_turn(self._dice, common, PRICES, self._id()), "system:clock"
        elif dice < 0.18:
            amount = Decimal(self._dice.randint(1, 100_000)) / 100
            funds = self._dice.choice((DepositVirtual, WithdrawVirtual))
            yield funds(**common, amount=amount, reason='a "top\\up"'), trader
        else:
            yield from self._trade(common, trader)

    def _open(self) -> Iterator[tuple[Command, str]]:
        owner = self._dice.choice(self.owners)
        account_id = self._id()
        self.accounts.append(account_id)
        yield RegisterUser(at=self._now, user_id=owner), "system:identity"
        yield (
            OpenAccount(
                at=self._now,
                account_id=account_id,
                owner_id=owner,
                kind="PAPER",
                currency="USD",
                opening_capital=Decimal(100_000),
                label=f"account {len(self.accounts)}, 'é' null",
            ),
            f"user:{owner}",
        )

    def _trade(self, common: dict[str, Any], trader: str) -> Iterator[tuple[Command, str]]:
        instrument = self._dice.choice(list(PRICES))
        quote = self._quote(instrument)
        account = self.account(common["account_id"])
        working = list(account.orders)
        dice = self._dice.random()
        if working and dice < 0.12:
            yield CancelOrder(**common, order_id=self._dice.choice(working)), trader
        elif working and dice < 0.18:
            order_id = self._dice.choice(working)
            yield ExpireOrder(**common, order_id=order_id, reason="SESSION_END"), "venue:paper"
        elif working and dice < 0.30:
            yield self._replace(common, account, self._dice.choice(working)), trader
        elif dice < 0.36:
            order_id = self._id()
            product = Product(instrument.product or "CNC")
            close = ClosePosition(
                **common, order_id=order_id, product=product, instrument=instrument, quote=quote
            )
            yield close, trader
            yield from self._fills(common, order_id, quote)
        else:
            place = self._place(common, account, instrument, quote)
            yield place, trader
            if self._dice.random() < 0.8:
                yield from self._fills(common, place.order_id, quote)

    def _place(
        self, common: dict[str, Any], account: Account, instrument: Instrument, quote: Quote
    ) -> PlaceOrder:
        product = Product(instrument.product or "CNC")
        held = account.positions.get(holding(instrument.symbol, product), FLAT)
        selling = held.sellable > 0 and self._dice.random() < 0.5
        order_type = self._dice.choice((OrderType.MARKET, OrderType.LIMIT))
        order = Order(
            symbol=instrument.symbol,
            side=Side.SELL if selling else Side.BUY,
            quantity=instrument.qty_step * self._dice.randint(1, 40),
            order_type=order_type,
            product=product,
            price=quote.ask if order_type is OrderType.LIMIT else None,
            tif=self._dice.choice((Tif.DAY, Tif.GTC, Tif.IOC)),
            multiplier=instrument.multiplier,
        )
        return PlaceOrder(
            **common,
            order_id=self._id(),
            order=order,
            instrument=instrument,
            quote=quote,
            client_order_id=f"c-{self._count}" if self._dice.random() < 0.2 else None,
        )

    def _replace(self, common: dict[str, Any], account: Account, order_id: UUID) -> ReplaceOrder:
        order = account.orders[order_id].order
        instrument = next(one for one in PRICES if one.symbol == order.symbol)
        more = instrument.qty_step * self._dice.randint(0, 5)
        price = order.price and order.price + instrument.tick_size
        return ReplaceOrder(
            **common,
            order_id=order_id,
            instrument=instrument,
            quantity=order.quantity + more,
            price=price,
        )

    def _fills(
        self, common: dict[str, Any], order_id: UUID, quote: Quote
    ) -> Iterator[tuple[Command, str]]:
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            working = self.account(common["account_id"]).orders.get(order_id)
            if working is None:
                return
            step = next(one for one in PRICES if one.symbol == quote.symbol).qty_step
            part = working.leaves_qty
            if self._dice.random() < 0.2:
                part = step * self._dice.randint(1, int(part / step))
            price = quote.ask if working.order.side is Side.BUY else quote.bid
            assert price is not None, "a full book"
            yield (
                ApplyFill(
                    **common,
                    order_id=order_id,
                    exec_id=self._id(),
                    quantity=part,
                    price=price,
                    evidence=witness(quote, self._now, rule="TOUCH", model=MODEL),
                    executed_at=self._now,
                ),
                "venue:paper",
            )

    def _quote(self, instrument: Instrument) -> Quote:
        tick = instrument.tick_size
        last = PRICES[instrument] + tick * self._dice.randint(-50, 50)
        return Quote(
            symbol=instrument.symbol,
            source="sim",
            seq=self._position,
            at=self._now,
            received_at=self._now,
            bid=last - tick,
            bid_size=Decimal(300),
            ask=last + tick,
            ask_size=Decimal(400),
            last=last,
            last_size=Decimal(100),
        )
