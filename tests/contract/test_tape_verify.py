"""Verifying: whatever is done to the tape behind its back, the first bad position is named."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape import GENESIS, Reader, verify
from tests.contract.conftest import write
from tests.contract.tally import entry

#: What a superuser does, the position it is found at, and why.
TAMPERINGS: dict[LiteralString, tuple[int, str]] = {
    "UPDATE es.event SET payload = replace(payload::text, ':1,', ':2,')::json WHERE position = 4": (
        4,
        "hash",
    ),
    'UPDATE es.event SET payload = \'{"n": 1,"price":"1.10"}\' WHERE position = 4': (4, "hash"),
    "UPDATE es.event SET actor = 'user:eve' WHERE position = 3": (3, "hash"),
    "UPDATE es.event SET on_behalf_of = NULL WHERE position = 3": (3, "hash"),
    "UPDATE es.event SET occurred_at = occurred_at + interval '1us' WHERE position = 9": (
        9,
        "hash",
    ),
    "UPDATE es.event SET recorded_at = recorded_at - interval '1us' WHERE position = 9": (
        9,
        "hash",
    ),
    "UPDATE es.event SET causation_id = command_id WHERE position = 2": (2, "hash"),
    "UPDATE es.event SET code = 'other' WHERE position = 1": (1, "hash"),
    "UPDATE es.event SET type = 'Counted2' WHERE position = 1": (1, "hash"),
    "UPDATE es.event SET stream = 'z' WHERE position = 1": (1, "hash"),
    "UPDATE es.event SET hash = sha256(hash) WHERE position = 5": (5, "hash"),
    "DELETE FROM es.event WHERE position = 5": (5, "missing"),
    "DELETE FROM es.event WHERE position = 1": (1, "missing"),
    "DELETE FROM es.event WHERE position = 10": (10, "missing"),
    "DELETE FROM es.event": (1, "missing"),
    "UPDATE es.event SET version = 9 WHERE position = 7": (7, "version 9 of a follows"),
    "UPDATE es.event SET position = 11 WHERE position = 10": (10, "missing"),
    "UPDATE es.head SET position = 9": (10, "beyond the head"),
    "UPDATE es.head SET position = 11": (11, "missing"),
    "UPDATE es.head SET hash = sha256(hash)": (10, "another hash"),
}


@pytest.fixture(scope="module")
def written(kept_database: Database) -> Database:
    for after in range(5):
        write(kept_database, [entry("a", after, after), entry(f"b{after}", 0, after)])
    return kept_database


def test_an_empty_tape_is_sound(database: Database) -> None:
    with connect(database.dsn) as app:
        assert str(verify(app)) == f"0 facts, chain ok, head {bytes(32).hex()}"


def test_a_tape_that_nobody_touched_is_sound(written: Database) -> None:
    reached: list[int] = []
    with connect(written.dsn) as app:
        head = Reader(app).head()
        verdict = verify(app, reached.append)
    assert verdict.sound
    assert verdict.head == head
    assert str(verdict) == f"10 facts, chain ok, head {head.hash.hex()}"
    assert reached[-1] == 10


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found_where_it_begins(written: Database, tampering: LiteralString) -> None:
    with psycopg.connect(written.admin_dsn) as superuser:
        for table in ("event", "head"):
            superuser.execute(f"ALTER TABLE es.{table} DISABLE TRIGGER USER")
        superuser.execute(tampering)
        verdict = verify(superuser)
        superuser.rollback()
    position, reason = TAMPERINGS[tampering]
    assert (verdict.sound, verdict.bad) == (False, position)
    assert reason in verdict.reason
    assert str(verdict).startswith(f"position {position}: ")


STRANGER = """
WITH link AS (
    SELECT position, hash, lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER chain AS before,
        format(
            '[%s,"%s",%s,"%s",%s,%s,%s,"%s",%s,"%s","%s",%s,"%s"]',
            position, stream, version, type, schema_version,
            (extract(epoch FROM occurred_at) * 1000000)::bigint,
            (extract(epoch FROM recorded_at) * 1000000)::bigint, actor,
            coalesce('"' || on_behalf_of || '"', 'null'), command_id, correlation_id,
            coalesce('"' || causation_id || '"', 'null'), code
        ) AS envelope, payload::text AS payload
    FROM es.event WINDOW chain AS (ORDER BY position)
)
SELECT count(*) FROM link
WHERE hash <> sha256(before || convert_to(envelope || E'\\n' || payload, 'UTF8'))
"""


def test_a_stranger_can_verify_it_from_the_description(written: Database) -> None:
    """With nothing of ours: SQL, sha256 and an array written by hand, in Postgres itself."""
    with connect(written.dsn) as app:
        assert app.execute(STRANGER).fetchone() == (0,)


def test_a_walk_takes_in_what_is_appended_meanwhile(database: Database) -> None:
    write(database, [entry("long", 0, *range(6_000))])
    appended = False

    def append_once(_: int) -> None:
        nonlocal appended
        if not appended:
            appended = True
            write(database, [entry("more", 0, 1)])

    with connect(database.dsn) as app:
        verdict = verify(app, append_once)
    assert appended
    assert str(verdict).startswith("6001 facts, chain ok")


def test_the_chain_begins_with_zeros() -> None:
    assert bytes(32) == GENESIS
