"""
The hash chain: every fact is sealed together with all facts before it.

# hash(n) = SHA-256( hash(n-1) + envelope(n) + 0x0A + payload(n) ), and hash(0) is 32 zero bytes.

``payload`` is the text of the column, byte for byte.  ``envelope`` is a compact JSON array in
UTF-8 (no spaces; in strings only ``"``, ``\\`` and control characters are escaped: the short
forms \\b \\t \\n \\f \\r where they exist, else \\u00xx in lower case):

    [position, stream, version, type, schema_version, occurred_at, recorded_at, actor,
     on_behalf_of, command_id, correlation_id, causation_id, code]

Times are whole microseconds since 1970-01-01T00:00:00Z, ids are UUIDs in lower case with
hyphens, and what is absent is null.  Whoever can read ``es.event`` can check it from this.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import json

GENESIS = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = json.Encoder().encode

#: The thirteen members in the order above; ids as UUID or as text.
Envelope = tuple[int | str | UUID | None, ...]


class Head(NamedTuple):
    """How far the tape reaches, and the hash that stands for all of it."""

    position: int
    hash: bytes


ORIGIN = Head(0, GENESIS)


def link(previous: bytes, envelope: Envelope, payload: bytes) -> bytes:
    """The hash of a fact that follows ``previous``."""
    return hashlib.sha256(b"".join((previous, _encode(envelope), b"\n", payload))).digest()


def microseconds(time: datetime) -> int:
    """Whole microseconds since 1970 in UTC, without a detour through a float."""
    return (time - _EPOCH) // _MICROSECOND
