"""Shapes of facts: how they are written, and how old ones are read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

import domain
from adapters.tape import CODEC, Codec, UnknownFact
from adapters.tape.codec import decode_state, encode_state, fingerprint
from domain.base import Event
from domain.trading import Account
from tests.contract.tally import Counted, Tally


class Priced(Event, frozen=True):
    schema_version = 3
    cents: int
    currency: str


class Renamed(Event, frozen=True):
    label: str


def split(payload: dict[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
    """Version 1 of Priced named and priced in one fact."""
    return [
        ("Renamed", 1, {"label": payload["label"]}),
        ("Priced", 2, {"price": payload["price"]}),
    ]


def add_currency(payload: dict[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
    cents = int(Decimal(payload["price"]) * 100)
    return [("Priced", 3, {"cents": cents, "currency": "EUR"})]


EVOLVED = Codec(
    {"Priced": Priced, "Renamed": Renamed}, {("Priced", 1): split, ("Priced", 2): add_currency}
)


@pytest.mark.parametrize("fact", domain.EVENTS.values(), ids=lambda fact: fact.__name__)
@given(data=st.data())
def test_a_fact_comes_back_as_it_went(fact: type[Event], data: st.DataObject) -> None:
    event = data.draw(st.from_type(fact))
    payload = CODEC.encode(event)
    assert payload[:1] == b"{"
    assert CODEC.decode(fact.__name__, fact.schema_version, payload) == (event,)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_decimal_is_written_without_an_exponent(price: Decimal) -> None:
    codec = Codec({"Counted": Counted})
    payload = codec.encode(Counted(1, price))
    text = msgspec.json.decode(payload)["price"]
    assert "E" not in text.upper()
    assert Decimal(text) == price
    assert codec.decode("Counted", 1, payload) == (Counted(1, price),)


def test_letters_that_only_look_like_an_exponent_are_left_alone() -> None:
    codec = Codec({"Renamed": Renamed})
    assert codec.encode(Renamed("1E-8")) == b'{"label":"1E-8"}'


def test_a_fact_of_todays_shape_is_not_upcast() -> None:
    assert EVOLVED.decode("Priced", 3, '{"cents":5,"currency":"INR"}') == (Priced(5, "INR"),)


def test_old_shapes_go_through_every_upcaster_and_may_become_several_facts() -> None:
    assert EVOLVED.decode("Priced", 2, '{"price":"1.25"}') == (Priced(125, "EUR"),)
    facts = EVOLVED.decode("Priced", 1, '{"price":"1.25","label":"tea"}')
    assert facts == (Renamed("tea"), Priced(125, "EUR"))


@pytest.mark.parametrize("shape", [("Priced", 4), ("Unheard", 1), ("Renamed", 0)])
def test_a_fact_that_nobody_knows_is_named(shape: tuple[str, int]) -> None:
    with pytest.raises(UnknownFact, match=f"{shape[0]} of version {shape[1]}") as unknown:
        EVOLVED.decode(*shape, "{}")
    assert (unknown.value.type, unknown.value.schema_version) == shape


def test_a_fact_that_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(UnknownFact):
        EVOLVED.encode(Counted(1))


def test_a_damaged_fact_is_an_error_not_a_default() -> None:
    with pytest.raises(msgspec.ValidationError):
        EVOLVED.decode("Priced", 3, '{"cents":"many","currency":"INR"}')


def test_a_state_comes_back_as_it_went() -> None:
    tally = Tally(3, Map({UUID(int=1): 2}), Map({"x": Decimal("1E-8")}))
    again = decode_state(encode_state(tally), Tally)
    assert again == tally
    assert isinstance(again.seen, Map)
    assert decode_state(encode_state(Account()), Account) == Account()


def test_each_state_has_a_fingerprint_of_its_own() -> None:
    assert fingerprint(Tally) == fingerprint(Tally)
    assert fingerprint(Tally) != fingerprint(Account)
    assert len(fingerprint(Tally)) == 32
