"""The embedded NATS: a real server with JetStream, on loopback, behind a token."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path

from adapters.servers import binaries
from adapters.servers.folder import private_for, put, secret
from adapters.servers.process import Isolation, Process, least_privilege, let_in, owner

HOST = "127.0.0.1"
# Below the ports that systems give to outgoing connections (32768 and up): a client that tries
# a dead port in that range again and again may be connected to itself, and hold the port.
PORTS = range(20_000, 32_000)
MEMORY = "64MiB"  # what its garbage collector keeps to; the stores are on disk
TRIES = 5  # starts on a port that is taken, before another is chosen

CONFIG = """\
host: {host}
port: {port}
server_name: papertape
max_payload: 1MB
authorization {{ token: {token} }}
jetstream {{
  store_dir: {store}
  sync_interval: always
  max_file_store: 8GB
  max_memory_store: 64MB
}}
"""


def url(data: Path) -> str:
    """Where a client finds the NATS of this data folder; holds the token."""
    return f"nats://{secret(data, 'nats')}@{HOST}:{port(data)}"


def port(data: Path) -> int:
    """The port, chosen once and kept, so that clients find the server again after a restart."""
    file = data / "nats.port"
    if not file.exists():
        put(file, str(_free_port()))
    return int(file.read_text())


class Nats(Process):
    """The server of a data folder that the caller holds."""

    def __init__(self, data: Path, *, isolation: Isolation | None = None) -> None:
        self.data, self.store = data, data / "nats"
        self.isolation = isolation or least_privilege()
        super().__init__(
            "nats",
            [str(binaries.nats(data, self.isolation)), "-c", str(self.store / "nats.conf")],
            isolation=self.isolation,
            env={"PATH": os.defpath, "TZ": "UTC", "GOMEMLIMIT": MEMORY},
            folder=data,
            log=private_for(data / "logs", os.geteuid(), os.getegid()) / "nats.log",
        )

    def start(self) -> None:
        let_in(self.data, self.isolation)
        private_for(self.store, *owner(self.isolation))
        config = self.store / "nats.conf"
        values = {
            "host": HOST,
            "port": port(self.data),
            "token": json.dumps(secret(self.data, "nats")),
            "store": json.dumps(str(self.store)),
        }
        put(config, CONFIG.format_map(values))
        os.chown(config, *owner(self.isolation))
        super().start()

    def answers(self) -> bool:
        """Whether it lets in a client with our token: a stranger on our port would not."""
        connect = {"auth_token": secret(self.data, "nats"), "verbose": False, "pedantic": False}
        try:
            with socket.create_connection((HOST, port(self.data)), timeout=2) as client:
                lines = client.makefile("rb")
                lines.readline()  # INFO
                client.sendall(b"CONNECT %s\r\nPING\r\n" % json.dumps(connect).encode())
                return lines.readline().startswith(b"PONG")
        except OSError:
            return False

    def transient(self, said: str) -> bool:
        taken = "address already in use" in said
        if taken and self.starts % TRIES == 0:
            (self.data / "nats.port").unlink()  # nobody knows it yet: choose another
        return taken


def _free_port() -> int:
    for _ in range(100):
        candidate = secrets.choice(PORTS)
        with socket.socket() as trial:
            try:
                trial.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    raise OSError("no free port for NATS")
