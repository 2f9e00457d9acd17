"""S19 to S25: access tokens are taken if we made them, and made them so, and no others."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters import signing
from adapters.servers import located
from adapters.tokens import AUDIENCE, ISSUER, Tokens, Untrusted
from tests.e2e.api.doorstep import me, new_id, refused, renew, sign_in, sign_up, somebody
from tests.e2e.service import Service, eventually, running


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
    user_id = sign_up(stranger, somebody())
    token = jwt.encode(claims(sub=user_id), private, "RS256", {"typ": "at+jwt", "kid": kid})
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
        ({}, {"crit": ["x"], "x": True}),
        ({}, {"jku": "https://evil.example.net/jwks.json"}),
        ({}, {"x5u": "https://evil.example.net/key.pem"}),
        ({}, {"jwk": {"kty": "oct", "k": "AAAA"}}),
        ({}, {"typ": "id+jwt"}),
        ({}, {"typ": None}),
        ({}, {"kid": "'; select 1 --"}),
    ],
)
def test_s20_to_s23_a_token_that_is_wrong_in_one_thing_is_refused(
    stranger: httpx.Client,
    private: rsa.RSAPrivateKey,
    kid: str,
    changes: dict[str, object],
    header: dict[str, Any],
) -> None:
    headers = {"typ": "at+jwt", "kid": kid} | header
    headers = {name: value for name, value in headers.items() if value is not None}
    refused(me(stranger, jwt.encode(claims(**changes), private, "RS256", headers)))


def test_s21_a_token_of_another_key_is_refused(stranger: httpx.Client, kid: str) -> None:
    other = rsa.generate_private_key(65537, 2048)
    refused(me(stranger, jwt.encode(claims(), other, "RS256", {"typ": "at+jwt", "kid": kid})))


def test_s19_our_public_key_is_no_secret_to_sign_with(
    stranger: httpx.Client, private: rsa.RSAPrivateKey, kid: str
) -> None:
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    for algorithm in ("HS256", "none", "None", "RS512", "PS256"):
        signed = part({"alg": algorithm, "typ": "at+jwt", "kid": kid}) + b"." + part(claims())
        for secret in (public, public.strip(), kid.encode(), b""):
            mac = hmac.digest(secret, signed, "sha256")
            for signature in (b"", base64.urlsafe_b64encode(mac).rstrip(b"=")):
                refused(me(stranger, (signed + b"." + signature).decode()))


def test_s20_a_refresh_token_is_no_access_token_and_no_other_way_round(
    stranger: httpx.Client,
) -> None:
    who = somebody()
    sign_up(stranger, who)
    login = sign_in(stranger, who)
    refused(me(stranger, login["refresh_token"]))
    refused(stranger.post("/auth/refresh", json={"refresh_token": login["access_token"][:128]}))


def test_s22_the_library_is_one_without_known_holes() -> None:
    assert tuple(map(int, version("pyjwt").split("."))) >= (2, 15, 1)
    assert tuple(map(int, version("litestar").split("."))) >= (2, 25)


def test_s24_an_old_key_is_good_as_long_as_its_tokens_and_no_longer(tmp_path: Path) -> None:
    clock = [time.time()]
    tokens = Tokens(tmp_path, new_id, timedelta(minutes=5), now=lambda: clock[0])
    (first,) = tokens.kids
    old = tokens.issue(new_id())
    clock[0] += 100
    second = signing.rotate(tmp_path, clock[0], tokens.longest_life_s)
    clock[0] += 1
    new = tokens.issue(new_id())
    assert [jwt.get_unverified_header(token)["kid"] for token in (old, new)] == [first, second]
    tokens.check(old)
    assert tokens.kids == [first, second]
    clock[0] += tokens.longest_life_s
    with pytest.raises(Untrusted):
        tokens.check(old)
    assert tokens.kids == [second]
    signing.rotate(tmp_path, clock[0], tokens.longest_life_s)
    clock[0] += 1
    tokens.look()
    assert len(tokens.kids) == 2
    assert second in tokens.kids
    assert len(list(tmp_path.glob("access-*.pem"))) == 2, "a private key nobody needs is gone"


def test_s24_keys_rotate_and_are_revoked_under_load_and_nobody_is_signed_out() -> None:
    with running(RATE_LIMIT_SCALE="0") as service, service.person() as one:
        session = one.post("/auth/login", one.identity, 200)

        def kids() -> list[str]:
            keys = httpx.get(f"{service.url}/.well-known/jwks.json").json()["keys"]
            return [key["kid"] for key in keys]

        (first,) = kids()
        stop, seen = threading.Event(), []

        def ask() -> None:
            while not stop.is_set():
                seen.append(me(one.http, one.token).status_code)

        asking = threading.Thread(target=ask)
        asking.start()
        rotated = service.papertape("keys", "rotate")
        assert rotated.returncode == 0, rotated.stderr
        second = rotated.stdout.splitlines()[-1].split()[0]
        eventually(kids, lambda found: found == [first, second])
        time.sleep(0.2)
        stop.set()
        asking.join()
        assert set(seen) == {200}, "the old key is good until its tokens end"
        session = renew(one.http, session["refresh_token"]).json()
        assert jwt.get_unverified_header(session["access_token"])["kid"] == second

        assert service.papertape("keys", "revoke", "nonsense").returncode == 1
        assert service.papertape("keys", "revoke", second).returncode == 0
        eventually(lambda: me(one.http, session["access_token"]).status_code, lambda s: s == 401)
        session = renew(one.http, session["refresh_token"]).json()
        assert me(one.http, session["access_token"]).status_code == 200
        assert second not in kids()
        told = service.papertape("keys").stdout
        assert told.count("signs") == 1
        db = located(service.data.resolve()).admin_dsn
        with psycopg.connect(db) as connection:
            query = "select count(*) from es.event where type = 'SigningKeysChanged'"
            eventually(lambda: connection.execute(query).fetchone(), lambda row: row[0] >= 3)


@pytest.mark.parametrize("bits", [1024, 2048])
def test_s25_a_key_that_is_too_short_is_refused(tmp_path: Path, bits: int) -> None:
    short = rsa.generate_private_key(65537, bits)
    (tmp_path / "access-1.pem").write_bytes(
        short.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(signing.WeakKey):
        Tokens(tmp_path, new_id)


def test_s25_keys_are_of_3072_bits(service: Service) -> None:
    for key in httpx.get(f"{service.url}/.well-known/jwks.json").json()["keys"]:
        modulus = base64.urlsafe_b64decode(key["n"] + "==")
        assert len(modulus) * 8 >= 3072
        assert (key["alg"], key["use"], key["kty"]) == ("RS256", "sig", "RSA")
        assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


def test_s23_a_token_is_not_good_after_its_time_even_if_it_was_seen_before(tmp_path: Path) -> None:
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
