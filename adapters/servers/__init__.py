"""Servers that we run ourselves: Postgres and NATS as children that live and die with us."""

from adapters.servers.attach import (
    Database,
    adopt,
    database,
    embedded_nats,
    embedded_postgres,
    external,
    furnish,
    located,
)
from adapters.servers.folder import FolderInUse, held, secret
from adapters.servers.nats import Nats
from adapters.servers.nats import url as nats_url
from adapters.servers.postgres import Postgres
from adapters.servers.process import Process, ServerFailed
from adapters.servers.roles import check, ensure_database, ensure_roles
from adapters.servers.supervisor import Stopped, Supervisor

__all__ = [
    "Database",
    "FolderInUse",
    "Nats",
    "Postgres",
    "Process",
    "ServerFailed",
    "Stopped",
    "Supervisor",
    "adopt",
    "check",
    "database",
    "embedded_nats",
    "embedded_postgres",
    "ensure_database",
    "ensure_roles",
    "external",
    "furnish",
    "held",
    "located",
    "nats_url",
    "secret",
]
