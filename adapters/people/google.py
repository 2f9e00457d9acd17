"""
Google vouches for people: an ID token (OpenID Connect) says who somebody is there.

It counts only when Google signed it, for us, a moment ago, in answer to our own nonce, about an
address that Google has verified.  Who it is about is issuer and subject, never the address.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import jwt
from msgspec import Struct

from adapters.people.jwks import KeysAway, PublicKeys
from adapters.tokens import Untrusted
from domain.errors import Unavailable

ISSUER = "https://accounts.google.com"
_ISSUERS = [ISSUER, "accounts.google.com"]
_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "nonce", "email", "email_verified"]
_LEEWAY_S = 10


class Vouched(Struct, frozen=True):
    """Whom Google knows; ``name`` and ``picture`` as they are there."""

    subject: str
    email: str
    name: str | None = None
    picture: str | None = None

    def __repr__(self) -> str:
        return "Vouched()"


class Google:
    """Checks ID tokens that are for ``client_id`` with the keys at ``jwks_url``."""

    def __init__(self, client_id: str, jwks_url: str) -> None:
        self.client_id = client_id
        self._keys = PublicKeys(jwks_url)

    async def check(self, id_token: str, nonce: str) -> Vouched:
        """Whom it is about; Untrusted if it does not count, Unavailable without Google's keys."""
        try:
            claims = await self._claims(id_token)
        except KeysAway:
            raise Unavailable("GOOGLE_UNAVAILABLE", "try again", retry_after=5) from None
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            raise Untrusted from None
        told = claims["nonce"]
        if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
            raise Untrusted
        for_us = claims.get("azp", self.client_id) == self.client_id
        if claims["email_verified"] is not True or not for_us:
            raise Untrusted
        return Vouched(
            str(claims["sub"]),
            str(claims["email"]),
            _text(claims.get("name")),
            _text(claims.get("picture")),
        )

    async def _claims(self, id_token: str) -> dict[str, Any]:
        kid = jwt.get_unverified_header(id_token)["kid"]
        key = await self._keys.of(kid) if isinstance(kid, str) else None
        if key is None:
            raise Untrusted
        return jwt.decode(
            id_token,
            key,
            algorithms=["RS256"],
            audience=self.client_id,
            issuer=_ISSUERS,
            leeway=_LEEWAY_S,
            options={"require": _CLAIMS, "strict_aud": True},
        )


def nonce_of(transaction: str) -> str:
    """What Google is given, and puts into its token: nobody who reads that has the transaction."""
    return urlsafe_b64encode(sha256(transaction.encode()).digest()).decode().rstrip("=")


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) else None
