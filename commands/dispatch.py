"""
Dispatch: the one road by which anything becomes true.

A command is decided at once against the newest state, and its facts join the open batch,
which forms while the last is committed.  Callers are answered after the commit, and so are
those whose refusal rests on facts not committed yet: no reply reveals what may still fail.
When a batch fails, the states it touched are forgotten and its commands are decided again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from commands.admission import Admission
from commands.ask import Ask, Batch
from commands.base import Caller, Claim, Command, Entry, Receipt, Stale, Tape
from commands.states import Remembered, States
from commands.twins import Twins
from domain.base import fold
from domain.errors import DomainError, Unavailable

#: How often a command that lost a race is decided again before its caller must.
ATTEMPTS_MAX = 20
#: A batch may always take this many commands, however few wait.
BATCH_MIN = 16


class Dispatch:
    """``await dispatch(command, by=caller)`` on one event loop, with one tape."""

    def __init__(
        self,
        tape: Tape,
        ids: Callable[[], UUID],
        *,
        states_max: int = 2048,
        queue_max: int = 4096,
        batch_max: int = 500,
        patience_s: float = 5.0,
    ) -> None:
        self._tape = tape
        self._ids = ids
        self._admission = Admission(queue_max)
        self._batch_max = batch_max
        self._patience_s = patience_s
        self._states = States(states_max)
        self._loading: dict[str, list[Ask]] = {}
        self._twins = Twins(self._begin)
        self._queue: deque[Ask] = deque()
        self._urgent: deque[Ask] = deque()
        self._open = Batch()
        self._flying = False
        self._work = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._committer: asyncio.Task[None] | None = None
        #: Told of every committed entry, in order, with the position of its first fact.
        self.followers: list[Callable[[Sequence[tuple[int, Entry]]], None]] = []

    async def __call__(self, command: Command, by: Caller, claim: Claim | None = None) -> Receipt:
        """Decide, commit, and only then answer; raise a DomainError when nothing became true."""
        if not self._tape.available:
            raise Unavailable("TAPE_UNAVAILABLE", "the event store does not answer")
        if self._committer is None:
            self._committer = asyncio.create_task(self._commit_forever())
        ask = Ask(command, by, claim, asyncio.get_running_loop().create_future())
        self._admission.admit(ask)
        self._begin(ask)
        return await ask.answer

    @property
    def waiting(self) -> int:
        """Commands that have no answer yet."""
        return self._admission.unanswered

    async def close(self) -> None:
        """Take no more, answer what was taken, and stop."""
        await self._admission.close()
        while self._open.asks or self._flying:  # of callers who have left
            await asyncio.sleep(0)
        tasks = [*self._tasks, *([self._committer] if self._committer else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ── from an ask to a decision ──────────────────────────────────────────────

    def _begin(self, ask: Ask) -> None:
        if not self._twins.wait(ask):
            self._find_state(ask)

    def _find_state(self, ask: Ask) -> None:
        stream = ask.stream
        if stream in self._loading:
            self._loading[stream].append(ask)
        elif stream in self._states:
            self._line_up(ask)
        else:
            self._loading[stream] = [ask]
            self._spawn(self._load(stream, ask))

    async def _load(self, stream: str, first: Ask) -> None:
        try:
            version, state = await self._tape.load(stream, first.command.state)
        except Exception as error:
            for ask in self._loading.pop(stream):
                ask.fail(error)
            return
        self._states.remember(stream, Remembered(version, state))
        for ask in self._loading.pop(stream):
            self._line_up(ask)

    def _line_up(self, ask: Ask) -> None:
        """Decide now if the open batch has room and nobody stands in line, else wait."""
        line = self._urgent if ask.command.urgent else self._queue
        if line or self._full:
            line.append(ask)
        else:
            self._decide(ask)

    @property
    def _full(self) -> bool:
        """No batch takes more than half of who waits: while it is committed, the rest decide."""
        half = max(BATCH_MIN, self.waiting // 2)
        return self._open.facts >= self._batch_max or len(self._open.asks) >= half

    def _refill(self) -> None:
        for line in (self._urgent, self._queue):
            while line and not self._full:
                ask = line.popleft()
                if ask.stream in self._states:
                    self._decide(ask)
                else:
                    self._find_state(ask)

    def _decide(self, ask: Ask) -> None:
        stream = ask.stream
        remembered = self._states.newest(stream)
        try:
            ask.command.authorise(remembered.state, ask.by)
            facts = ask.command.decide(remembered.state)
            state = fold(remembered.state, facts)
        except DomainError as error:
            self._without_facts(ask, remembered, error)
            return
        except Exception as error:
            ask.fail(error)
            return
        if not facts:
            self._without_facts(ask, remembered, None)
            return
        ask.rests_on = remembered
        ask.entry = Entry(stream, remembered.version, facts, ask.meta(self._ids()), ask.claim)
        remembered.state = state
        remembered.version += len(facts)
        remembered.pending += 1
        remembered.batch = self._open
        self._open.add(ask)
        self._work.set()

    def _without_facts(self, ask: Ask, seen: Remembered, error: DomainError | None) -> None:
        """Nothing to store: answer as soon as all the decision rests on is known to be true."""
        ask.outcome = error
        if seen.pending and seen.batch is not None:
            seen.batch.onlookers.append(ask)  # its commit shows that nobody else wrote here
        else:
            self._spawn(self._look_again(ask, seen))

    async def _look_again(self, ask: Ask, seen: Remembered) -> None:
        """What another process made true since is decided on, before anybody is turned away."""
        try:
            version = await self._tape.version(ask.stream)
        except Exception as error:
            ask.fail(error)
            return
        if version > seen.version:
            if not seen.pending and self._states.get(ask.stream) is seen:
                del self._states[ask.stream]
            self._redo(ask)
        else:
            self._settle_without_facts(ask)

    def _settle_without_facts(self, ask: Ask) -> None:
        if ask.claim is not None:
            self._spawn(self._recall(ask, then=lambda: ask.settle(0)))
        else:
            ask.settle(0)

    async def _recall(self, ask: Ask, then: Callable[[], None]) -> None:
        """Give the original answer if this key has one, else go on."""
        if not await ask.recalled(self._tape):
            then()

    # ── from a decision to the tape ────────────────────────────────────────────

    async def _commit_forever(self) -> None:
        """A full batch takes off before the callers of the last are answered and ask again."""
        landed: tuple[Batch, int] | None = None
        while True:
            self._refill()
            if landed is not None and not self._full:
                self._committed(*landed)
                landed = None
            self._flying = landed is not None or bool(self._open.asks)
            await self._boarding()
            batch, self._open = self._open, Batch()
            self._flying = True
            appending = asyncio.ensure_future(self._tape.append([ask.stored for ask in batch.asks]))
            await asyncio.sleep(0)  # it is on its way
            if landed is not None:
                self._committed(*landed)
                landed = None
            self._refill()
            try:
                landed = batch, await self._landing(batch, appending)
            except Stale as stale:
                self._again(batch, stale.entries)
            except Exception as error:
                self._lose(batch, error)

    async def _boarding(self) -> None:
        """Return once there is something to commit; whoever comes while others come joins."""
        while not self._open.asks:
            self._work.clear()
            await self._work.wait()
        aboard = 0
        while len(self._open.asks) > aboard and not self._full:
            aboard = len(self._open.asks)
            await asyncio.sleep(0)

    async def _landing(self, batch: Batch, appending: asyncio.Future[int]) -> int:
        """The batch is stored, however long it takes; callers wait no longer than patience."""
        done, _ = await asyncio.wait({appending}, timeout=self._patience_s)
        if not done:
            unknown = Unavailable("OUTCOME_UNKNOWN", "ask again with the same Idempotency-Key")
            for ask in (*batch.asks, *batch.onlookers):
                ask.fail(unknown)
            self._lose(Batch(), Unavailable("TAPE_UNAVAILABLE", "the event store does not answer"))
        return await appending

    def _committed(self, batch: Batch, first: int) -> None:
        news: list[tuple[int, Entry]] = []
        for ask in batch.asks:
            entry = ask.stored
            news.append((first, entry))
            first += len(entry.facts)
            ask.rests_on.committed()
            ask.settle(first - 1)
        for ask in batch.onlookers:
            self._settle_without_facts(ask)
        for follower in self.followers:
            follower(news)

    def _again(self, batch: Batch, stale: frozenset[int]) -> None:
        """Nothing was stored: decide again what rests on a stale stream, keep the rest."""
        moved = {batch.asks[index].stored.stream for index in stale}
        later, self._open = self._open, Batch()
        redo: list[Ask] = []
        for old in (batch, later):
            for ask in old.asks:
                if ask.stored.stream in moved:
                    redo.append(ask)
                else:
                    self._open.add(ask)
                    ask.rests_on.batch = self._open
            for ask in old.onlookers:
                (redo if ask.stream in moved else self._open.onlookers).append(ask)
        for stream in moved:
            self._states.pop(stream, None)
        for ask in redo:
            self._redo(ask)
        self._work.set()

    def _redo(self, ask: Ask) -> None:
        ask.entry, ask.outcome = None, None
        ask.attempts += 1
        if ask.attempts > ATTEMPTS_MAX:
            ask.fail(Unavailable("CONFLICT_RETRY_EXHAUSTED", stream=ask.stream))
        elif ask.claim is not None:
            self._spawn(self._recall(ask, then=lambda: self._find_state(ask)))
        else:
            self._find_state(ask)

    def _lose(self, batch: Batch, error: Exception) -> None:
        """Nothing was stored and nothing can be now: forget, and say so to everybody waiting."""
        later, self._open = self._open, Batch()
        waiting = (*batch.asks, *batch.onlookers, *later.asks, *later.onlookers)
        for ask in (*waiting, *self._urgent, *self._queue):
            self._states.pop(ask.stream, None)
            ask.fail(error)
        self._urgent.clear()
        self._queue.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
