"""The first administrator comes from the operator, and from nobody else."""

from __future__ import annotations

import psycopg

from tests.e2e.service import Person, Service
from tests.security.conftest import ADMIN_EMAIL

GRANTS = """
select actor from es.event where type = 'RoleAssigned' and payload->>'user_id' = %s
 order by position
"""


def test_the_operator_makes_a_user_an_administrator(
    service: Service, person: Person, db: psycopg.Connection
) -> None:
    done = service.papertape("admin", "grant", person.identity["email"], "--role", "support")
    assert (done.returncode, done.stdout) == (0, f"user {person.user_id} is support\n"), done.stderr
    assert db.execute(GRANTS, [person.user_id]).fetchall() == [("system:operator",)]


def test_nobody_is_made_an_administrator_who_has_not_signed_up(service: Service) -> None:
    done = service.papertape("admin", "grant", "nobody@example.com")
    assert done.returncode == 1
    assert "USER_UNKNOWN" in done.stderr


def test_the_administrator_of_the_settings_is_there_and_only_the_operator_knows_the_password(
    service: Service, admin: Person, db: psycopg.Connection
) -> None:
    assert admin.identity["email"] == ADMIN_EMAIL
    assert (service.data / "keys" / "admin").stat().st_mode & 0o777 == 0o600
    assert db.execute(GRANTS, [admin.user_id]).fetchone() == ("system:operator",)
