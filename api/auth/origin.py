"""
Origin: whether what a browser asks was asked by a page of ours.

A browser adds its cookies to whatever any site has it send.  So a request that is let in by a
cookie and may change something must come from our own origin (or one that CORS names) and bear
the token of its session, which no other site can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit
from uuid import UUID

from litestar.types import Scope

from api.asgi import header
from domain.errors import Forbidden

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN = b"x-csrf-token"


def demand_own_origin(scope: Scope, others: Collection[str]) -> None:
    """Raise Forbidden for what another site has a browser send; ``others`` may."""
    origin = header(scope, b"origin")
    if origin is not None and origin in others:
        return
    site = header(scope, b"sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise _rejected(f"Sec-Fetch-Site is {site!r}" if site.isascii() else "Sec-Fetch-Site")
    if origin is not None and urlsplit(origin).netloc != header(scope, b"host"):
        raise _rejected("it comes from another origin")


def demand_token(scope: Scope, key: bytes, session_id: UUID | None) -> None:
    """Raise Forbidden unless the request bears the token of this session."""
    given = header(scope, TOKEN)
    expected = csrf_token(key, session_id) if session_id else ""
    if not given or not hmac.compare_digest(given.encode(), expected.encode()):
        raise _rejected("send the header X-CSRF-Token with the token of this session")


def csrf_token(key: bytes, session_id: UUID) -> str:
    """Another one for each session, so that signing in again makes the old one worthless."""
    return hmac.digest(key, session_id.bytes, "sha256").hex()


def _rejected(why: str) -> Forbidden:
    return Forbidden("CSRF_REJECTED", why)
