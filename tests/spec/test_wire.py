"""What a request may say: amounts in plain decimals, every field known, and given once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from api.wire import AMOUNT_RULE, Amount, Broken, decode, to_amount
from domain.errors import Invalid
from domain.trading import Side


class Slip(Struct, frozen=True, forbid_unknown_fields=True):
    account_id: UUID
    side: Side
    quantity: Amount
    price: Amount | None = None
    kind: Literal["PAPER", "LIVE"] = "PAPER"
    note: str = ""


ACCOUNT = "01a204d1-a11d-7382-ad2f-510b83abaf2f"


def slip(**fields: str) -> bytes:
    """A body of these members, each the very text of a JSON value."""
    members = {"account_id": f'"{ACCOUNT}"', "side": '"BUY"', "quantity": '"10"'} | fields
    return ("{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}").encode()


def fault(body: bytes) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        decode(body, Slip)
    assert refused.value.code == "VALIDATION"
    faults: Any = refused.value.context["errors"]
    (found,) = faults
    assert found["in"] == "body"
    return found["pointer"], found["rule"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ('"10"', "10"),
        ("10", "10"),
        ("10.25", "10.25"),
        ('"0.00000001"', "0.00000001"),
        ("0.1", "0.1"),
        ('"1000000000000"', "1000000000000"),
        ("123456789012.12345678", "123456789012.12345678"),
    ],
)
def test_a_plain_amount_is_taken_exactly(said: str, meant: str) -> None:
    amount = decode(slip(quantity=said), Slip).quantity
    assert type(amount) is Decimal
    assert amount == Decimal(meant)


@pytest.mark.parametrize(
    "said",
    [
        '"NaN"', '"sNaN"', '"Infinity"', '"-Infinity"', '"1e3"', "1e3", "1E+3", "1e400", '"1_000"',
        '" 1"', '"1 "', '"1\\n"', '""', '"+1"', '"-1"', "-1", "-0.5", "0", "-0", '"0.000"', '".5"',
        '"5."', '"0x10"', '"1,000"', '"\uff11\uff10"', "0.000000001", '"1.123456789"',
        "1000000000000.1", "1" + "0" * 40, "true", "false", "null", "[1]", '{"amount":1}',
        '"ten"', '"\\u0000"',
    ],
)  # fmt: skip
def test_any_other_amount_is_refused_by_name_and_rule(said: str) -> None:
    assert fault(slip(quantity=said)) == ("/quantity", AMOUNT_RULE)


@pytest.mark.parametrize("said", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for_is_refused_by_name(said: str) -> None:
    assert fault(slip(price=said)) == ("/price", "a finite number")


def test_a_number_of_thousands_of_digits_is_refused_by_name() -> None:
    assert fault(slip(quantity="9" * 5000))[0] == "/quantity"


@given(st.decimals("0.00000001", "1e12", places=8, allow_nan=False, allow_infinity=False))
def test_every_amount_a_ledger_can_hold_comes_through(amount: Decimal) -> None:
    assert to_amount(f"{amount:f}") == amount
    assert decode(slip(quantity=f"{amount:f}"), Slip).quantity == amount


@given(st.text(max_size=20) | st.floats().map(str) | st.integers().map(str))
def test_whatever_is_taken_is_written_in_digits(text: str) -> None:
    try:
        amount = to_amount(text)
    except ValueError:
        return
    assert set(text) <= set("0123456789.")
    assert 0 < amount <= 10**12


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        (slip(colour='"red"'), "/colour", "unknown field"),
        (slip(owner_id=f'"{ACCOUNT}"'), "/owner_id", "unknown field"),
        (b'{"side":"BUY"}', "/account_id", "required"),
        (slip(side='"SHORT"'), "/side", "one of BUY, SELL"),
        (slip(side="1"), "/side", "Expected str, got int"),
        (slip(kind='"DEMO"'), "/kind", "one of PAPER, LIVE"),
        (slip(account_id='"me"'), "/account_id", "Invalid UUID"),
        (slip(note="7"), "/note", "Expected str, got int"),
        (slip(note="null"), "/note", "Expected str, got null"),
        (b"[]", "", "Expected object, got array"),
        (b"null", "", "Expected object, got null"),
        (b'"text"', "", "Expected object, got str"),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(body: bytes, pointer: str, rule: str) -> None:
    assert fault(body) == (pointer, rule)


@pytest.mark.parametrize(
    "more",
    [b'"quantity":"10"', b'"quantity" : "20"', b'"note":"a","note":"b"', b'"\\u0073ide":"SELL"'],
)
def test_a_field_given_twice_is_refused(more: bytes) -> None:
    body = slip()[:-1] + b"," + more + b"}"
    assert fault(body)[1] == "given more than once"


def test_colons_in_values_are_not_taken_for_fields() -> None:
    assert decode(slip(note='"a: b, \\"c\\": d"'), Slip).note == 'a: b, "c": d'


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"}", slip()[:-1], slip() + b"x", b"'", b"\xff", b"\xef\xbb\xbf" + slip(),
        slip(note='"\\ud800"'), slip(note='"\x01"'), b'{"side":}', b"nul", b"{'side':'BUY'}",
    ],
)  # fmt: skip
def test_what_is_no_json_is_told_apart_from_what_is_wrong(body: bytes) -> None:
    with pytest.raises(Broken):
        decode(body, Slip)


@pytest.mark.parametrize("opening", [b"[", b'{"note":', b'{"note":['])
def test_nesting_without_end_is_refused(opening: bytes) -> None:
    with pytest.raises((Broken, Invalid)):
        decode(opening * 100_000, Slip)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_body_is_a_surprise(body: bytes) -> None:
    with pytest.raises((Broken, Invalid)):
        decode(body, Slip)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda value: st.lists(value) | st.dictionaries(st.text(), value)))  # fmt: skip
def test_no_json_is_a_surprise(value: object) -> None:
    with pytest.raises((Broken, Invalid)):
        decode(json.dumps(value).encode(), Slip)
