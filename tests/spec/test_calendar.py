"""When an exchange trades: phases, sessions, holidays, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from adapters.calendars import FOLDER, CalendarError, calendars
from domain.market import Phase

CALENDARS = calendars()
NSE, NFO, MCX = (CALENDARS.of(exchange) for exchange in ("NSE", "NFO", "MCX"))
XNYS, SIM, NOWHERE = (CALENDARS.of(exchange) for exchange in ("XNYS", "SIM", "NOWHERE"))


def ist(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-11-25T08:59:59.999999", Phase.CLOSED),
        ("2026-11-25T09:00", Phase.PRE_OPEN),
        ("2026-11-25T09:08", Phase.OPEN_AUCTION),
        ("2026-11-25T09:15", Phase.CONTINUOUS),
        ("2026-11-25T15:29:59.999999", Phase.CONTINUOUS),
        ("2026-11-25T15:30", Phase.CLOSED),
        ("2026-11-25T15:40", Phase.POST),
        ("2026-11-25T16:00", Phase.CLOSED),
        ("2026-11-24T12:00", Phase.CLOSED),  # Guru Nanak Jayanti
        ("2026-11-28T12:00", Phase.CLOSED),  # a Saturday
        ("2026-02-01T12:00", Phase.CONTINUOUS),  # a Sunday, for the Union Budget
        ("2024-03-02T10:30", Phase.CLOSED),  # between the two sessions of that Saturday
        ("2024-11-01T17:50", Phase.PRE_OPEN),  # Muhurat, on a holiday
        ("2024-11-01T18:30", Phase.CONTINUOUS),
        ("2024-11-01T12:00", Phase.CLOSED),
    ],
)
def test_every_instant_of_the_national_exchange_has_its_phase(at: str, phase: Phase) -> None:
    assert NSE.phase(ist(at)) is phase


@pytest.mark.parametrize("at", ["2017-06-01T12:00", "2027-06-01T12:00"])
def test_a_year_that_the_calendar_does_not_know_is_closed(at: str) -> None:
    assert NSE.phase(ist(at)) is Phase.CLOSED
    assert not NSE.covers(ist(at).date())
    assert not NSE.takes_amo(ist(at))


def test_nothing_opens_after_the_last_day_that_is_known() -> None:
    evening = ist("2026-12-31T18:00")
    assert NSE.next_open(evening) is None
    assert NSE.session_date(evening) is None
    assert NSE.after(date(2026, 12, 31)) is None
    assert not NSE.takes_amo(evening)


def test_an_exchange_without_a_calendar_never_opens() -> None:
    noon = ist("2026-11-25T12:00")
    assert NOWHERE.phase(noon) is Phase.CLOSED
    assert (NOWHERE.next_open(noon), NOWHERE.next_close(noon)) == (None, None)
    assert NOWHERE.session_date(noon) is None
    assert NOWHERE.before(noon.date()) is None


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-23T12:00", date(2026, 11, 23)),
        ("2026-11-23T08:00", date(2026, 11, 23)),
        ("2026-11-23T15:30", date(2026, 11, 25)),  # over a holiday
        ("2026-11-24T12:00", date(2026, 11, 25)),
        ("2026-11-27T20:00", date(2026, 11, 30)),  # over a weekend
    ],
)
def test_business_after_the_close_belongs_to_the_next_session(at: str, day: date) -> None:
    assert NSE.session_date(ist(at)) == day


def test_the_next_opening_and_closing_are_found_over_rests_and_breaks() -> None:
    assert NSE.next_open(ist("2026-11-23T09:15")) == ist("2026-11-25T09:15")
    assert NSE.next_open(ist("2026-11-23T09:14")) == ist("2026-11-23T09:15")
    assert NSE.next_close(ist("2026-11-23T09:15")) == ist("2026-11-23T15:30")
    assert NSE.next_close(ist("2026-11-23T15:30")) == ist("2026-11-25T15:30")
    assert NSE.next_open(ist("2024-03-02T10:30")) == ist("2024-03-02T11:30")
    assert NSE.next_close(ist("2024-03-02T10:30")) == ist("2024-03-02T12:30")


def test_trades_settle_so_many_sessions_later() -> None:
    assert NSE.after(date(2026, 11, 23)) == date(2026, 11, 25)
    assert NSE.after(date(2026, 11, 23), 3) == date(2026, 11, 27)
    assert NSE.before(date(2026, 11, 25)) == date(2026, 11, 23)
    assert NSE.before(date(2018, 1, 1)) is None


def test_intraday_positions_are_squared_off_before_the_close() -> None:
    session = NSE.session(date(2026, 11, 25))
    assert session is not None
    assert session.mis_cutoff == ist("2026-11-25T15:15")
    muhurat = NSE.session(date(2025, 10, 21))
    assert muhurat is not None
    assert (muhurat.name, muhurat.mis_cutoff) == ("Muhurat", ist("2025-10-21T14:30"))


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        ("2026-11-25T08:59", True),
        ("2026-11-25T09:00", False),
        ("2026-11-25T15:45", False),
        ("2026-11-25T16:00", True),
        ("2026-11-24T12:00", True),  # a holiday
        ("2026-11-28T12:00", True),  # a Saturday
    ],
)
def test_after_market_orders_are_taken_while_the_exchange_rests(at: str, taken: bool) -> None:
    assert NSE.takes_amo(ist(at)) is taken
    assert not SIM.takes_amo(ist(at))


def test_derivatives_trade_on_the_days_of_the_cash_market_at_their_own_hours() -> None:
    assert NFO.phase(ist("2026-11-25T15:35")) is Phase.CONTINUOUS
    assert NFO.phase(ist("2026-07-31T15:35")) is Phase.CLOSED
    assert NFO.phase(ist("2026-11-24T12:00")) is Phase.CLOSED
    assert NFO.holidays == NSE.holidays


def test_commodities_trade_in_the_evening_of_some_holidays() -> None:
    assert MCX.phase(ist("2026-11-24T12:00")) is Phase.CLOSED
    assert MCX.phase(ist("2026-11-24T17:00")) is Phase.CONTINUOUS
    assert MCX.phase(ist("2026-12-25T18:00")) is Phase.CLOSED
    assert MCX.next_close(ist("2026-06-01T12:00")) == ist("2026-06-01T23:30")
    assert MCX.next_close(ist("2026-12-01T12:00")) == ist("2026-12-01T23:55")


def test_new_york_keeps_its_own_clock_and_its_half_days() -> None:
    assert XNYS.next_open(new_york("2026-03-06T12:00")) == new_york("2026-03-09T09:30")
    assert XNYS.next_close(new_york("2026-11-27T10:00")) == new_york("2026-11-27T13:00")
    assert XNYS.phase(new_york("2026-11-27T13:00")) is Phase.POST
    # 21:00 UTC is before midnight in New York: still the same session date
    assert XNYS.local_day(datetime(2026, 11, 25, 2, tzinfo=UTC)) == date(2026, 11, 24)


def test_a_market_that_never_closes_has_a_session_each_day_of_utc() -> None:
    late = datetime(2026, 11, 28, 23, 59, tzinfo=UTC)
    midnight = datetime(2026, 11, 29, tzinfo=UTC)
    assert SIM.is_open(late)
    assert SIM.is_open(midnight)
    assert (SIM.session_date(late), SIM.session_date(midnight)) == (
        date(2026, 11, 28),
        date(2026, 11, 29),
    )
    assert SIM.next_open(late) == SIM.next_close(late) == midnight


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda said: said["days"].clear(), "no such kind of day"),
        (lambda said: said["holidays"].update({"1999-01-01": "x"}), "outside"),
        (lambda said: said["holidays"].update({"2024-11-01": "x"}), "both special"),
        (lambda said: said["usual"].append(["2018-01-01", "half"]), "order of time"),
        (lambda said: said["days"]["regular"]["hours"].reverse(), "overlap"),
        (lambda said: said["days"]["regular"].update(mis_cutoff="15.15"), "no time of day"),
        (lambda said: said.update(zone="Asia/Nowhere"), "Nowhere"),
        (lambda said: said.update(holiday={}), "holiday"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(
    change: Callable[[dict[str, object]], object], complaint: str, tmp_path: Path
) -> None:
    said = msgspec.json.decode((FOLDER / "nse.json").read_bytes())
    change(said)
    (tmp_path / "nse.json").write_bytes(msgspec.json.encode(said))
    with pytest.raises(CalendarError, match=complaint):
        calendars(tmp_path)


def test_an_exchange_has_one_calendar(tmp_path: Path) -> None:
    for name in ("nse", "twice"):
        (tmp_path / f"{name}.json").write_bytes((FOLDER / "nse.json").read_bytes())
    with pytest.raises(CalendarError, match="another calendar"):
        calendars(tmp_path)
