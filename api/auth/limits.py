"""How often anybody may ask: by person, by address and by kind of route."""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import UUID

from litestar.types import Scope
from msgspec.structs import replace

from adapters.limits import Buckets, Limit, TooMany, Verdict
from api.auth.addresses import bucket_of
from api.auth.origin import SAFE

#: By person; those by which strangers prove who they are by address.
LIMITS = {
    "command": Limit("command", 50, 100),
    "query": Limit("query", 50, 200),
    "sign-in": Limit("sign-in", 1, 30),
}
OF_ADDRESS = Limit("address", 200, 400)
#: All strangers together: those who prove who they are from a device that is new to us.
OF_STRANGERS = Limit("strangers", 10, 200)
Say = list[tuple[bytes, bytes]]


class Limits:
    """``scale`` times what is written above; 0 is no limit at all."""

    def __init__(self, buckets: Buckets, scale: float) -> None:
        self._buckets = buckets
        self._scale = scale
        self.on = scale > 0
        if self.on:
            self._of_address = self._scaled(OF_ADDRESS)
            self._strangers = self._scaled(OF_STRANGERS)
            self._limits = {name: self._scaled(limit) for name, limit in LIMITS.items()}
            limits = (self._of_address, *self._limits.values())
            self._policies = {limit.name: _policy(limit) for limit in limits}

    async def count(self, scope: Scope, address: str, user_id: UUID | None) -> None:
        """One more request; TooMany if it is one too many, and headers that say how many more."""
        bucket = bucket_of(address)
        asks = [(self._of_address, bucket)]
        kind = scope["route_handler"].opt.get("limit")
        if kind is not None:
            asks.append((self._limits[kind], bucket if user_id is None else user_id.hex))
        elif user_id is not None:
            kind = "query" if scope.get("method", "GET") in SAFE else "command"
            asks.append((self._limits[kind], user_id.hex))
        self._tell(scope, await self._buckets.take(asks))

    async def count_unknown(self, scope: Scope, address: str) -> None:
        """One more request of which nobody could be told who it is from."""
        self._tell(scope, await self._buckets.take([(self._of_address, bucket_of(address))]))

    async def count_stranger(self) -> None:
        """One more attempt from a device that is new to us; TooMany if there are too many."""
        if self.on:
            (verdict,) = await self._buckets.take([(self._strangers, "all")])
            _demand(verdict)

    async def take(self, limit: Limit, key: str) -> None:
        """One from a bucket of the caller's own; TooMany if it is empty."""
        if self.on:
            (verdict,) = await self._buckets.take([(self._scaled(limit), key)])
            _demand(verdict)

    def _tell(self, scope: Scope, verdicts: Sequence[Verdict]) -> None:
        tightest = min(verdicts, key=lambda verdict: (verdict.allowed, verdict.remaining))
        name = tightest.limit.name
        left = f'"{name}";r={tightest.remaining};t={math.ceil(tightest.wait_s)}'
        say: Say = scope["state"].setdefault("say", [])
        say.append((b"ratelimit-policy", self._policies[name]))
        say.append((b"ratelimit", left.encode()))
        _demand(tightest)

    def _scaled(self, limit: Limit) -> Limit:
        burst = max(1, round(limit.burst * self._scale))
        return replace(limit, per_s=limit.per_s * self._scale, burst=burst)


def _policy(limit: Limit) -> bytes:
    return f'"{limit.name}";q={limit.burst};w={math.ceil(limit.window_s)}'.encode()


def _demand(verdict: Verdict) -> None:
    if not verdict.allowed:
        wait_s = max(1, math.ceil(verdict.wait_s))
        raise TooMany("RATE_LIMITED", f"wait {wait_s} s", wait_s)
