"""
Cookies: how a browser says who is asking, out of reach of any script in it.

``__Host-`` holds a browser to what we mean: sent over TLS only, to this very host only, and set
by nobody else.  (On this machine itself browsers count plain HTTP as safe.)
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from litestar.types import Scope

ACCESS, REFRESH, DEVICE = "__Host-access", "__Host-refresh", "__Host-device"
DEVICE_LIFE_S = 400 * 24 * 3600
#: A client that wants cookies says so; another site's form or image cannot.
MODE = b"x-session-mode"
_BOUND = "Path=/; Secure; HttpOnly; SameSite=Strict"


def cookie(scope: Scope, name: str) -> str | None:
    """The value of a cookie; None if there is none, or there are several of that name."""
    found = [value for given, value in _cookies(scope) if given == name]
    return found[0] if len(found) == 1 else None


def wants_cookies(scope: Scope) -> bool:
    return any(name == MODE and value == b"cookie" for name, value in scope["headers"])


def set_cookie(name: str, value: str, life_s: int) -> str:
    """The value of a Set-Cookie header."""
    return f"{name}={value}; Max-Age={life_s}; {_BOUND}"


def without_cookies() -> list[str]:
    """Set-Cookie headers after which a browser is signed out; the device stays known."""
    return [set_cookie(name, "", 0) for name in (ACCESS, REFRESH)]


def new_device() -> str:
    return secrets.token_urlsafe(32)


def _cookies(scope: Scope) -> Iterator[tuple[str, str]]:
    for header, value in scope["headers"]:
        if header == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                name, _, content = pair.strip().partition("=")
                yield name, content
