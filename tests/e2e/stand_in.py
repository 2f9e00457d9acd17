"""
A service that stands in for ours: small enough to see that ``up`` alone does the keeping.

    python -m tests.e2e.stand_in up                   the parent, settings from the environment
    python -m tests.e2e.stand_in run PART... [--fd N]
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import psycopg

from adapters.settings import load
from api.up import up

DATABASE_URL = load().database_url or ""


class Door(BaseHTTPRequestHandler):
    """POST adds a row and tells how many there are; GET /readyz does nothing but that it can."""

    def do_GET(self) -> None:
        self.answer("select count(*) from seen")

    def do_POST(self) -> None:
        self.answer("with new as (insert into seen default values) select count(*) + 1 from seen")

    def answer(self, query: str) -> None:
        try:
            with psycopg.connect(DATABASE_URL, connect_timeout=5) as db:
                row = db.execute(query).fetchone()
            body, status = {"rows": row and row[0], "pid": os.getpid()}, 200
        except psycopg.Error:
            body, status = {}, 503
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None:
        pass


def run(*words: str) -> None:
    if os.environ.get("STAND_IN_FAILS"):
        sys.exit("stand-in: told to fail")
    if "serve" not in words:
        signal.sigwait({signal.SIGTERM})
        return
    door = socket.socket(fileno=int(words[words.index("--fd") + 1]))
    server = ThreadingHTTPServer(door.getsockname(), Door, bind_and_activate=False)
    server.socket.close()
    server.socket = door
    server.serve_forever()


def migrate(dsn: str) -> None:
    if os.environ.pop("STAND_IN_KILLS_POSTGRES", None):
        children = psutil.Process().children()
        next(one for one in children if "bin/postgres" in " ".join(one.cmdline())).kill()
    with psycopg.connect(dsn) as db:
        db.execute("create table if not exists seen (at timestamptz default now())")
        db.execute("grant select, insert on seen to papertape_app")


if __name__ == "__main__":
    if sys.argv[1] == "up":
        sys.exit(up(load(), [migrate], module="tests.e2e.stand_in"))
    run(*sys.argv[2:])
