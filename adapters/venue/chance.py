"""Chance that anybody with the seed can draw again: no dice, no state, one number per question."""

from __future__ import annotations

import hmac
from decimal import Decimal
from uuid import UUID

from domain.market import Quote

_PARTS = 10**9


def seed_of(secret: bytes, account_id: UUID) -> bytes:
    """The seed of an account: it can be shown to its owner, and tells nothing of the others'."""
    return hmac.digest(secret, account_id.bytes, "sha256")


def chance(seed: bytes, order_id: UUID, quote: Quote, purpose: str) -> Decimal:
    """From 0 to below 1 in steps of 10^-9, by HMAC-SHA256 over what the question is about."""
    said = b"\0".join((order_id.bytes, f"{quote.source}:{quote.seq}".encode(), purpose.encode()))
    drawn = int.from_bytes(hmac.digest(seed, said, "sha256")[:8])
    return Decimal(drawn * _PARTS >> 64) / _PARTS
