"""
Risk: whether trading is on, what the limits are, and what has to be counted to check them.

Trading is as open as the strictest of all holds that are in force, whoever set them, so nobody
can undo the hold of somebody else.  A hold is a fact: a restart cannot resume trading.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from domain.base import Event
from domain.money import ZERO
from domain.trading.fill_events import Execution
from domain.trading.limits import UNLIMITED, Layer, Limits, Phase, phases_of

SECOND = timedelta(seconds=1)


class TradingState(StrEnum):
    """ACTIVE: everything.  REDUCING: closing only.  HALTED: cancelling only."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Party(StrEnum):
    """Who holds trading back: the owner, an administrator, a policy, margin, or a kill switch."""

    OWNER = "OWNER"
    HOUSE = "HOUSE"
    POLICY = "POLICY"
    MARGIN = "MARGIN"
    KILL_SWITCH = "KILL_SWITCH"


class Hold(Struct, frozen=True):
    """In force until ``until``, or until the party takes it back."""

    state: TradingState
    party: Party
    reason: str
    until: datetime | None = None

    def in_force(self, moment: datetime) -> bool:
        return self.until is None or moment < self.until


class RiskLimitsSet(Event, frozen=True):
    """``limits`` are in force at once; ``later``, which are looser, from ``later_from`` on."""

    scope: str
    party: Party
    limits: Limits
    reason: str
    later: Limits | None = None
    later_from: datetime | None = None


class TradingStateChanged(Event, frozen=True):
    """``party`` held trading at ``old``, now at ``new`` until ``until`` (ACTIVE: lets go)."""

    scope: str
    party: Party
    old: TradingState
    new: TradingState
    reason: str
    until: datetime | None = None


class KillSwitchActivated(Event, frozen=True):
    """Follows the halt: what else is to be done in this scope until it is released."""

    scope: str
    cancel_orders: bool
    flatten: bool
    stop_bots: bool
    reason: str


class KillSwitchReleased(Event, frozen=True):
    scope: str
    reason: str


class RiskLimitBreached(Event, frozen=True):
    """``value`` went beyond ``limit`` (both in the account's currency, or percent)."""

    scope: str
    limit_name: str
    limit: Decimal
    value: Decimal
    equity: Decimal


class Streak(Struct, frozen=True):
    """Losing trades in a row, and when the last of them was."""

    losses: int = 0
    at: datetime | None = None

    def after(self, realised: Decimal, at: datetime) -> Streak:
        if realised < 0:
            return Streak(self.losses + 1, at)
        return NO_STREAK if realised > 0 else self


NO_STREAK = Streak()
#: So many results of a symbol are remembered; no protection looks further back.
RESULTS_KEPT = 10


class Recent(Struct, frozen=True):
    """What the last trades that closed something have realised, oldest first, and until when."""

    results: tuple[Decimal, ...]
    at: datetime

    def after(self, realised: Decimal, at: datetime) -> Recent:
        return Recent((*self.results[1 - RESULTS_KEPT :], realised), at)


class Switch(Struct, frozen=True):
    """A kill switch that is on, and what it asks for."""

    cancel_orders: bool
    flatten: bool
    stop_bots: bool


