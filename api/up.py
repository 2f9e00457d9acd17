"""
``papertape up``: everything on one machine, under one parent that does nothing else.

The parent runs Postgres, NATS and our parts as its children, starts again whichever ends, and
owns the HTTP socket, so that a request finds an open door even while its server is restarted.
Children get their secrets in their environment: who may read that may read our keys as well,
a file would have to be kept in step, and ``papertape run`` needs no second way to be configured.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from msgspec.structs import replace

from adapters import servers
from adapters.postgres import MigrationError, migrate
from adapters.servers import Database, Process, ServerFailed, Stopped, Supervisor
from adapters.settings import Settings, environment

ROOT = Path(__file__).resolve().parents[1]
SERVING = ("serve", "feed", "react")
FOLLOWING = ("project", "relay", "mail")
STARTS_MAX = 3  # of a part that keeps ending before the service was ever ready
FURNISH_WAIT = 60.0  # seconds; our own Postgres may be killed while we prepare it
PORT_WAIT = 2.0  # seconds; the parts of a killed service may still hold the port
WORD_EVERY = 10.0  # seconds
BACKLOG = 1024

FAILURES = (servers.FolderInUse, ServerFailed, MigrationError, OSError, psycopg.Error)

Prepare = Callable[[str], object]


def run(settings: Settings, asked: Namespace) -> int:
    return up(settings, [migrate])


def update(settings: Settings, asked: Namespace) -> int:
    """Bring the database up to date, and start nothing: for parts that run alone."""
    try:
        if given := servers.external(settings):
            migrate(servers.adopt(given).admin_dsn)
        else:
            with servers.database(settings) as own:
                migrate(own.admin_dsn)
    except FAILURES as error:
        return _failed(error)
    return 0


def up(settings: Settings, prepare: Iterable[Prepare] = (), module: str = "api") -> int:
    """
    Run the service until a signal ends it; returns the exit code.

    ``prepare`` (migrations) is called with the owner's DSN before any part starts; ``module``
    is what the parts are: ``python -m MODULE run PART... [--fd N]``.
    """
    try:
        with servers.held(settings.data) as data, Supervisor(say) as supervisor:
            settings = replace(settings, data=data)
            token = None if settings.nats_url else data / "keys" / "nats"
            with _listen(settings.host, settings.port, supervisor.pause) as door:
                settings = _provide(door, settings, supervisor, prepare)
                parts = _parts(door, settings, module)
                supervisor.keep(*parts)
                _await_ready(door, parts, supervisor)
                print(banner(door, settings, token), flush=True)
                while True:
                    supervisor.pause(1.0)
    except Stopped:
        return 0
    except FAILURES as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    say(" ".join(str(error).split()))
    return 1


def say(line: str) -> None:
    print(f"papertape: {line}", file=sys.stderr, flush=True)


def _provide(
    door: socket.socket, settings: Settings, supervisor: Supervisor, prepare: Iterable[Prepare]
) -> Settings:
    """Have a database, migrated, and a NATS; returns the settings for the parts."""
    database = _database(settings, supervisor, tuple(prepare))
    nats_url = settings.nats_url
    if nats_url is None:
        supervisor.keep(servers.Nats(settings.data))
        nats_url = servers.nats_url(settings.data)
    return replace(
        settings,
        port=door.getsockname()[1],
        database_url=database.dsn,
        database_admin_url=None,  # the parts need no owner's power
        nats_url=nats_url,
    )


def _database(settings: Settings, supervisor: Supervisor, prepare: Sequence[Prepare]) -> Database:
    if given := servers.external(settings):
        return _prepared(servers.adopt(given, supervisor.pause), prepare)
    supervisor.keep(servers.Postgres(settings.data, bin_dir=settings.pg_bin_dir))
    until = time.monotonic() + FURNISH_WAIT
    while True:
        try:
            return _prepared(servers.furnish(settings.data), prepare)
        except psycopg.OperationalError:  # killed meanwhile: every step may be repeated
            if time.monotonic() > until:
                raise
            supervisor.pause(0.2)


def _prepared(database: Database, prepare: Sequence[Prepare]) -> Database:
    for step in prepare:
        step(database.admin_dsn)
    return database


def _parts(door: socket.socket, settings: Settings, module: str) -> tuple[Process, Process]:
    python = (sys.executable, "-P", "-m", module, "run")
    env = environment(settings)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), env.get("PYTHONPATH"))))
    fd = door.fileno()
    return (
        Process("serve", (*python, *SERVING, "--fd", str(fd)), env=env, keep_fds=(fd,)),
        Process("project", (*python, *FOLLOWING), env=env),
    )


def _listen(host: str, port: int, pause: Callable[[float], None]) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    waits = int(PORT_WAIT / 0.1)
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or waits == 0:
                reason = os.strerror(error.errno) if error.errno else str(error)
                raise OSError(f"cannot listen on {host}:{port}: {reason}") from None
            waits -= 1
            pause(0.1)


def _address(door: socket.socket) -> tuple[str, int]:
    """Where a client on this machine finds the door."""
    host, port = door.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 we only read it


def _await_ready(door: socket.socket, parts: Iterable[Process], supervisor: Supervisor) -> None:
    """Wait, without a limit, for GET /readyz to answer 200; only parts that keep ending fail it."""
    host, port = _address(door)
    request = f"GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    patience = time.monotonic() + WORD_EVERY
    status = b""
    while status != b"200":
        # The door is open before anybody stands behind it, so the answer may take its time.
        with suppress(ConnectionError), socket.create_connection((host, port)) as client:
            client.sendall(request)
            while not select.select([client], [], [], 0)[0]:
                for part in parts:
                    if part.starts > STARTS_MAX:
                        raise ServerFailed(f"the part {part.name} keeps ending: see above")
                if time.monotonic() > patience:
                    say("still waiting for the service to be ready")
                    patience += WORD_EVERY
                supervisor.pause(0.02)
            status = client.recv(64)[9:12]
        supervisor.pause(0.02)


def banner(door: socket.socket, settings: Settings, token: Path | None) -> str:
    """What runs where; ``token`` is the file of the embedded NATS's secret."""
    host, port = _address(door)
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    nats = _without_secret(settings.nats_url or "") + (f"   (token in {token})" if token else "")
    return f"""
Papertape is running.

  API      {base}/api/v1
  docs     {base}/docs
  redoc    {base}/redoc
  metrics  {base}/metrics
  data     {settings.data}
  NATS     {nats}
  stop     Ctrl-C, or kill {os.getpid()}

ready {base}"""


def _without_secret(urls: str) -> str:
    parts = (urlsplit(url) for url in urls.split(","))
    return ",".join(f"{part.scheme}://{part.netloc.rpartition('@')[2]}" for part in parts)
