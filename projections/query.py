"""
How read models are asked: pages, cursors, and amounts as people write them.

A query takes the caller's id and finds nothing of anybody else's: what is not theirs is not
there.  Each is one round trip.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import DecodeError, Struct, json
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import dict_row

from domain.errors import Invalid, NotFound

T = TypeVar("T")
#: A connection that ``prepare`` has seen.
Db = AsyncConnection[Any]
#: A plain decimal, without exponent and without trailing zeros.
Amount = str

LIMIT = 100
LIMIT_MAX = 500
NEWEST = (1 << 63) - 1
_PRICE_UNIT = Decimal("1e-8")


class Page(Struct, Generic[T], frozen=True):
    """``next`` is the cursor of the page that follows, None on the last."""

    items: list[T]
    next: str | None = None


def plain(value: Decimal) -> Amount:
    return _trimmed(format(value, "f"))


def _trimmed(text: str) -> Amount:
    return text.rstrip("0").rstrip(".") if "." in text else text


def mean(total: Decimal, units: Decimal) -> Amount | None:
    """A price per unit, for show only: half to even at 8 places, None when there are no units."""
    return plain((total / units).quantize(_PRICE_UNIT, ROUND_HALF_EVEN)) if units else None


class AmountLoader(Loader):
    """``numeric`` as text, exactly: a float or a Decimal's exponent never gets in between."""

    def load(self, data: Buffer) -> Amount:
        return _trimmed(bytes(data).decode())


async def prepare(db: Db) -> None:
    """What every connection that asks read models needs, once; for a pool's ``configure``."""
    db.adapters.register_loader("numeric", AmountLoader)
    await db.set_autocommit(True)
    await db.execute("SET TIME ZONE 'UTC'")


def sql(template: str, **parts: str) -> bytes:
    """A query made when its module is: ``parts`` are columns and conditions, never values."""
    return template.format(**parts).encode()


def columns_for(shape: type[Struct], table: str, **computed: str | None) -> str:
    """What to select for the fields of an answer; a field computed as None is left to Python."""
    chosen = ((name, computed.get(name, f"{table}.{name}")) for name in shape.__struct_fields__)
    return ", ".join(f"{source} AS {name}" for name, source in chosen if source is not None)


async def rows(
    db: Db, query: bytes, values: Sequence[object] | Mapping[str, object]
) -> list[dict[str, Any]]:
    async with db.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values, prepare=True)
        return await cursor.fetchall()


async def of_known_account(
    db: Db, account_id: UUID, query: bytes, values: Sequence[object]
) -> list[dict[str, Any]]:
    """
    The rows that hang on an account, which the query finds by owner: none is 404.

    An account with nothing on it is one row of NULLs.
    """
    found = await rows(db, query, values)
    if not found:
        raise NotFound("ACCOUNT_UNKNOWN", account_id=str(account_id))
    return [row for row in found if next(iter(row.values())) is not None]


def start(limit: int, cursor: str | None, parts: int = 1) -> list[int]:
    """Where a page begins, newest first; Invalid if the cursor is not one that we gave."""
    if not 1 <= limit <= LIMIT_MAX:
        rule = f"1 to {LIMIT_MAX}"
        raise Invalid("VALIDATION", f"limit must be {rule}", field="limit", rule=rule)
    if cursor is None:
        return [NEWEST] * parts
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at = json.decode(b64decode(padded, altchars=b"-_", validate=True), type=list[int])
    except (DecodeError, binascii.Error, ValueError):
        at = []
    if len(at) != parts or not all(0 <= part <= NEWEST for part in at):
        rule = "a cursor from an earlier answer"
        raise Invalid("VALIDATION", f"cursor must be {rule}", field="cursor", rule=rule)
    return at


def page(items: list[T], limit: int, place: Callable[[T], tuple[int, ...]]) -> Page[T]:
    """One more than ``limit`` was asked for; the one too many says that there is a next page."""
    if len(items) <= limit:
        return Page(items)
    cursor = urlsafe_b64encode(json.encode(place(items[limit - 1]))).rstrip(b"=").decode()
    return Page(items[:limit], cursor)
