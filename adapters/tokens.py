"""
Tokens: who a request is from, signed (RS256) so that nobody has to be asked again.

What is trusted follows the folder of signing keys (adapters.signing) within a second, so that
keys change while the service runs.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import msgspec
from msgspec import Struct

from adapters import signing
from domain.base import Role

TYPE = "at+jwt"
VOUCHED = "statement+jwt"
ISSUER = "papertape"
AUDIENCE = "papertape-api"
LEEWAY_S = 10
LOOK_EVERY_S = 1.0
_CLAIMS = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti", "sid", "auth_time"]
_HEADER = frozenset({"alg", "typ", "kid"})


class Untrusted(Exception):
    """The token is not one of ours, or no longer good."""


class Identity(Struct, frozen=True):
    """
    Whom a token speaks for; ``expires`` and ``auth_time`` in seconds since 1970.

    ``auth_time`` is when this person last proved who they are; ``session_id`` is None, and
    ``key_id`` and ``scopes`` are there, where a program asks with an API key.
    """

    user_id: UUID
    roles: Role
    expires: float
    actor: str
    session_id: UUID | None = None
    auth_time: float = 0.0
    key_id: UUID | None = None
    scopes: frozenset[str] | None = None


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
        self._keys = keys
        self._ids = ids
        self._now = now
        self._lifetime_s = int(lifetime.total_seconds())
        self._remembered = remembered
        self._known: OrderedDict[str, Identity] = OrderedDict()
        self._changed = signing.changes(keys)
        self._changed()  # what is there now is no change: reading a key takes its time
        self._trust(now())

    @property
    def expires_in(self) -> int:
        """Seconds that a new token is good for."""
        return self._lifetime_s

    @property
    def longest_life_s(self) -> float:
        """Seconds after which no token issued so far is good, whoever's clock is asked."""
        return self._lifetime_s + LEEWAY_S

    @property
    def kids(self) -> list[str]:
        """The ids of the trusted keys; the last one signs."""
        return list(self._public)

    def issue(
        self,
        user_id: UUID,
        roles: Role = Role.TRADER,
        *,
        session_id: UUID | None = None,
        auth_time: datetime | None = None,
    ) -> str:
        """A token of this session; of one of its own, begun just now, if none is named."""
        now = self._now()
        if now >= self._look_at:
            self._look(now)
        issued = int(now)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id or self._ids()),
            "auth_time": int(auth_time.timestamp()) if auth_time else issued,
            "roles": [role.name for role in roles],
            "jti": str(self._ids()),
            "iat": issued,
            "nbf": issued,
            "exp": issued + self._lifetime_s,
        }
        header = {"typ": TYPE, "kid": self._signing.kid}
        return jwt.encode(claims, self._signing.private, "RS256", header)

    def vouch(self, claims: dict[str, Any]) -> str:
        """Our signature under a statement that is no token: nobody gets in by it."""
        header = {"typ": VOUCHED, "kid": self._signing.kid}
        stated = {"iss": ISSUER, "iat": int(self._now()), **claims}
        return jwt.encode(stated, self._signing.private, "RS256", header)

    def check(self, token: str) -> Identity:
        """Whom it speaks for; raise Untrusted if it does not."""
        now = self._now()
        if now >= self._look_at:
            self._look(now)
        identity = self._known.get(token)
        if identity is None:
            identity = self._checked(token)
            self._known[token] = identity
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        if identity.expires <= now:
            self._known.pop(token, None)
            raise Untrusted
        return identity

    def look(self) -> None:
        """See now whether keys came or went."""
        self._look(self._now())

    def jwks(self) -> bytes:
        """The public keys (RFC 7517) with which anybody may check our tokens."""
        self.look()
        return msgspec.json.encode({"keys": [signing.public(key) for key in self._trusted]})

    def _look(self, now: float) -> None:
        """Follow the folder; what cannot be read just now is looked at again in a second."""
        self._look_at = now + LOOK_EVERY_S
        ended = any(key.trusted_until is not None and key.trusted_until <= now
                    for key in self._trusted)  # fmt: skip
        if ended or self._changed():
            with suppress(OSError, ValueError, signing.WeakKey):
                self._trust(now)

    def _trust(self, now: float) -> None:
        self._trusted = signing.trusted(self._keys, now, self.longest_life_s)
        self._signing = self._trusted[-1]
        self._public = {key.kid: key.private.public_key() for key in self._trusted}
        self._known.clear()
        self._look_at = now + LOOK_EVERY_S

    def _checked(self, token: str) -> Identity:
        try:
            header = jwt.get_unverified_header(token)
            key = self._public[header["kid"]]
            if header.get("typ") != TYPE or not header.keys() <= _HEADER:
                raise Untrusted  # no jwk, jku or x5u of the sender's choice, and no crit
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
            return Identity(
                user_id,
                roles,
                float(claims["exp"]),
                f"user:{user_id}",
                UUID(claims["sid"]),
                float(claims["auth_time"]),
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise Untrusted from None
