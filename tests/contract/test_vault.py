"""The vault: what is sealed opens for its owner alone, and the master key can be another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.keys import derived, kept
from adapters.people.persons import Persons
from adapters.postgres import as_app, connect_async, migrate
from adapters.servers import Database
from adapters.vault import CannotOpen, LocalKeyRing, Vault, seal
from adapters.vault.rotation import left, rotate, target
from tests import servers

ADA, BOB = UUID(int=1), UUID(int=2)
KEY = b"a broker's key"


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def whole() -> Iterator[Database]:
    with servers.postgres() as server:
        migrate(server.admin_dsn)
        yield server


@pytest.fixture
async def pool(whole: Database) -> AsyncIterator[AsyncConnectionPool[Any]]:
    with servers.fresh_database(whole) as database:
        pool = AsyncConnectionPool[Any](
            as_app(database.dsn), kwargs={"autocommit": True}, open=False, min_size=1, max_size=4
        )
        async with pool:
            yield pool


@pytest.fixture
def ring(tmp_path: Path) -> LocalKeyRing:
    return LocalKeyRing(tmp_path)


async def people(pool: AsyncConnectionPool[Any], ring: LocalKeyRing, *ids: UUID) -> Persons:
    persons = Persons(pool, ring, clock)
    for user_id in ids:
        person = await persons.make(user_id)
        async with pool.connection() as db:
            await person.add(db)
    return persons


async def test_what_is_sealed_is_read_by_its_owner(
    pool: AsyncConnectionPool[Any], ring: LocalKeyRing
) -> None:
    await people(pool, ring, ADA, BOB)
    vault = Vault(pool, ring, clock)
    await vault.put(UUID(int=9), ADA, "kraken", KEY)
    assert await vault.get(UUID(int=9), ADA) == KEY
    assert await vault.get(UUID(int=9), BOB) is None
    await vault.put(UUID(int=9), ADA, "kraken", b"another")
    assert await vault.get(UUID(int=9), ADA) == b"another"
    await vault.put(UUID(int=9), BOB, "kraken", b"forged")
    assert await vault.get(UUID(int=9), ADA) == b"another", "nobody writes over somebody else's"
    await vault.drop(UUID(int=9), ADA)
    assert await vault.get(UUID(int=9), ADA) is None


@pytest.mark.parametrize(
    "swap",
    [
        "update ops.secret set user_id = '00000000-0000-0000-0000-000000000002'"
        " where secret_id = '00000000-0000-0000-0000-000000000008'",
        "update ops.secret a set sealed = b.sealed from ops.secret b where a.name <> b.name",
        "update ops.secret a set sealed = b.sealed, sealed_key = b.sealed_key"
        " from ops.secret b where a.name <> b.name",
        "update ops.secret set name = name || '2'",
        "update ops.secret set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "update ops.secret set key_version = 2",
    ],
)
async def test_s62_a_row_that_is_moved_or_changed_does_not_open(
    pool: AsyncConnectionPool[Any], ring: LocalKeyRing, swap: str
) -> None:
    await people(pool, ring, ADA, BOB)
    vault = Vault(pool, ring, clock)
    await vault.put(UUID(int=8), ADA, "kraken", KEY)
    await vault.put(UUID(int=9), BOB, "upstox", KEY)
    await ring.renew()
    async with pool.connection() as db:
        await db.execute(swap.encode())
    owner = BOB if "user_id = '" in swap else ADA
    with pytest.raises(CannotOpen):
        await vault.get(UUID(int=8), owner)


def test_s64_no_nonce_is_used_twice_under_one_key() -> None:
    key = bytes(32)
    assert len({seal(key, b"", b"")[:12] for _ in range(100_000)}) == 100_000


async def test_what_was_sealed_before_there_was_a_vault_opens_and_moves_on(
    pool: AsyncConnectionPool[Any], ring: LocalKeyRing, tmp_path: Path
) -> None:
    master = kept(tmp_path / "people", lambda: bytes(32))
    old = seal(derived(master, "wrapping"), KEY, ADA.bytes + b"key")
    async with pool.connection() as db:
        await db.execute(
            "insert into ops.person (user_id, sealed_key, since) values (%s, %s, now())", [ADA, old]
        )
        persons = Persons(pool, ring, clock)
        for _ in range(2):
            person = await persons.key_of(ADA)
            assert person is not None
            assert person.key == KEY
            async for _ in rotate(db, ring, await ring.newest()):
                pass
        assert await left(db, 1) == 0


async def test_s63_a_rotation_that_is_killed_goes_on_and_the_old_key_can_go(
    pool: AsyncConnectionPool[Any], ring: LocalKeyRing, tmp_path: Path
) -> None:
    ids = [UUID(int=n) for n in range(1, 251)]
    persons = await people(pool, ring, *ids)
    vault = Vault(pool, ring, clock)
    for nth, user_id in enumerate(ids):
        await vault.put(UUID(int=10_000 + nth), user_id, "kraken", KEY)
    keys = {user_id: await persons.key_of(user_id) for user_id in ids}
    async with pool.connection() as db:
        goals = set()
        for _ in range(4):  # each time killed after its first page
            goal = await target(db, ring)
            goals.add(goal)
            async for _ in rotate(db, ring, goal):
                break
            assert await vault.get(UUID(int=10_249), ids[249]) == KEY, "nobody waits for it"
        assert goals == {2}
        async for _ in rotate(db, ring, 2):
            pass
        assert await left(db, 2) == 0
        assert await target(db, ring) == 3, "what is complete is begun anew"
    (tmp_path / "vault-1").unlink()
    assert {user_id: await persons.key_of(user_id) for user_id in ids} == keys
    for nth, user_id in enumerate(ids):
        assert await vault.get(UUID(int=10_000 + nth), user_id) == KEY


async def test_s63_the_command_can_be_killed_at_any_moment(whole: Database, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    ring = LocalKeyRing(keys)
    env = {"PATH": os.environ["PATH"], "PAPERTAPE_DATA": str(tmp_path)}
    with servers.fresh_database(whole) as database:
        env |= {"DATABASE_URL": database.dsn, "DATABASE_ADMIN_URL": database.admin_dsn}
        pool = AsyncConnectionPool[Any](as_app(database.dsn), open=False, min_size=1, max_size=2)
        async with pool:
            await people(pool, ring, *(UUID(int=n) for n in range(1, 601)))
        command = [sys.executable, "-m", "api", "vault", "rotate"]
        for wait_s in (0.6, 0.8, 1.0):
            with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as rotating:
                with suppress(subprocess.TimeoutExpired):
                    rotating.wait(wait_s)
                rotating.kill()
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert "everything is sealed under master key" in done.stdout
        (keys / "vault-1").unlink()
        async with await connect_async(database.dsn) as db:
            assert await left(db, await ring.newest()) == 0
        async with AsyncConnectionPool[Any](as_app(database.dsn), open=False) as pool:
            for n in (1, 300, 600):
                assert await Persons(pool, ring, clock).key_of(UUID(int=n))


async def test_an_erased_person_takes_their_secrets_along(
    pool: AsyncConnectionPool[Any], ring: LocalKeyRing
) -> None:
    persons = await people(pool, ring, ADA)
    vault = Vault(pool, ring, clock)
    await vault.put(UUID(int=9), ADA, "kraken", KEY)
    await persons.erase(ADA)
    assert await persons.key_of(ADA) is None
    assert await vault.get(UUID(int=9), ADA) is None
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await vault.put(UUID(int=9), ADA, "kraken", KEY)
