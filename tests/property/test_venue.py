"""Whatever comes, in whatever order: the venue deals as a slow and simple venue would."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.venue import Standing, Venue
from adapters.venue.sent import Command
from commands.trading import ApplyFill, CancelOrder, ExpireOrder
from domain.trading import TOP_OF_BOOK, OrderType, Side, Tif
from tests.property.clerk import (
    ACCOUNTS,
    NOW,
    STEP,
    Action,
    Answer,
    Cancel,
    Change,
    Clerk,
    Note,
    Place,
    Slice,
    quote_of,
)

prices = st.integers(1, 6)
slices = st.builds(
    Slice,
    bid=st.none() | prices,
    ask=st.none() | prices,
    last=st.none() | prices,
    size=st.integers(1, 8),
    late=st.sampled_from([0, 0, 0, 0, 6]),
)
places = st.builds(
    Place,
    side=st.sampled_from(Side),
    kind=st.sampled_from((OrderType.MARKET, OrderType.LIMIT)),
    tif=st.sampled_from([Tif.GTC, Tif.DAY, Tif.IOC]),
    limit=prices,
    quantity=st.integers(1, 9),
    account=st.sampled_from([0, 1]),
)
changes = st.builds(Change, st.integers(0, 9), st.integers(1, 5), prices, st.booleans())
answers = st.builds(Answer, st.booleans())
scripts = st.lists(
    st.one_of(slices, slices, places, answers, changes, st.builds(Cancel, st.integers(0, 9))),
    min_size=10,
    max_size=60,
)


class Play:
    """One script, played to the venue; ``clerk`` plays along when it is there."""

    def __init__(self, clerk: Clerk | None = None) -> None:
        self.venue = Venue()
        self.clerk = clerk
        self.notes: list[Note] = clerk.notes if clerk else []
        self.flying: list[ApplyFill] = []
        self.commands: list[Command] = []
        self.shown: dict[int, Slice] = {}
        self.limits: dict[UUID, int] = {}
        self.now = NOW

    def run(self, script: list[Action]) -> None:
        for action in script:
            self.now += STEP
            match action:
                case Place():
                    self.place(action)
                case Slice():
                    self.show(action)
                case Cancel():
                    for note in self.notes[action.nth : action.nth + 1]:
                        note.over = True
                        self.venue.on_end(note.id)
                case Change():
                    for note in self.notes[action.nth : action.nth + 1]:
                        self.change(note, action)
                case Answer():
                    if self.flying:
                        self.answer(self.flying.pop(0), action.taken)

    def place(self, place: Place) -> None:
        note = Note(
            UUID(int=100 + len(self.notes)), place, place.limit, place.quantity, self.now,
            self.now + TOP_OF_BOOK.latency,
        )  # fmt: skip
        self.notes.append(note)
        self.venue.on_order(
            Standing(
                order_id=note.id,
                account_id=ACCOUNTS[place.account],
                symbol="ACME",
                side=place.side,
                order_type=place.kind,
                tif=place.tif,
                limit=Decimal(place.limit),
                quantity=Decimal(place.quantity),
                since=self.now,
            )
        )

    def show(self, show: Slice) -> None:
        seq = len(self.shown)
        self.shown[seq] = show
        quote = quote_of(show, seq, self.now)
        now = self.now + timedelta(seconds=show.late)
        commands = self.venue.on_quote(quote, now)
        self.commands += commands
        for command in commands:
            if isinstance(command, ApplyFill):
                self.flying.append(command)
                self.limits[command.exec_id] = self.note(command.order_id).limit
        if self.clerk:
            told = [essence(command) for command in commands]
            expected = self.clerk.deal(show, self.now, now)
            fills = [command for command in told if len(command) == 3]
            assert fills == [command for command in expected if len(command) == 3]
            assert set(told) == set(expected)

    def note(self, order_id: UUID) -> Note:
        return next(note for note in self.notes if note.id == order_id)

    def change(self, note: Note, change: Change) -> None:
        if note.over or note.booked >= note.quantity:
            return  # the account would refuse
        note.quantity, note.limit = note.booked + change.more, change.limit
        since = None if change.keeps_place else self.now
        if since is not None:
            note.since = note.active_at = since
            note.resting = False
        self.venue.on_replace(note.id, Decimal(note.quantity), Decimal(note.limit), since)

    def answer(self, fill: ApplyFill, taken: bool) -> None:
        note = self.note(fill.order_id)
        if taken and not note.over and note.booked + fill.quantity <= note.quantity:
            note.booked += int(fill.quantity)
            self.venue.on_fill(fill.order_id, fill.exec_id, Decimal(note.booked))
            note.over = note.booked >= note.quantity
        else:
            note.sent -= int(fill.quantity)
            self.venue.on_refused(fill)


def essence(command: Command) -> tuple[object, ...]:
    match command:
        case ApplyFill():
            return command.order_id, int(command.quantity), int(command.price)
        case CancelOrder() | ExpireOrder():
            return command.order_id, command.reason
        case _:
            raise AssertionError(f"{command} of an order that is not held")


@settings(max_examples=300)
@given(scripts)
def test_the_venue_deals_as_a_clerk_with_pencil_and_paper_would(script: list[Action]) -> None:
    Play(Clerk()).run(script)


@settings(max_examples=100)
@given(scripts)
def test_shown_the_same_market_it_makes_the_same_executions(script: list[Action]) -> None:
    first, second = Play(), Play()
    first.run(script)
    second.run(script)
    assert first.commands == second.commands
    execs = [command.exec_id for command in first.commands if isinstance(command, ApplyFill)]
    assert len(execs) == len(set(execs))


@settings(max_examples=100)
@given(scripts)
def test_no_fill_is_beyond_the_limit_the_size_or_the_freshness_of_its_slice(
    script: list[Action],
) -> None:
    play = Play()
    play.run(script)
    taken: dict[tuple[int, str, UUID], Decimal] = defaultdict(Decimal)
    for fill in play.commands:
        if not isinstance(fill, ApplyFill):
            continue
        show = play.shown[fill.evidence.seq]
        assert show.late == 0
        assert show.bid is None or show.ask is None or show.bid <= show.ask
        side = play.note(fill.order_id).place.side
        pool = "last" if fill.evidence.kind == "TRADE" else side
        taken[fill.evidence.seq, pool, fill.account_id] += fill.quantity
        limit = play.limits[fill.exec_id]
        assert fill.price <= limit if side is Side.BUY else fill.price >= limit
    assert all(total <= play.shown[seq].size for (seq, _, _), total in taken.items())
