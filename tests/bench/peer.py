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
from uuid import UUID

import jwt
import psycopg
from msgspec import json

from adapters.servers import Database
from tests.bench import people
from tests.bench.stage import BUILD, ROOT

PEERS = Path(__file__).parent / "peers"
VENV = BUILD / "bench-venv"
STARTUP_S = 30.0
WALLETS = """
INSERT INTO wallets (account_id, user_id, currency, cash, reserved, updated_at)
SELECT account, %s, 'INR', 1e9, 0, now() FROM unnest(%s::uuid[]) AS account
"""


def installed() -> Path:
    """The Python of the peers' own venv, made on the first run and when the versions change."""
    wanted, stamp = PEERS / "requirements.txt", VENV / "requirements.txt"
    python = VENV / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        print(f"installing the peers into {VENV.relative_to(ROOT)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "-r", wanted], check=True)
        stamp.write_bytes(wanted.read_bytes())
    return python


@contextmanager
def serving(database: Database, accounts: int) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a running peer, and a request for each of its accounts."""
    mark = token_hex(32)
    port = free_port()
    env = {**os.environ, "PEER_DATABASE_URL": _asyncpg(database.admin_dsn), "PEER_SECRET": mark}
    argv = [str(installed()), "-m", "uvicorn", "fastapi_peer:app", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "warning"]
    peer = subprocess.Popen([*argv, *quiet], cwd=PEERS, env=env)
    try:
        await_port(port, peer)
        ids = [people.ids() for _ in range(accounts)]
        with psycopg.connect(database.admin_dsn, autocommit=True) as db:
            db.execute(WALLETS, [people.OWNER, ids])
        pass_ = jwt.encode({"sub": str(people.OWNER)}, mark, "HS256")
        yield port, [post("/orders", order(account), pass_) for account in ids]
    finally:
        peer.terminate()
        peer.wait()


def order(account_id: UUID) -> dict[str, str]:
    """The body that both services take."""
    return {
        "account_id": str(account_id),
        "symbol": people.SHARE.symbol,
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "price": "50",
    }


def post(path: str, body: object, token: str) -> bytes:
    content = json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTUP_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args} does not listen ({process.poll()})")


def _asyncpg(dsn: str) -> str:
    return urlsplit(dsn)._replace(scheme="postgresql+asyncpg").geturl()
