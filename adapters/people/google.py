"""
Google vouches for people: an ID token (OpenID Connect) says who somebody is there.

It counts only when Google signed it, for us, a moment ago, in answer to our own nonce, about an
address that Google has verified.  Who it is about is issuer and subject, never the address.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import jwt
from jwt import PyJWKClient, PyJWKClientConnectionError
from msgspec import Struct

from adapters.tokens import Untrusted
from domain.errors import Unavailable

ISSUER = "https://accounts.google.com"
_ISSUERS = [ISSUER, "accounts.google.com"]
_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "nonce", "email", "email_verified"]
_LEEWAY_S = 10
_FETCH_S = 5
_KEPT_S = 3600


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
        self._client_id = client_id
        self._keys = PyJWKClient(jwks_url, lifespan=_KEPT_S, timeout=_FETCH_S)

    async def check(self, id_token: str, nonce: str) -> Vouched:
        """Whom it is about; Untrusted if it does not count, Unavailable without Google's keys."""
        try:
            claims = await asyncio.to_thread(self._claims, id_token)
        except PyJWKClientConnectionError:
            raise Unavailable("GOOGLE_UNAVAILABLE", "try again", retry_after=5) from None
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            raise Untrusted from None
        told = claims["nonce"]
        if not isinstance(told, str) or not hmac.compare_digest(told.encode(), nonce.encode()):
            raise Untrusted
        if claims["email_verified"] is not True or claims.get("azp", self._client_id) != (
            self._client_id
        ):
            raise Untrusted
        return Vouched(
            str(claims["sub"]),
            str(claims["email"]),
            _text(claims.get("name")),
            _text(claims.get("picture")),
        )

    def _claims(self, id_token: str) -> dict[str, Any]:
        key = self._keys.get_signing_key_from_jwt(id_token)
        return jwt.decode(
            id_token,
            key.key,
            algorithms=["RS256"],
            audience=self._client_id,
            issuer=_ISSUERS,
            leeway=_LEEWAY_S,
            options={"require": _CLAIMS, "strict_aud": True},
        )


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) else None
