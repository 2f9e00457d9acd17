"""The history of a campaign: what was asked and answered, who was killed, and when."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

Kind = Literal["open", "place", "cancel", "replace", "deposit", "withdraw", "see", "login"]
Target = Literal["service", "serve", "project", "postgres", "backend", "nats"]

#: Whose death may keep a command from being answered.
HARD: frozenset[Target] = frozenset(("service", "serve", "postgres", "backend"))
#: Answers after which there is nothing to ask again.
SETTLED = frozenset((200, 201, 401, 403, 404, 409, 422))


class Attempt(Struct):
    """
    One sending of a request; times are seconds of the monotonic clock.

    ``status`` is None when no answer came, because of a fault or because the client ``left``.
    ``problem`` is the body of an answer that is not a success.
    """

    called: float
    returned: float = 0.0
    left: bool = False
    status: int | None = None
    position: int | None = None
    replayed: bool = False
    retry_after: str | None = None
    problem: str = ""

    @property
    def settles(self) -> bool:
        return self.status in SETTLED


class Op(Struct):
    """
    One thing a client wants done once, however often it has to ask.

    ``op_id`` is its Idempotency-Key and its X-Request-ID, which stands on the tape as the
    correlation id: so every fact can be traced to the wish behind it.
    """

    op_id: UUID
    kind: Kind
    asked: dict[str, Any]
    attempts: list[Attempt] = []
    answer: dict[str, Any] = {}

    @property
    def called(self) -> float:
        return self.attempts[0].called

    @property
    def settled(self) -> Attempt | None:
        """The attempt that was answered for good."""
        return self.attempts[-1] if self.attempts and self.attempts[-1].settles else None

    @property
    def position(self) -> int | None:
        """Where the answer says the last fact of this stands; None if it left none."""
        settled = self.settled
        return (settled.position or None) if settled and self.kind not in {"see", "login"} else None


class Kill(Struct):
    """``back_after`` is the seconds until the service did again what this death had stopped."""

    target: Target
    at: float
    back_after: float | None = None


class History(Struct):
    """
    ``reached`` is the last position that any of the ``told`` answers has told of, ``waiting`` the
    deaths after which there has been none yet, ``misfortunes`` what no death of ours explains.
    """

    ops: list[Op] = []
    kills: list[Kill] = []
    waiting: list[Kill] = []
    reached: int = 0
    told: int = 0
    catch_up_s: float | None = None
    misfortunes: list[str] = []

    def killed(self, kill: Kill) -> None:
        self.kills.append(kill)
        if kill.target in HARD:
            self.waiting.append(kill)

    def note(self, op: Op, attempt: Attempt) -> None:
        op.attempts.append(attempt)
        if attempt.position:
            self.told += 1
            self.reached = max(self.reached, attempt.position)
            for kill in [kill for kill in self.waiting if kill.at < attempt.called]:
                kill.back_after = attempt.returned - kill.at
                self.waiting.remove(kill)

    @property
    def acknowledged(self) -> list[Op]:
        """What stands at a known position of the tape, by that position."""
        told = [op for op in self.ops if op.position is not None]
        return sorted(told, key=lambda op: op.position or 0)

    def copy(self) -> History:
        return msgspec.convert(msgspec.to_builtins(self), History)
