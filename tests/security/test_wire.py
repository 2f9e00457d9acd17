"""S85, S86, S89: bytes that are no request, or want to be two, or never end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.api.doorstep import refused
from tests.e2e.service import PASSWORD, Person, Service
from tests.security.raw import answered

HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "head",
    [
        HOST + b"Content-Length: 6\r\n" + CHUNKED,
        HOST + CHUNKED + b"Content-Length: 6\r\n",
        HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n",
        HOST + b"Content-Length: 5, 5\r\n",
        HOST + b"Content-Length: +5\r\n",
        HOST + b"Content-Length: -5\r\n",
        HOST + b"Content-Length: 0x5\r\n",
        HOST + b"Transfer-Encoding: xchunked\r\n",
        HOST + b"Transfer-Encoding: chunked, identity\r\n",
        HOST + b"Transfer-Encoding: identity, chunked\r\n",
        HOST + b"Transfer-Encoding: identity\r\n" + CHUNKED,
        HOST + b"Transfer-Encoding : chunked\r\n",
        HOST + b"Transfer-Encoding:\r\n chunked\r\n",
        HOST + b"X-Folded: a\r\n b: c\r\n",
        HOST + b"X-Line: a\nY: b\r\n",
        HOST + b"X-Line: a\rY: b\r\n",
        HOST + b"X-Nul: a\x00b\r\n",
        HOST + b"X Y: a\r\n",
        HOST + HOST,
        b"",
    ],
)
def test_s89_a_request_that_could_be_read_in_two_ways_is_read_in_none(
    service: Service, head: bytes
) -> None:
    smuggled = b"0\r\n\r\nGET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
    said = answered(service, b"POST /api/v1/auth/login HTTP/1.1\r\n" + head + b"\r\n" + smuggled)
    assert said.startswith(b"HTTP/1.1 400 "), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1, "and nothing after it is answered"
    assert b"REQUEST_MALFORMED" in said
    assert b"nosniff" in said


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /livez\r\n\r\n",
        b"POST /livez HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n",
        b"GET /livez HTTP/1.1\nHost: a\n\n",
        b"POST /livez HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\nffffffffffffffffff\r\nx",
        b"POST /livez HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n1;a\nb\r\nx\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_s89_what_is_not_http_1_1_is_refused(service: Service, request_: bytes) -> None:
    said = answered(service, request_)
    assert said.startswith(b"HTTP/1.1 400 "), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1


def test_s89_a_request_that_is_one_is_answered(service: Service) -> None:
    """Without this the refusals above would prove nothing."""
    plain = b"GET /livez HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert answered(service, plain).startswith(b"HTTP/1.1 200 ")
    chunked = b"POST /livez HTTP/1.1\r\n" + HOST + CHUNKED + b"Connection: close\r\n\r\n0\r\n\r\n"
    assert answered(service, chunked).startswith(b"HTTP/1.1 405 ")


def test_s85_a_head_without_end_is_cut_off(service: Service) -> None:
    lines = [b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(2000)]
    said = answered(service, b"GET /livez HTTP/1.1\r\n", HOST, *lines)
    assert said == b"" or said.startswith(b"HTTP/1.1 400 "), said[:200]
    assert httpx.get(f"{service.url}/livez").status_code == 200


@pytest.fixture(scope="module")
def person(service: Service) -> Iterator[Person]:
    with service.person() as one:
        yield one


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[" * 100_000, 413, "BODY_TOO_LARGE"),
        ("[" * 30_000 + "]" * 30_000, 422, "VALIDATION"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, 422, "VALIDATION"),
        (
            '{"kind":"PAPER","kind":"PAPER","currency":"INR","opening_capital":"1"}',
            422,
            "VALIDATION",
        ),
        ('{"kind":"PAPER","currency":"INR","opening_capital":1e400}', 422, "VALIDATION"),
        (
            '{"kind":"PAPER","currency":"INR","opening_capital":' + "9" * 5000 + "}",
            422,
            "VALIDATION",
        ),
        ('{"kind":"PAPER","currency":"INR","opening_capital":NaN}', 422, "VALIDATION"),
        (
            '{"kind":"PAPER","currency":"INR","opening_capital":"1","owner_id":"x"}',
            422,
            "VALIDATION",
        ),
        ('{"kind":"\ud800"}', 400, "BODY_MALFORMED"),
        ('{"\ud800":"PAPER"}', 400, "BODY_MALFORMED"),
        ("\ufeff{}", 400, "BODY_MALFORMED"),
        ("", 422, "VALIDATION"),
        ("{", 400, "BODY_MALFORMED"),
        ("nul", 400, "BODY_MALFORMED"),
        ("'a'", 400, "BODY_MALFORMED"),
    ],
)
def test_s85_json_that_is_too_much_or_none(
    person: Person, body: str, status: int, code: str
) -> None:
    content = body.encode("utf-8", "surrogatepass")
    answer = person.http.post("/accounts", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) in {(status, code), (400, "BODY_MALFORMED")}


def test_s85_a_body_that_is_sent_bit_by_bit_is_counted_too(person: Person) -> None:
    def without_end() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 4096

    refused(
        person.http.post("/accounts", content=without_end(), headers=JSON), 413, "BODY_TOO_LARGE"
    )


@pytest.mark.parametrize("wide", ["a" * 30_000, "a@" * 15_000, "1" * 30_000, " " * 30_000 + "x"])
def test_s86_no_input_is_worth_much_time(person: Person, wide: str) -> None:
    began = time.monotonic()
    for path, body in (
        ("/auth/login", {"email": wide, "password": PASSWORD}),
        ("/accounts", {"kind": "PAPER", "currency": wide, "opening_capital": wide}),
        ("/auth/keys", {"label": "x", "scopes": ["read"], "expires_at": wide}),
    ):
        answer = person.http.post(path, content=json.dumps(body), headers=JSON)
        assert answer.status_code == 422, answer.text[:200]
    assert time.monotonic() - began < 1
