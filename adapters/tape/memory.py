"""
A tape in memory: the same facts, chain, claims and refusals, for tests that need no database.

# Faults are injected where the world would put them: ``before_append`` runs when nothing is
# stored yet (let it wait, or raise Stale or Unavailable), ``after_append`` when everything is
# (let it wait: the answer is late; let it raise: the answer is lost), ``before_load`` before
# a stream is read.  ``write`` is another writer who is faster.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from adapters.tape.batch import Batch, stale
from adapters.tape.chain import ORIGIN, Head
from adapters.tape.codec import CODEC, Codec
from adapters.tape.reader import Row, facts_of
from adapters.tape.writer import away
from commands.base import Claim, Entry, Stale
from domain.base import Fact, S, fold


async def nothing(_: object) -> None:
    """The hook of a day without faults."""


class MemoryTape:
    """``commands.base.Tape`` and the questions of ``Reader``, on a list."""

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        code_version: str = "memory",
        codec: Codec = CODEC,
    ) -> None:
        self.available = True
        self.before_append: Callable[[Sequence[Entry]], Awaitable[None]] = nothing
        self.after_append: Callable[[Sequence[Entry]], Awaitable[None]] = nothing
        self.before_load: Callable[[str], Awaitable[None]] = nothing
        self.listeners: list[Callable[[], None]] = []
        self._clock = clock
        self._code = code_version
        self._codec = codec
        self._head = ORIGIN
        self._rows: list[Row] = []
        self._streams: dict[str, list[Row]] = {}
        self._claims: dict[bytes, tuple[Claim, int, int]] = {}

    async def append(self, entries: Sequence[Entry], /) -> int:
        if not self.available:
            raise away()
        await self.before_append(entries)
        first = self.write(entries)
        await self.after_append(entries)
        return first

    async def load(self, stream: str, state: type[S], /) -> tuple[int, S]:
        if not self.available:
            raise away()
        await self.before_load(stream)
        rows = self._streams.get(stream, [])
        history = (fact.event for fact in facts_of(rows, self._codec))
        return self._version(stream), fold(state(), history)

    async def version(self, stream: str, /) -> int:
        if not self.available:
            raise away()
        return self._version(stream)

    async def claimed(self, key: bytes, /) -> tuple[bytes, tuple[Fact, ...]] | None:
        if not self.available:
            raise away()
        if key not in self._claims:
            return None
        claim, first, n = self._claims[key]
        return claim.fingerprint, tuple(self.facts(first - 1, n))

    def write(self, entries: Sequence[Entry]) -> int:
        """Store at once; raise Stale as ``append`` does."""
        versions = {entry.stream: self._version(entry.stream) for entry in entries}
        if late := stale(entries, versions, self._claims):
            raise Stale(late)
        first = self.write_batch(Batch.of(entries, self._codec))
        place = first
        for entry in entries:
            if entry.claim is not None:
                self._claims[entry.claim.key] = entry.claim, place, len(entry.facts)
            place += len(entry.facts)
        return first

    def write_batch(self, batch: Batch) -> int:
        """Store lines that are known to fit; return the position of the first."""
        first = self._head.position + 1
        recorded_at = max([self._clock(), *(row.recorded_at for row in self._rows[-1:])])
        sealed = batch.seal(self._head, recorded_at, self._code)
        for position, record in enumerate(sealed.records, first):
            row = Row(
                position, record.s, record.v, record.t, record.y, bytes(record.d).decode(),
                record.o, record.r, record.a, record.b, record.c, record.k, record.u, record.w,
                bytes.fromhex(record.h),
            )  # fmt: skip
            self._rows.append(row)
            self._streams.setdefault(row.stream, []).append(row)
        self._head = sealed.head
        for listener in self.listeners:
            listener()
        return first

    def head(self) -> Head:
        return self._head

    def rows(self, after: int, limit: int) -> list[Row]:
        return self._rows[after : after + limit]

    def facts(self, after: int, limit: int) -> list[Fact]:
        return facts_of(self.rows(after, limit), self._codec)

    def stream_rows(self, stream: str) -> Sequence[Row]:
        return self._streams.get(stream, ())

    def stream(self, stream: str, upto: int | datetime | None = None) -> Iterator[Fact]:
        return iter(facts_of(_as_of(self.stream_rows(stream), upto), self._codec))

    def _version(self, stream: str) -> int:
        return self._streams[stream][-1].version if stream in self._streams else 0


def _as_of(rows: Iterable[Row], upto: int | datetime | None) -> Iterator[Row]:
    for row in rows:
        if isinstance(upto, datetime) and row.recorded_at > upto:
            return
        if isinstance(upto, int) and row.position > upto:
            return
        yield row
