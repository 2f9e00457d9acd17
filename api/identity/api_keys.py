"""API keys: what a program needs to ask in my name."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from adapters.api_keys import KeyTerms
from api import wire
from api.auth import FRESH
from api.problems import documented
from api.wiring import Request
from commands.identity import IssueApiKey, RevokeApiKey
from projections.query import Page


class NewApiKey(Struct, frozen=True, forbid_unknown_fields=True):
    """``networks`` are the addresses it may be used from (CIDR); none means any."""

    label: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[ -~]+$(?!\n)")]
    scopes: Annotated[list[Literal["read", "trade", "manage"]], Meta(min_length=1, max_length=3)]
    expires_at: Annotated[datetime, Meta(tz=True)]
    networks: Annotated[list[str], Meta(max_length=20)] = []


class IssuedApiKey(Struct, frozen=True):
    """``api_key`` is told this once: send it as ``Authorization: Bearer ptk_...``."""

    key_id: UUID
    api_key: str
    scopes: list[str]
    expires_at: datetime
    position: int

    def __repr__(self) -> str:
        return "IssuedApiKey()"


class RevokedApiKey(Struct, frozen=True):
    key_id: UUID
    position: int


@post("/auth/keys", opt=FRESH, responses=documented(403, 409, 413, 415, 422, 503))
async def issue_api_key(request: Request, data: JSONBody[NewApiKey]) -> IssuedApiKey:
    """Let a program ask in my name, for what I say and until when I say."""
    networks = [_network(place, text) for place, text in enumerate(data.networks)]
    user_id, key_id = request.user.user_id, request.new_id
    command = IssueApiKey(
        at=request.now,
        user_id=user_id,
        key_id=key_id,
        scopes=tuple(data.scopes),
        expires_at=data.expires_at,
        bound=bool(networks),
    )
    receipt = await request.dispatch(command)
    key = await request.house.gate.api_keys.issue(
        user_id,
        key_id,
        label=data.label,
        scopes=command.scopes,
        networks=networks,
        expires_at=command.expires_at,
    )
    return IssuedApiKey(key_id, key, [*data.scopes], data.expires_at, receipt.position)


@get("/auth/keys", responses=documented(503))
async def list_api_keys(request: Request) -> Page[KeyTerms]:
    """My API keys, the newest first; none of them is told again."""
    return Page(await request.house.gate.api_keys.of_user(request.user.user_id))


@delete("/auth/keys/{key_id:str}", status_code=200, responses=documented(404, 422, 503))
async def revoke_api_key(request: Request, key_id: FromPath[UUID]) -> RevokedApiKey:
    """Take an API key back, at once."""
    user_id = request.user.user_id
    command = RevokeApiKey(at=request.now, user_id=user_id, key_id=key_id)
    receipt = await request.dispatch(command)
    await request.house.gate.api_keys.remove(user_id, key_id)
    return RevokedApiKey(key_id, receipt.position)


def _network(place: int, text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        rule = "addresses or networks such as 203.0.113.0/24"
        raise wire.invalid(f"/networks/{place}", rule, "body") from None


ROUTES = (issue_api_key, list_api_keys, revoke_api_key)
