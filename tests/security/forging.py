"""ID tokens that Google has not signed, made from the claims of one that it has."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import RSAAlgorithm

from tests.security.vouching import StandInGoogle, new_key


def forged(google: StandInGoogle) -> dict[str, Callable[[dict[str, Any]], str]]:
    mine = new_key()
    public = google.keys["first"].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    own = json.loads(RSAAlgorithm.to_jwk(mine.public_key()))

    def signed(**header: Any) -> Callable[[dict[str, Any]], str]:
        return lambda claims: jwt.encode(claims, mine, "RS256", headers=header)

    return {
        "another key": signed(kid="first"),
        "a key of its own": signed(kid="mine", jwk=own),
        "a key from elsewhere": signed(kid="first", jku="https://evil.example/certs"),
        "no kid": signed(),
        "a kid that is a path": signed(kid="../../etc/passwd"),
        "unsigned": lambda claims: jwt.encode(claims, "", "none", headers={"kid": "first"}),
        "signed with what is public": lambda claims: _hs256(claims, pem),
        "no token": lambda claims: "x",
        "words": lambda claims: "a.b.c",
        "not ASCII": lambda claims: "é.é.é",
    }


def _hs256(claims: dict[str, Any], key: bytes) -> str:
    """What PyJWT refuses to make."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    header = part(json.dumps({"alg": "HS256", "kid": "first", "typ": "JWT"}).encode())
    signed = f"{header}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.digest(key, signed.encode(), 'sha256'))}"
