"""The schema: who may do what to the tape, and how a database gets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.errors import DataException, InsufficientPrivilege, SerializationFailure
from psycopg.types.json import Json

from adapters.postgres import MigrationError, connect, migrate
from adapters.servers import Database
from adapters.tape.batch import Batch
from adapters.tape.chain import ORIGIN
from tests.contract.conftest import TAPE, write
from tests.contract.tally import CODEC, EPOCH, claim, entry

FORBIDDEN: tuple[LiteralString, ...] = (
    "UPDATE es.event SET actor = 'nobody'",
    "DELETE FROM es.event",
    "TRUNCATE es.event",
    "INSERT INTO es.event SELECT * FROM es.event",
    "UPDATE es.claim SET facts = 0",
    "DELETE FROM es.claim",
    "TRUNCATE es.claim",
    "UPDATE es.head SET position = 0",
    "DELETE FROM es.head",
    "TRUNCATE es.head",
    "INSERT INTO es.head SELECT * FROM es.head",
    "DROP TABLE es.event",
    "ALTER TABLE es.event DISABLE TRIGGER ALL",
    "ALTER TABLE es.event ADD COLUMN more text",
    "CREATE OR REPLACE FUNCTION es.refuse() RETURNS trigger LANGUAGE sql AS ''",
    "CREATE TABLE es.more ()",
    "SET session_replication_role = replica",
    "SET ROLE papertape_owner",
    "DELETE FROM ops.migration",
)
REFUSED_EVEN_TO_THE_OWNER = tuple(
    statement
    for statement in FORBIDDEN
    if statement.startswith(("UPDATE", "DELETE FROM es", "TRUNCATE", "INSERT INTO es.head"))
)


@pytest.fixture
def app(database: Database) -> Iterator[Connection[Any]]:
    with connect(database.dsn) as connection:
        yield connection


@pytest.fixture(scope="module")
def kept(kept_database: Database) -> Database:
    write(kept_database, [entry("a", 0, 1, 2, claim=claim(1))])
    return kept_database


class TestWhatIsRecorded:
    @pytest.mark.parametrize("statement", FORBIDDEN)
    def test_cannot_be_changed_by_the_service(
        self, kept: Database, statement: LiteralString
    ) -> None:
        with connect(kept.dsn) as app, pytest.raises(InsufficientPrivilege):
            app.execute(statement)

    @pytest.mark.parametrize("statement", REFUSED_EVEN_TO_THE_OWNER)
    @pytest.mark.parametrize("replica", ["origin", "replica"])
    def test_cannot_be_changed_even_by_a_superuser_in_passing(
        self, kept: Database, statement: LiteralString, replica: str
    ) -> None:
        with psycopg.connect(kept.admin_dsn, autocommit=True) as superuser:
            superuser.execute("SELECT set_config('session_replication_role', %s, false)", [replica])
            with pytest.raises(InsufficientPrivilege, match=r"append-only|moves only with facts"):
                superuser.execute(statement)

    def test_cannot_be_changed_by_a_login_that_could_do_more(self, kept: Database) -> None:
        with connect(kept.admin_dsn) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("papertape_app",)
            with pytest.raises(InsufficientPrivilege):
                connection.execute("DELETE FROM es.event")

    def test_can_be_read_by_an_auditor(self, kept: Database) -> None:
        query = "SELECT position, actor, payload->>'n', length(hash) FROM es.audit"
        with connect(kept.dsn) as app:
            rows = app.execute(f"{query} ORDER BY position").fetchall()
        assert rows == [(1, "user:ann", "1", 64), (2, "user:ann", "2", 64)]


def test_the_door_is_open_to_the_service_alone(app: Connection[Any]) -> None:
    query = """
        SELECT coalesce(grantee.rolname, 'PUBLIC') FROM pg_proc
        CROSS JOIN aclexplode(proacl) AS granted
        LEFT JOIN pg_roles AS grantee ON grantee.oid = granted.grantee
        WHERE pg_proc.oid = 'es.append'::regproc
    """
    grantees = {name for (name,) in app.execute(query).fetchall()}
    assert grantees == {"papertape_owner", "papertape_app"}


def test_the_service_may_do_what_it_needs(app: Connection[Any]) -> None:
    app.execute("CREATE TABLE rm.orders (id int)")
    app.execute("DROP TABLE rm.orders")
    app.execute("UPDATE ops.heartbeat SET at = now()")
    app.execute("DELETE FROM es.snapshot")


def append(app: Connection[Any], expected: int, facts: int, **other: Any) -> None:
    sealed = Batch.of([entry("a", expected, *range(facts))], CODEC).seal(ORIGIN, EPOCH, "test")
    values = {"rows": Json(sealed.json(), bytes), "n": facts, "hash": sealed.head.hash} | other
    app.execute("SELECT es.append(%(rows)s, %(n)s, %(at)s, %(hash)s)", values | {"at": expected})


def test_the_door_takes_only_what_follows_the_head(app: Connection[Any]) -> None:
    append(app, 0, 2)
    with pytest.raises(SerializationFailure, match="head moved"):
        append(app, 0, 1)
    with pytest.raises(SerializationFailure, match="head moved"):
        append(app, 3, 1)


@pytest.mark.parametrize("lie", [{"n": 1}, {"n": 3}, {"hash": bytes(32)}])
def test_the_door_takes_only_batches_that_are_what_they_say(
    app: Connection[Any], lie: dict[str, Any]
) -> None:
    with pytest.raises(DataException):
        append(app, 0, 2, **lie)
    assert app.execute("SELECT position FROM es.head").fetchone() == (0,)


class TestMigrations:
    def test_run_once(self, database: Database) -> None:
        assert migrate(database.admin_dsn, TAPE) == []

    def test_that_were_applied_may_not_change(self, database: Database, tmp_path: Path) -> None:
        changed = tmp_path / TAPE[0].name
        changed.write_text(TAPE[0].read_text() + "-- changed\n")
        with pytest.raises(MigrationError, match="write a new file"):
            migrate(database.admin_dsn, [changed])

    def test_of_a_newer_program_are_not_ignored(self, database: Database) -> None:
        with pytest.raises(MigrationError, match="newer"):
            migrate(database.admin_dsn, [])

    def test_have_numbers_of_their_own(self, database: Database, tmp_path: Path) -> None:
        twin = tmp_path / "0001_twin.sql"
        twin.touch()
        with pytest.raises(MigrationError, match="one number"):
            migrate(database.admin_dsn, [*TAPE, twin])

    def test_that_fail_leave_nothing(self, database: Database, tmp_path: Path) -> None:
        bad = tmp_path / "9999_bad.sql"
        bad.write_text("CREATE TABLE ops.left_over (); SELECT 1/0;")
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate(database.admin_dsn, [*TAPE, bad])
        with psycopg.connect(database.admin_dsn) as admin:
            assert admin.execute("SELECT to_regclass('ops.left_over')").fetchone() == (None,)
        bad.write_text("CREATE TABLE ops.left_over ();")
        assert migrate(database.admin_dsn, [*TAPE, bad]) == ["9999_bad"]

    def test_need_no_superuser(self, postgres_server: Database) -> None:
        login, name = f"migrator_{token_hex(4)}", f"test_{token_hex(6)}"
        with psycopg.connect(postgres_server.admin_dsn, autocommit=True) as admin:

            def run(statement: LiteralString, *names: str) -> None:
                admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

            run("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'made up'", login)
            run("GRANT papertape_owner, papertape_app TO {} WITH ADMIN OPTION", login)
            run("CREATE DATABASE {} OWNER {}", name, login)
            try:
                dsn = psycopg.conninfo.make_conninfo(
                    postgres_server.admin_dsn, dbname=name, user=login, password="made up"
                )
                assert migrate(dsn, TAPE) == [TAPE[0].stem]
                assert migrate(dsn, TAPE) == []
                with connect(dsn) as app:
                    append(app, 0, 2)
            finally:
                run("DROP DATABASE {}", name)
                run("DROP ROLE {}", login)
