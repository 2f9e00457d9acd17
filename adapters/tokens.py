"""
Tokens: who a request is from, signed (RS256) so that nobody has to be asked again.

The private key is a file, ``keys/access-KID.pem``.  Every such file is trusted, the newest
signs: to rotate, put a new one beside the old one, and take the old one away after the longest
life of a token.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode
from msgspec import Struct

from adapters.keys import kept
from domain.base import Role

BITS = 3072
TYPE = "at+jwt"
ISSUER = "papertape"
AUDIENCE = "papertape-api"
LEEWAY_S = 10
_CLAIMS = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]


class WeakKey(Exception):
    """A signing key has fewer than 3072 bits."""


class Untrusted(Exception):
    """The token is not one of ours, or no longer good."""


class Identity(Struct, frozen=True):
    """Whom a token speaks for; ``expires`` in seconds since 1970."""

    user_id: UUID
    roles: Role
    expires: float
    actor: str


class Tokens:
    """Issues and checks access tokens; ``remembered`` checked ones are not checked again."""

    def __init__(
        self,
        keys: Path,
        ids: Callable[[], UUID],
        lifetime: timedelta = timedelta(minutes=5),
        *,
        now: Callable[[], float] = time.time,
        remembered: int = 4096,
    ) -> None:
        self._ids = ids
        self._now = now
        self._lifetime_s = int(lifetime.total_seconds())
        self._remembered = remembered
        self._known: OrderedDict[str, Identity] = OrderedDict()
        trusted = _load(keys)
        self._kid, self._private = list(trusted.items())[-1]
        self._public = {kid: key.public_key() for kid, key in trusted.items()}

    @property
    def expires_in(self) -> int:
        """Seconds that a new token is good for."""
        return self._lifetime_s

    def issue(self, user_id: UUID, roles: Role = Role.TRADER) -> str:
        now = int(self._now())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "roles": [role.name for role in roles],
            "jti": str(self._ids()),
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime_s,
        }
        return jwt.encode(claims, self._private, "RS256", {"typ": TYPE, "kid": self._kid})

    def check(self, token: str) -> Identity:
        """Whom it speaks for; raise Untrusted if it does not."""
        identity = self._known.get(token)
        if identity is None:
            identity = self._checked(token)
            self._known[token] = identity
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        if identity.expires <= self._now():
            self._known.pop(token, None)
            raise Untrusted
        return identity

    def jwks(self) -> bytes:
        """The public keys (RFC 7517) with which anybody may check our tokens."""
        keys = [_public(kid, key) for kid, key in self._public.items()]
        return msgspec.json.encode({"keys": keys})

    def _checked(self, token: str) -> Identity:
        try:
            header = jwt.get_unverified_header(token)
            key = self._public[header["kid"]]
            if header.get("typ") != TYPE:
                raise Untrusted
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": _CLAIMS, "verify_exp": False},  # by our own clock, every time
            )
            roles = Role(0)
            for name in claims.get("roles", ()):
                roles |= Role[name]
            user_id = UUID(claims["sub"])
            return Identity(user_id, roles, float(claims["exp"]), f"user:{user_id}")
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise Untrusted from None


def _load(keys: Path) -> dict[str, RSAPrivateKey]:
    """Every key by its id, the newest last."""
    files = sorted(keys.glob("access-*.pem"), key=lambda file: (file.stat().st_mtime, file.name))
    if not files:
        kept(keys / "access-1.pem", _make)
        files = [keys / "access-1.pem"]
    trusted: dict[str, RSAPrivateKey] = {}
    for file in files:
        key = cast(
            RSAPrivateKey, serialization.load_pem_private_key(file.read_bytes(), password=None)
        )
        if key.key_size < BITS:
            raise WeakKey(f"{file.name} has {key.key_size} bits, {BITS} are needed")
        trusted[_thumbprint(key.public_key())] = key
    return trusted


def _make() -> bytes:
    return generate_private_key(public_exponent=65537, key_size=BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _thumbprint(key: RSAPublicKey) -> str:
    """RFC 7638."""
    public = RSAAlgorithm.to_jwk(key, as_dict=True)
    members = {name: public[name] for name in ("e", "kty", "n")}
    return base64url_encode(sha256(msgspec.json.encode(members, order="sorted")).digest()).decode()


def _public(kid: str, key: RSAPublicKey) -> dict[str, Any]:
    numbers = RSAAlgorithm.to_jwk(key, as_dict=True)
    members = {name: numbers[name] for name in ("kty", "n", "e")}
    return {"use": "sig", "alg": "RS256", "kid": kid, **members}
