"""TICKS, REPLAY, CHAIN, CANDLES: the market from a file to everything that is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import median
from time import perf_counter

from adapters.calendars import calendars
from adapters.candles import Builder
from adapters.candles.shelf import keep
from adapters.feeds import Board, Feed, Quarantine, ReplayFeed, Sheets
from adapters.postgres import connect
from adapters.servers import Database
from adapters.venue import Venue
from commands.trading import ApplyFill
from domain.market import Instrument, InstrumentType, Quote
from domain.market.candle import trading_day
from domain.market.options import Contract, Model, chain
from domain.market.options.greeks import Terms, price
from tests.bench import people
from tests.bench.budgets import Figure, compared, figure
from tests.bench.load import Plan, applied
from tests.bench.requests import get
from tests.bench.running import Running, running
from tests.bench.service import SELECT_ONE
from tests.bench.stage import Stage, in_turn
from tests.bench.ticking import TICKS, crowded, parsing, tick_file

IDS = ("TICKS", "REPLAY", "CHAIN", "CANDLES")
RESTING = 1000
#: Trades of SPY on 8 October 2013; a shorter file is counted up to it.
DAY_OF_SPY = 451_544
ROUNDS = 3
CHAINS = 20
BARS = 1000
SECONDS = 3.0
OPEN = datetime(2026, 11, 23, tzinfo=UTC)
SYMBOL = "RELIANCE"
STRIKES, STEP, SPOT, RATE = 200, 20, 24_000, 0.065
LIFE = timedelta(days=30)


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    if asked & {"TICKS", "REPLAY"}:
        feed = ReplayFeed(tick_file(stage, max(int(TICKS * scale), 100)))
        rounds = in_turn(lambda: through(feed), lambda: parsing(feed), ROUNDS)
        if "TICKS" in asked:
            yield compared("TICKS", rounds)
        if "REPLAY" in asked:
            yield figure("REPLAY", DAY_OF_SPY / median(ours for ours, _ in rounds))
    if "CHAIN" in asked:
        yield figure("CHAIN", chained(max(int(CHAINS * scale), 1)))
    if "CANDLES" in asked:
        with stage.database("candles") as database:
            put(database)
            with running(stage.data / "candles", database) as service:
                yield compared("CANDLES", asking(service, scale))


def through(feed: Feed) -> float:
    """Ticks a second past the quarantine onto the board: quotes, candles, and 1,000 orders."""
    venue = crowded(feed, next(feed.slices(people.now())), RESTING)
    days = partial(trading_day, calendars().of("XNYS"))
    board, builder, sheets = Board(), Builder(lambda _: days), Sheets(lambda _: days)
    symbols = frozenset(one.symbol for one in feed.instruments())
    quarantine = Quarantine(board.publish, symbols, builder.on_late)
    for watcher in (sheets.on_quote, builder.on_quote, partial(deal, venue)):
        board.subscribe(watcher)
    began = perf_counter()
    for quote in feed.slices(people.now()):
        quarantine(quote)
    seconds = perf_counter() - began
    assert board.count * 2 > quarantine.offered, f"withheld: {quarantine.counts}"
    assert len(list(builder.changed())) > 2
    return quarantine.offered / seconds


def deal(venue: Venue, quote: Quote) -> None:
    for command in venue.on_quote(quote, quote.received_at):
        if isinstance(command, ApplyFill):
            venue.on_fill(command.order_id, command.exec_id, command.quantity)


def chained(times: int) -> float:
    """Milliseconds for a chain of 400 options, every volatility looked for and every greek."""
    contracts = [contract(nth, kind) for nth in range(STRIKES) for kind in ("CE", "PE")]
    taken: list[float] = []
    for _ in range(times):
        began = perf_counter()
        found = chain(
            contracts,
            expiry=(OPEN + LIFE).date(),
            expires_at=OPEN + LIFE,
            now=OPEN,
            spot=Decimal(SPOT),
            future=None,
            model=Model.BSM,
            rate=Decimal(str(RATE)),
            each_side=STRIKES,
        )
        taken.append((perf_counter() - began) * 1000)
    legs = [leg for row in found.rows for leg in (row.ce, row.pe)]
    assert len([leg for leg in legs if leg and leg.valued.delta is not None]) == 2 * STRIKES
    return median(taken)


def contract(nth: int, kind: str) -> Contract:
    """Quoted about what it is worth at a volatility that smiles."""
    strike = SPOT + (nth - STRIKES // 2) * STEP
    years, smile = LIFE / timedelta(days=365), 0.15 + ((strike - SPOT) / SPOT) ** 2
    worth = price(Terms(kind == "CE", SPOT, strike, years, RATE, RATE), smile)
    one = Instrument(
        symbol=f"N{strike}{kind}",
        name="NIFTY",
        exchange="NFO",
        type=InstrumentType(kind),
        currency="INR",
        tick_size=Decimal("0.05"),
        underlying="NIFTY",
        expiry=(OPEN + LIFE).date(),
        strike=Decimal(strike),
    )
    bid = Decimal(int(worth * 20)) / 20
    quote = Quote(one.symbol, "bench", nth, OPEN, OPEN, bid=bid, ask=bid + one.tick_size)
    return Contract(one, quote)


def put(database: Database) -> None:
    """Three times as many minutes as are asked for, of a symbol that goes on trading."""
    days = partial(trading_day, calendars().of("SIM"))
    builder = Builder(lambda _: days)
    for nth in range(3 * BARS):
        at = OPEN + timedelta(minutes=nth)
        worth = Decimal(100) + Decimal(nth % 97) / 20
        builder.on_quote(Quote(SYMBOL, "bench", nth, at, at, last=worth, last_size=Decimal(10)))
    with connect(database.dsn) as db:
        keep(db, builder.changed(), OPEN + timedelta(minutes=3 * BARS), "bench")


def asking(service: Running, scale: float) -> list[tuple[float, float]]:
    """A chart that is looked at again and again, against a handler that selects 1."""
    until = (OPEN + timedelta(minutes=2 * BARS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"/api/v1/market/candles?symbol={SYMBOL}&timeframe=1m&limit={BARS}&to={until}"

    def rate(path: str) -> float:
        requests = [get(path, service.token)] * 100
        return applied(Plan(service.port, requests, 200, SECONDS * scale)).rate

    return in_turn(lambda: rate(path), lambda: rate(SELECT_ONE), ROUNDS)
