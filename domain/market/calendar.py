"""
Calendars: on which days an exchange trades, and what may be done at which hour.

A calendar is data (``adapters/calendars``); here is how it is read.  What it does not know is
CLOSED: an exchange outside the years of its calendar, or without one, trades never.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

ONE_DAY = timedelta(days=1)
#: No exchange rests longer (in days); beyond it there is no next session.
REST_MAX = 31
#: So long before a calendar ends it is told of.
NOTICE = timedelta(days=60)


class Phase(StrEnum):
    """
    What an exchange does at an instant.

    PRE_OPEN and POST collect or match orders at one price, the auctions find that price,
    CONTINUOUS trades against the book; a break between two of them is CLOSED.
    """

    PRE_OPEN = "PRE_OPEN"
    OPEN_AUCTION = "OPEN_AUCTION"
    CONTINUOUS = "CONTINUOUS"
    CLOSE_AUCTION = "CLOSE_AUCTION"
    POST = "POST"
    CLOSED = "CLOSED"


class Hours(Struct, frozen=True):
    """A phase and when it begins and ends, in minutes since midnight on the exchange's clock."""

    phase: Phase
    begins: int
    ends: int


class Day(Struct, frozen=True):
    """
    A kind of trading day, in minutes since midnight on the exchange's clock.

    From ``mis_cutoff`` on intraday positions are squared off.  Orders for the next session
    (after-market orders) are taken before ``amo_until`` and from ``amo_from`` on; not at all
    where both are None.
    """

    hours: tuple[Hours, ...]
    mis_cutoff: int | None = None
    amo_until: int | None = None
    amo_from: int | None = None


class Span(Struct, frozen=True):
    """A phase from ``begins`` (UTC) until just before ``ends``."""

    phase: Phase
    begins: datetime
    ends: datetime


class Session(Struct, frozen=True):
    """
    One trading day.  ``opens`` and ``closes`` bound its continuous trading, all times are UTC.

    ``name`` says what is special about it ("Muhurat"), None on an ordinary day.
    """

    day: date
    spans: tuple[Span, ...]
    opens: datetime
    closes: datetime
    mis_cutoff: datetime | None
    name: str | None = None


class Special(Struct, frozen=True):
    """A day unlike the others: the kind of day it is, and its name."""

    kind: str
    name: str


