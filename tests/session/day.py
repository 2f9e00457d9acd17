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
from commands.trading import CancelOrder, ClosePosition, OpenAccount, PlaceOrder, ReplaceOrder
from domain.base import Event, Fact, Meta, fold
from domain.errors import DomainError
from domain.market import Instrument, Quote
from domain.money import round_down_to
from domain.trading import (
    FILL_MODELS,
    Account,
    Order,
    OrderType,
    Product,
    Side,
    Tif,
    TriggerBy,
)
from domain.trading.order import CONDITIONAL, PRICED

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
TIFS = (Tif.DAY, Tif.DAY, Tif.DAY, Tif.GTC, Tif.IOC, Tif.FOK)


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
        self.placed = 0
        self.now = BEGINNING
        self._feed = feed
        self._listed = {one.symbol: one for one in feed.instruments()}
        self.venue = Venue(feed.instruments(), secret=b"a secret of the session")
        self.floor = Floor(self.venue, _never, lambda: self.now)
        self._quotes: dict[str, Quote] = {}
        self._states: dict[UUID, Account] = {}
        self._versions: Counter[str] = Counter()
        self._count = 0
        self._accounts = [self._id() for _ in range(accounts)]

    def run(self, orders: int) -> None:
        """Play the day until so many orders were asked for, and on until the last tick is seen."""
        for nth, quote in enumerate(self._feed.slices(BEGINNING)):
            self.now = quote.at
            if not nth:
                self._open()
            self._quotes[quote.symbol] = quote
            if nth % 3 == 0 and self.placed < orders and len(self._quotes) == len(self._listed):
                self._act()
            self._obey(self.venue.on_quote(quote, self.now))
            if nth % CLOCK_EVERY == 0:
                self._obey(self.venue.on_time(self.now))
            if nth > orders * SLICES_PER_ORDER:
                break
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
        product = self.dice.choice((Product.CNC, Product.MIS))
        quote, order_id = self._quotes[listed.symbol], self._id()
        close = ClosePosition(
            **common, order_id=order_id, product=product, instrument=listed, quote=quote
        )
        self._ask(close, account.owner)

    def _place(self, common: dict[str, Any], account: Account) -> None:
        listed = self.dice.choice(list(self._listed.values()))
        quote = self._quotes[listed.symbol]
        self.placed += 1
        try:
            placing = PlaceOrder(
                **common,
                order_id=self._id(),
                order=self._order(listed, quote),
                instrument=listed,
                quote=quote,
                quote_max_age=timedelta(minutes=5),
            )
        except DomainError as error:
            self.refused[error.code] += 1
            return
        self._ask(placing, account.owner)

    def _order(self, listed: Instrument, quote: Quote) -> Order:
        dice = self.dice
        kind, side = dice.choice(list(OrderType)), dice.choice(list(Side))
        product = dice.choice((Product.CNC, Product.CNC, Product.MIS))
        tif = dice.choice(TIFS)
        if kind in CONDITIONAL or (product is Product.MIS and tif is Tif.GTC):
            tif = Tif.DAY
        last = quote.last or quote.ask or Decimal(1)
        away = Decimal(dice.randint(1, 40)) / 10_000 * last
        rising = (side is Side.BUY) is not (kind is OrderType.MIT)
        stop = round_down_to(last + away if rising else last - away, listed.tick_size)
        better = last - away if side is Side.BUY else last + away
        price = round_down_to(dice.choice((better, 2 * last - better)), listed.tick_size)
        if kind is OrderType.STOP_LIMIT:
            price = stop
        trailing = kind is OrderType.TRAILING_STOP
        return Order(
            symbol=listed.symbol,
            side=side,
            quantity=Decimal(dice.randint(1, 300)),
            order_type=kind,
            product=product,
            price=price if kind in PRICED else None,
            tif=tif,
            stop_price=stop if kind in CONDITIONAL and not trailing else None,
            trail_amount=Decimal("0.05") if trailing else None,
            trigger_by=dice.choice((TriggerBy.LAST, TriggerBy.LAST, TriggerBy.BID_ASK)),
            post_only=kind is OrderType.LIMIT and tif is Tif.DAY and dice.random() < 0.1,
            reduce_only=dice.random() < 0.05,
        )

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
        self._versions[stream] += 1
        meta = Meta(
            actor=actor, command_id=self._id(), correlation_id=self._id(), occurred_at=self.now
        )
        position, version = len(self.facts) + 1, self._versions[stream]
        self.facts.append(Fact(position, stream, version, event, meta, self.now))

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
