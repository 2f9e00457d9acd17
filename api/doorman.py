"""
The doorman stands before every door: he numbers who comes in, and notes how they leave.

He is outside of Litestar, so that he also sees what is turned away before it reaches a route.
"""

from __future__ import annotations

from collections.abc import Collection
from time import perf_counter
from uuid import UUID

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from adapters.ids import Ids
from api.asgi import header
from api.auth import Gate
from api.metrics import Metrics
from api.problems import bare

#: What every answer says, also one that is given before it was known what was asked.
ALWAYS = [
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_PRIVATE = (b"cache-control", b"no-store")
_FOR_MACHINES = frozenset({"/livez", "/readyz", "/metrics"})
#: Nothing that we answer is a page, but for those that say so themselves.
NO_PAGE = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"object-src 'none'",
)


class Doorman:
    """
    Request id, time taken, safe headers, one log line and the metrics of every request.

    What a route has to say in headers (its position on the tape) it leaves in
    ``scope["state"]["say"]``; an answer that may be kept says so itself.
    """

    def __init__(
        self, app: ASGIApp, ids: Ids, metrics: Metrics, gate: Gate, hosts: Collection[str] = ()
    ) -> None:
        self._app = app
        self._ids = ids
        self._metrics = metrics
        self._gate = gate
        self._hosts = frozenset(host.lower() for host in hosts)
        self._log = structlog.get_logger().bind()  # bound once: it is used for every request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            if scope["type"] == ScopeType.WEBSOCKET:
                scope["state"]["request_id"] = self._ids()
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
                headers = [*message["headers"], *say, *ALWAYS]
                names = {name.lower() for name, _ in headers}
                if b"cache-control" not in names:
                    headers.append(_PRIVATE)
                if b"content-security-policy" not in names:
                    headers.append(NO_PAGE)
                taken_ms = (perf_counter() - begun) * 1000
                headers.append((b"x-request-id", _spelled(request_id)))
                headers.append((b"x-response-time", f"{taken_ms:.2f}ms".encode()))
                message["headers"] = headers
            await send(message)

        try:
            if self._answers_for(scope):
                await self._app(scope, receive, tell)
            else:
                await _turn_away(tell, request_id)
        finally:
            self._gate.turned_away(scope, status)
            self._note(scope, request_id, status, perf_counter() - begun)

    def _answers_for(self, scope: Scope) -> bool:
        """
        Whether the request is for a host of ours.

        What a proxy says of it (``X-Forwarded-Host``) is never read.
        """
        if scope["path"] in _FOR_MACHINES:  # which know us by an address
            return True
        if not self._hosts:
            return True
        host = (header(scope, b"host") or "").lower()
        return host in self._hosts or _without_port(host) in self._hosts

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


async def _turn_away(send: Send, request_id: UUID) -> None:
    body = bare("HOST_UNKNOWN", str(request_id))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _spelled(request_id: UUID) -> bytes:
    return msgspec.json.encode(request_id)[1:-1]  # several times as fast as str()


def _given_id(scope: Scope) -> UUID | None:
    """The caller's own X-Request-ID, if it is a UUID: it then stands on the tape as well."""
    given = header(scope, b"x-request-id")
    try:
        return UUID(given) if given else None
    except ValueError:
        return None
