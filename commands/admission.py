"""Who is let in: a bounded number of commands without an answer, and more of the urgent."""

from __future__ import annotations

import asyncio

from commands.ask import Ask
from commands.base import Receipt
from domain.errors import Unavailable

#: Urgent commands are still admitted when the queue is this many times full.
URGENT_ROOM = 2


class Admission:
    def __init__(self, queue_max: int) -> None:
        self._queue_max = queue_max
        self._closed = False
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()
        self.unanswered = 0

    def admit(self, ask: Ask) -> None:
        """Let it in until it is answered, or raise Unavailable."""
        room = self._queue_max * (URGENT_ROOM if ask.command.urgent else 1)
        if self._closed:
            raise Unavailable("SHUTTING_DOWN", "the service is stopping")
        if self.unanswered >= room:
            raise Unavailable("QUEUE_FULL", "too many commands are waiting", waiting=room)
        self.unanswered += 1
        self._nobody_waits.clear()
        ask.answer.add_done_callback(self._answered)

    async def close(self) -> None:
        """Let nobody in any more, and wait until everybody inside has an answer."""
        self._closed = True
        await self._nobody_waits.wait()

    def _answered(self, answer: asyncio.Future[Receipt]) -> None:
        if not answer.cancelled():
            answer.exception()  # a refusal whose caller has left is nobody's surprise
        self.unanswered -= 1
        if self.unanswered == 0:
            self._nobody_waits.set()
