"""Me: who somebody is to this service, in one answer for whatever page they look at."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from msgspec import Struct

from adapters.credentials import Names
from api.identity.profile import Said, opened
from api.problems import documented
from api.wiring import Request
from domain.identity.permissions import ASSIGN
from projections import profiles

#: Of somebody who was erased, as long as a token of theirs is good.
GONE = Names("", None, verified=False, second_factor=False, has_password=False)


class Me(Struct, frozen=True):
    """``permissions`` are power over what belongs to others; ``is_admin``: may give it away."""

    user_id: UUID
    email: str | None
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


@get("/auth/me", responses=documented(503))
async def show_me(request: Request) -> Me:
    """Who I am to this service."""
    user, standing = request.user, request.standing
    names = await request.house.credentials.names_of(user.user_id)
    if names is None:
        names, mine = GONE, Said()
    else:
        mine = await opened(request, user.user_id, await request.read(profiles.one))
    return Me(
        user_id=user.user_id,
        email=names.email or None,
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
