"""A tiny trade of its own: counts that are tallied, so that a tape needs no market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from immutables import Map
from msgspec.structs import replace

from adapters.ids import Ids
from adapters.tape import Codec
from commands.base import Claim, Entry
from domain.base import Event, Meta, State

ids = Ids()
EPOCH = datetime(2026, 1, 5, 9, 15, tzinfo=UTC)


class Counted(Event, frozen=True):
    n: int
    price: Decimal = Decimal("1.10")


class Tally(State, frozen=True):
    total: int = 0
    seen: Map[UUID, int] = Map()
    names: Map[str, Decimal] = Map()

    def evolve(self, event: Event) -> Tally:
        assert isinstance(event, Counted)
        return replace(
            self,
            total=self.total + event.n,
            seen=self.seen.set(UUID(int=event.n), event.n),
            names=self.names.set(str(event.n), event.price),
        )


CODEC = Codec({"Counted": Counted})


class Clock:
    """Tells a second more each time it is asked, or whatever it is told to."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def meta(actor: str = "user:ann") -> Meta:
    return Meta(
        actor=actor,
        command_id=ids(),
        correlation_id=ids(),
        occurred_at=EPOCH,
        on_behalf_of="user:bob",
        causation_id=ids(),
    )


def entry(stream: str, after: int, *counts: int, claim: Claim | None = None) -> Entry:
    return Entry(stream, after, tuple(Counted(n) for n in counts), meta(), claim)


def claim(key: int, fingerprint: int = 0) -> Claim:
    return Claim(key.to_bytes(32, "big"), fingerprint.to_bytes(32, "big"))


def counts(facts: Sequence[object]) -> list[int]:
    return [fact.event.n for fact in facts]  # type: ignore[attr-defined]
