"""
Rotation of the master key: every key that an older one has sealed is sealed anew, while we serve.

Where it stands is in the rows themselves (``key_version``), so it may be killed at any moment
and goes on where it was.  Nothing that it does not open is touched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, LiteralString
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection

from adapters.vault.keyring import CannotOpen, KeyRing
from adapters.vault.secrets import bound_to

PAGE = 100

Db = AsyncConnection[Any]


class Kind(Struct, frozen=True):
    """One table of sealed keys: what an older master key has sealed, and how it is told anew."""

    left: LiteralString
    page: LiteralString
    seal: LiteralString
    bound: Callable[[tuple[Any, ...]], bytes]


KINDS = (
    Kind(
        "SELECT count(*) FROM ops.person WHERE key_version <> %s",
        "SELECT user_id, key_version, sealed_key FROM ops.person"
        " WHERE key_version <> %s AND user_id > %s ORDER BY user_id LIMIT %s",
        "UPDATE ops.person SET key_version = %s, sealed_key = %s"
        " WHERE user_id = %s AND sealed_key = %s",
        lambda row: row[0].bytes + b"key",
    ),
    Kind(
        "SELECT count(*) FROM ops.secret WHERE key_version <> %s",
        "SELECT secret_id, key_version, sealed_key, user_id, name FROM ops.secret"
        " WHERE key_version <> %s AND secret_id > %s ORDER BY secret_id LIMIT %s",
        "UPDATE ops.secret SET key_version = %s, sealed_key = %s"
        " WHERE secret_id = %s AND sealed_key = %s",
        lambda row: bound_to(row[3], row[0], row[4]),
    ),
)


async def left(db: Db, version: int) -> int:
    """How many keys are sealed under another master key than this one."""
    count = 0
    for kind in KINDS:
        row = await (await db.execute(kind.left, [version])).fetchone()
        count += row[0] if row else 0
    return count


async def target(db: Db, ring: KeyRing) -> int:
    """The master key to go on with, or a new one when nothing is left under an older."""
    version = await ring.newest()
    return version if await left(db, version) else await ring.renew()


async def rotate(db: Db, ring: KeyRing, version: int) -> AsyncIterator[tuple[int, int]]:
    """
    Seal everything under this version; after each page, how many were sealed anew and how many
    did not open.  What others write meanwhile under an older one is found by another pass.
    """
    done = unopened = 0
    for kind in KINDS:
        after = UUID(int=0)
        while rows := await (await db.execute(kind.page, [version, after, PAGE])).fetchall():
            for row in rows:
                try:
                    done += await _again(db, ring, kind, row)
                except CannotOpen:
                    unopened += 1
            after = rows[-1][0]
            yield done, unopened


async def rotate_all(
    db: Db, ring: KeyRing, tell: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, int]:
    """
    Seal everything under the newest master key; its version, and how many keys did not open.

    ``tell`` hears after each page how many of how many are sealed anew in this pass.
    """
    version = await target(db, ring)
    while total := await left(db, version):
        passed = (0, 0)
        async for passed in rotate(db, ring, version):
            tell(passed[0], total)
        if passed[0] == 0:  # nobody writes under an older one, and these are beyond us
            return version, passed[1]
    return version, 0


async def _again(db: Db, ring: KeyRing, kind: Kind, row: tuple[Any, ...]) -> int:
    record, version, sealed_key = row[0], row[1], bytes(row[2])
    bound = kind.bound(row)
    key = await ring.unwrap(version, sealed_key, bound)
    newest, again = await ring.wrap(key, bound)
    return (await db.execute(kind.seal, [newest, again, record, sealed_key])).rowcount
