"""Health: whether the process lives, and whether the service is of use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from litestar import get
from msgspec import Struct

from api.auth import PUBLIC
from api.house import Check
from api.problems import documented
from api.wiring import Request
from domain.errors import Unavailable

PROBE_S = 0.5
_PAGES = frozenset({"docs", "redoc", "openapi"})


class Alive(Struct, frozen=True):
    status: Literal["ok"] = "ok"


class Readiness(Struct, frozen=True, omit_defaults=True):
    """``warnings`` name parts that do not work as they should, while all others do."""

    status: Literal["ready"]
    warnings: dict[str, str] = {}


class Welcome(Struct, frozen=True):
    name: str
    version: str
    links: dict[str, str]


@get("/livez", opt=PUBLIC)
async def live(request: Request) -> Alive:
    """The process answers."""
    return Alive()


@get("/readyz", opt=PUBLIC, responses=documented(503))
async def ready(request: Request) -> Readiness:
    """Every part answers, and the tape takes writes within half a second."""
    return await _readiness(request)


@get("/api/v1/health", opt=PUBLIC, responses=documented(503))
async def show_health(request: Request) -> Readiness:
    """The same, where clients of the API look."""
    return await _readiness(request)


async def _readiness(request: Request) -> Readiness:
    reasons = await _wrong(request.house.checks)
    if reasons:
        raise Unavailable("NOT_READY", "", 1, **reasons)
    return Readiness("ready", await _wrong(request.house.warnings))


async def _wrong(checks: Mapping[str, Check]) -> dict[str, str]:
    found = await asyncio.gather(*(_checked(check) for check in checks.values()))
    return {name: reason for name, reason in zip(checks, found, strict=True) if reason}


async def _checked(check: Check) -> str | None:
    """A check that takes too long is left to end by itself: to cancel it may take longer still."""
    checking = asyncio.ensure_future(check())
    await asyncio.wait({checking}, timeout=PROBE_S)
    if not checking.done():
        checking.add_done_callback(_let_go)
        return f"no answer within {PROBE_S * 1000:.0f} ms"
    error = checking.exception()
    return type(error).__name__ if error else checking.result()


def _let_go(checking: asyncio.Future[str | None]) -> None:
    """What it found nobody wants to know any more."""
    if not checking.cancelled():
        checking.exception()


@get("/", opt=PUBLIC)
async def welcome(request: Request) -> Welcome:
    """What this is, and where to go from here."""
    links = {
        "api": "/api/v1",
        "docs": "/docs",
        "redoc": "/redoc",
        "openapi": "/openapi.json",
        "problems": "/problems",
        "metrics": "/metrics",
        "ready": "/readyz",
    }
    if request.house.settings.production:
        links = {name: path for name, path in links.items() if name not in _PAGES}
    return Welcome("papertape", request.house.version, links)


ROUTES = (live, ready, show_health, welcome)
