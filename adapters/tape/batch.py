"""A batch: the facts of several commands, encoded once and sealed where the tape ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from msgspec import Raw, Struct, json

from adapters.tape.chain import Head, link, microseconds
from adapters.tape.codec import Codec
from commands.base import Claim, Entry
from domain.base import Meta

_encode = json.Encoder().encode


class Line(NamedTuple):
    """One fact as it will be stored, before it has a position."""

    stream: str
    version: int
    type: str
    schema_version: int
    payload: bytes
    meta: Meta


class Record(Struct, gc=False):
    """What ``es.append`` reads of a fact; the keys are short because each is sent every time."""

    s: str  # stream
    v: int  # version
    t: str  # type
    y: int  # schema_version
    d: Raw  # payload
    o: datetime  # occurred_at
    r: datetime  # recorded_at
    a: str  # actor
    b: str | None  # on_behalf_of
    c: UUID  # command_id
    k: UUID  # correlation_id
    u: UUID | None  # causation_id
    w: str  # code: who wrote it
    h: str  # hash


class Promise(Struct, gc=False):
    """What ``es.append`` reads of a claim: ``n`` facts from the ``place``-th of the batch."""

    key: str
    fingerprint: str
    place: int
    n: int


class Sealed(NamedTuple):
    """A batch in its place: its records, and the head of the tape once they are stored."""

    records: list[Record]
    head: Head

    def json(self) -> bytes:
        return _encode(self.records)


class Batch:
    def __init__(self, lines: Sequence[Line], claims: bytes | None = None) -> None:
        self.lines = lines
        self.claims = claims

    @classmethod
    def of(cls, entries: Iterable[Entry], codec: Codec) -> Self:
        lines: list[Line] = []
        promises: list[Promise] = []
        for entry in entries:
            assert entry.facts, "a command without facts has nothing to store"
            if entry.claim is not None:
                promises.append(_promise(entry.claim, len(lines) + 1, len(entry.facts)))
            for version, event in enumerate(entry.facts, entry.after + 1):
                payload = codec.encode(event)
                name = type(event).__name__
                lines.append(
                    Line(entry.stream, version, name, event.schema_version, payload, entry.meta)
                )
        return cls(lines, _encode(promises) if promises else None)

    def __len__(self) -> int:
        return len(self.lines)

    def seal(self, after: Head, recorded_at: datetime, code: str) -> Sealed:
        position, digest = after
        recorded = microseconds(recorded_at)
        records: list[Record] = []
        for stream, version, type_, schema_version, payload, meta in self.lines:
            position += 1
            on_behalf_of, causation_id = meta.on_behalf_of, meta.causation_id
            envelope = (
                position, stream, version, type_, schema_version,
                microseconds(meta.occurred_at), recorded, meta.actor, on_behalf_of,
                meta.command_id, meta.correlation_id, causation_id, code,
            )  # fmt: skip
            digest = link(digest, envelope, payload)
            record = Record(
                stream, version, type_, schema_version, Raw(payload), meta.occurred_at, recorded_at,
                meta.actor, on_behalf_of, meta.command_id, meta.correlation_id, causation_id, code,
                digest.hex(),
            )  # fmt: skip
            records.append(record)
        return Sealed(records, Head(position, digest))


def stale(
    entries: Sequence[Entry], versions: Mapping[str, int], taken: Collection[bytes] = ()
) -> frozenset[int]:
    """
    The entries that cannot be stored, given how far their streams reach and the claims taken.

    What follows such an entry in its stream was decided on facts that will not be, so it is
    among them.  A stream that ``versions`` does not name reaches as far as its entry says.
    """
    reached = dict(versions)
    keys = set(taken)
    moved: set[str] = set()
    late: set[int] = set()
    for index, entry in enumerate(entries):
        stream, claim = entry.stream, entry.claim
        fits = stream not in moved and entry.after == reached.get(stream, entry.after)
        if fits and (claim is None or claim.key not in keys):
            reached[stream] = entry.after + len(entry.facts)
            if claim is not None:
                keys.add(claim.key)
        else:
            moved.add(stream)
            late.add(index)
    return frozenset(late)


def _promise(claim: Claim, place: int, n: int) -> Promise:
    return Promise(claim.key.hex(), claim.fingerprint.hex(), place, n)
