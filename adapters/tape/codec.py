"""
How facts and states are written: compact JSON, decimals in full, one decoder for each shape.

A stored fact is never rewritten: when its shape changes, ``schema_version`` goes up, and an
upcaster tells what the old shape means today.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_origin

import msgspec
from immutables import Map
from msgspec import json

import domain
from adapters.tape.upcasters import UPCASTERS, Payload, Upcasters
from domain.base import Event, Events, S, State


class UnknownFact(Exception):
    """A stored fact for which this program has no words: ``type`` and ``schema_version``."""

    def __init__(self, type_: str, schema_version: int) -> None:
        super().__init__(f"no event {type_} of version {schema_version}, and no upcaster from it")
        self.type = type_
        self.schema_version = schema_version


class Codec:
    """Writes the events it is given by class name, and reads them in all their shapes."""

    def __init__(
        self, events: Mapping[str, type[Event]] = domain.EVENTS, upcasters: Upcasters = UPCASTERS
    ) -> None:
        self._shapes = {(name, event.schema_version): event for name, event in events.items()}
        self._upcasters = upcasters
        self._readers = {
            shape: json.Decoder(event, dec_hook=_from_json).decode
            for shape, event in self._shapes.items()
        }

    def encode(self, event: Event) -> bytes:
        """A JSON object; raise UnknownFact for a fact that could not be read again."""
        name = type(event).__name__
        if (name, event.schema_version) not in self._shapes:
            raise UnknownFact(name, event.schema_version)
        payload = _encode(event)
        # Decimal writes its exponent with a sign: 1E-8.  The same letters in a text cost only time.
        return _in_full(event) if b"E-" in payload or b"E+" in payload else payload

    def decode(self, type_: str, schema_version: int, payload: str | bytes) -> Events:
        """What the fact means today; raise UnknownFact, or msgspec.ValidationError if damaged."""
        read = self._readers.get((type_, schema_version))
        if read is not None:
            return (read(payload),)
        return tuple(self._upcast(type_, schema_version, json.decode(payload)))

    def _upcast(self, type_: str, schema_version: int, payload: Payload) -> list[Event]:
        shape = type_, schema_version
        if shape in self._shapes:
            return [msgspec.convert(payload, self._shapes[shape], dec_hook=_from_json)]
        if shape not in self._upcasters:
            raise UnknownFact(*shape)
        pieces = self._upcasters[shape](payload)
        assert pieces, f"the upcaster of {shape} lost a fact"
        return [event for piece in pieces for event in self._upcast(*piece)]


def encode_state(state: State) -> bytes:
    return _encode(state)


def decode_state(payload: str | bytes, state: type[S]) -> S:
    return json.decode(payload, type=state, dec_hook=_from_json)


@cache
def fingerprint(state: type[State]) -> bytes:
    """A digest of the program that folds this state: any change in it makes snapshots void."""
    digest = hashlib.sha256(state.__qualname__.encode())
    own = sys.modules[state.__module__].__file__
    for file in (Path(own or ""), *sorted(Path(domain.__file__).parent.rglob("*.py"))):
        digest.update(file.read_bytes())
    return digest.digest()


def _to_json(value: object) -> object:
    if isinstance(value, Map):
        return dict(value)
    raise NotImplementedError(f"a {type(value).__name__} has no place in a fact or a state")


def _from_json(kind: Any, value: Any) -> object:
    if get_origin(kind) is Map:
        plain = GenericAlias(dict, get_args(kind))
        return Map(msgspec.convert(value, plain, dec_hook=_from_json, str_keys=True))
    raise NotImplementedError(f"{kind} cannot be read back")


_encode = json.Encoder(enc_hook=_to_json).encode


def _in_full(event: Event) -> bytes:
    return _encode(
        _without_exponents(
            msgspec.to_builtins(event, builtin_types=(Decimal,), enc_hook=_to_json, str_keys=True)
        )
    )


def _without_exponents(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return {key: _without_exponents(each) for key, each in value.items()}
        case list() | tuple():
            return [_without_exponents(each) for each in value]
        case _:
            return value


CODEC = Codec()
