"""The grammar of commands: who asks, what is asked, and what it becomes on the tape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from msgspec import Struct

from domain.base import Events, Fact, Meta, Role, S, State
from domain.errors import Forbidden, Invalid

REASON_MIN, REASON_MAX = 8, 500


class Caller(Struct, frozen=True, kw_only=True):
    """
    Who is asking, and in the course of what; ``actor`` as in ``Meta``.

    ``permissions`` are power over what belongs to others, by the caller's roles; ``approved``
    says that a second person has agreed to this very command.
    """

    actor: str
    roles: Role
    correlation_id: UUID
    causation_id: UUID | None = None
    on_behalf_of: str | None = None
    permissions: frozenset[str] = frozenset()
    approved: bool = False


class Command(Struct, frozen=True, kw_only=True):
    """
    An intent: imperative, immutable and complete.

    Whatever the decision needs from outside (the time, an id, a quote) is a field, so
    ``decide`` depends on the command, the state, and nothing else.
    """

    state: ClassVar[type[State]]
    allowed: ClassVar[Role]
    #: Whoever has it may ask as well, of what belongs to others.
    permission: ClassVar[str | None] = None
    #: Asked by one person and approved by another (see commands.compliance).
    needs_approval: ClassVar[bool] = False
    #: Admitted and decided before others when the queue is long: cancels and kill switches.
    urgent: ClassVar[bool] = False

    at: datetime

    @property
    def stream(self) -> str:
        """The stream whose history this is decided against."""
        raise NotImplementedError

    def authorise(self, state: Any, by: Caller) -> None:
        """Raise unless this caller may ask this of this state."""
        if not (by.roles & self.allowed or self.permission in by.permissions):
            raise Forbidden("ACCESS_DENIED", command=type(self).__name__)
        if self.needs_approval and not by.approved:
            raise Forbidden("APPROVAL_REQUIRED", command=type(self).__name__)

    def decide(self, state: Any) -> Events:
        """The facts this makes true, given what is true already.  Pure."""
        raise NotImplementedError


def demand_reason(reason: str) -> None:
    """Whoever uses power over others says why."""
    if not (len(reason.strip()) >= REASON_MIN and len(reason) <= REASON_MAX):
        rule = f"{REASON_MIN} to {REASON_MAX} characters"
        raise Invalid("VALIDATION", f"reason must have {rule}", field="reason", rule=rule)


class Claim(Struct, frozen=True):
    """A promise to answer one key once: both fields are SHA-256 digests."""

    key: bytes
    fingerprint: bytes


class Entry(Struct, frozen=True):
    """The facts of one command, which become true together or not at all."""

    stream: str
    after: int
    facts: Events
    meta: Meta
    claim: Claim | None = None


class Receipt(Struct, frozen=True):
    """
    What a command made true.

    ``position`` is how far a read model must be to show it; ``replayed`` says that this is
    the answer given before to the same idempotency key.
    """

    facts: Events
    position: int
    replayed: bool = False


class Stale(Exception):
    """Nothing was stored: the streams of these entries moved on, or their claims are taken."""

    def __init__(self, entries: frozenset[int]) -> None:
        super().__init__(sorted(entries))
        self.entries = entries


class Tape(Protocol):
    """The log as dispatch needs it (adapters.tape)."""

    @property
    def available(self) -> bool:
        """False while the database is known to be away: nothing new is worth trying."""
        ...

    async def load(self, stream: str, state: type[S], /) -> tuple[int, S]:
        """The version of the stream, and its history folded."""
        ...

    async def version(self, stream: str, /) -> int:
        """The version of the stream, whoever wrote to it."""
        ...

    async def append(self, entries: Sequence[Entry], /) -> int:
        """
        Store all facts in order, in one transaction; return the position of the first.

        Raise Stale or Unavailable when nothing was stored.  A commit whose answer was lost
        is looked up on the tape before this returns: it never guesses.
        """
        ...

    async def claimed(self, key: bytes, /) -> tuple[bytes, tuple[Fact, ...]] | None:
        """The fingerprint under which this key was first answered, and the facts of the answer."""
        ...
