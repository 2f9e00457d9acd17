"""Who may do what in Postgres, and whether the server keeps what it has confirmed."""

from __future__ import annotations

import time
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.servers.process import Pause, ServerFailed

Connection = psycopg.Connection[tuple[Any, ...]]

OWNER = "papertape_owner"
APP = "papertape_app"
LIMITS = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "10s",
}
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
ROLES_LOCK = 7_236_001  # any number that only we use


def ensure_database(admin_dsn: str, name: str) -> None:
    """Create the database for our roles alone, which ``ensure_roles`` has made."""
    names = {"db": sql.Identifier(name), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    with psycopg.connect(admin_dsn, autocommit=True) as db:
        if not _exists(db, "select 1 from pg_database where datname = %s", name):
            db.execute(sql.SQL("create database {db} owner {owner}").format(**names))
        db.execute(sql.SQL("revoke all on database {db} from public").format(**names))
        db.execute(sql.SQL("grant connect, temporary on database {db} to {app}").format(**names))


def ensure_roles(admin_dsn: str, login: str, password: str | None, *, ours: bool = True) -> None:
    """
    Create what is missing of the roles, and make ``login`` a member of ``papertape_app``.

    When the server is ``ours`` the login gets this password and our limits each time; on a
    server of somebody else only when it was missing.
    """
    with psycopg.connect(admin_dsn) as db:
        db.execute("select pg_advisory_xact_lock(%s)", [ROLES_LOCK])
        for role, kind in ((OWNER, "nologin"), (APP, "nologin"), (login, "login")):
            if not _exists(db, "select 1 from pg_roles where rolname = %s", role):
                db.execute(sql.SQL("create role {} " + kind).format(sql.Identifier(role)))
                ours |= role == login
        if ours and password:
            _provide(db, login, password)
        if not _exists(db, "select 1 where pg_has_role(%s, 'papertape_app', 'usage')", login):
            db.execute(sql.SQL("grant {} to {}").format(sql.Identifier(APP), sql.Identifier(login)))


def _provide(db: Connection, login: str, password: str) -> None:
    # The verifier, not the password: statements may end up in a log.
    verifier = db.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    role = sql.Identifier(login)
    db.execute(sql.SQL("alter role {} password {}").format(role, verifier.decode()))
    for name, value in LIMITS.items():
        db.execute(sql.SQL("alter role {} set {} = {}").format(role, sql.Identifier(name), value))


def login_of(dsn: str) -> tuple[str, str | None]:
    """The name and the password that a DSN logs in with."""
    given = conninfo_to_dict(dsn)
    password = given.get("password")
    return str(given.get("user") or ""), None if password is None else str(password)


def check(dsn: str, least_version: int = 150000) -> None:
    """
    Refuse a server on which a confirmed commit could be lost, or that our SQL does not fit.

    Asked as the role that will do the work, because a role may carry settings of its own.
    """
    with psycopg.connect(dsn) as db:
        rows = db.execute(
            "select name, setting from pg_settings where name = any(%s)",
            [[*DURABLE, "server_version_num", "in_hot_standby"]],
        ).fetchall()
    settings: dict[str, str] = dict(rows)
    off = [f"{name} is off" for name in DURABLE if settings[name] == "off"]
    if int(settings["server_version_num"]) < least_version:
        off.append(f"its version is below {least_version // 10000}")
    if settings["in_hot_standby"] == "on":
        off.append("it is a standby")
    if off:
        raise ServerFailed(f"postgres is not fit to keep the tape: {', '.join(off)}")


def wait_for(dsn: str, seconds: float, pause: Pause = time.sleep) -> None:
    """Wait for a server that is not ours to start."""
    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                raise ServerFailed(f"the database does not answer: {error}") from None
            pause(0.5)
        else:
            return


def _exists(db: Connection, query: LiteralString, name: str) -> bool:
    return db.execute(query, [name]).fetchone() is not None
