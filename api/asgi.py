"""What a server hands in (ASGI), read without making anything of it that nobody asked for."""

from __future__ import annotations

from litestar.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this name (in small letters)."""
    for given, value in scope["headers"]:
        if given == name:
            return value.decode("latin-1")
    return None
