"""The whole service as processes of its own, as ``papertape up`` runs it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from signal import SIGTERM
from time import perf_counter

import psycopg
from msgspec import Struct

from adapters.servers import Database, Process
from adapters.tokens import Tokens
from tests.bench import people
from tests.bench.stage import ROOT

MODULE = "tests.bench.service"
READY = "\nready http://"
PATIENCE_S = 60.0
#: Facts that the read models, and JetStream, have yet to take in.
BEHIND = """
SELECT greatest(
    position - (SELECT min(position) FROM rm.checkpoint WHERE state = 'live'),
    position - (SELECT position FROM ops.part WHERE part = 'relay')
) FROM es.head
"""


class Running(Struct, frozen=True):
    """A service that is ready; ``token`` is of the trader who owns every account."""

    pid: int
    port: int
    token: str
    started_s: float


@contextmanager
def running(data: Path, database: Database | None = None) -> Iterator[Running]:
    """
    ``papertape up`` on a data folder, with the embedded NATS in it.

    Without a database, it starts the Postgres of the folder as well.
    """
    # Requests are counted as they always are, but nobody is ever too many.
    # Requests come from wherever they say they do.
    unlimited = {"RATE_LIMIT_SCALE": "1000000", "TRUSTED_PROXIES": "127.0.0.1"}
    env = {**os.environ, **unlimited, "PAPERTAPE_DATA": str(data), "PAPERTAPE_PORT": "0"}
    if database is not None:
        env |= {"DATABASE_URL": database.dsn, "DATABASE_ADMIN_URL": database.admin_dsn}
    argv = (sys.executable, "-m", MODULE, "up")
    data.mkdir(exist_ok=True)
    log = data / "service.log"
    service = Process("service", argv, ending=((SIGTERM, 60.0),), env=env, folder=ROOT, log=log)
    began = perf_counter()
    try:
        service.start()
        port = _port(service)
        started_s = perf_counter() - began
        assert service.pid is not None, "it runs"
        tokens = Tokens(data / "keys", people.ids, timedelta(hours=1))
        yield Running(service.pid, port, tokens.issue(people.OWNER), started_s)
    finally:
        service.end()


def _port(service: Process) -> int:
    until = perf_counter() + PATIENCE_S
    while READY not in (said := service.said()):
        if service.poll() is not None or perf_counter() > until:
            raise RuntimeError(f"the service is not ready:\n{said[-2000:]}")
        time.sleep(0.01)
    return int(said.partition(READY)[2].splitlines()[0].rpartition(":")[2])


def settled(database: Database, patience_s: float = PATIENCE_S) -> None:
    """Wait until read models and JetStream show everything that is on the tape."""
    until = perf_counter() + patience_s
    with psycopg.connect(database.admin_dsn, autocommit=True) as db:
        while (row := db.execute(BEHIND).fetchone()) is None or row[0] is None or row[0] > 0:
            if perf_counter() > until:
                raise TimeoutError(f"still {row} facts behind")
            time.sleep(0.05)


def resident_mb(pid: int) -> dict[str, float]:
    """What each process of the family has in memory, shared pages divided by their users."""
    held: dict[str, float] = {}
    for each in _family(pid):
        folder = Path("/proc") / str(each)
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    held[f"{each} {words[-60:]}"] = int(line.split()[1]) / 1024
    return held


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
