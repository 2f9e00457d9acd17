"""
The floor of the paper venue: facts and slices come in, commands go out to the accounts.

Commands on one order are sent one after the other, so that the cancel of what an immediate
order left unfilled cannot overtake its fills.  Whatever fails is forgotten: the next slice
gives cause for it again, under another execution id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from adapters.venue.sent import Command
from adapters.venue.ticket import Standing
from adapters.venue.venue import Venue
from commands import base
from commands.base import Caller, Entry, Receipt
from domain.base import Event, Fact, Role
from domain.errors import DomainError, Unavailable
from domain.market import Quote
from domain.trading import (
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderDoneForDay,
    OrderExpired,
    OrderFilled,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderReleased,
    OrderReplaced,
    OrderSuspended,
    OrderTriggered,
    TrailingStopAdjusted,
)

VENUE = "paper"
ACTOR = f"venue:{VENUE}"
#: How often the venue looks at the clock, in seconds.
TICK_S = 0.25
#: The account knows better: this order is over.
OVER = frozenset({"ORDER_TOO_LATE", "ORDER_UNKNOWN", "ACCOUNT_UNKNOWN"})
#: Orders with commands under way beyond which the market is held back.
IN_FLIGHT_MAX = 256

_log = structlog.get_logger("venue")

Dispatch = Callable[[base.Command, Caller], Awaitable[Receipt]]


class Floor:
    """
    The venue at work on one event loop.

    Give it the orders that stood at a position, then every fact from that position on, itself
    included (``follow``; or ``told`` among the followers of the only dispatch), and every slice
    (``on_quote`` among the board's watchers).
    """

    def __init__(self, venue: Venue, dispatch: Dispatch, clock: Callable[[], datetime]) -> None:
        self.venue = venue
        self._dispatch = dispatch
        self._clock = clock
        self._placed: dict[UUID, Order] = {}
        self._lanes: dict[UUID, deque[Command]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # ── facts ──────────────────────────────────────────────────────────────────

    def begin(self, standing: Iterable[Standing]) -> None:
        """Take up the orders that stand."""
        for order in standing:
            self.venue.on_order(order)

    async def follow(self, pages: AsyncIterable[Iterable[Fact]]) -> None:
        """Learn every fact of the tape after the orders that stood, as it is appended."""
        async for page in pages:
            for fact in page:
                self.learn(fact.event, fact.meta.occurred_at)

    def told(self, news: Sequence[tuple[int, Entry]]) -> None:
        """Learn what this process has committed: a follower of ``commands.dispatch``."""
        for _, entry in news:
            for event in entry.facts:
                self.learn(event, entry.meta.occurred_at)

    def learn(self, event: Event, at: datetime) -> None:
        """One fact that became true at ``at``."""
        match event:
            case OrderPlaced():
                self._placed[event.order_id] = event.order
            case OrderAccepted() | OrderHeld():
                self._stands(event, at)
            case OrderTriggered():
                self.venue.on_trigger(event.order_id, event.works_as, event.limit, at)
            case TrailingStopAdjusted():
                self.venue.on_trail(event.order_id, event.stop)
            case OrderSuspended() | OrderDoneForDay():
                self.venue.on_pause(event.order_id)
            case OrderReleased():
                self.venue.on_release(event.order_id)
            case OrderFilled():
                self.venue.on_fill(event.order_id, event.exec_id, event.cum_qty)
            case OrderReplaced():
                since = None if event.keeps_priority else at
                stop = event.order.stop_price if event.order else None
                self.venue.on_replace(event.order_id, event.quantity, event.limit, since, stop)
            case OrderCanceled() | OrderExpired() | OrderRejected():
                self.venue.on_end(event.order_id)
            case _:
                pass

    def _stands(self, event: OrderAccepted | OrderHeld, at: datetime) -> None:
        order = self._placed.pop(event.order_id, None)
        if order is not None and event.venue == VENUE:
            self.venue.on_order(_standing(event, order, at))
        elif isinstance(event, OrderHeld):
            self.venue.on_hold(event.order_id, event.condition, event.stop)

    # ── slices and time ────────────────────────────────────────────────────────

    def on_quote(self, quote: Quote) -> None:
        """Deal on this slice; returns at once, commands are sent in the background."""
        self._send(self.venue.on_quote(quote, self._clock()))

    async def watch_the_clock(self) -> None:
        """Cancel and expire what time alone decides, until cancelled."""
        while True:
            self._send(self.venue.on_time(self._clock()))
            await asyncio.sleep(TICK_S)

    async def pace(self, seconds: float) -> None:
        """Sleep, and longer while the accounts cannot keep up: the ``sleep`` of ``play``."""
        await asyncio.sleep(seconds)
        while len(self._tasks) > IN_FLIGHT_MAX:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def drained(self) -> None:
        """Return when everything sent has been answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # ── commands ───────────────────────────────────────────────────────────────

    def _send(self, commands: Iterable[Command]) -> None:
        for command in commands:
            lane = self._lanes.get(command.order_id)
            if lane is not None:
                lane.append(command)
                continue
            self._lanes[command.order_id] = deque((command,))
            task = asyncio.create_task(self._run(command.order_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, order_id: UUID) -> None:
        lane = self._lanes[order_id]
        while lane:
            await self._ask(lane.popleft())
        del self._lanes[order_id]

    async def _ask(self, command: Command) -> None:
        by = Caller(actor=ACTOR, roles=Role.VENUE, correlation_id=command.order_id)
        try:
            receipt = await self._dispatch(command, by)
        except Unavailable:
            self.venue.on_refused(command)
        except DomainError as error:
            self._refused(command, error.code)
        except Exception:  # whatever broke, the venue stays open
            self.venue.on_refused(command)
            _log.exception("command failed", order_id=str(command.order_id))
        else:
            if not receipt.facts:
                self.venue.on_refused(command)

    def _refused(self, command: Command, code: str) -> None:
        if code in OVER:
            self.venue.on_end(command.order_id)
            return
        self.venue.on_refused(command)
        _log.warning(
            "fill refused", code=code, order_id=str(command.order_id), asked=type(command).__name__
        )


def _standing(event: OrderAccepted | OrderHeld, order: Order, at: datetime) -> Standing:
    held = event if isinstance(event, OrderHeld) else None
    return Standing(
        order_id=event.order_id,
        account_id=event.account_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        tif=order.tif,
        limit=event.limit,
        quantity=order.quantity,
        since=at,
        model=event.model,
        post_only=order.post_only,
        expires_at=order.expires_at,
        display_qty=order.display_qty,
        condition=held.condition if held else None,
        stop=held.stop if held else None,
        trigger_by=order.trigger_by,
        trail_amount=order.trail_amount,
        trail_pct=order.trail_pct,
    )
