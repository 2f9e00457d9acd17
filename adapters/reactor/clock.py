"""
The clock of the house: asks accounts for what is due, again and again until it is done.

It keeps nothing that matters.  Whom it asks comes from the read models, and whether anything
is to be done each account decides from its own facts; so a crash anywhere, or two clocks at
once, repeat nothing and lose nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn, Protocol
from uuid import UUID, uuid5

import structlog

from adapters.feeds.board import Board
from adapters.reactor.agenda import Holder, Killed
from adapters.reactor.companies import Companies, CorporateActions
from adapters.reactor.days import Counted, Days, remark
from adapters.reactor.losses import Limited, Losses
from adapters.reactor.settlement import Settlement, Unsettled
from commands.base import Caller, Command, Receipt
from commands.trading import (
    CancelAll,
    ChargeBorrow,
    ChargeInterest,
    ExpirePosition,
    SquareOff,
)
from commands.trading.closing import Listing
from domain.base import Role
from domain.errors import DomainError
from domain.market import Calendars, Instrument, InstrumentType, Session, Shortable
from domain.trading import Product

ACTOR = "system:clock"
TICK_S = 1.0
#: It rests at least so many times as long as it has worked, and works so much at a time.
REST, AT_A_TIME = 9, 200
#: Interest a year on what the broker lends; a sample, to be set by the operator.
INTEREST_RATE = Decimal("0.15")
#: The fee a year for shares that are borrowed to be sold short; a sample as well.
BORROW_RATE = Decimal("0.03")

_log = structlog.get_logger("clock")

Dispatch = Callable[[Command, Caller], Awaitable[Receipt]]


class Due(Unsettled, Limited, Companies, Counted, Protocol):
    """Who may have to be asked (``adapters.reactor.agenda``)."""

    async def holders(self, *, everyone: bool) -> list[Holder]: ...
    async def orders(self) -> dict[UUID, set[str]]: ...
    async def killed(self) -> list[Killed]: ...


class Clock:
    def __init__(
        self,
        agenda: Due,
        dispatch: Dispatch,
        now: Callable[[], datetime],
        *,
        board: Board,
        instruments: Mapping[str, Instrument],
        calendars: Calendars,
    ) -> None:
        self._agenda = agenda
        self._dispatch = dispatch
        self._now = now
        self._board = board
        self._instruments = instruments
        self._calendars = calendars
        self._settlement = Settlement(agenda, instruments, self._session)
        self._losses = Losses(agenda, board)
        self._actions = CorporateActions(agenda)
        self._days = Days(agenda, instruments, board)
        #: What may be sold short over night, because somebody lends it.
        self._lent = frozenset(
            symbol for symbol, one in instruments.items() if one.shortable is Shortable.ETB
        )
        self._asked: dict[str, dict[UUID, date]] = {}
        self._seen: dict[str, tuple[datetime, Session | None]] = {}

    async def run(self) -> NoReturn:
        """Tick until cancelled, less often where it takes long; what fails is tried again."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self.tick()
            except Exception as error:  # whatever broke, the clock goes on
                _log.warning("the clock missed a tick", reason=type(error).__name__)
            await asyncio.sleep(max(TICK_S, REST * (loop.time() - began)))

    async def tick(self) -> None:
        """Ask everybody for what is due now."""
        now, killed = self._now(), await self._agenda.killed()
        holders = await self._agenda.holders(everyone=any(one.flatten for one in killed))
        for command in (
            *await self._kill(now, killed, holders),
            *await self._actions.due(now),
            *await self._days.due(now),
            *await self._settlement.due(now),
            *await self._losses.due(now),
        ):
            await self._ask(command)
        for nth, due in enumerate(self._of_holders(now, holders)):
            if due is not None:
                await self._ask(due)
            elif nth % AT_A_TIME == 0:
                await asyncio.sleep(0)  # let those go on who trade meanwhile

    async def _ask(self, command: Command) -> None:
        account_id = getattr(command, "account_id", UUID(int=0))
        by = Caller(actor=ACTOR, roles=Role.SYSTEM, correlation_id=account_id)
        try:
            await self._dispatch(command, by)
        except DomainError as error:
            _log.info("refused", asked=type(command).__name__, code=error.code)

    # ── kill switches ──────────────────────────────────────────────────────────

    async def _kill(
        self, now: datetime, killed: list[Killed], holders: list[Holder]
    ) -> list[Command]:
        if not killed:
            return []
        orders, owners = await self._agenda.orders(), await self._agenda.owners()
        commands: list[Command] = []
        for switch in killed:
            mine = self._to_flatten(switch, holders, owners)
            flattened = {held.account_id for held in mine}
            commands += self._square(now, mine, "KILL_SWITCH", now.date())
            if switch.cancel_orders:
                commands += (
                    CancelAll(at=now, account_id=account_id, symbol=symbol, reason=switch.reason)
                    for account_id, symbols in orders.items()
                    for symbol in sorted(symbols)
                    if account_id not in flattened  # flattening takes back all but its own
                    and self._covers(switch.scope, account_id, symbol, owners)
                )
        return commands

    def _to_flatten(
        self, switch: Killed, holders: list[Holder], owners: Mapping[UUID, str]
    ) -> list[Holder]:
        """Whole accounts are flattened; a symbol or an exchange is only halted and cancelled."""
        if not switch.flatten or switch.scope.startswith(("symbol:", "exchange:")):
            return []
        return [
            held
            for held in holders
            if self._covers(switch.scope, held.account_id, held.symbol, owners)
        ]

    def _covers(
        self, scope: str, account_id: UUID, symbol: str, owners: Mapping[UUID, str]
    ) -> bool:
        kind, _, name = scope.partition(":")
        match kind:
            case "platform":
                return True
            case "account":
                return name == str(account_id)
            case "user":
                return owners.get(account_id) == scope
            case "symbol":
                return name == symbol
            case "exchange":
                instrument = self._instruments.get(symbol)
                return instrument is not None and instrument.exchange == name
            case _:
                return False

    # ── the day ────────────────────────────────────────────────────────────────

    def _of_holders(self, now: datetime, holders: list[Holder]) -> Iterator[Command | None]:
        """What is due of each; None where nothing is, so that the caller may take a breath."""
        today = now.date()
        for held in holders:
            yield None
            if held.loan and self._first("interest", held.account_id, today):
                yield ChargeInterest(
                    at=now, account_id=held.account_id, through=today, rate=INTEREST_RATE
                )
            lent = held.short and held.symbol in self._lent
            if lent and self._first("borrow", held.account_id, today):
                yield ChargeBorrow(
                    at=now,
                    account_id=held.account_id,
                    through=today,
                    rate=BORROW_RATE,
                    symbols=self._lent,
                )
            yield from self._expire(now, held)
        called = {held.account_id for held in holders if held.margin}
        yield from self._margin(now, [held for held in holders if held.account_id in called])
        yield from self._intraday(now, [held for held in holders if held.product == "MIS"])

    def _expire(self, now: datetime, held: Holder) -> Iterator[Command]:
        instrument = self._instruments.get(held.symbol)
        if instrument is None or instrument.expiry is None:
            return
        session = self._calendars.of(instrument.exchange).session(instrument.expiry)
        future = instrument.type is InstrumentType.FUT
        price = self._board.mark(instrument.underlying or "")
        if future:  # its own last price, if it was seen; it ends where the underlying does
            price = self._board.mark(held.symbol) or price
        if session is not None and now >= session.closes and price is not None:
            yield ExpirePosition(
                at=now,
                account_id=held.account_id,
                instrument=instrument,
                settlement_price=price,
                expired_on=instrument.expiry,
            )

    def _margin(self, now: datetime, holders: list[Holder]) -> Iterator[Command]:
        for account_id, mine in sorted(_by_account(holders).items()):
            symbols = [held.symbol for held in mine]
            yield remark(now, account_id, symbols, self._instruments, self._board)
        margined = [held for held in holders if held.margin]
        yield from self._square(now, margined, "MARGIN_CALL", now.date(), largest_loss=True)

    def _intraday(self, now: datetime, holders: list[Holder]) -> Iterator[Command]:
        """From the cut-off on, and at the close at the official price."""
        by_exchange: dict[str, list[Holder]] = {}
        for held in holders:
            instrument = self._instruments.get(held.symbol)
            if instrument is not None:
                by_exchange.setdefault(instrument.exchange, []).append(held)
        for exchange, mine in by_exchange.items():
            session = self._session(exchange, now)
            if session is None or session.mis_cutoff is None or now < session.mis_cutoff:
                continue
            final = now >= session.closes
            yield from self._square(now, mine, "SQUARE_OFF", session.day, final=final)

    def _square(
        self,
        now: datetime,
        holders: Iterable[Holder],
        reason: str,
        day: date,
        *,
        largest_loss: bool = False,
        final: bool = False,
    ) -> Iterator[Command]:
        for account_id, mine in _by_account(holders).items():
            listings = tuple(
                Listing(instrument=self._instruments[symbol], quote=self._board.get(symbol))
                for symbol in sorted({held.symbol for held in mine})
                if symbol in self._instruments
            )
            yield SquareOff(
                at=now,
                account_id=account_id,
                square_id=uuid5(account_id, f"{reason}/{day}"),
                reason=reason,  # type: ignore[arg-type]  # one of its three
                listings=listings,
                products=frozenset(Product)
                if reason == "KILL_SWITCH"
                else frozenset(Product(held.product) for held in mine),
                largest_loss=largest_loss,
                final=final,
            )

    def _session(self, exchange: str, now: datetime) -> Session | None:
        """The session of this moment's day; reckoned once a tick."""
        at, session = self._seen.get(exchange, (None, None))
        if at != now:
            calendar = self._calendars.of(exchange)
            session = calendar.session(calendar.local_day(now))
            self._seen[exchange] = now, session
        return session

    def _first(self, what: str, account_id: UUID, day: date) -> bool:
        """Whether this was not asked yet by this process: asking again would only cost time."""
        asked = self._asked.setdefault(what, {})
        first = asked.get(account_id) != day
        asked[account_id] = day
        return first


def _by_account(holders: Iterable[Holder]) -> dict[UUID, list[Holder]]:
    found: dict[UUID, list[Holder]] = {}
    for held in holders:
        found.setdefault(held.account_id, []).append(held)
    return found
