"""
The calendars of the exchanges, as files: one for exchanges that keep the same hours.

A file says its ``exchanges``, clock (``zone``) and ``sources``, the first and the last date that
it knows, the kinds of ``days`` with their hours, since when which kind is the ``usual`` one, and
which dates are ``special`` or ``holidays``.  ``like`` takes all that a file does not say from
another one.  An operator corrects a calendar by correcting its file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from domain.market.calendar import Calendar, Calendars, Day, Hours, Phase, Special

FOLDER = Path(__file__).parent


class CalendarError(Exception):
    """A calendar that cannot be used; the message names the file and what is wrong with it."""


class _Day(Struct, frozen=True, forbid_unknown_fields=True):
    hours: tuple[tuple[Phase, str, str], ...]
    mis_cutoff: str | None = None
    amo_until: str | None = None
    amo_from: str | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    exchanges: tuple[str, ...]
    sources: tuple[str, ...]
    zone: str
    first: date
    last: date
    weekdays: frozenset[int]
    usual: tuple[tuple[date, str], ...]
    days: dict[str, _Day]
    special: dict[date, tuple[str, str]]
    holidays: dict[date, str]


def calendars(folder: Path = FOLDER) -> Calendars:
    """All calendars of a folder; CalendarError when one of them makes no sense."""
    by_exchange: dict[str, Calendar] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            file = msgspec.convert(_raw(path), _File)
            calendar = _calendar(path.stem.upper(), file)
        except (msgspec.DecodeError, OSError, ValueError, KeyError) as error:
            raise CalendarError(f"{path}: {error}") from error
        if faults := list(_faults(calendar)):
            raise CalendarError(f"{path}: {'; '.join(faults)}")
        for exchange in file.exchanges:
            if exchange in by_exchange:
                raise CalendarError(f"{path}: {exchange} has another calendar already")
            by_exchange[exchange] = calendar
    return Calendars(by_exchange)


def _raw(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    like = said.pop("like", None)
    return said if like is None else _raw(path.with_name(f"{like}.json")) | said


def _calendar(code: str, file: _File) -> Calendar:
    ZoneInfo(file.zone)  # a KeyError when there is none
    return Calendar(
        code=code,
        zone=file.zone,
        first=file.first,
        last=file.last,
        weekdays=file.weekdays,
        days={kind: _day(day) for kind, day in file.days.items()},
        usual=file.usual,
        special={day: Special(*said) for day, said in file.special.items()},
        holidays=file.holidays,
    )


def _day(day: _Day) -> Day:
    return Day(
        tuple(Hours(phase, _minutes(begins), _minutes(ends)) for phase, begins, ends in day.hours),
        *(
            None if text is None else _minutes(text)
            for text in (day.mis_cutoff, day.amo_until, day.amo_from)
        ),
    )


def _minutes(text: str) -> int:
    """09:15 as minutes since midnight; 24:00 is the end of the day."""
    hours, _, minutes = text.partition(":")
    if not (len(text) == 5 and hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise ValueError(f"{text} is no time of day")
    if (count := int(hours) * 60 + int(minutes)) > 24 * 60:
        raise ValueError(f"{text} is no time of day")
    return count


def _faults(calendar: Calendar) -> Iterator[str]:
    for kind, day in calendar.days.items():
        if not any(hours.phase is Phase.CONTINUOUS for hours in day.hours):
            yield f"{kind}: no continuous trading"
        ends = [(hours.begins, hours.ends) for hours in day.hours]
        if any(begins >= end for begins, end in ends) or any(
            a[1] > b[0] for a, b in pairwise(ends)
        ):
            yield f"{kind}: hours overlap or run backwards"
    named = {kind for _, kind in calendar.usual} | {day.kind for day in calendar.special.values()}
    if unknown := named - calendar.days.keys():
        yield f"no such kind of day: {', '.join(sorted(unknown))}"
    if list(calendar.usual) != sorted(calendar.usual) or not calendar.usual:
        yield "usual must be in the order of time"
    elif calendar.usual[0][0] > calendar.first:
        yield "usual must begin with the first date"
    outside = [day for day in (*calendar.special, *calendar.holidays) if not calendar.covers(day)]
    if outside:
        yield f"{min(outside)} is outside of the first and the last date"
    if both := calendar.special.keys() & calendar.holidays.keys():
        yield f"{min(both)} is both special and a holiday"
