"""
What the eventsourcing library stores, as lines of our tape.

Its states are bytes and ours are JSON objects.  A state that is a JSON object stands on the
tape as it is; any other text as a JSON string; anything else as ``["<base64>"]``.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from msgspec import json

from adapters.ids import Ids
from adapters.tape.batch import Line
from domain.base import Meta

ACTOR = "system:recorder"


def lines(
    stored_events: Iterable[StoredEvent], occurred_at: datetime, ids: Ids, given: dict[str, Any]
) -> list[Line]:
    """``given`` may name any field of ``Meta``; what it does not, is filled in."""
    command_id = given.get("command_id") or ids()
    meta = Meta(
        actor=given.get("actor") or ACTOR,
        command_id=command_id,
        correlation_id=given.get("correlation_id") or command_id,
        occurred_at=given.get("occurred_at") or occurred_at,
        on_behalf_of=given.get("on_behalf_of"),
        causation_id=given.get("causation_id"),
    )
    return [
        Line(
            str(stored.originator_id), stored.originator_version, stored.topic, 1,
            payload(stored.state), meta,
        )
        for stored in stored_events
    ]  # fmt: skip


def payload(state: bytes) -> bytes:
    if state.startswith(b"{"):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            json.decode(state)
            return state
    try:
        text = state.decode()
    except UnicodeDecodeError:
        return json.encode([base64.b64encode(state).decode()])
    return json.encode(text if "\0" not in text else [base64.b64encode(state).decode()])


def state(payload: str) -> bytes:
    match payload[:1]:
        case '"':
            return json.decode(payload, type=str).encode()
        case "[":
            return base64.b64decode(json.decode(payload, type=list[str])[0])
        case _:
            return payload.encode()
