"""The relay: every fact of the tape as a CloudEvent in JetStream, once, in order, for anybody."""

from __future__ import annotations

from adapters.relay.cloudevents import CONTENT_TYPE, SOURCE, CloudEvent, Message, message
from adapters.relay.heartbeat import Heartbeat, Part, parts
from adapters.relay.relay import Relay
from adapters.relay.stream import NAME, SUBJECTS, Refused

__all__ = [
    "CONTENT_TYPE",
    "NAME",
    "SOURCE",
    "SUBJECTS",
    "CloudEvent",
    "Heartbeat",
    "Message",
    "Part",
    "Refused",
    "Relay",
    "message",
    "parts",
]
