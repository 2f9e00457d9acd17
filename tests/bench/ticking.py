"""P10: how fast the paper venue reads a market with ten thousand orders resting in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from uuid import UUID

from adapters.feeds import Feed, ReplayFeed, SimFeed
from adapters.venue import Standing, Venue
from commands.trading import ApplyFill
from domain.market import Quote
from domain.money import round_down_to
from domain.trading import OrderType, Side, Tif
from tests.bench import people
from tests.bench.budgets import Figure, compared
from tests.bench.stage import ROOT, Stage, in_turn

IDS = ("P10",)
SPY = ROOT.parent / "shared" / "data" / "market" / "tick" / "spy" / "20131008_trade.zip"
RESTING, ACCOUNTS = 10_000, 1000
REACH = Decimal("0.1")  # of the price: how far from the market the orders lie
TICKS = 20_000  # of a simulated day
ROUNDS = 3
CENT = Decimal("0.01")


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    feed = ReplayFeed(tick_file(stage, max(int(TICKS * scale), 100)))
    rounds = in_turn(lambda: trading(feed), lambda: parsing(feed), ROUNDS)
    yield compared("P10", rounds)


def tick_file(stage: Stage, ticks: int) -> Path:
    """A real day of SPY where the recordings are; else one that the simulated market made."""
    if SPY.exists():
        return SPY
    path = stage.data / "ticks.csv"
    slices = SimFeed(1).slices(datetime(2026, 1, 5, tzinfo=UTC))
    mine = (each for each in slices if each.symbol == "RELIANCE" and each.last_size is not None)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("time", "symbol", "price", "size"))
        for _, tick in zip(range(ticks), mine, strict=False):
            rows.writerow((tick.at.isoformat(), tick.symbol, tick.last, tick.last_size))
    return path


def parsing(feed: Feed) -> float:
    """Ticks a second when nobody looks at them."""
    began = perf_counter()
    ticks = sum(1 for _ in feed.slices(people.now()))
    return ticks / (perf_counter() - began)


def trading(feed: Feed) -> float:
    """Ticks a second, parsed and shown to a venue whose fills are booked at once."""
    first = next(feed.slices(people.now()))
    venue = crowded(feed, first)
    began = perf_counter()
    ticks = fills = 0
    for quote in feed.slices(people.now()):
        ticks += 1
        for command in venue.on_quote(quote, quote.received_at):
            if isinstance(command, ApplyFill):
                fills += 1
                venue.on_fill(command.order_id, command.exec_id, command.quantity)
    seconds = perf_counter() - began
    assert 0 < fills < RESTING / 2, f"{fills} fills: the market has to leave most orders resting"
    return ticks / seconds


def crowded(feed: Feed, first: Quote, many: int = RESTING) -> Venue:
    """Buys from below up to the market, sells from above down to it, of many accounts."""
    venue = Venue(feed.instruments())
    middle = first.last or first.ask or Decimal(1)
    accounts = [people.ids() for _ in range(ACCOUNTS)]
    for nth in range(many):
        side = Side.BUY if nth % 2 else Side.SELL
        away = middle * REACH * nth / many
        limit = middle - away if side is Side.BUY else middle + away
        venue.on_order(resting(first, accounts[nth % ACCOUNTS], side, limit))
    return venue


def resting(first: Quote, account_id: UUID, side: Side, limit: Decimal) -> Standing:
    return Standing(
        order_id=people.ids(),
        account_id=account_id,
        symbol=first.symbol,
        side=side,
        order_type=OrderType.LIMIT,
        tif=Tif.GTC,
        limit=round_down_to(limit, CENT),
        quantity=Decimal(1),
        since=first.at - timedelta(seconds=1),
    )
