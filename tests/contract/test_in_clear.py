"""I-19: a secret, or the address of a person, that stands on the tape in clear is found."""

from __future__ import annotations

import psycopg
import pytest

from adapters.invariants import in_clear
from adapters.postgres import connect
from adapters.servers import Database
from tests.contract.conftest import write
from tests.contract.tally import entry
from tests.contract.test_tape_verify import written as written

HASHED = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$hash"
TOKEN = ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJzb21lYm9keSJ9", "c2lnbmF0dXJl"))


def test_a_tape_without_secrets_is_clean(written: Database) -> None:
    with connect(written.dsn) as db:
        assert in_clear(db) is None


@pytest.mark.parametrize(
    ("stream", "says", "found"),
    [
        ("account-1", HASHED, True),
        ("account-1", TOKEN, True),
        ("account-1", "-----BEGIN " + "PRIVATE KEY-----", True),
        ("user-1", "someone@example.com", True),
        ("account-1", "bought 10 @ 100.05", False),
        ("user-1", "bought 10 @ 100.05", False),
    ],
)
def test_what_stands_in_clear_is_found_at_its_position(
    database: Database, stream: str, says: str, found: bool
) -> None:
    write(database, [entry("a", 0, 1), entry(stream, 0, 2)])
    with psycopg.connect(database.admin_dsn) as superuser:
        superuser.execute("ALTER TABLE es.event DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE es.event SET payload = json_build_object('said', %s::text) WHERE position = 2",
            (says,),
        )
        verdict = in_clear(superuser)
        superuser.rollback()
    assert (verdict is not None) is found
    if verdict is not None:
        assert verdict.startswith("position 2: ")
        assert says not in verdict
