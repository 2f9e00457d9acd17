"""
The shortest way in and out: what a server hands in is read as it is, and answers go as they are.

Every request passes here, so nothing is parsed, copied or wrapped that nobody asked for.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response
from litestar.exceptions import ClientException
from litestar.types import Receive, Scope, Send

_encode = msgspec.json.Encoder().encode


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this name (in small letters)."""
    for given, value in scope["headers"]:
        if given == name:
            return value.decode("latin-1")
    return None


async def body_of(scope: Scope, receive: Receive, bytes_max: int) -> bytes | None:
    """The whole body, or None as soon as it is known to be too large."""
    announced = header(scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > bytes_max:
        return None
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientException("the client left before it had said all")
        body += message.get("body", b"")
        if len(body) > bytes_max:
            return None
        if not message.get("more_body", False):
            return body


class Json(Response[Any]):
    """What a route returned, as JSON; of all that a Response can do, what our routes ask for."""

    __slots__ = ()

    def __init__(self, content: Any, *, status_code: int | None = None, **_: Any) -> None:
        self.content = content
        self.status_code = status_code

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        return _Sent(self.status_code or 200, _encode(self.content))


class Unchanged(Json):
    """The asker has it already."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, status_code=304)

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        return _Sent(304, b"")


class _Sent:
    __slots__ = ("_body", "_status")

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self._body)).encode()),
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
