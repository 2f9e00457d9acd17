"""A client that sends bytes as they are."""

from __future__ import annotations

import socket

from tests.e2e.service import Service


def answered(service: Service, *parts: bytes, wait_s: float = 5.0) -> bytes:
    """All that comes back until the door is shut."""
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as raw:
        raw.settimeout(wait_s)
        said = b""
        try:
            for part in parts:
                raw.sendall(part)
            while chunk := raw.recv(65536):
                said += chunk
        except (TimeoutError, ConnectionError):
            pass
        return said
