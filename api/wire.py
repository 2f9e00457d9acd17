"""
The wire: how JSON becomes domain values, and what exactly is wrong when it cannot.

Bodies are decoded from their bytes straight into a type, strictly: no coercion, no unknown or
repeated field, and amounts as plain decimals only (never a float on the way).
"""

from __future__ import annotations

import json
import re
from abc import ABC
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import msgspec

from domain.errors import Invalid
from domain.money import AMOUNT_MAX, AMOUNT_PLACES, ZERO

AMOUNT_PATTERN = rf"^[0-9]{{1,13}}(\.[0-9]{{1,{AMOUNT_PLACES}}})?$"
AMOUNT_RULE = f"a plain decimal above 0, at most 10^12, with at most {AMOUNT_PLACES} decimal places"
_NOTHING = re.compile(rf"0{{1,13}}(\.0{{1,{AMOUNT_PLACES}}})?").fullmatch
_PLAIN = re.compile(AMOUNT_PATTERN.strip("^$")).fullmatch

if TYPE_CHECKING:
    Amount = Decimal
    Charge = Decimal
else:

    class Amount(ABC):  # noqa: B024 - it has one member, registered below
        """
        Money or shares in a request: a Decimal to us, a string or a number in JSON.

        To the decoder it is a type of its own, so that it asks us instead of taking "NaN",
        "1e500" or "1_000" for a number.
        """

    Amount.register(Decimal)

    class Charge(ABC):  # noqa: B024 - as above
        """An amount that may be nothing."""

    Charge.register(Decimal)


#: A time in a request, which says its zone.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Broken(Exception):
    """The body is no JSON at all."""


class _Literal(str):
    """A JSON number as it was written."""

    __slots__ = ()


def to_amount(value: object) -> Decimal:
    """The amount that this JSON string or number says; ValueError names the rule."""
    text = str(value) if type(value) is int else value
    if isinstance(text, str) and _PLAIN(text) is not None:
        amount = Decimal(text)
        if 0 < amount <= AMOUNT_MAX:
            return amount
    raise ValueError(AMOUNT_RULE)


def decode(body: bytes, kind: Any) -> Any:
    """The value of this type that the body spells; raise Invalid naming a field, or Broken."""
    try:
        value = _decoder(kind).decode(body)
        if body.count(b":") != _fields_given(value):  # else there is no room for a repetition
            _demand_sound_members(body)
    except UnicodeDecodeError:
        raise Broken from None
    except msgspec.ValidationError as error:
        raise invalid(*_fault(str(error), kind), "body") from None
    except (msgspec.DecodeError, RecursionError):
        _demand_sound_members(body)  # NaN and Infinity are no JSON, but have a name to give
        raise Broken from None
    return value


def invalid(pointer: str, rule: str, where: str) -> Invalid:
    """A value that breaks a rule; ``where`` is body, query, path or header."""
    detail = f"{pointer.rpartition('/')[2] or where}: {rule}"
    return Invalid("VALIDATION", detail, errors=[{"in": where, "pointer": pointer, "rule": rule}])


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_own_types, float_hook=_Literal)


def _own_types(kind: type, value: object) -> object:
    if kind is Amount:
        return to_amount(value)
    if kind is Charge:
        nothing = isinstance(value, int | str) and _NOTHING(str(value)) is not None
        return ZERO if nothing else to_amount(value)
    raise NotImplementedError(f"no JSON form of {kind}")


# ── what the decoder does not see: a member given twice, a number that is none ──────────────

_NOT_A_NUMBER = object()


def _fields_given(value: Any) -> int:
    """How many fields are certain to have been given: those that are not as by default."""
    kind: Any = type(value)
    required, optional = _fields(kind)
    return required + sum(1 for name, default in optional if getattr(value, name) != default)


@cache
def _fields(kind: Any) -> tuple[int, tuple[tuple[str, Any], ...]]:
    fields = msgspec.structs.fields(kind) if issubclass(kind, msgspec.Struct) else ()
    optional = tuple((field.name, field.default) for field in fields if not field.required)
    return len(fields) - len(optional), optional


def _demand_sound_members(body: bytes) -> None:
    try:
        _MEMBERS.decode(body.decode())
    except (ValueError, RecursionError):
        raise Broken from None


def _look(members: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid("/" + _escape(twice), "given more than once", "body")
    for name, value in members:
        if value is _NOT_A_NUMBER:
            raise invalid("/" + _escape(name), "a finite number", "body")


_MEMBERS = json.JSONDecoder(
    object_pairs_hook=_look,
    parse_int=lambda _: None,
    parse_float=lambda _: None,
    parse_constant=lambda _: _NOT_A_NUMBER,
)


# ── the decoder's words for what is wrong, as a JSON pointer and a rule ─────────────────────

_FAULT = re.compile(r"(?P<rule>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)
_MEMBER = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`")


def _fault(message: str, kind: Any) -> tuple[str, str]:
    found = _FAULT.fullmatch(message)
    assert found is not None, "every text matches"
    rule, path = found["rule"], (found["path"] or "$")[1:]
    pointer = "".join("/" + _escape(step) for step in re.findall(r"[^.\[\]]+", path))
    if member := _MEMBER.fullmatch(rule):
        pointer += "/" + _escape(member["name"])
        return pointer, "unknown field" if "unknown" in member["what"] else "required"
    if rule.startswith("Invalid enum value"):
        return pointer, _choice(kind, path.lstrip(".")) or rule
    return pointer, rule.replace("`", "")


def _choice(kind: Any, name: str) -> str | None:
    """The values that a field takes, if it takes one of few."""
    for field in msgspec.structs.fields(kind):
        if field.encode_name != name:
            continue
        for option in (field.type, *get_args(field.type)):
            if isinstance(option, type) and issubclass(option, Enum):
                return "one of " + ", ".join(str(member.value) for member in option)
            if get_origin(option) is Literal:
                return "one of " + ", ".join(get_args(option))
    return None


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
