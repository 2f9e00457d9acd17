"""Limits: how much anybody may ask for, kept in memory or, for several processes, in Valkey."""

from adapters.limits.bucket import Ask as Ask
from adapters.limits.bucket import Buckets as Buckets
from adapters.limits.bucket import Limit as Limit
from adapters.limits.bucket import MemoryBuckets as MemoryBuckets
from adapters.limits.bucket import TooMany as TooMany
from adapters.limits.bucket import Verdict as Verdict


def buckets(valkey_url: str | None) -> Buckets:
    """Several processes count together in Valkey, if there is one; else each counts by itself."""
    if valkey_url is None:
        return MemoryBuckets()
    # Its client takes a fifth of a second to load, which a start without Valkey need not wait for.
    from adapters.limits.valkey import SharedBuckets  # noqa: PLC0415

    return SharedBuckets(valkey_url)
