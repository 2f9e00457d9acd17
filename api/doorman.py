"""
The doorman stands before every door: he numbers who comes in, and notes how they leave.

He is outside of Litestar, so that he also sees what is turned away before it reaches a route.
"""

from __future__ import annotations

from time import perf_counter
from uuid import UUID

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from adapters.ids import Ids
from api.asgi import header
from api.metrics import Metrics

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
_PRIVATE = (b"cache-control", b"no-store")


class Doorman:
    """
    Request id, time taken, safe headers, one log line and the metrics of every request.

    What a route has to say in headers (its position on the tape) it leaves in
    ``scope["state"]["say"]``; an answer that may be kept says so itself.
    """

    def __init__(self, app: ASGIApp, ids: Ids, metrics: Metrics) -> None:
        self._app = app
        self._ids = ids
        self._metrics = metrics
        self._log = structlog.get_logger().bind()  # bound once: it is used for every request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        request_id = _given_id(scope) or self._ids()
        say: list[tuple[bytes, bytes]] = []
        scope["state"]["request_id"] = request_id
        scope["state"]["say"] = say
        status = 500

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], *say, *_ALWAYS]
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append(_PRIVATE)
                taken_ms = (perf_counter() - begun) * 1000
                headers.append((b"x-request-id", _spelled(request_id)))
                headers.append((b"x-response-time", f"{taken_ms:.2f}ms".encode()))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, tell)
        finally:
            self._note(scope, request_id, status, perf_counter() - begun)

    def _note(self, scope: Scope, request_id: UUID, status: int, taken_s: float) -> None:
        method, route = str(scope.get("method")), str(scope.get("path_template", "unknown"))
        self._metrics.request(method, route, status, taken_s)
        user = scope.get("user")
        self._log.info(
            "request",
            request_id=request_id,
            method=method,
            route=route,  # never the path itself, which may hold anything
            status=status,
            ms=round(taken_s * 1000, 2),
            actor=getattr(user, "actor", None),
        )


def _spelled(request_id: UUID) -> bytes:
    return msgspec.json.encode(request_id)[1:-1]  # several times as fast as str()


def _given_id(scope: Scope) -> UUID | None:
    """The caller's own X-Request-ID, if it is a UUID: it then stands on the tape as well."""
    given = header(scope, b"x-request-id")
    try:
        return UUID(given) if given else None
    except ValueError:
        return None
