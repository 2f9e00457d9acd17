"""
One recorded day of SPY, IBM and BAC, traded by many accounts at the paper venue.

Everything is the real thing but dispatch: commands are decided here, one after the other, so
that a seed makes the same tape every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from adapters.feeds import ReplayFeed
from adapters.venue import Floor, Venue
from adapters.venue.floor import OVER
from adapters.venue.sent import Command as Sent
from commands.base import Command
from commands.trading import (
    CancelOrder,
    ChargeInterest,
    ClosePosition,
    ExpirePosition,
    Listing,
    OpenAccount,
    ReplaceOrder,
    SquareOff,
)
from domain.base import Event, Fact, Meta, fold
from domain.errors import DomainError
from domain.market import Quote, mark
from domain.trading import (
    FAMILIES,
    FILL_MODELS,
    Account,
    GroupKind,
    OrderPlaced,
    OrderType,
    Product,
    Tif,
)
from tests.session import derived
from tests.session.derived import CONTRACTS, EXPIRY, FUTURE
from tests.session.orders import Orders

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "market" / "tick"
DAY = "20131008"
SYMBOLS = ("spy", "ibm", "bac")
CAPITAL = Decimal(250_000)
BEGINNING = datetime(2013, 10, 8, tzinfo=UTC)
#: The venue looks at the clock once in so many slices.
CLOCK_EVERY = 50
#: How many slices of the day pass at most for one order: the day is longer than the session.
SLICES_PER_ORDER = 12
MODELS = ("TOP_OF_BOOK@1", "LAST_PRICE@1", "QUEUE@1", "PESSIMISTIC@1", "IMPACT@1")
LENDING_RATE = Decimal("0.15")
FLAGS = ("post_only", "reduce_only", "after_market", "display_qty")
#: Every product of every kind of thing, every type, time in force, group and flag of an order,
#: and what may become of one.
EVERYTHING = {
    *(f"{product} EQ" for product in ("CNC", "MIS", "MTF")),
    *(f"{product} {kind}" for product in ("MIS", "NRML") for kind in ("FUT", "CE", "PE")),
    *("SPOT SPOT", "USER", "SYSTEM", *OrderType, *Tif, *FLAGS, *GroupKind),
    *("BRACKET ENTRY", "BRACKET TARGET", "BRACKET STOP", "GTT LEG", "OCO LEG"),
    *("OrderAccepted", "OrderHeld", "OrderTriggered", "TrailingStopAdjusted", "OrderReplaced"),
    *("OrderFilled", "OrderCanceled", "OrderExpired", "OrderRejected", "OrderFillDeferred"),
    *("InterestCharged", "PositionExpired"),
}


def recorded(folder: Path) -> ReplayFeed:
    """The day of the three symbols, in a folder of its own."""
    for symbol in SYMBOLS:
        for file in (DATA / symbol).glob(f"{DAY}_*.zip"):
            link = folder / "tick" / symbol / file.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return ReplayFeed(folder)


class MarketDay:
    def __init__(self, feed: ReplayFeed, accounts: int, seed: int = 1) -> None:
        self.dice = Random(seed)
        self.facts: list[Fact] = []
        self.kinds: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.placed = 0
        self.now = BEGINNING
        self._feed = feed
        listed = derived.listed(feed.instruments())
        self._listed = {one.symbol: one for one in listed}
        self.venue = Venue(listed, secret=b"a secret of the session")
        self.floor = Floor(self.venue, _never, lambda: self.now)
        self._quotes: dict[str, Quote] = {}
        self._states: dict[UUID, Account] = {}
        self._versions: Counter[str] = Counter()
        self._count = 0
        self._accounts = [self._id() for _ in range(accounts)]
        self._orders = Orders(self.dice, self._listed, self._quotes, self._id)

    def run(self, orders: int) -> None:
        """Play the day until so many orders were asked for, and on until the last tick is seen."""
        for nth, recorded in enumerate(self._feed.slices(BEGINNING)):
            self.now = recorded.at
            if not nth:
                self._open()
            slices = tuple(derived.slices(recorded))
            self._quotes.update((quote.symbol, quote) for quote in slices)
            if nth % 3 == 0 and self.placed < orders and len(self._quotes) == len(self._listed):
                self._act()
            for quote in slices:
                self._obey(self.venue.on_quote(quote, self.now))
            if nth % CLOCK_EVERY == 0:
                self._obey(self.venue.on_time(self.now))
            if nth > orders * SLICES_PER_ORDER:
                break
        self._close_the_day()
        self.now += timedelta(days=1)
        self._obey(self.venue.on_time(self.now))

    def _open(self) -> None:
        for nth, account_id in enumerate(self._accounts):
            self._ask(
                OpenAccount(
                    at=self.now,
                    account_id=account_id,
                    owner_id=self._id(),
                    kind="PAPER",
                    currency="USD",
                    opening_capital=CAPITAL,
                    fill_model=MODELS[nth % len(MODELS)],
                    fee_schedule=FAMILIES[nth // len(MODELS) % len(FAMILIES)],
                ),
                "user:somebody",
            )

    def _act(self) -> None:
        account_id = self.dice.choice(self._accounts)
        account = self._states[account_id]
        common: dict[str, Any] = {"at": self.now, "account_id": account_id}
        dice, working = self.dice.random(), list(account.orders)
        if working and dice < 0.06:
            self._ask(CancelOrder(**common, order_id=self.dice.choice(working)), account.owner)
        elif working and dice < 0.10:
            order_id = self.dice.choice(working)
            symbol = account.orders[order_id].order.symbol
            quantity = Decimal(self.dice.randint(1, 400))
            change = ReplaceOrder(
                **common, order_id=order_id, instrument=self._listed[symbol], quantity=quantity
            )
            self._ask(change, account.owner)
        elif dice < 0.13:
            self._close(common, account)
        else:
            self._place(common, account)

    def _close(self, common: dict[str, Any], account: Account) -> None:
        listed = self.dice.choice(list(self._listed.values()))
        product = self._orders.product(listed)
        quote, order_id = self._quotes[listed.symbol], self._id()
        close = ClosePosition(
            **common, order_id=order_id, product=product, instrument=listed, quote=quote
        )
        self._ask(close, account.owner)

    def _place(self, common: dict[str, Any], account: Account) -> None:
        self.placed += 1
        try:
            placing = self._orders.any(common)
        except DomainError as error:
            self.refused[error.code] += 1
            return
        self._ask(placing, account.owner)

    def _close_the_day(self) -> None:
        """What the house does in the evening: it closes, it charges, and contracts end."""
        listings = tuple(
            Listing(instrument=self._listed[symbol], quote=quote)
            for symbol, quote in self._quotes.items()
        )
        for account_id in self._accounts:
            common: dict[str, Any] = {"at": self.now, "account_id": account_id}
            evening: list[Command] = [
                SquareOff(
                    **common,
                    square_id=account_id,
                    reason="SQUARE_OFF",
                    listings=listings,
                    products=frozenset({Product.MIS}),
                    final=True,
                ),
                ChargeInterest(
                    **common, rate=LENDING_RATE, through=self.now.date() + timedelta(days=3)
                ),
            ]
            for contract in CONTRACTS:
                priced = contract.symbol if contract is FUTURE else "SPY"
                price = mark(self._quotes[priced])
                assert price is not None
                evening.append(
                    ExpirePosition(
                        **common, instrument=contract, settlement_price=price, expired_on=EXPIRY
                    )
                )
            for command in evening:
                self._ask(command, "system:clock")

    def lacking(self) -> set[str]:
        """What a whole session must have in it, and this one has not."""
        return EVERYTHING - set(self.seen) - set(self.kinds)

    # ── what dispatch does ─────────────────────────────────────────────────────

    def _obey(self, commands: Any) -> None:
        for command in commands:
            self._tell(command)

    def _tell(self, command: Sent) -> None:
        try:
            facts = self._ask(command, "venue:paper")
        except DomainError as error:
            self.refused[error.code] += 1
            if error.code in OVER:
                self.venue.on_end(command.order_id)
            else:
                self.venue.on_refused(command)
        else:
            if not facts:
                self.venue.on_refused(command)

    def _ask(self, command: Command, actor: str) -> tuple[Event, ...]:
        """Decide, fold and record; a refusal of the venue's own commands is for it to see."""
        account_id = command.account_id  # type: ignore[attr-defined]  # all are of accounts
        account = self._states.get(account_id, Account())
        try:
            events = command.decide(account)
        except DomainError as error:
            if actor == "venue:paper":
                raise
            self.refused[error.code] += 1
            return ()
        self._states[account_id] = fold(account, events)
        stream = f"account-{account_id}"
        for event in events:
            self._record(stream, event, actor)
            self.floor.learn(event, self.now)
        return events

    def _record(self, stream: str, event: Event, actor: str) -> None:
        self.kinds[type(event).__name__] += 1
        if isinstance(event, OrderPlaced):
            self._see(event)
        self._versions[stream] += 1
        meta = Meta(
            actor=actor, command_id=self._id(), correlation_id=self._id(), occurred_at=self.now
        )
        position, version = len(self.facts) + 1, self._versions[stream]
        self.facts.append(Fact(position, stream, version, event, meta, self.now))

    def _see(self, placed: OrderPlaced) -> None:
        order = placed.order
        self.seen[f"{order.product} {order.asset}"] += 1
        self.seen.update((str(order.order_type), str(order.tif), str(placed.origin)))
        self.seen.update(flag for flag in FLAGS if getattr(order, flag))
        if order.group is not None:
            self.seen.update((str(order.group.kind), f"{order.group.kind} {order.group.role}"))

    def _id(self) -> UUID:
        """Looks like UUIDv7, and grows."""
        self._count += 1
        return UUID(int=(self._count << 64) | (7 << 76) | (2 << 62) | (self._count & 0xFFFF))

    def balances(self) -> Iterator[Decimal]:
        """Equity of each account in the end."""
        for account_id in self._accounts:
            yield self._states[account_id].balance.equity


async def _never(*_: object) -> Any:
    raise AssertionError("nothing is dispatched here")


assert set(MODELS) <= set(FILL_MODELS), "those are models of ours"
