"""
The quarantine: slices of a feed that cannot be true are withheld from the board, and counted.

What is withheld is neither traded on nor shown.  A crossed book is counted as well but shown, as
CROSSED_QUOTE, which nobody trades on: withholding it would leave the book before it to be traded
on.  Prints that come too late for the board are handed on to the candles they belong to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import structlog

from adapters.feeds.history import SMALLEST, History
from domain.market import Level, Quote
from domain.money import AMOUNT_MAX, ZERO

CROSSED = "crossed"
LATE = "out of order"
DUPLICATED = "duplicated"
WRONG_DAY = "wrong day"
AHEAD = "ahead of time"
JUMPED = "jumped"
CLOCK = "clock ran back"
WRONG_SYMBOL = "wrong symbol"
BROKEN = "broken frame"
NO_CHECKSUM = "no checksum"
GAP = "gap in the sequence"
#: Why slices, and whole frames, are withheld.
REASONS = (
    WRONG_SYMBOL, "not a number", "not above zero", "too small", "too large", "broken depth",
    CROSSED, LATE, DUPLICATED, WRONG_DAY, AHEAD, JUMPED, CLOCK, BROKEN, NO_CHECKSUM,
    GAP,
)  # fmt: skip

#: How far the exchange's time of a live slice may be from ours, and how far ahead of it.
DAY_AWAY, AHEAD_MAX = timedelta(hours=12), timedelta(seconds=10)
#: The days of which there may be recordings.
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
OFFERED = "offered"
#: A feed of which more than half is withheld, of at least so many slices, is ill.
SICK_OF = 100

_log = structlog.get_logger("quarantine")


class Quarantine:
    """
    Stands between a feed and the board: call it with every slice instead of ``publish``.

    ``late`` is told of prints that come behind newer ones; ``live`` says that the market's time
    must be today's, as that of a recording need not be.
    """

    def __init__(
        self,
        publish: Callable[[Quote], None],
        symbols: Container[str],
        late: Callable[[Quote], None] | None = None,
        *,
        live: bool = False,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.offered = 0
        self.late = late
        self._publish = publish
        self._symbols = symbols
        self._live = live
        self._known: dict[str, History] = {}
        self._looked = Counter[str]()
        self._illness: str | None = None

    def __call__(self, quote: Quote) -> None:
        self.offered += 1
        known = self._known.get(quote.symbol)
        try:
            usual = known is not None and not self._live and known.expects(quote)
        except (InvalidOperation, TypeError):  # no number, or a time without its zone
            usual = False
        if usual or self._admitted(quote, known):
            self._publish(quote)

    def withhold(self, reason: str, what: str = "") -> None:
        """Count something that was not shown; the 1st, 10th, 100th ... of a kind is logged."""
        count = self.counts[reason] = self.counts[reason] + 1
        if count == 10 ** (len(str(count)) - 1):
            _log.warning("withheld", reason=reason, what=ascii(what[:64]), count=count)

    def ill(self) -> str | None:
        """
        What is wrong, when most of what came of late had to be withheld.

        What is said stands until a hundred more have come.
        """
        bad = self.counts - self._looked
        del bad[CROSSED]
        offered, withheld = self.offered - self._looked[OFFERED], bad.total()
        if offered >= SICK_OF or withheld >= SICK_OF:
            self._looked = self.counts.copy()
            self._looked[OFFERED] = self.offered
            self._illness = None
            if withheld * 2 > offered:
                (reason, _), *_ = bad.most_common(1)
                self._illness = f"{withheld} of {offered} slices withheld, most of all: {reason}"
        return self._illness

    def _admitted(self, quote: Quote, known: History | None) -> bool:
        """Whether a slice may be shown; if it may not, the reason is counted."""
        if quote.symbol not in self._symbols:
            self.withhold(WRONG_SYMBOL, quote.symbol)
            return False
        flaw = nonsense(quote)
        reason = (None if flaw == CROSSED else flaw) or self._mistimed(quote, known)
        if reason is None and known is not None:
            reason = self._against(quote, known)
        if reason is not None:
            self.withhold(reason, quote.symbol)
            return False
        if flaw is not None:
            self.withhold(CROSSED, quote.symbol)
        if known is None:
            known = self._known[quote.symbol] = History(quote)
        known.take(quote)
        return True

    def _mistimed(self, quote: Quote, known: History | None) -> str | None:
        """What is wrong with the times of a slice, the exchange's or ours."""
        try:
            if not (FIRST < quote.at < LAST and FIRST < quote.received_at < LAST):
                return WRONG_DAY
        except TypeError:  # a time without its zone is no time
            return WRONG_DAY
        away = quote.received_at - quote.at
        if self._live and abs(away) > DAY_AWAY:
            return WRONG_DAY
        if known is not None and known.clock_ran_back(quote):
            return CLOCK
        return AHEAD if self._live and -away > AHEAD_MAX else None

    def _against(self, quote: Quote, known: History) -> str | None:
        """What speaks against a slice in those before it."""
        if known.jumps(quote):
            return None if known.outvoted(quote) else JUMPED
        if known.is_behind(quote):
            if known.has(quote):
                return DUPLICATED
            if known.outlived(quote):
                return None
            if quote.last_size is not None and self.late is not None:
                known.numbers.append(quote.seq)
                self.late(quote)
            return LATE
        return None


def nonsense(quote: Quote) -> str | None:
    """What is wrong with the numbers of a slice, whatever came before it."""
    try:
        for amount in (
            quote.last, quote.last_size, quote.bid, quote.bid_size, quote.ask, quote.ask_size
        ):  # fmt: skip
            if amount is not None and not SMALLEST <= amount < AMOUNT_MAX:
                return (
                    "too large" if amount > 1 else "too small" if amount > 0 else "not above zero"
                )
        for total in (quote.volume, quote.open_interest):
            if total is not None and not ZERO <= total < AMOUNT_MAX:
                return "too large" if total > 0 else "not above zero"
        if (quote.bids or quote.asks) and not (
            _goes_on_from(quote.bid, quote.bids, -1) and _goes_on_from(quote.ask, quote.asks, 1)
        ):
            return "broken depth"
    except InvalidOperation:
        return "not a number"
    crossed = quote.bid is not None and quote.ask is not None and quote.bid > quote.ask
    return CROSSED if crossed else None


def _goes_on_from(touch: Decimal | None, levels: tuple[Level, ...], step: int) -> bool:
    """Whether the levels of a side begin at its touch and get worse from one to the next."""
    if not levels:
        return True
    prices = [level.price for level in levels]
    return (
        prices[0] == touch
        and all((worse - better) * step > 0 for better, worse in pairwise(prices))
        and all(SMALLEST <= amount < AMOUNT_MAX for level in levels for amount in level)
    )
