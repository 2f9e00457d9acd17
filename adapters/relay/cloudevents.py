"""
A fact as the world outside hears of it: a CloudEvent 1.0 in its JSON format.

``data`` is the payload as stored, byte for byte, and the attributes hold the whole envelope: a
subscriber can check the hash chain (adapters.tape.chain) from messages alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, json

import domain
from adapters.tape import CODEC, Row

CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "papertape"
_NO_TOKEN = re.compile(r"[^A-Za-z0-9_-]")
_CONTEXTS = {name: event.__module__.split(".")[1] for name, event in domain.EVENTS.items()}
_encode = json.Encoder().encode


class CloudEvent(Struct, frozen=True):
    """
    The attributes in the spelling of the standard: extensions are lower case without separators.

    ``position`` is text because the standard's integers end at 2^31 - 1; ``subject`` is the
    stream's full name, ``streamid`` what follows its prefix.
    """

    id: str
    type: str
    subject: str
    time: datetime
    data: Raw
    position: str
    streamid: str
    streamversion: int
    schemaversion: int
    recordedat: datetime
    actor: str
    commandid: UUID
    correlationid: UUID
    code: str
    hash: str
    onbehalfof: str | UnsetType = UNSET
    causationid: UUID | UnsetType = UNSET
    specversion: str = "1.0"
    source: str = SOURCE
    datacontenttype: str = "application/json"


class Message(NamedTuple):
    subject: str
    body: bytes


def message(row: Row) -> Message:
    """
    The fact under its NATS subject, ``papertape.events.<context>.<Event>.<stream id>``.

    Raise UnknownFact for one that this program has no words for.
    """
    context, id_ = _context(row), stream_id(row.stream)
    event = CloudEvent(
        id=str(row.position),
        type=f"papertape.{context}.{row.type}",
        subject=row.stream,
        time=row.occurred_at,
        data=Raw(row.payload.encode()),
        position=str(row.position),
        streamid=id_,
        streamversion=row.version,
        schemaversion=row.schema_version,
        recordedat=row.recorded_at,
        actor=row.actor,
        commandid=row.command_id,
        correlationid=row.correlation_id,
        code=row.code,
        hash=row.hash.hex(),
        onbehalfof=UNSET if row.on_behalf_of is None else row.on_behalf_of,
        causationid=UNSET if row.causation_id is None else row.causation_id,
    )
    subject = f"papertape.events.{context}.{row.type}.{_NO_TOKEN.sub('_', id_)}"
    return Message(subject, _encode(event))


def stream_id(stream: str) -> str:
    """The name of a stream without its prefix; a stream of which there is one has none."""
    return stream.partition("-")[2] or stream


def _context(row: Row) -> str:
    """The context of the fact; of a retired one, the context of what it means today."""
    known = _CONTEXTS.get(row.type)
    if known is None:
        today = CODEC.decode(row.type, row.schema_version, row.payload)[0]
        known = _CONTEXTS[type(today).__name__]
    return known
