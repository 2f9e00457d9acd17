"""Limits: how much anybody may ask for, kept in memory or, for several processes, in Valkey."""

from adapters.limits.bucket import Ask as Ask
from adapters.limits.bucket import Buckets as Buckets
from adapters.limits.bucket import Limit as Limit
from adapters.limits.bucket import MemoryBuckets as MemoryBuckets
from adapters.limits.bucket import TooMany as TooMany
from adapters.limits.bucket import Verdict as Verdict
from adapters.limits.valkey import SharedBuckets as SharedBuckets
