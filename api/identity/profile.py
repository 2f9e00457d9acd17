"""
Profile: what people say of themselves, and what we know of how they sign in.

It stands on the tape sealed under the person's own key, so that it goes when the person goes.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, patch
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from adapters.people.persons import PersonKey
from api.problems import documented
from api.wiring import Request
from commands.identity import UpdateProfile
from domain.errors import NotFound
from projections import profiles

_WHAT = "profile"

FullName = Annotated[
    str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", description="as on a letter")
]
Mobile = Annotated[
    str,
    Meta(pattern=r"^(\+[0-9]{7,15})?$(?!\n)", description="with + and the code of the country"),
]
Picture = Annotated[
    str, Meta(max_length=500, pattern=r"^(https://\S+)?$(?!\n)", description="where to find it")
]


class Said(Struct, frozen=True):
    """What a person says of themselves, as it is sealed; nothing said is empty."""

    full_name: str = ""
    mobile: str = ""
    picture: str = ""

    def __repr__(self) -> str:
        return "Said()"


class ProfileChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; what is empty is taken back."""

    full_name: FullName | None = None
    mobile: Mobile | None = None
    picture: Picture | None = None

    def __repr__(self) -> str:
        return "ProfileChange()"


class ProfileShown(Struct, frozen=True):
    """``second_factor`` is true where an authenticator is asked for besides."""

    user_id: UUID
    email: str
    username: str | None
    email_verified: bool
    second_factor: bool
    has_password: bool
    full_name: str
    mobile: str
    picture: str

    def __repr__(self) -> str:
        return "ProfileShown()"


class ProfileChanged(Struct, frozen=True):
    position: int


@get("/profile", responses=documented(404, 503))
async def show_profile(request: Request) -> ProfileShown:
    """What I have said of myself, and how I sign in."""
    user_id = request.user.user_id
    names = await request.house.credentials.names_of(user_id)
    if names is None:
        raise NotFound("USER_UNKNOWN")
    return ProfileShown(
        user_id,
        names.email,
        names.username,
        names.verified,
        names.second_factor,
        names.has_password,
        **asdict(await said(request, user_id)),
    )


@patch("/profile", responses=documented(404, 413, 415, 422, 503))
async def change_profile(request: Request, data: JSONBody[ProfileChange]) -> ProfileChanged:
    """Say something else of myself."""
    command = await profile_change(request, request.user.user_id, data)
    return ProfileChanged((await request.dispatch(command)).position)


async def profile_change(
    request: Request, user_id: UUID, change: ProfileChange, reason: str = ""
) -> UpdateProfile:
    """The command that changes what this person has said; NotFound if they were erased."""
    named = {name: getattr(change, name) for name in Said.__struct_fields__}
    given = {name: value for name, value in named.items() if value is not None}
    new = replace(await said(request, user_id), **given)
    key = await _key(request, user_id)
    sealed = key.seal_text(_WHAT, msgspec.json.encode(new))
    return UpdateProfile(at=request.now, user_id=user_id, sealed_profile=sealed, reason=reason)


async def said(request: Request, user_id: UUID) -> Said:
    """What this person says now; NotFound if they were erased."""
    return await opened(request, user_id, await request.read_newest_of(user_id, profiles.one))


async def opened(request: Request, user_id: UUID, profile: profiles.Profile) -> Said:
    if profile.sealed is None:
        return Said()
    key = await _key(request, user_id)
    return msgspec.json.decode(key.open_text(_WHAT, profile.sealed), type=Said)


async def _key(request: Request, user_id: UUID) -> PersonKey:
    key = await request.house.credentials.persons.key_of(user_id)
    if key is None:
        raise NotFound("USER_UNKNOWN")
    return key


ROUTES = (show_profile, change_profile)
