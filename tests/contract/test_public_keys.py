"""S15, S56: public keys of somebody else, from a server that is honest, slow, lying or away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from jwt.algorithms import RSAAlgorithm

from adapters.people.google import Google
from adapters.people.jwks import BYTES_MAX, KEPT_S, LOOK_AGAIN_S, KeysAway, PublicKeys
from domain.errors import Unavailable
from tests.security.vouching import Answer, StandInGoogle, new_key, said, vouching

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def shared() -> Iterator[StandInGoogle]:
    with vouching() as one:
        yield one


@pytest.fixture
def google(shared: StandInGoogle) -> StandInGoogle:
    shared.keys = {"first": shared.keys["first"]}
    shared.answer, shared.asked = shared.publish, 0
    return shared


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_keys_are_asked_for_once_an_hour_however_many_want_them(
    google: StandInGoogle, watch: Watch
) -> None:
    keys = PublicKeys(google.url, now=watch)
    found = await asyncio.gather(*(keys.of("first") for _ in range(50)))
    assert all(key == google.keys["first"].public_key() for key in found)
    watch.seconds += KEPT_S - 1
    await keys.of("first")
    assert google.asked == 1
    watch.seconds += 1
    await keys.of("first")
    assert google.asked == 2


async def test_a_key_that_comes_later_is_found_and_one_that_goes_is_forgotten(
    google: StandInGoogle, watch: Watch
) -> None:
    keys = PublicKeys(google.url, now=watch)
    await keys.of("first")
    watch.seconds += LOOK_AGAIN_S
    google.keys = {"second": new_key()}
    assert await keys.of("second") == google.keys["second"].public_key()
    assert await keys.of("first") is None
    google.keys = {"first": new_key()}


async def test_invented_keys_have_us_ask_now_and_then_at_most(
    google: StandInGoogle, watch: Watch
) -> None:
    keys = PublicKeys(google.url, now=watch)
    for number in range(200):
        assert await keys.of(f"invented {number}") is None
    assert google.asked == 1
    watch.seconds += LOOK_AGAIN_S
    assert await keys.of("invented") is None
    assert google.asked == 2


def _redirects(google: StandInGoogle) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/certs":
            said(request, b"", 302, Location="/elsewhere")
        else:
            google.publish(request)

    return answer


def _says(body: bytes, status: int = 200) -> Answer:
    return lambda request: said(request, body, status)


@pytest.mark.parametrize(
    "answer",
    [
        _says(b"", 500),
        _says(b"<html>"),
        _says(b"[]"),
        _says(b'{"keys": []}'),
        _says(b'{"keys": 7}'),
        _says(b'{"keys": [{"kid": "first"}, {"kty": "RSA", "kid": "first"}]}'),
        _says(b'{"keys": [{"kty": "oct", "kid": "first", "k": "c2VjcmV0"}]}'),
        _says(b" " * (BYTES_MAX + 1) + b"{}"),
    ],
    ids=["500", "html", "list", "none", "number", "broken", "symmetric", "huge"],
)
async def test_what_are_no_keys_is_as_if_nobody_answered(
    google: StandInGoogle, watch: Watch, answer: Answer
) -> None:
    keys = PublicKeys(google.url, now=watch)
    google.answer = answer
    with pytest.raises(KeysAway):
        await keys.of("first")
    google.answer = google.publish
    with pytest.raises(KeysAway):  # nor is it asked again at once
        await keys.of("first")
    watch.seconds += LOOK_AGAIN_S
    assert await keys.of("first") is not None


async def test_keys_are_nowhere_but_where_we_were_told(google: StandInGoogle) -> None:
    google.answer = _redirects(google)
    with pytest.raises(KeysAway):
        await PublicKeys(google.url).of("first")
    assert google.asked == 1


async def test_short_keys_and_keys_for_something_else_count_for_nothing(
    google: StandInGoogle,
) -> None:
    short = RSAAlgorithm.to_jwk(new_key(1024).public_key(), as_dict=True)
    good = RSAAlgorithm.to_jwk(google.keys["first"].public_key(), as_dict=True)
    published = [
        {**short, "kid": "short"},
        {**good, "kid": "seals", "use": "enc"},
        {**good, "kid": "signs"},
    ]
    google.answer = _says(json.dumps({"keys": published}).encode())
    keys = PublicKeys(google.url)
    assert [await keys.of(kid) is not None for kid in ("short", "seals", "signs")] == [
        False,
        False,
        True,
    ]


async def test_nobody_waits_long_for_keys_that_trickle_in(google: StandInGoogle) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(20):
            try:
                request.wfile.write(b" ")
                request.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    google.answer = trickle
    began = time.monotonic()
    with pytest.raises(KeysAway):
        await PublicKeys(google.url, deadline_s=0.2).of("first")
    assert time.monotonic() - began < 2


async def test_no_proxy_of_the_environment_comes_between(
    google: StandInGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert await PublicKeys(google.url).of("first") is not None


async def test_without_google_nobody_is_turned_away_for_good() -> None:
    away = Google("somebody", "http://127.0.0.1:9/certs")
    token = StandInGoogle().vouch("nonce")
    with pytest.raises(Unavailable, match="GOOGLE_UNAVAILABLE"):
        await away.check(token, "nonce")
