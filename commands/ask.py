"""One asking on its way through dispatch: from the caller's call to the caller's answer."""

from __future__ import annotations

import asyncio
from uuid import UUID

from commands.base import Caller, Claim, Command, Entry, Receipt, Tape
from commands.states import Remembered
from domain.base import Events, Meta
from domain.errors import DomainError, Invalid


class Ask:
    """
    A command that waits for its answer.

    ``outcome`` is its refusal, if it was refused; ``rests_on`` the memory its facts joined.
    """

    rests_on: Remembered

    __slots__ = (
        "answer",
        "attempts",
        "by",
        "claim",
        "command",
        "entry",
        "outcome",
        "rests_on",
        "stream",
    )

    def __init__(
        self, command: Command, by: Caller, claim: Claim | None, answer: asyncio.Future[Receipt]
    ) -> None:
        self.command = command
        self.stream = command.stream
        self.by = by
        self.claim = claim
        self.answer = answer
        self.entry: Entry | None = None
        self.outcome: DomainError | None = None
        self.attempts = 0

    @property
    def stored(self) -> Entry:
        assert self.entry is not None, "it stands in a batch, so it was decided"
        return self.entry

    def meta(self, command_id: UUID) -> Meta:
        return Meta(
            actor=self.by.actor,
            command_id=command_id,
            correlation_id=self.by.correlation_id,
            occurred_at=self.command.at,
            on_behalf_of=self.by.on_behalf_of,
            causation_id=self.by.causation_id,
        )

    def settle(self, position: int) -> None:
        """Answer with what was decided; a caller who left is not waited for."""
        if self.answer.done():
            return
        if self.outcome is not None:
            self.answer.set_exception(self.outcome)
        else:
            facts = self.entry.facts if self.entry else ()
            self.answer.set_result(Receipt(facts, position))

    async def recalled(self, tape: Tape) -> bool:
        """Whether it is answered by now: with the original answer, if this key has one."""
        assert self.claim is not None, "only a keyed command is recalled"
        try:
            original = await tape.claimed(self.claim.key)
        except Exception as error:
            self.fail(error)
            return True
        if original is not None:
            fingerprint, facts = original
            self.replay(fingerprint, tuple(fact.event for fact in facts), facts[-1].position)
        return original is not None

    def replay(self, fingerprint: bytes, facts: Events, position: int) -> None:
        """Answer as this key was answered before, unless it was for another command."""
        assert self.claim is not None, "only a keyed command is replayed"
        if self.answer.done():
            return
        if self.claim.fingerprint == fingerprint:
            self.answer.set_result(Receipt(facts, position, replayed=True))
        else:
            detail = "this Idempotency-Key was used for another request"
            self.answer.set_exception(Invalid("IDEMPOTENCY_KEY_REUSED", detail))

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Batch:
    """
    Asks whose facts are committed together, in order.

    ``onlookers`` have nothing to store, but were decided on facts of this batch.
    """

    __slots__ = ("asks", "facts", "onlookers")

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.onlookers: list[Ask] = []
        self.facts = 0

    def add(self, ask: Ask) -> None:
        self.asks.append(ask)
        self.facts += len(ask.stored.facts)
