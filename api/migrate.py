"""``papertape migrate``: make or update a database of somebody else's, as its owner."""

from __future__ import annotations

import sys
from argparse import Namespace

import psycopg

from adapters import servers
from adapters.postgres import MigrationError, migrate
from adapters.settings import Settings


def run(settings: Settings, asked: Namespace) -> int:
    """Roles, schemas, tables and grants; a second time changes nothing."""
    database = servers.external(settings)
    if database is None:
        print("papertape: set DATABASE_URL: papertape up migrates its own", file=sys.stderr)
        return 1
    try:
        servers.adopt(database)
        applied = migrate(database.admin_dsn)
    except (servers.ServerFailed, MigrationError, psycopg.Error) as error:
        print(f"papertape: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    print(f"migrated: {', '.join(applied) or 'nothing to do'}")
    return 0
