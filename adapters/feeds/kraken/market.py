"""What Kraken's frames come to: slices of ours, one book and one last price a pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from adapters.feeds.kraken import frames
from adapters.feeds.kraken.book import KeptBook
from adapters.feeds.quarantine import BROKEN, DUPLICATED, GAP, NO_CHECKSUM, WRONG_SYMBOL
from domain.market import Quote

SOURCE = "kraken"
#: Frames of different channels may overtake each other by so much; more is out of order.
APART = timedelta(seconds=2)

Withhold = Callable[[str, str], None]


class Listed:
    """One pair: its book (shown only when it is whole), and the trade that printed last."""

    def __init__(self, pair: frames.Pair) -> None:
        self.symbol = frames.ours(pair.symbol)
        self.book = KeptBook(pair)
        self.whole = False
        self.last: Decimal | None = None
        self.trade_id: int | None = None
        self.at: datetime | None = None
        self.received_at: datetime | None = None


class KrakenMarket:
    """Frames in, slices out; ``lost`` are the pairs whose book has to be asked for again."""

    def __init__(self, pairs: Mapping[str, frames.Pair], first_seq: int, withhold: Withhold):
        self.lost: set[str] = set()
        #: What Kraken says of itself: ``online``, or why nothing trades.
        self.system = "online"
        self._listed = {name: Listed(pair) for name, pair in pairs.items()}
        self._seq = first_seq
        self._withhold = withhold

    @property
    def without_book(self) -> list[str]:
        return [listed.symbol for listed in self._listed.values() if not listed.whole]

    def cut(self) -> list[Quote]:
        """The connection is gone: no book is shown until another snapshot has come."""
        self.lost.clear()
        return [quote for listed in self._listed.values() for quote in self._without_book(listed)]

    def heard(self, text: str | bytes, now: datetime) -> tuple[frames.Frame, list[Quote]]:
        """A frame and its slices; one that makes no sense is counted, and has none."""
        try:
            frame = frames.frame_of(text)
            return frame, list(self._taken(frame, now))
        except (msgspec.MsgspecError, UnicodeError, ArithmeticError, RecursionError):
            self._withhold(BROKEN, "")
            return frames.Frame(), []

    def _taken(self, frame: frames.Frame, now: datetime) -> Iterator[Quote]:
        snapshot = frame.type == "snapshot"
        match frame.channel:
            case "book":
                for book in frames.books_of(frame.data):
                    yield from self._book(book, snapshot, now)
            case "trade":
                trades = frames.trades_of(frame.data)
                for trade in sorted(trades, key=lambda trade: trade.trade_id):
                    yield from self._trade(trade, snapshot, now)
            case "ticker":
                for ticker in frames.tickers_of(frame.data):
                    listed = self._known(ticker.symbol)
                    if listed is not None and listed.last is None:
                        listed.last = ticker.last
            case "status":
                for status in frames.statuses_of(frame.data):
                    self.system = status.system

    def _book(self, told: frames.Book, snapshot: bool, now: datetime) -> Iterator[Quote]:
        listed = self._known(told.symbol)
        if listed is None or not (snapshot or listed.whole):
            return
        change = listed.book.start if snapshot else listed.book.update
        change(told.bids, told.asks)
        if not listed.book.fits(told.checksum):
            self.lost.add(told.symbol)
            self._withhold(NO_CHECKSUM, listed.symbol)
            yield from self._without_book(listed)
            return
        listed.whole = True
        self.lost.discard(told.symbol)
        yield self._slice(listed, told.timestamp or now, now, None)

    def _without_book(self, listed: Listed) -> Iterator[Quote]:
        """What stays to be said when a book is lost; it grows no younger by that."""
        shown, listed.whole = listed.whole, False
        if shown and listed.at is not None and listed.received_at is not None:
            yield self._slice(listed, listed.at, listed.received_at, None)

    def _trade(self, told: frames.Trade, snapshot: bool, now: datetime) -> Iterator[Quote]:
        listed = self._known(told.symbol)
        if listed is None:
            return
        known = listed.trade_id
        if known is not None and told.trade_id <= known:
            if not snapshot:
                self._withhold(DUPLICATED, listed.symbol)
            return
        if known is not None and told.trade_id > known + 1:
            self._withhold(GAP, listed.symbol)
        listed.trade_id, listed.last = told.trade_id, told.price
        if not snapshot or known is not None:  # what traded before we came is no news
            yield self._slice(listed, told.timestamp, now, told.qty)

    def _slice(self, listed: Listed, at: datetime, now: datetime, size: Decimal | None) -> Quote:
        if listed.at is not None and timedelta() < listed.at - at <= APART:
            at = listed.at
        listed.at = at if listed.at is None else max(at, listed.at)
        listed.received_at = now
        self._seq += 1
        bids = tuple(listed.book.bids) if listed.whole else ()
        asks = tuple(listed.book.asks) if listed.whole else ()
        return Quote(
            symbol=listed.symbol,
            source=SOURCE,
            seq=self._seq,
            at=at,
            received_at=now,
            bid=bids[0].price if bids else None,
            bid_size=bids[0].size if bids else None,
            ask=asks[0].price if asks else None,
            ask_size=asks[0].size if asks else None,
            last=listed.last,
            last_size=size,
            bids=bids,
            asks=asks,
        )

    def _known(self, symbol: str) -> Listed | None:
        listed = self._listed.get(symbol)
        if listed is None:
            self._withhold(WRONG_SYMBOL, symbol)
        return listed
