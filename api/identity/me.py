"""Me: who somebody is to this service, in one answer for whatever page they look at."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from msgspec import Struct

from api.identity.profile import opened
from api.problems import documented
from api.wiring import Request
from domain.errors import NotFound
from domain.identity.permissions import ASSIGN
from projections import profiles


class Me(Struct, frozen=True):
    """``permissions`` are power over what belongs to others; ``is_admin``: may give it away."""

    user_id: UUID
    email: str
    username: str | None
    full_name: str
    picture: str
    email_verified: bool
    second_factor: bool
    roles: list[str]
    permissions: list[str]
    is_admin: bool

    def __repr__(self) -> str:
        return "Me()"


@get("/auth/me", responses=documented(404, 503))
async def show_me(request: Request) -> Me:
    """Who I am to this service."""
    user, standing = request.user, request.standing
    names = await request.house.credentials.names_of(user.user_id)
    if names is None:
        raise NotFound("USER_UNKNOWN")
    mine = await opened(request, user.user_id, await request.read(profiles.one))
    return Me(
        user_id=user.user_id,
        email=names.email,
        username=names.username,
        full_name=mine.full_name,
        picture=mine.picture,
        email_verified=names.verified,
        second_factor=names.second_factor,
        roles=[str(role.name) for role in user.roles],
        permissions=sorted(standing.permissions),
        is_admin=standing.may(ASSIGN),
    )


ROUTES = (show_me,)