class Calendar(Struct, frozen=True, kw_only=True, eq=False):
    """
    The trading days of one exchange from ``first`` to ``last``, both included.

    ``usual`` says from which date on which kind of day is the ordinary one; ``weekdays`` are
    the ISO numbers of days on which it is held.  A special day goes before a holiday.
    """

    code: str
    zone: str
    first: date
    last: date
    weekdays: frozenset[int]
    days: Mapping[str, Day]
    usual: tuple[tuple[date, str], ...]
    special: Mapping[date, Special]
    holidays: Mapping[date, str]

    def covers(self, day: date) -> bool:
        """Whether anything is known about this day; what is not covered counts as closed."""
        return self.first <= day <= self.last

    def session(self, day: date) -> Session | None:
        """The session of this date on the exchange's clock; None when there is no trading."""
        return _session(self, day)

    def local_day(self, at: datetime) -> date:
        return at.astimezone(_zone(self.zone)).date()

    def phase(self, at: datetime) -> Phase:
        session = self.session(self.local_day(at))
        for span in session.spans if session else ():
            if span.begins <= at < span.ends:
                return span.phase
        return Phase.CLOSED

    def is_open(self, at: datetime) -> bool:
        return self.phase(at) is Phase.CONTINUOUS

    def current_or_next(self, at: datetime) -> Session | None:
        """The session that closes first after ``at``; None when the calendar knows of none."""
        for session in self._onwards(self.local_day(at)):
            if session.closes > at:
                return session
        return None

    def session_date(self, at: datetime) -> date | None:
        """
        The trading day that business at ``at`` belongs to.

        It is the session in progress, else the next: what is asked after the close is for the
        morning.
        """
        session = self.current_or_next(at)
        return session.day if session else None

    def next_open(self, at: datetime) -> datetime | None:
        """When continuous trading begins next, after ``at``."""
        for session in self._onwards(self.local_day(at)):
            for span in session.spans:
                if span.phase is Phase.CONTINUOUS and span.begins > at:
                    return span.begins
        return None

    def next_close(self, at: datetime) -> datetime | None:
        """When the session in progress, or else the next, closes."""
        session = self.current_or_next(at)
        return session.closes if session else None

    def after(self, day: date, sessions: int = 1) -> date | None:
        """The date so many sessions after ``day`` (T+1 is one); None when it is not known."""
        for session in self._onwards(day + ONE_DAY):
            sessions -= 1
            if sessions == 0:
                return session.day
        return None

    def before(self, day: date) -> date | None:
        """The last trading day before this one."""
        for back in range(1, REST_MAX + 1):
            if self.session(earlier := day - back * ONE_DAY):
                return earlier
        return None

    def takes_amo(self, at: datetime) -> bool:
        """Whether an after-market order for the next session is taken at ``at``."""
        local = at.astimezone(_zone(self.zone))
        kind = self._kind(local.date())
        if kind is None:  # a day of rest: all day, if it is known when the rest ends
            return self._amo and self.covers(local.date()) and self.next_open(at) is not None
        day, minute = self.days[kind], local.hour * 60 + local.minute
        early = day.amo_until is not None and minute < day.amo_until
        late = day.amo_from is not None and minute >= day.amo_from
        return early or (late and self.next_open(at) is not None)

    @property
    def _amo(self) -> bool:
        return any(day.amo_from is not None for day in self.days.values())

    def _kind(self, day: date) -> str | None:
        if not self.covers(day):
            return None
        if day in self.special:
            return self.special[day].kind
        if day in self.holidays or day.isoweekday() not in self.weekdays:
            return None
        return next((kind for since, kind in reversed(self.usual) if since <= day), None)

    def _onwards(self, day: date) -> Iterator[Session]:
        """The sessions from this day on, as far as they are known."""
        rest = 0
        while rest <= REST_MAX and day <= self.last:
            session = self.session(day)
            if session:
                rest = 0
                yield session
            rest += 1
            day += ONE_DAY


class Calendars(Struct, frozen=True):
    """The calendars by exchange; an exchange without one is never open."""

    by_exchange: Mapping[str, Calendar]

    def of(self, exchange: str) -> Calendar:
        return self.by_exchange.get(exchange, NEVER)

    def ending(self, exchanges: Iterable[str], today: date) -> dict[str, date]:
        """The last day that is known of those exchanges whose calendar is over before long."""
        known = {exchange: self.of(exchange).last for exchange in sorted(exchanges)}
        return {exchange: last for exchange, last in known.items() if last - today <= NOTICE}


_zone = lru_cache(ZoneInfo)


@lru_cache(4096)
def _session(calendar: Calendar, day: date) -> Session | None:
    kind = calendar._kind(day)
    if kind is None:
        return None
    midnight = datetime.combine(day, time.min, _zone(calendar.zone))

    def on_the_clock(minutes: int) -> datetime:
        return (midnight + timedelta(minutes=minutes)).astimezone(UTC)

    held = calendar.days[kind]
    spans = tuple(
        Span(hours.phase, on_the_clock(hours.begins), on_the_clock(hours.ends))
        for hours in held.hours
    )
    trading = [span for span in spans if span.phase is Phase.CONTINUOUS]
    special = calendar.special.get(day)
    return Session(
        day=day,
        spans=spans,
        opens=trading[0].begins,
        closes=trading[-1].ends,
        mis_cutoff=None if held.mis_cutoff is None else on_the_clock(held.mis_cutoff),
        name=special.name if special else None,
    )


NEVER = Calendar(
    code="NEVER",
    zone="UTC",
    first=date.max,
    last=date.min,
    weekdays=frozenset(),
    days={},
    usual=(),
    special={},
    holidays={},
)
