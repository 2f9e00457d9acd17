"""
The mailbox: as long as no mail server is set, what would be sent, for whoever sits at this machine.

It is there only while the service listens on this machine alone, and only for a request that
comes from it, names it, and was passed on by nobody.
"""

from __future__ import annotations

from html import escape
from ipaddress import ip_address

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.types import Scope

from adapters.mail.words import Letter
from api.asgi import header
from api.auth import PUBLIC
from api.wiring import Request

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_PASSED_ON = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = (
    "body{font:1em/1.5 system-ui;max-width:44em;margin:2em auto}pre{white-space:pre-wrap}"
    "article{border-top:1px solid #999;padding:1em 0}"
)


@get("/mailbox", opt=PUBLIC, include_in_schema=False)
async def show_mailbox(request: Request) -> Response[str]:
    """The letters of late, the last one first."""
    settings = request.house.settings
    if settings.smtp_host or settings.host not in _LOCAL or not _is_local(request.scope):
        raise NotFoundException
    async with request.house.views.connection() as db:
        letters = await request.house.people.writer.newest(db)
    page = "".join(map(_shown, letters)) or "<p>Nothing yet."
    body = (
        "<!doctype html><html lang=en><title>Mailbox</title>"
        f"<style>{_STYLE}</style><h1>Mailbox</h1>"
        f"<p>SMTP_HOST is not set: this is what would be sent.{page}</html>"
    )
    headers = {"Content-Security-Policy": _POLICY}
    return Response(body, media_type=MediaType.HTML, headers=headers)


def _shown(letter: Letter) -> str:
    return (
        f"<article id='{escape(letter.message_id[1:-1])}'><h2>{escape(letter.subject)}</h2>"
        f"<p>To: {escape(letter.to)}<pre>{escape(letter.text)}</pre></article>"
    )


def _is_local(scope: Scope) -> bool:
    client, host = scope.get("client"), (header(scope, b"host") or "").rpartition(":")[0]
    name = host.strip("[]") or (header(scope, b"host") or "")
    passed_on = any(header(scope, by) is not None for by in _PASSED_ON)
    return (
        client is not None
        and ip_address(client[0]).is_loopback
        and name in _LOCAL
        and (not passed_on)
    )


ROUTES = (show_mailbox,)
