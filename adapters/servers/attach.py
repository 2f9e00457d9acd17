"""Reach the servers of a data folder: those that run by now, or our own for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from adapters.servers import nats, postgres, roles
from adapters.servers.folder import FolderInUse, held, secret
from adapters.servers.nats import Nats
from adapters.servers.postgres import DATABASE, LOGIN, SUPERUSER, Postgres
from adapters.servers.process import Pause
from adapters.settings import Settings

EXTERNAL_WAIT = 30.0  # seconds; it may be starting beside us


class Database(Struct, frozen=True):
    """One database: as the application, and as its owner for migrations.  Both hold secrets."""

    dsn: str
    admin_dsn: str

    def __repr__(self) -> str:
        return "Database()"


def furnish(data: Path) -> Database:
    """Make sure that the running embedded server is fit and has our roles and database."""
    admin = postgres.url(data, SUPERUSER, "postgres")
    roles.check(admin, postgres.LEAST_VERSION)
    roles.ensure_roles(admin, LOGIN, secret(data, f"postgres-{LOGIN}"))
    roles.ensure_database(admin, DATABASE)
    found = located(data)
    roles.check(found.dsn, postgres.LEAST_VERSION)
    return found


def adopt(given: Database, pause: Pause = time.sleep) -> Database:
    """Make sure that a server of somebody else, once it answers, is fit and knows our roles."""
    roles.wait_for(given.admin_dsn, EXTERNAL_WAIT, pause)
    roles.ensure_roles(given.admin_dsn, *roles.login_of(given.dsn), ours=False)
    roles.check(given.dsn)
    return given


def located(data: Path) -> Database:
    """Where the embedded database of a data folder is, whether or not it runs."""
    return Database(postgres.url(data, LOGIN), postgres.url(data, SUPERUSER))


def external(settings: Settings) -> Database | None:
    if settings.database_url is None:
        return None
    return Database(settings.database_url, settings.database_admin_url or settings.database_url)


@contextmanager
def embedded_postgres(
    data: Path, *, bin_dir: Path | None = None, sync: bool = True
) -> Iterator[Database]:
    """A Postgres of our own for the time of the block, with roles and an empty database."""
    with held(data) as folder:
        server = Postgres(folder, bin_dir=bin_dir, sync=sync)
        try:
            server.launch()
            yield furnish(folder)
        finally:
            server.end()


@contextmanager
def embedded_nats(data: Path) -> Iterator[str]:
    """A NATS of our own for the time of the block; yields its URL, which holds the token."""
    with held(data) as folder:
        server = Nats(folder)
        try:
            server.launch()
            yield nats.url(folder)
        finally:
            server.end()


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """
    The database of these settings, for a command beside or without a running service.

    DATABASE_URL if given; else the embedded one that a service holds; else our own for a while.
    """
    with ExitStack() as stack:
        found = external(settings)
        if found is None:
            try:
                own = embedded_postgres(settings.data, bin_dir=settings.pg_bin_dir)
                found = stack.enter_context(own)
            except FolderInUse:
                found = located(settings.data.resolve())
        yield found
