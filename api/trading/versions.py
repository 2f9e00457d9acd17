"""Versions: which one of a thing the caller has seen, as HTTP tells it (ETag, If-Match)."""

from __future__ import annotations

from api import wire
from api.asgi import header
from api.wiring import Request
from domain.errors import Conflict

VERSION_MAX = 1 << 31


def seen_version(request: Request) -> int:
    """The version in If-Match; 428 without it, for nobody changes what they have not seen."""
    given = header(request.scope, b"if-match")
    if given is None:
        raise Conflict("VERSION_REQUIRED")
    number = given.strip().removeprefix('"').removesuffix('"')
    if not (number.isascii() and number.isdigit() and int(number) < VERSION_MAX):
        raise wire.invalid("/If-Match", 'the version that was seen, as "1"', "header")
    return int(number)


def tell_version(request: Request, version: int) -> None:
    request.say("etag", f'"{version}"')
