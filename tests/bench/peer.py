"""Starts the FastAPI peer on a database of its own, with wallets to trade from."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import jwt
import psycopg

from adapters.servers import Database, Process
from tests.bench import people
from tests.bench.requests import order, post
from tests.bench.stage import BUILD, ROOT

PEERS = Path(__file__).parent / "peers"
VENV = BUILD / "bench-venv"
STARTUP_S = 30.0
WALLETS = """
INSERT INTO wallets (account_id, user_id, currency, cash, reserved, updated_at)
SELECT account, %s, 'INR', 1e9, 0, now() FROM unnest(%s::uuid[]) AS account
"""


def installed() -> str:
    """The Python of the peers' own venv, made on the first run and when the versions change."""
    wanted, stamp = PEERS / "requirements.txt", VENV / "requirements.txt"
    python = str(VENV / "bin" / "python")
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        print(f"installing the peers into {VENV.relative_to(ROOT)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "-r", str(wanted)], check=True)
        stamp.write_bytes(wanted.read_bytes())
    return python


@contextmanager
def serving(database: Database, accounts: int) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a running peer, and a request for each of its accounts."""
    mark, port = token_hex(32), _free_port()
    env = {**os.environ, "PEER_DATABASE_URL": _asyncpg(database.admin_dsn), "PEER_SECRET": mark}
    server = f"-m uvicorn fastapi_peer:app --port {port} --no-access-log --log-level warning"
    argv = (installed(), *server.split())
    peer = Process("peer", argv, env=env, folder=PEERS, log=BUILD / "bench-peer.log")
    try:
        peer.start()
        _await(port, peer)
        ids = [people.ids() for _ in range(accounts)]
        with psycopg.connect(database.admin_dsn, autocommit=True) as db:
            db.execute(WALLETS, [people.OWNER, ids])
        token = jwt.encode({"sub": str(people.OWNER)}, mark, "HS256")
        yield port, [post("/orders", order(account), token) for account in ids]
    finally:
        peer.end()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def _await(port: int, peer: Process) -> None:
    until = time.monotonic() + STARTUP_S
    while time.monotonic() < until and peer.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the peer does not listen:\n{peer.said()[-2000:]}")


def _asyncpg(dsn: str) -> str:
    parts = urlsplit(dsn)
    return f"postgresql+asyncpg://{parts.netloc}{parts.path}?{parts.query}"
