"""A stand-in for Google on this machine: real RSA keys, published over HTTP, and ID tokens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID = "papertape-tests.apps.googleusercontent.com"
ISSUER = "https://accounts.google.com"

Answer = Callable[[BaseHTTPRequestHandler], None]


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class StandInGoogle:
    """``keys`` by id are those that are published now; ``asked`` counts how often."""

    def __init__(self) -> None:
        self.keys = {"first": new_key()}
        self.asked = 0
        self.url = ""
        self.answer: Answer = self.publish

    def publish(self, request: BaseHTTPRequestHandler) -> None:
        said(request, self.document())

    def document(self) -> bytes:
        keys = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": keys}).encode()

    def vouch(self, nonce: str = "", *, kid: str = "first", **changes: Any) -> str:
        """An ID token; a claim that is changed to None is left out."""
        return jwt.encode(
            self.claims(nonce, **changes), self.keys[kid], "RS256", headers={"kid": kid}
        )

    def claims(self, nonce: str, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "azp": CLIENT_ID,
            "aud": CLIENT_ID,
            "sub": "110169484474386276334",
            "email": "somebody@example.com",
            "email_verified": True,
            "nonce": nonce,
            "iat": now,
            "exp": now + 3600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}


def said(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def vouching() -> Iterator[StandInGoogle]:
    google = StandInGoogle()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            google.asked += 1
            google.answer(self)

        def log_message(self, *_: object) -> None:
            """What is tested tells what went wrong."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        google.url = f"http://127.0.0.1:{server.server_port}/certs"
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield google
        finally:
            server.shutdown()
            serving.join()
