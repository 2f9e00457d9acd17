"""
Buckets that several processes share, in Valkey (or Redis).

One round trip whatever is asked.  While the server is away each process counts for itself, and
looks again after a moment: limits grow a little wider then, but nobody is turned away for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

import structlog
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from adapters.limits.bucket import Ask, MemoryBuckets, Verdict, taken

PATIENCE_S = 0.25
AWAY_S = 2.0
#: The times at which the buckets are full before and after, in microseconds of the server's clock.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local answer = {string.format('%d', now)}
for i, key in ipairs(KEYS) do
    local each, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local full = math.max(tonumber(redis.call('GET', key) or 0), now)
    answer[i + 1] = string.format('%d', full)
    if full - now + each <= window + 1 then
        redis.call('SET', key, string.format('%d', full + each),
            'PX', math.ceil((full + each - now) / 1000) + 1000)
    end
end
return answer
"""

_log = structlog.get_logger("limits")


class SharedBuckets:
    """As ``MemoryBuckets``, of all who are given the same URL."""

    def __init__(self, url: str) -> None:
        if url.startswith("redis"):  # one protocol by two names
            url = url.replace("redis", "valkey", 1)
        self._valkey = Valkey.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        )
        self._take = self._valkey.register_script(_TAKE)
        self._own = MemoryBuckets()
        self._away_until = 0.0

    async def take(self, asks: Sequence[Ask], /) -> list[Verdict]:
        if time.monotonic() < self._away_until:
            return self._own.take_now(asks)
        keys = [f"papertape:limit:{limit.name}:{key}" for limit, key in asks]
        figures = [
            round(seconds * 1e6)
            for limit, _ in asks
            for seconds in (1 / limit.per_s, limit.window_s)
        ]
        try:
            told = cast(Any, await self._take(keys=keys, args=figures))
        except (ValkeyError, OSError) as error:
            self._away_until = time.monotonic() + AWAY_S
            _log.warning("valkey is away, limits are counted here", reason=type(error).__name__)
            return self._own.take_now(asks)
        now, *before = (float(each) / 1e6 for each in told)
        return [
            taken(limit, full_at, now)[1] for (limit, _), full_at in zip(asks, before, strict=True)
        ]

    async def close(self) -> None:
        await self._valkey.aclose()
