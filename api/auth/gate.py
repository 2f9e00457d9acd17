"""The gate: all that is kept to know who asks, from where, and how often, in one place."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar.types import Scope
from psycopg_pool import AsyncConnectionPool

from adapters.api_keys import ApiKeys
from adapters.attempts import Attempts
from adapters.credentials import derived
from adapters.ended import Ended
from adapters.keys import kept
from adapters.limits import Limit, buckets
from adapters.sessions import AGENT_MAX, Whence
from adapters.settings import Settings
from api.asgi import header
from api.auth.addresses import Addresses
from api.auth.cookies import DEVICE, cookie
from api.auth.doorbook import Doorbook
from api.auth.limits import Limits
from commands.base import Caller
from commands.dispatch import Dispatch
from commands.identity import AttendApiKey
from domain.base import Role

_DIGEST_CHARACTERS = 32
_DEVICE_MAX = 128


class Gate:
    """``pool`` is where sessions are kept; who opens the gate keeps ``ended`` fresh."""

    def __init__(
        self,
        settings: Settings,
        pool: AsyncConnectionPool[Any],
        dispatch: Dispatch,
        ids: Callable[[], UUID],
        clock: Callable[[], datetime],
        *,
        keys: Path,
        ended: Ended,
    ) -> None:
        master = kept(keys / "people", lambda: secrets.token_bytes(32))
        self._digests = derived(master, "digests at the doors")
        self.csrf_key = derived(master, "csrf")
        self.origins = frozenset(settings.cors_origins)
        self.ended = ended
        self.addresses = Addresses(settings.trusted_proxies)
        self._buckets = buckets(settings.valkey_url)
        self.limits = Limits(self._buckets, settings.rate_limit_scale)
        self.attempts = Attempts(pool, clock)
        self.doorbook = Doorbook(dispatch, ids, clock)
        self.api_keys = ApiKeys(pool, clock, self._attend_key)
        self._dispatch = dispatch
        self._ids = ids
        self._clock = clock

    async def take(self, name: str, key: str, *, per_s: float = 0.1, burst: int = 5) -> None:
        """One from a bucket of a caller's own making; TooMany (429) if it is empty."""
        await self.limits.take(Limit(name, per_s, burst), key)

    def digest(self, of_what: str, text: str) -> str:
        """Tells that two are the same, to whoever has our key, and nobody what they are."""
        said = f"{of_what} {text}".encode()
        return hmac.digest(self._digests, said, "sha256").hex()[:_DIGEST_CHARACTERS]

    def address_of(self, scope: Scope) -> str:
        return self.addresses.of(scope)

    def ip_hash(self, scope: Scope) -> str:
        return self.digest("address", self.address_of(scope))

    def device_of(self, scope: Scope) -> str | None:
        """The digest of the secret by which a device is known: a cookie's, or a program's own."""
        known = cookie(scope, DEVICE) or header(scope, b"x-device")
        return self.digest("device", known[:_DEVICE_MAX]) if known else None

    def whence(self, scope: Scope) -> Whence:
        agent = "".join(c for c in header(scope, b"user-agent") or "" if c.isprintable())
        return Whence(self.ip_hash(scope), self.device_of(scope), agent[:AGENT_MAX])

    def turned_away(self, scope: Scope, status: int) -> None:
        """Note it, if a request was answered with a refusal of whoever asked."""
        self.doorbook.turned_away(scope, status, lambda: self.ip_hash(scope))

    async def close(self) -> None:
        await self.doorbook.close()
        await self._buckets.close()

    async def _attend_key(self, user_id: UUID, key_id: UUID) -> None:
        caller = Caller(actor="system:doors", roles=Role.SYSTEM, correlation_id=self._ids())
        command = AttendApiKey(at=self._clock(), user_id=user_id, key_id=key_id)
        await self._dispatch(command, caller)
