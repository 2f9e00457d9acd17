"""
What a symbol's slices are measured by: the last one, and the price that they are around.

One slice must not silence all that come after it.  So whatever is refused for what came before it
is remembered as a rival, and a rival history that holds together is believed: against a price
that few slices bear witness to, and against a time or a number that no slice has followed for
long.  A price to which many slices bear witness is not given up while the market goes on, however
long a feed insists on another.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from domain.market import Quote
from domain.money import AMOUNT_MAX, AMOUNT_PLACES, ZERO

SMALLEST = Decimal(1).scaleb(-AMOUNT_PLACES)
#: A price this many times (or this part of) what its symbol is around is no price of it.
JUMP = Decimal(20)
#: Within this many times (or this part) nothing is asked, and the symbol is not around another.
CALM = Decimal(4)
#: After a pause a share may have been split, and any price is as good as another.
PAUSE = timedelta(hours=4)
#: So many slices in a row that hold together are a history.
WITNESSES = 10
#: How long what refuses all others is believed, if no slice of its own kind comes.
PATIENCE = timedelta(seconds=10)
STEP_BACK = timedelta(seconds=1)
HOUR = timedelta(hours=1)
#: How many slices of a symbol are known by number, to find those that come twice.
NUMBERS = 128


class History:
    """The slices of one symbol that were believed."""

    __slots__ = (
        "_around",
        "_heard",
        "_high",
        "_low",
        "_rival",
        "_seqs",
        "_soon",
        "numbers",
        "quote",
    )

    def __init__(self, quote: Quote) -> None:
        self.numbers: deque[int] = deque(maxlen=NUMBERS)
        self._begin(quote)
        self._settle(None)

    def _begin(self, quote: Quote) -> None:
        self.quote = quote
        self.numbers.clear()
        self._heard = self._soon = quote.at
        self._seqs: dict[str, int] = {}
        self._rival: History | None = None

    def _settle(self, price: Decimal | None) -> None:
        self._around = price
        self._low = max(price / CALM, SMALLEST) if price else ZERO
        self._high = min(price * CALM, AMOUNT_MAX) if price else ZERO

    def expects(self, quote: Quote) -> bool:
        """Take in a slice of which nothing is unusual; False when it has to be looked at."""
        before, low, high = self.quote, self._low, self._high
        bid, ask, last = quote.bid, quote.ask, quote.last
        bid_size, ask_size, last_size = quote.bid_size, quote.ask_size, quote.last_size
        if not (
            before.at <= quote.at < self._soon
            and quote.seq > before.seq
            and quote.source == before.source
            and quote.received_at >= before.received_at
            and (last is None or last is before.last or low < last < high)
            and (bid is None or bid is before.bid or low < bid < high)
            and (ask is None or ask is before.ask or low < ask < high)
            and (bid is None or ask is None or bid <= ask)
            and (last_size is None or SMALLEST <= last_size < AMOUNT_MAX)
            and (
                bid_size is None or bid_size is before.bid_size or SMALLEST <= bid_size < AMOUNT_MAX
            )
            and (
                ask_size is None or ask_size is before.ask_size or SMALLEST <= ask_size < AMOUNT_MAX
            )
            and not quote.bids
            and not quote.asks
            and (quote.volume is None or ZERO <= quote.volume < AMOUNT_MAX)
            and (quote.open_interest is None or ZERO <= quote.open_interest < AMOUNT_MAX)
        ):
            return False
        self.quote = quote
        self.numbers.append(quote.seq)
        self._rival = None
        return True

    def take(self, quote: Quote) -> None:
        """Believe a slice that was looked at."""
        before = self.quote
        if quote.source != before.source:
            self._seqs[before.source] = before.seq
        self.quote = quote
        self.numbers.append(quote.seq)
        self._rival = None
        self._heard, self._soon = quote.at, quote.at + HOUR
        price = _price(quote)
        if price is not None and not self._low < price < self._high:
            self._settle(price)

    # ── prices ─────────────────────────────────────────────────────────────────

    def jumps(self, quote: Quote) -> bool:
        """Whether a price of the slice is of another market than those before it."""
        if quote.at - self._heard >= PAUSE:
            self._settle(None)
        self._heard = max(self._heard, quote.at)
        before = self.quote
        return (
            self._is_far(quote.last, before.last)
            or self._is_far(quote.bid, before.bid)
            or self._is_far(quote.ask, before.ask)
        )

    def _is_far(self, price: Decimal | None, before: Decimal | None) -> bool:
        """From what its symbol is around, and from what its own side was before."""
        if price is None or self._around is None or self._low < price < self._high:
            return False
        return _apart(price, self._around) and (before is None or _apart(price, before))

    def outvoted(self, quote: Quote) -> bool:
        """Whether a price that jumps is that of more slices than have been believed so far."""
        if len(self.numbers) >= WITNESSES or self._witnesses(quote) < WITNESSES:
            return False
        self._begin(quote)
        self._settle(None)
        return True

    # ── times and numbers ──────────────────────────────────────────────────────

    def is_behind(self, quote: Quote) -> bool:
        before = self.quote
        if quote.at < before.at:
            return True
        newest = before.seq if quote.source == before.source else self._seqs.get(quote.source)
        return newest is not None and quote.seq <= newest

    def has(self, quote: Quote) -> bool:
        return quote.seq in self.numbers

    def outlived(self, quote: Quote) -> bool:
        """Whether the slice that all others are behind was wrong: nothing has followed it."""
        waited = quote.received_at - self.quote.received_at
        if self._witnesses(quote) < WITNESSES or waited < PATIENCE:
            return False
        self._begin(quote)
        return True

    def clock_ran_back(self, quote: Quote) -> bool:
        """Told once: it is the clock that we shall have to live with."""
        if self.quote.received_at - quote.received_at <= STEP_BACK:
            return False
        self.quote = replace(self.quote, received_at=quote.received_at)
        return True

    def _witnesses(self, quote: Quote) -> int:
        """How many slices that were refused in a row hold together with this one."""
        rival = self._rival
        if rival is None or rival.is_behind(quote) or rival.jumps(quote):
            rival = self._rival = History(quote)
        rival.take(quote)
        return len(rival.numbers)


def _price(quote: Quote) -> Decimal | None:
    """What a slice says that its symbol is around."""
    if quote.bid is not None and quote.ask is not None:
        return (quote.bid + quote.ask) / 2
    return quote.last or quote.bid or quote.ask


def _apart(one: Decimal, other: Decimal) -> bool:
    return one > other * JUMP or one * JUMP < other
