"""Access tokens: ours are taken, and those that we did not make, or not so, are not."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.tokens import AUDIENCE, ISSUER, Tokens, Untrusted
from tests.e2e.api.doorstep import me, new_id, refused, sign_in, sign_up, somebody
from tests.e2e.service import Service


@pytest.fixture(scope="module")
def private(keys: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key((keys / "access-1.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@pytest.fixture(scope="module")
def kid(service: Service) -> str:
    (key,) = httpx.get(f"{service.url}/.well-known/jwks.json").json()["keys"]
    return str(key["kid"])


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    right = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(new_id()),
        "jti": str(new_id()),
        "sid": str(new_id()),
        "auth_time": now,
        "roles": ["TRADER"],
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    }
    return {name: value for name, value in (right | changes).items() if value is not None}


def test_the_published_keys_check_our_tokens(service: Service, stranger: httpx.Client) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["access_token"]
    response = stranger.get(f"{service.url}/.well-known/jwks.json")
    assert "max-age" in response.headers["Cache-Control"]
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
    key = jwt.PyJWKSet.from_dict(response.json())[header["kid"]]
    assert "d" not in response.json()["keys"][0]
    checked = jwt.decode(token, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert checked["sub"] == user_id
    assert {"exp", "nbf", "iat", "jti"} <= checked.keys()


def test_a_token_made_right_is_taken(
    stranger: httpx.Client, private: rsa.RSAPrivateKey, kid: str
) -> None:
    """Without this the refusals below would prove nothing."""
    token = jwt.encode(claims(), private, "RS256", {"typ": "at+jwt", "kid": kid})
    assert me(stranger, token).status_code == 200


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"exp": int(time.time()) - 1}, {}),
        ({"nbf": int(time.time()) + 3600}, {}),
        ({"iat": int(time.time()) + 3600}, {}),
        ({"iss": "somebody"}, {}),
        ({"aud": "another-api"}, {}),
        *[
            ({name: None}, {})
            for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "sid", "auth_time")
        ],
        ({"sub": "me"}, {}),
        ({"roles": ["KING"]}, {}),
        ({"roles": "TRADER"}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": "refresh+jwt"}),
        ({}, {"kid": "../../etc/passwd"}),
        ({}, {"kid": "https://example.com/key"}),
        ({}, {"kid": None}),
        ({}, {"crit": ["exp"]}),
    ],
)
def test_a_token_that_is_wrong_in_one_thing_is_refused(
    stranger: httpx.Client,
    private: rsa.RSAPrivateKey,
    kid: str,
    changes: dict[str, object],
    header: dict[str, Any],
) -> None:
    headers = {"typ": "at+jwt", "kid": kid} | header
    headers = {name: value for name, value in headers.items() if value is not None}
    refused(me(stranger, jwt.encode(claims(**changes), private, "RS256", headers)))


def test_a_token_of_another_key_is_refused(stranger: httpx.Client, kid: str) -> None:
    other = rsa.generate_private_key(65537, 2048)
    refused(me(stranger, jwt.encode(claims(), other, "RS256", {"typ": "at+jwt", "kid": kid})))


def test_our_public_key_is_no_secret_to_sign_with(
    stranger: httpx.Client, private: rsa.RSAPrivateKey, kid: str
) -> None:
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    for algorithm in ("HS256", "none", "None", "RS512"):
        signed = part({"alg": algorithm, "typ": "at+jwt", "kid": kid}) + b"." + part(claims())
        mac = jwt.get_algorithm_by_name("HS256").sign(signed, jwt.utils.force_bytes(public[:64]))
        for signature in (b"", base64.urlsafe_b64encode(mac).rstrip(b"=")):
            refused(me(stranger, (signed + b"." + signature).decode()))


def test_a_token_is_not_good_after_its_time_even_if_it_was_seen_before(tmp_path: Path) -> None:
    clock = [datetime.now(UTC).timestamp()]
    tokens = Tokens(tmp_path, new_id, timedelta(minutes=5), now=lambda: clock[0])
    user_id = new_id()
    token = tokens.issue(user_id)
    assert tokens.check(token).user_id == user_id
    clock[0] += 299
    assert tokens.check(token).actor == f"user:{user_id}"
    clock[0] += 2
    with pytest.raises(Untrusted):
        tokens.check(token)