class Risk(Struct, frozen=True):
    """
    The risk of one scope.

    ``capital`` is what was paid in less what was taken out, ``day_equity`` what the account was
    worth when the session opened (and paid in or out since), ``peak`` its best.  ``second`` is
    when the running second of the order rate began.  ``phases`` are the ``limits`` of all
    parties, worked out.
    """

    holds: Map[str, Hold] = Map()
    limits: Map[str, Layer] = Map()
    phases: tuple[Phase, ...] = ()
    switch: Switch | None = None
    session: date | None = None
    orders_today: int = 0
    trades_today: int = 0
    second: datetime | None = None
    in_second: int = 0
    capital: Decimal = ZERO
    day_equity: Decimal = ZERO
    peak: Decimal = ZERO
    streak: Streak = NO_STREAK
    streaks: Map[str, Streak] = Map()
    recent: Map[str, Recent] = Map()

    # ── what is in force ───────────────────────────────────────────────────────

    def strictest_hold(self, moment: datetime) -> Hold | None:
        """The hold that counts at this moment; None when trading is open."""
        if not self.holds:
            return None
        held = [hold for hold in self.holds.values() if hold.in_force(moment)]
        return max(held, key=lambda hold: hold.state.severity, default=None)

    def state_at(self, moment: datetime) -> TradingState:
        hold = self.strictest_hold(moment)
        return TradingState.ACTIVE if hold is None else hold.state

    def phase_at(self, moment: datetime) -> Phase | None:
        """What is limited at this moment, by all parties together; None where nothing is."""
        for phase in self.phases:
            if phase.since is None or moment >= phase.since:
                return phase
        return None

    def limits_at(self, moment: datetime) -> Limits:
        phase = self.phase_at(moment)
        return UNLIMITED if phase is None else phase.limits

    def orders_in_second(self, moment: datetime) -> int:
        """Orders placed in the second that runs at this moment."""
        if self.second is None or moment - self.second >= SECOND:
            return 0
        return self.in_second

    # ── how it changes ─────────────────────────────────────────────────────────

    def evolve(self, event: Event) -> Risk:
        """Take in a decision about risk; what trading itself counts has functions of its own."""
        match event:
            case TradingStateChanged():
                return self._held(event)
            case RiskLimitsSet():
                layer = Layer(event.limits, event.later, event.later_from)
                return self.limited(event.party, layer)
            case KillSwitchActivated():
                switch = Switch(event.cancel_orders, event.flatten, event.stop_bots)
                return replace(self, switch=switch)
            case KillSwitchReleased():
                return replace(self, switch=None)
            case _:
                return self

    def limited(self, party: Party, layer: Layer) -> Risk:
        """One party limits it like this from now on."""
        limits = self.limits.set(party, layer)
        return replace(self, limits=limits, phases=phases_of(tuple(limits.values())))

    def _held(self, event: TradingStateChanged) -> Risk:
        if event.new is TradingState.ACTIVE:
            if event.party not in self.holds:
                return self
            return replace(self, holds=self.holds.delete(event.party))
        hold = Hold(event.new, event.party, event.reason, event.until)
        return replace(self, holds=self.holds.set(event.party, hold))

    def session_opened(self, day: date, equity: Decimal) -> Risk:
        return replace(
            self,
            session=day,
            orders_today=0,
            trades_today=0,
            day_equity=equity,
            peak=max(self.peak, equity),
        )

    def paid(self, amount: Decimal) -> Risk:
        """Money paid in (or out, below zero) is neither profit nor loss."""
        return replace(
            self,
            capital=self.capital + amount,
            day_equity=self.day_equity + amount,
            peak=self.peak + amount,
        )

    def ordered(self, at: datetime | None) -> Risk:
        """One more order was placed."""
        if at is None or (self.second is not None and at - self.second < SECOND):
            return replace(self, orders_today=self.orders_today + 1, in_second=self.in_second + 1)
        return replace(self, orders_today=self.orders_today + 1, second=at, in_second=1)

    def traded(self, fill: Execution) -> Risk:
        """One more fill: a trade that is over when it has closed something."""
        peak = max(self.peak, fill.balance.equity)
        if not fill.realised_wac:
            return replace(self, trades_today=self.trades_today + 1, peak=peak)
        realised, at = fill.realised_wac, fill.executed_at
        streak = self.streaks.get(fill.symbol, NO_STREAK).after(realised, at)
        recent = self.recent.get(fill.symbol, Recent((), at)).after(realised, at)
        return replace(
            self,
            trades_today=self.trades_today + 1,
            peak=peak,
            streak=self.streak.after(realised, at),
            streaks=self.streaks.set(fill.symbol, streak),
            recent=self.recent.set(fill.symbol, recent),
        )


class Bound(Struct, frozen=True):
    """What a wider scope says: put into a command at the edge, from the facts of that scope."""

    scope: str
    risk: Risk
