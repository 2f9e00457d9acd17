"""
The fee schedules the service comes with.

Samples, as understood on the date in ``source``, not for tax use: laws and brokers change
rates, so a correction is a new version with a later ``valid_from``, never an edit.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from domain.errors import Invalid
from domain.trading.fees import Base, Component, FeeSchedule, Segment
from domain.trading.order import Side

Brokerage = dict[Segment, Component]
_D = Decimal
#: An exchange's rule: brokerage never passes this share of what was traded.
_BROKERAGE_SHARE_MAX = _D("0.025")
_ALWAYS = date(1970, 1, 1)
_RATES_2026 = date(2026, 4, 1)
_SOURCE = "two secondary sources of November 2026, concurring; sample, not for tax use"
_OLD_SOURCE = "rates before the Finance Act 2026, secondary; sample, not for tax use"


def _levies(
    *, stt: str, exchange: str, stamp: str, stt_side: Side | None = Side.SELL
) -> tuple[Component, ...]:
    """What law and exchange take of Indian securities, whoever the broker is."""
    return (
        Component(name="stt", side=stt_side, rate=_D(stt)),
        Component(name="exchange", rate=_D(exchange)),
        Component(name="sebi", rate=_D("0.000001")),
        Component(name="stamp", side=Side.BUY, rate=_D(stamp)),
        Component(
            name="gst",
            base=Base.OTHER_COMPONENTS,
            of=("brokerage", "exchange", "sebi"),
            rate=_D("0.18"),
        ),
    )


def _india(brokerage: Brokerage, *, newer: bool) -> dict[Segment, tuple[Component, ...]]:
    shares = "0.0000307" if newer else "0.0000297"
    levies = {
        Segment.EQ_DELIVERY: _levies(stt="0.001", exchange=shares, stamp="0.00015", stt_side=None),
        Segment.MTF: _levies(stt="0.001", exchange=shares, stamp="0.00015", stt_side=None),
        Segment.EQ_INTRADAY: _levies(stt="0.00025", exchange=shares, stamp="0.00003"),
        Segment.FUT: _levies(
            stt="0.0005" if newer else "0.0002",
            exchange="0.0000183" if newer else "0.0000173",
            stamp="0.00002",
        ),
        Segment.OPT: (
            *_levies(
                stt="0.0015" if newer else "0.001",
                exchange="0.0003553" if newer else "0.0003503",
                stamp="0.00003",
            ),
            # What is exercised at its end is taxed on what it is worth then.
            Component(
                name="stt_exercise",
                base=Base.INTRINSIC,
                rate=_D("0.0015" if newer else "0.00125"),
            ),
        ),
    }
    return {
        segment: (*((brokerage[segment],) if segment in brokerage else ()), *lines)
        for segment, lines in levies.items()
    }


def _brokerage(
    rate: str = "0", *, flat: str = "0", least: str | None = None, most: str | None = None
) -> Component:
    return Component(
        name="brokerage",
        rate=_D(rate),
        flat=_D(flat),
        least=None if least is None else _D(least),
        most=None if most is None else _D(most),
        share_max=_BROKERAGE_SHARE_MAX,
    )


def _zerodha() -> Brokerage:
    return {
        Segment.EQ_INTRADAY: _brokerage("0.0003", most="20"),
        Segment.FUT: _brokerage("0.0003", most="20"),
        Segment.OPT: _brokerage(flat="20"),
        Segment.MTF: _brokerage("0.003", most="20"),
    }


def _groww() -> Brokerage:
    shares = _brokerage("0.001", least="5", most="20")
    return {
        Segment.EQ_DELIVERY: shares,
        Segment.EQ_INTRADAY: shares,
        Segment.MTF: shares,
        Segment.FUT: _brokerage(flat="20"),
        Segment.OPT: _brokerage(flat="20"),
    }


def _upstox() -> Brokerage:
    flat = _brokerage(flat="20")
    return {
        Segment.EQ_DELIVERY: flat,
        Segment.EQ_INTRADAY: _brokerage("0.0005", most="20"),
        Segment.MTF: flat,
        Segment.FUT: flat,
        Segment.OPT: flat,
    }


def _both(id: str, brokerage: Brokerage) -> tuple[FeeSchedule, ...]:
    old, new = _india(brokerage, newer=False), _india(brokerage, newer=True)
    return (
        FeeSchedule(id=id, version=1, valid_from=_ALWAYS, source=_OLD_SOURCE, segments=old),
        FeeSchedule(id=id, version=2, valid_from=_RATES_2026, source=_SOURCE, segments=new),
    )


ZERO_FEES = FeeSchedule(
    id="ZERO", version=1, valid_from=_ALWAYS, source="nothing is charged", segments={}
)
_KRAKEN = FeeSchedule(
    id="KRAKEN",
    version=1,
    valid_from=_ALWAYS,
    source="lowest tier, taker, as its AssetPairs answered in November 2025; sample",
    segments={Segment.SPOT: (Component(name="trading", rate=_D("0.004")),)},
)
SCHEDULES: tuple[FeeSchedule, ...] = (
    ZERO_FEES,
    *_both("ZERODHA", _zerodha()),
    *_both("GROWW", _groww()),
    *_both("UPSTOX", _upstox()),
    _KRAKEN,
)
#: Which an account may choose.
FAMILIES = tuple(dict.fromkeys(schedule.id for schedule in SCHEDULES))
_BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}


def schedule(name: str) -> FeeSchedule:
    """The very version ``id@version``; Invalid where there is none."""
    found = _BY_NAME.get(name)
    if found is None:
        raise Invalid("FEE_SCHEDULE_UNKNOWN", name, known=", ".join(FAMILIES))
    return found


@cache
def in_force(name: str, on: date) -> FeeSchedule:
    """Of the family that ``name`` (``id`` or ``id@version``) belongs to, the version of a day."""
    family = name.partition("@")[0]
    known = [one for one in SCHEDULES if one.id == family and one.valid_from <= on]
    if not known:
        raise Invalid("FEE_SCHEDULE_UNKNOWN", name, known=", ".join(FAMILIES))
    return max(known, key=lambda one: one.valid_from)
