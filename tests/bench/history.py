"""
A long tape in a minute: one trader's hundred facts, retold for as many accounts as wanted.

The facts are decided by the real commands for one account whose every id ends in the same
twelve digits; for another account these are replaced, and nothing else is done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from uuid import UUID

from msgspec import Struct
from psycopg.types.json import Json

from adapters.feeds.sim import LISTINGS
from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape.batch import Batch, Line
from adapters.tape.chain import Head
from adapters.tape.codec import CODEC
from adapters.tape.reader import HEAD
from adapters.tape.writer import APPEND
from commands.base import Command
from commands.trading import ApplyFill, CancelOrder, DepositVirtual, OpenAccount, PlaceOrder
from domain.base import Meta, fold
from domain.market import Instrument, InstrumentType, Quote, witness
from domain.trading import Account, Order, OrderType, Product, Side
from tests.bench import people

FACTS_PER_ACCOUNT = 100
ACCOUNTS = 10_000  # of a million facts
ROUND_TRIPS = 32
BATCH, BURST = 1000, 20  # facts, batches
TAIL = "aaaaaaaaaaaa"
HOLDINGS = 3
SHARES = [
    listing.instrument for listing in LISTINGS if listing.instrument.type is InstrumentType.EQ
][:HOLDINGS]


class Told(Struct, frozen=True):
    """One fact of the template account."""

    version: int
    type: str
    schema_version: int
    payload: bytes
    actor: str


def account_id(nth: int) -> UUID:
    return _id(0, f"{nth:012x}")


def write(database: Database, accounts: int) -> int:
    """Append the facts of so many accounts, all accounts in step; returns how many."""
    turns = template()
    with connect(database.dsn) as connection:
        position, digest = connection.execute(HEAD).fetchone() or (0, b"")
        head = Head(position, bytes(digest))
        lines = _lines(turns, accounts)
        while burst := [list(islice(lines, BATCH)) for _ in range(BURST)]:
            if not burst[0]:
                break
            with connection.pipeline():  # Postgres stores one batch while the next is made
                for batch in filter(None, burst):
                    sealed = Batch(batch).seal(head, people.now(), "bench")
                    document = Json(sealed.json(), bytes)
                    values = (document, len(batch), head.position, sealed.head.hash, None)
                    connection.execute(APPEND, values, prepare=True)
                    head = sealed.head
    return head.position - position


def _lines(turns: list[list[Told]], accounts: int) -> Iterator[Line]:
    names = [(f"account-{account_id(nth)}", b"%012x" % nth) for nth in range(accounts)]
    tail = TAIL.encode()
    for turn in turns:
        for stream, own in names:
            meta = _meta(turn[0].actor)
            for told in turn:
                payload = told.payload.replace(tail, own)
                yield Line(stream, told.version, told.type, told.schema_version, payload, meta)


def template() -> list[list[Told]]:
    """The facts of the template account, those of one command together."""
    account, version = Account(), 0
    turns: list[list[Told]] = []
    for command in _life():
        facts = command.decide(account)
        actor = "venue:paper" if isinstance(command, ApplyFill) else people.TRADER.actor
        turn: list[Told] = []
        for event in facts:
            version += 1
            payload = CODEC.encode(event)
            turn.append(Told(version, type(event).__name__, event.schema_version, payload, actor))
        account = fold(account, facts)
        turns.append(turn)
    assert version == FACTS_PER_ACCOUNT, version
    return turns


def _life() -> Iterator[Command]:
    """Opened, funded, bought and sold and thought better of, and one order left in the book."""
    me, at = _id(0), people.now()
    yield OpenAccount(
        at=at,
        account_id=me,
        owner_id=people.OWNER,
        kind="PAPER",
        currency="INR",
        opening_capital=Decimal(10_000_000),
    )
    yield DepositVirtual(at=at, account_id=me, amount=Decimal("2500.50"))
    for nth in range(1, ROUND_TRIPS + 1):
        side = Side.BUY if nth % 3 else Side.SELL
        share = SHARES[(nth - 1) // 3 % len(SHARES)]
        price = Decimal(100 if side is Side.BUY else 150)
        yield _placing(nth, share, side, price)
        if nth % 3 == 2:
            yield CancelOrder(at=at, account_id=me, order_id=_id(nth))
        else:
            yield _filling(nth, share, price)
    yield _placing(ROUND_TRIPS + 1, SHARES[0], Side.BUY, Decimal(50))


def _placing(nth: int, share: Instrument, side: Side, price: Decimal) -> PlaceOrder:
    order = Order(
        symbol=share.symbol,
        side=side,
        quantity=Decimal(10),
        order_type=OrderType.LIMIT,
        product=Product.CNC,
        price=price,
    )
    at = people.now()
    return PlaceOrder(at=at, account_id=_id(0), order_id=_id(nth), order=order, instrument=share)


def _filling(nth: int, share: Instrument, price: Decimal) -> ApplyFill:
    at = people.now()
    tick = share.tick_size
    quote = Quote(
        symbol=share.symbol,
        source="bench",
        seq=nth,
        at=at,
        received_at=at,
        bid=price,
        bid_size=Decimal(500),
        ask=price + tick,
        ask_size=Decimal(500),
    )
    return ApplyFill(
        at=at,
        account_id=_id(0),
        order_id=_id(nth),
        exec_id=_id(1000 + nth),
        quantity=Decimal(10),
        price=price,
        evidence=witness(quote, at, rule="MARKETABLE", model="TOP_OF_BOOK@1"),
        executed_at=at,
    )


def _meta(actor: str) -> Meta:
    return Meta(
        actor=actor,
        command_id=people.ids(),
        correlation_id=people.TRADER.correlation_id,
        occurred_at=people.now(),
    )


def _id(nth: int, tail: str = TAIL) -> UUID:
    """Looks like UUIDv7."""
    return UUID(f"0199{nth:04x}-{nth:04x}-7000-8000-{tail}")
