"""The ``kraken`` feed against a Kraken on this machine: books, prints, gaps, and broken wires."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.feeds import FeedError, KrakenFeed
from adapters.feeds.kraken import feed as feed_module
from adapters.feeds.kraken.frames import Pair
from adapters.feeds.kraken.market import KrakenMarket
from domain.market import Quote, listing_faults
from tests.contract.kraken_fake import (
    ASKS,
    BIDS,
    HEARTBEAT,
    PAIR,
    SNAPSHOT,
    STATUS,
    FakeKraken,
    book,
    checksum,
    kraken,
    trade,
    until,
)

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Listening:
    """What a board would be told, and what was withheld."""

    def __init__(self, fake: FakeKraken, feed: KrakenFeed) -> None:
        self.fake, self.feed = fake, feed
        self.quotes: list[Quote] = []
        self.withheld: Counter[str] = Counter()

    def withhold(self, reason: str, _: str) -> None:
        self.withheld[reason] += 1


@asynccontextmanager
async def listening(silence_s: float = 10.0, pace_s: float = 0.0) -> AsyncIterator[Listening]:
    async def pace(_: float) -> None:
        await asyncio.sleep(pace_s)

    async with kraken() as fake:
        feed = await asyncio.to_thread(KrakenFeed, fake.url, ("BTC/USD",), silence_s=silence_s)
        told = Listening(fake, feed)
        running = asyncio.create_task(
            feed.run(told.quotes.append, told.withhold, lambda: NOW, pace)
        )
        try:
            await until(lambda: told.quotes)
            yield told
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_instruments_are_what_kraken_lists() -> None:
    async with listening() as told:
        (coin,) = told.feed.instruments()
        assert (coin.symbol, coin.exchange, coin.currency) == ("BTC-USD", "KRAKEN", "USD")
        assert (coin.tick_size, coin.qty_step) == (Decimal("0.1"), Decimal("0.0000001"))
        assert listing_faults(coin) == ()
        with pytest.raises(FeedError, match="no such pair: DOGE/USD"):
            await asyncio.to_thread(KrakenFeed, told.fake.url, ("DOGE/USD",))
    with pytest.raises(FeedError, match="does not tell its pairs"):
        await asyncio.to_thread(KrakenFeed, told.fake.url, ("BTC/USD",))


async def test_a_start_while_kraken_is_away_knows_what_it_last_listed(tmp_path: Path) -> None:
    kept = tmp_path / "data" / "pairs.json"
    async with kraken() as fake:
        there = await asyncio.to_thread(KrakenFeed, fake.url, ("BTC/USD",), kept=kept)
    away = await asyncio.to_thread(KrakenFeed, fake.url, ("BTC/USD",), kept=kept)
    assert away.instruments() == there.instruments()
    with pytest.raises(FeedError, match="no such pair: ETH/USD"):
        await asyncio.to_thread(KrakenFeed, fake.url, ("ETH/USD",), kept=kept)


async def test_a_book_is_kept_by_its_updates() -> None:
    async with listening() as told:
        first = told.quotes[0]
        assert (first.bid, first.ask, first.last) == (
            Decimal("100.5"), Decimal("101.0"), Decimal("100.5"),
        )  # fmt: skip
        assert [level.price for level in first.asks] == [Decimal(p) for p, _ in ASKS]
        asks = ASKS[1:]
        update = book("update", [("101.0", "0.00000000")], [], checksum(asks, BIDS))
        await told.fake.say(HEARTBEAT, update)
        await until(lambda: told.quotes[-1].ask == Decimal("101.5"))
        assert told.feed.trouble is None
        assert not told.withheld


LOST = book("update", [("100.9", "1.00000000")], [], 1)


async def test_a_book_whose_checksum_does_not_fit_is_asked_for_again_and_not_shown() -> None:
    async with listening() as told:
        await told.fake.say(LOST, book("update", [("100.8", "1.0")], [], 1))
        await until(lambda: told.quotes[-1].ask and len(told.quotes) > 1)
        first, between, *_, last = told.quotes
        assert (between.bid, between.ask, between.bids, between.asks) == (None, None, (), ())
        assert (between.last, between.received_at) == (first.last, first.received_at)
        assert (last.bid, last.ask) == (Decimal("100.5"), Decimal("101.0"))
        asked = [(one["method"], one["params"]["channel"]) for one in told.fake.asked][-2:]
        assert asked == [("unsubscribe", "book"), ("subscribe", "book")]
        assert told.withheld == {"no checksum": 1}


async def test_a_book_that_is_lost_again_and_again_is_not_asked_for_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "AGAIN_S", 1.0)

    def asked_again() -> int:
        return sum(one["method"] == "unsubscribe" for one in told.fake.asked)

    async with listening() as told:
        await told.fake.say(LOST)
        await until(lambda: asked_again() == 1 and told.feed.trouble is None)
        await told.fake.say(LOST, HEARTBEAT)
        await until(lambda: told.feed.trouble)
        assert (asked_again(), told.feed.trouble) == (1, "no book of BTC-USD")
        await asyncio.sleep(1.0)
        await told.fake.say(HEARTBEAT)
        await until(lambda: asked_again() == 2 and told.feed.trouble is None)


async def test_a_book_that_cannot_be_had_is_named() -> None:
    async with listening() as told:
        told.fake.book = HEARTBEAT
        await told.fake.say(LOST)
        await until(lambda: told.feed.trouble)
        assert told.feed.trouble == "no book of BTC-USD"
        await told.fake.say(SNAPSHOT)
        await until(lambda: told.feed.trouble is None)


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (STATUS.format("maintenance"), "Kraken is in maintenance"),
        (
            '{"method":"subscribe","success":false,"error":"no such depth"}',
            "refused: no such depth",
        ),
    ],
)
async def test_what_kraken_says_of_itself_is_told(said: str, trouble: str) -> None:
    async with listening() as told:
        assert told.feed.trouble is None
        await told.fake.say(said)
        await until(lambda: told.feed.trouble)
        assert told.feed.trouble == trouble


async def test_prints_are_shown_with_the_book_and_gaps_are_counted() -> None:
    async with listening() as told:
        await told.fake.say(trade(101, "101.0"), trade(101, "101.0"), trade(104, "101.5", 2))
        await until(lambda: len(told.quotes) == 3)
        prints = told.quotes[1:]
        assert [quote.last for quote in prints] == [Decimal("101.0"), Decimal("101.5")]
        assert prints[0].at == NOW.replace(second=1)
        assert {quote.ask for quote in prints} == {Decimal("101.0")}
        assert told.withheld == {"duplicated": 1, "gap in the sequence": 1}
        assert [quote.seq for quote in told.quotes] == sorted({q.seq for q in told.quotes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "broken frame"),
        ("[]", "broken frame"),
        ('{"channel":"book","type":"update","data":{}}', "broken frame"),
        ('{"channel":"trade","type":"update","data":[{"symbol":1}]}', "broken frame"),
        (SNAPSHOT.replace("100.5", "NaN"), "broken frame"),
        (SNAPSHOT.replace("100.5", '"sNaN"'), "broken frame"),
        (trade(101, '"NaN"'), "broken frame"),
        (trade(101, "101.0").replace("Z", ""), "broken frame"),
        ("[" * 100_000, "broken frame"),
        (SNAPSHOT.replace("BTC/USD", "ETH/USD"), "wrong symbol"),
        (SNAPSHOT.replace("100.5", "1e400"), "no checksum"),
    ],
)
async def test_a_broken_frame_is_counted_and_the_next_one_heard(text: str, reason: str) -> None:
    async with listening() as told:
        await told.fake.say(text, trade(101, "101.0"))
        await until(lambda: told.quotes[-1].last == Decimal("101.0"))
        assert told.withheld[reason] == 1


async def test_a_cut_wire_is_mended_and_what_traded_meanwhile_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "PAUSE_S", 0.05)
    async with listening() as told:
        before = told.fake.connected
        told.fake.book = HEARTBEAT
        told.fake.traded = trade(103, "101.5", 0, "snapshot")
        await told.fake.hang_up()
        await until(lambda: told.feed.trouble)
        await until(lambda: told.fake.connected > before and told.quotes[-1].last_size)
        cut, missed = told.quotes[-2:]
        assert (cut.bid, cut.ask, cut.last) == (None, None, Decimal("100.5"))
        assert (missed.last, missed.bid) == (Decimal("101.5"), None)
        assert told.withheld == {"gap in the sequence": 1}
        await told.fake.say(SNAPSHOT)
        await until(lambda: told.feed.trouble is None)
        assert told.quotes[-1].bid == Decimal("100.5")


async def test_a_wire_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "PAUSE_S", 0.05)
    async with listening(silence_s=0.3) as told:
        before = told.fake.connected
        await until(lambda: told.fake.connected > before + 1)


def test_whoever_is_turned_away_waits_longer_every_time() -> None:
    assert [feed_module.pause_s(nth) for nth in (1, 2, 3, 7, 5000)] == [0.5, 1, 2, 30, 30]


async def test_a_market_that_is_ahead_of_its_readers_is_conflated_and_never_waits() -> None:
    async with listening(pace_s=0.3) as told:
        asks = [("101.0", f"{n}.00000000") for n in range(1, 101)]
        for ask in asks:
            sum_ = checksum([ask, *ASKS[1:]], BIDS)
            await told.fake.say(book("update", [ask], [], sum_))
        await until(lambda: told.quotes[-1].ask_size == 100)
        assert len(told.quotes) < 50
        assert told.feed.outbox.conflated > 50
        assert not told.withheld


#: Half of a character, which no decoder takes.
SURROGATE = '{"channel":"\ud800"}'
PIECES = [
    SNAPSHOT, HEARTBEAT, trade(101, "101.0"), trade(7, "-1"), "{", "}", '"data":', "[[[[", "null",
    '"channel":"book"', "1e999999", "NaN", "\ud800", LOST, "\x00",
    '{"method":"pong","success":false}',
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    st.tuples(st.sampled_from(PIECES), st.integers(0, 200), st.characters()).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
    ),
)


@settings(max_examples=100)
@given(st.lists(texts, min_size=100, max_size=100))
def test_ten_thousand_fuzzed_frames_never_stop_the_feed(stream: list[str | bytes]) -> None:
    """Whatever was heard before, the next sound snapshot is understood."""
    withheld = Counter[str]()

    def withhold(reason: str, _: str) -> None:
        withheld[reason] += 1

    pairs = {"BTC/USD": msgspec.convert(PAIR, Pair, strict=False)}
    market = KrakenMarket(pairs, 0, withhold)
    for text in [SURROGATE, *stream]:
        market.heard(text, NOW)
    _, (quote,) = market.heard(SNAPSHOT, NOW)
    assert (quote.bid, quote.ask) == (Decimal("100.5"), Decimal("101.0"))
    assert withheld["broken frame"] >= 1
