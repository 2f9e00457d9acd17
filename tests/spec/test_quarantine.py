"""The quarantine: nothing that cannot be true reaches the board, and each reason is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.feeds import Board, Quarantine
from adapters.feeds.port import Flaws, play
from adapters.feeds.quarantine import REASONS
from domain.market import Instrument, Level, Quality, Quote, quality

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
GOOD = Quote(
    "ACME", "test", 10, AT, AT, Decimal(100), Decimal(5), Decimal(101), Decimal(5),
    Decimal(100), Decimal(1),
)  # fmt: skip
LATER = replace(GOOD, seq=11, at=AT + timedelta(seconds=1), received_at=AT + timedelta(seconds=1))


def fed(*quotes: Quote, live: bool = True) -> tuple[Board, Quarantine, list[Quote]]:
    board, late = Board(), list[Quote]()
    quarantine = Quarantine(board.publish, {"ACME"}, late.append, live=live)
    for quote in quotes:
        quarantine(quote)
    return board, quarantine, late


BAD: list[tuple[str, dict[str, Any]]] = [
    ("wrong symbol", {"symbol": "ACNE"}),
    ("not a number", {"bid": Decimal("NaN")}),
    ("not a number", {"last": Decimal("sNaN")}),
    ("not above zero", {"ask": Decimal(0)}),
    ("not above zero", {"last": Decimal(-1)}),
    ("not above zero", {"last_size": Decimal(0)}),
    ("broken depth", {"bids": (Level(Decimal(100), Decimal(0)),)}),
    ("broken depth", {"bids": (Level(Decimal(99), Decimal(1)),)}),
    ("broken depth", {"asks": (Level(Decimal(101), Decimal(1)), Level(Decimal(101), Decimal(1)))}),
    ("broken depth", {"asks": (Level(Decimal(101), Decimal(1)), Level(Decimal(99), Decimal(1)))}),
    ("not a number", {"bids": (Level(Decimal(100), Decimal("NaN")),)}),
    ("too large", {"bid": Decimal("Infinity")}),
    ("too large", {"ask_size": Decimal("1e13")}),
    ("too large", {"bid": None, "bid_size": Decimal("1e30")}),
    ("too large", {"last": None, "last_size": Decimal("1e30")}),
    ("too small", {"last_size": Decimal("1e-30")}),
    ("not above zero", {"volume": Decimal(-1)}),
    ("not a number", {"open_interest": Decimal("NaN")}),
    ("jumped", {"last": Decimal(10_000)}),
    ("jumped", {"bid": Decimal("0.5"), "ask": Decimal("0.6"), "last": Decimal("0.5")}),
    ("duplicated", {"seq": 10}),
    ("out of order", {"seq": 9}),
    ("out of order", {"at": AT - timedelta(seconds=1), "seq": 8}),
    ("wrong day", {"at": AT + timedelta(days=1)}),
    ("wrong day", {"at": AT - timedelta(days=1)}),
    ("wrong day", {"at": datetime(2026, 11, 23, 9, 0, 1)}),  # noqa: DTZ001 - has no zone
    ("wrong day", {"received_at": datetime.max.replace(tzinfo=UTC)}),
    ("ahead of time", {"at": AT + timedelta(minutes=1)}),
    ("clock ran back", {"received_at": AT - timedelta(minutes=1)}),
]


#: What is only wrong where the market's time must be today's.
TODAY = {"wrong day", "ahead of time"}


@pytest.mark.parametrize(("reason", "changes"), BAD)
def test_what_cannot_be_true_is_withheld_and_counted(reason: str, changes: dict[str, Any]) -> None:
    for live in (True, False):
        board, quarantine, _ = fed(GOOD, bad := replace(LATER, **changes), live=live)
        if not live and reason in TODAY and board.count == 2:
            assert board.get("ACME") == bad
            continue
        assert (board.count, board.get("ACME")) == (1, GOOD)
        (told,) = quarantine.counts.elements()
        assert told == reason or (not live and reason in TODAY), told
        assert reason in REASONS


@pytest.mark.parametrize("live", [True, False])
def test_a_sound_slice_passes(live: bool) -> None:
    board, quarantine, _ = fed(GOOD, LATER, live=live)
    assert (board.count, board.get("ACME"), quarantine.counts) == (2, LATER, {})


@pytest.mark.parametrize("live", [True, False])
def test_a_crossed_book_is_counted_and_shown_but_never_traded_on(live: bool) -> None:
    crossed = replace(LATER, bid=Decimal(102))
    board, quarantine, _ = fed(GOOD, crossed, live=live)
    assert quarantine.counts == {"crossed": 1}
    assert quality(board.get("ACME"), LATER.at) is Quality.CROSSED_QUOTE


def after(seconds: float, seq: int, **changes: Any) -> Quote:
    late = timedelta(seconds=seconds)
    return replace(GOOD, seq=seq, at=AT + late, received_at=AT + late, **changes)


def stream(many: int, seq: int = 11, begins: float = 1) -> list[Quote]:
    return [after(begins + n / 10, seq + n) for n in range(many)]


TIMES_100: dict[str, Any] = {
    "bid": Decimal(10_000), "ask": Decimal(10_100), "last": Decimal(10_000),
}  # fmt: skip


def test_a_feed_that_has_jumped_is_not_believed_because_it_goes_on() -> None:
    wrong = [replace(quote, **TIMES_100) for quote in stream(200, seq=50, begins=6)]
    board, quarantine, _ = fed(*stream(20), *wrong)
    assert (board.count, quarantine.counts["jumped"]) == (20, 200)


FIRST: dict[str, tuple[Quote, int]] = {
    "nonsense": (replace(GOOD, last=Decimal(-1), seq=10**9), 1000),
    "another day": (replace(GOOD, at=AT + timedelta(days=400)), 900),
    "a price of another market": (replace(GOOD, **TIMES_100), 991),
    "a number that no other will reach": (after(0, 10**9), 900),
    "a time that is still to come": (replace(GOOD, at=AT + timedelta(seconds=9)), 900),
}


@pytest.mark.parametrize("what", FIRST)
@pytest.mark.parametrize("live", [True, False])
def test_a_first_slice_that_is_wrong_does_not_silence_its_symbol(what: str, live: bool) -> None:
    first, shown = FIRST[what]
    board, quarantine, _ = fed(first, *(sound := stream(1000)), live=live)
    assert board.get("ACME") == sound[-1]
    assert board.count >= shown, quarantine.counts


@pytest.mark.parametrize("changes", [{"seq": 10**9}, {"at": AT + timedelta(hours=3)}])
def test_a_slice_that_all_others_are_behind_is_given_up_in_the_end(changes: dict[str, Any]) -> None:
    """But not at once: what is late must not be traded on."""
    wrong = replace(after(3, 31), **changes)
    board, quarantine, _ = fed(*stream(20), wrong, *stream(99, 32, 3.1), live=False)
    assert (board.count, quarantine.counts) == (21, {"out of order": 99})
    for quote in (more := stream(20, 140, 13.2)):
        quarantine(quote)
    assert board.get("ACME") == more[-1]
    assert board.count >= 40


def test_late_slices_among_sound_ones_are_never_taken_for_the_market() -> None:
    board, quarantine, _ = fed(*stream(20), live=False)
    for n in range(100):
        late = after(0.5, -200 + n)
        quarantine(replace(late, received_at=AT + timedelta(seconds=10 + n)))
        quarantine(after(10.5 + n, 40 + n))
    quarantine(replace(after(0.5, -1), received_at=AT + timedelta(minutes=3)))
    assert (board.count, quarantine.counts) == (120, {"out of order": 101})


def test_slices_that_contradict_each_other_are_no_history() -> None:
    there_and_back = [
        replace(after(20 + n, 31), at=AT + timedelta(seconds=(0.5 if n % 2 else 0.2)), seq=-n)
        for n in range(100)
    ]
    board, quarantine, _ = fed(*stream(20), *there_and_back, live=False)
    assert (board.count, quarantine.counts) == (20, {"out of order": 100})


@pytest.mark.parametrize("live", [True, False])
def test_every_source_counts_for_itself(live: bool) -> None:
    mixed = [
        replace(quote, source=name, seq=seq)
        for n, quote in enumerate(stream(20))
        for name, seq in (("trades", 1000 + n), ("books", n))
    ]
    board, quarantine, _ = fed(*mixed, live=live)
    assert (board.count, quarantine.counts) == (40, {})
    quarantine(replace(mixed[-2], at=mixed[-1].at))
    assert quarantine.counts == {"duplicated": 1}


def test_a_batch_that_comes_twice_stays_known() -> None:
    whole = stream(20)
    again = [replace(quote, received_at=AT + timedelta(minutes=1)) for quote in whole]
    board, quarantine, _ = fed(*whole, *again)
    assert (board.count, quarantine.counts) == (20, {"duplicated": 20})


def test_overnight_a_share_may_be_split() -> None:
    split = {"bid": Decimal("0.5"), "ask": Decimal("0.6"), "last": Decimal("0.5")}
    board, _, _ = fed(*stream(20), tomorrow := after(80_000, 31, **split))
    assert board.get("ACME") == tomorrow


def test_a_book_may_be_as_wide_as_it_likes() -> None:
    """Nobody has to sell an option that nobody wants."""
    wide = {"bid": Decimal("0.05"), "ask": Decimal(5), "last": None, "last_size": None}
    board, quarantine, _ = fed(*(replace(quote, **wide) for quote in stream(20)))
    assert (board.count, quarantine.counts) == (20, {})
    quarantine(after(9, 99, **{**wide, "ask": Decimal(500)}))
    assert quarantine.counts == {"jumped": 1}


def test_after_our_clock_was_put_back_the_market_goes_on() -> None:
    back = timedelta(hours=1)
    late = [replace(quote, received_at=quote.at - back) for quote in stream(3)]
    board, quarantine, _ = fed(GOOD, *late, live=False)
    assert (board.count, quarantine.counts) == (3, {"clock ran back": 1})


def test_a_late_print_is_handed_on_once() -> None:
    missing = replace(GOOD, seq=9, at=AT - timedelta(seconds=1))
    silent = replace(missing, seq=8, last_size=None)
    board, quarantine, late = fed(GOOD, LATER, missing, missing, silent)
    assert (board.count, late) == (2, [missing])
    assert quarantine.counts == {"out of order": 2, "duplicated": 1}


def test_a_recording_may_be_of_any_day() -> None:
    old = replace(GOOD, at=AT - timedelta(days=4000))
    board, _, _ = fed(old, live=False)
    assert board.count == 1


AMOUNTS = tuple(
    Decimal(text)
    for text in ("1", "100", "101", "10000", "NaN", "sNaN", "Infinity", "-1", "0", "1e30", "1e-30")
)
PRICES_AND_SIZES = ("bid", "bid_size", "ask", "ask_size", "last", "last_size", "volume")
WRONG: list[dict[str, Any]] = [
    {},
    *({name: amount} for name in PRICES_AND_SIZES for amount in (None, *AMOUNTS)),
    *({"symbol": symbol} for symbol in ("ACNE", "", "\ud800")),
    *({"bids": (Level(price, size),)} for price in AMOUNTS for size in AMOUNTS),
    *({"at": at} for at in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))),
    {"at": datetime(2026, 11, 23)},  # noqa: DTZ001 - has no zone
    {"source": "other"},
]
frames = st.tuples(
    st.integers(-1, 50), st.integers(-100, 100), st.sampled_from(WRONG), st.sampled_from(WRONG)
).map(
    lambda drawn: replace(
        GOOD, **{"seq": drawn[0], "at": AT + timedelta(seconds=drawn[1]), **drawn[2], **drawn[3]}
    )
)


@settings(max_examples=100)
@given(st.lists(frames, min_size=100, max_size=100), st.booleans())
def test_ten_thousand_broken_frames_never_stop_the_feed(quotes: list[Quote], live: bool) -> None:
    """A hundred times a hundred: every frame is shown or counted, and the shown are sound."""

    class Broken:
        flaws = Flaws()

        def instruments(self) -> tuple[Instrument, ...]:
            return ()

        def slices(self, since: datetime) -> Iterator[Quote]:
            return iter(quotes)

    board, quarantine, _ = fed(live=live)
    shown: list[Quote] = []
    board.subscribe(shown.append)
    clock = iter(AT + timedelta(seconds=n) for n in range(1000))
    asyncio.run(play(Broken(), quarantine, lambda: next(clock), asyncio.sleep, speed=0))
    crossed = quarantine.counts["crossed"]
    assert len(shown) + quarantine.counts.total() - crossed == quarantine.offered == len(quotes)
    for quote in shown:
        assert quote.symbol == "ACME"
        for price in (quote.bid, quote.ask, quote.last, quote.bid_size, quote.last_size):
            assert price is None or 0 < price < 10**12
