"""I-20: whichever byte of whichever fact is flipped, verifying names the very position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from adapters.servers import Database
from adapters.tape import verify
from tests.contract.conftest import write
from tests.contract.tally import entry

FACTS = 12
#: How one bit of each column is turned; every value stays one that Postgres takes.
TURNED = {
    "stream": "left(stream, -1) || chr(ascii(right(stream, 1)) # 1)",
    "type": "overlay(type placing chr(ascii(type) # 1) from 1 for 1)",
    "payload": "overlay(payload::text placing chr(ascii(substr(payload::text, {at}, 1)) # 1)"
    " from {at} for 1)::json",
    "actor": "overlay(actor placing chr(ascii(actor) # 1) from 1 for 1)",
    "code": "code || 'x'",
    "occurred_at": "occurred_at + {by}",
    "recorded_at": "recorded_at - {by}",
    "schema_version": "(schema_version # 1)::smallint",
    "hash": "set_bit(hash, {bit}, 1 - get_bit(hash, {bit}))",
}


@pytest.fixture(scope="module")
def superuser(kept_database: Database) -> Iterator[psycopg.Connection]:
    for after in range(FACTS):
        write(kept_database, [entry("a", after, after)])
    with psycopg.connect(kept_database.admin_dsn) as connection:
        connection.execute("ALTER TABLE es.event DISABLE TRIGGER USER")
        connection.commit()
        yield connection


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(TURNED)),
    st.integers(1, FACTS),
    st.integers(0, 255),
    st.integers(1, 10**6),
)
def test_a_flipped_bit_is_found_at_its_position(
    superuser: psycopg.Connection, column: str, position: int, bit: int, micros: int
) -> None:
    text = superuser.execute(
        "SELECT payload::text FROM es.event WHERE position = %s", (position,)
    ).fetchone()
    assert text is not None
    # The last of each number: another digit before others may be a zero, which JSON refuses.
    digits = [found.end() for found in re.finditer(r"\d+", text[0])]
    turned = sql.SQL(TURNED[column]).format(
        at=sql.Literal(digits[bit % len(digits)]),
        bit=sql.Literal(bit),
        by=sql.Literal(timedelta(microseconds=micros)),
    )
    superuser.execute(
        sql.SQL("UPDATE es.event SET {} = {} WHERE position = {}").format(
            sql.Identifier(column), turned, sql.Literal(position)
        )
    )
    verdict = verify(superuser)
    superuser.rollback()
    assert (verdict.sound, verdict.bad) == (False, position)
    assert verify(superuser).sound
