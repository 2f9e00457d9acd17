"""Users: finding them, inviting them, shutting them out and letting them in again."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.admin.words import Done, Reason, Why, done, done_to, in_the_course_of
from api.auth import only
from api.identity.erasing import forget
from api.identity.words import Email
from api.problems import documented
from api.wiring import Request
from commands.base import Command
from commands.identity import (
    ForcePasswordReset,
    InviteUser,
    ReactivateUser,
    RegisterUser,
    RequestPasswordReset,
    RevokeSessions,
    SuspendUser,
)
from domain.errors import DomainError, Unavailable
from projections import accounts, user_roles, users
from projections.query import LIMIT, Page
from projections.users import UserStatus

ANSWERS = documented(404, 409, 413, 415, 422, 503)


class Search(Struct, frozen=True, forbid_unknown_fields=True):
    """An address is personal, so it is asked for in a body and never stands in an URL."""

    email: Email

    def __repr__(self) -> str:
        return "Search()"


class Invitation(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    reason: Why

    def __repr__(self) -> str:
        return "Invitation()"


class UserSeen(Struct, frozen=True):
    """``email`` is gone when the person was erased."""

    user_id: UUID
    email: str | None
    status: UserStatus
    registered_at: datetime
    verified_at: datetime | None
    second_factor: bool
    last_login_at: datetime | None
    suspended_at: datetime | None
    suspended_for: str | None
    erased_at: datetime | None
    position: int

    def __repr__(self) -> str:
        return "UserSeen()"


class UserInDetail(Struct, frozen=True):
    user: UserSeen
    roles: list[user_roles.Grant]
    accounts: list[accounts.Account]


async def _seen(request: Request, found: list[users.User]) -> list[UserSeen]:
    emails = await request.house.credentials.emails_of([user.user_id for user in found])
    shown = UserSeen.__struct_fields__
    return [
        UserSeen(
            email=emails.get(user.user_id),
            **{name: getattr(user, name) for name in shown if name != "email"},
        )
        for user in found
    ]


@get("/admin/users", opt=only("users:read"), responses=documented(422, 503))
async def list_users(
    request: Request,
    status: FromQuery[UserStatus | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[UserSeen]:
    """All users, newest first."""
    found = await request.read_as(users.search, status=status, limit=limit, cursor=cursor)
    return Page(await _seen(request, found.items), found.next)


@post(
    "/admin/users/search",
    opt=only("users:read"),
    status_code=200,
    responses=documented(413, 415, 422, 503),
)
async def search_users(request: Request, data: JSONBody[Search]) -> Page[UserSeen]:
    """The user with this address."""
    user_id = await request.house.credentials.find(data.email)
    if user_id is None:
        return Page([])
    found = await request.read_as(users.search, user_id=user_id)
    return Page(await _seen(request, found.items))


@get("/admin/users/{user_id:str}", opt=only("users:read"), responses=documented(404, 422, 503))
async def show_user(request: Request, user_id: FromPath[UUID]) -> UserInDetail:
    """A user with roles and accounts."""
    user = await request.read_as(users.one, user_id)
    roles = await request.read_as(user_roles.of_user, user_id)
    theirs = await request.read_of(user_id, accounts.of_owner)
    return UserInDetail((await _seen(request, [user]))[0], roles, theirs.items)


@post("/admin/users", opt=only("users:write"), responses=documented(409, 413, 415, 422, 503))
async def invite_user(request: Request, data: JSONBody[Invitation]) -> Done:
    """Make somebody a user, who chooses a password by the letter that follows."""
    user_id, house = request.new_id, request.house
    await house.credentials.add(user_id, data.email, secrets.token_bytes(32))
    invite = InviteUser(at=request.now, user_id=user_id, reason=data.reason)
    receipt = await request.dispatch(invite)
    await _follow(request, RegisterUser(at=request.now, user_id=user_id))
    await house.credentials.note_on_tape(user_id)
    await _send_reset(request, user_id)
    return done(user_id, receipt)


@post(
    "/admin/users/{user_id:str}/suspend",
    opt=only("users:suspend"),
    status_code=200,
    responses=ANSWERS,
)
async def suspend_user(request: Request, user_id: FromPath[UUID], data: JSONBody[Reason]) -> Done:
    """Shut a user out at once; the sessions end and the working orders are taken back by that."""
    command = SuspendUser(at=request.now, user_id=user_id, reason=data.reason)
    return await done_to(request, user_id, command)


@post(
    "/admin/users/{user_id:str}/reactivate",
    opt=only("users:suspend"),
    status_code=200,
    responses=ANSWERS,
)
async def reactivate_user(
    request: Request, user_id: FromPath[UUID], data: JSONBody[Reason]
) -> Done:
    """Let a user in again."""
    command = ReactivateUser(at=request.now, user_id=user_id, reason=data.reason)
    return await done_to(request, user_id, command)


@post(
    "/admin/users/{user_id:str}/force-password-reset",
    opt=only("users:security"),
    status_code=200,
    responses=ANSWERS,
)
async def force_password_reset(
    request: Request, user_id: FromPath[UUID], data: JSONBody[Reason]
) -> Done:
    """Let the password open nothing any more, end the sessions, and send a letter."""
    command = ForcePasswordReset(at=request.now, user_id=user_id, reason=data.reason)
    forced = await done_to(request, user_id, command)
    await request.house.credentials.set_password(user_id, secrets.token_bytes(32))
    await _end_sessions(request, user_id, data.reason)
    await _send_reset(request, user_id)
    return forced


@post(
    "/admin/users/{user_id:str}/revoke-sessions",
    opt=only("users:security"),
    status_code=200,
    responses=ANSWERS,
)
async def revoke_sessions_of_user(
    request: Request, user_id: FromPath[UUID], data: JSONBody[Reason]
) -> Done:
    """Sign a user out everywhere."""
    command = RevokeSessions(at=request.now, user_id=user_id, reason=data.reason)
    return await done_to(request, user_id, command)


@delete(
    "/admin/users/{user_id:str}",
    opt=only("users:erase", fresh=True),
    status_code=200,
    responses=ANSWERS,
)
async def erase_user(request: Request, user_id: FromPath[UUID], data: JSONBody[Reason]) -> Done:
    """Forget who a person was; what they traded stays, under an id that names nobody."""
    await request.read_newest_of(user_id, users.known)
    return done(user_id, await forget(request, user_id, data.reason, request.dispatch))


async def _end_sessions(request: Request, user_id: UUID, reason: str) -> None:
    await _follow(request, RevokeSessions(at=request.now, user_id=user_id, reason=reason))


async def _send_reset(request: Request, user_id: UUID) -> None:
    challenge_id = request.new_id
    await _follow(
        request, RequestPasswordReset(at=request.now, user_id=user_id, challenge_id=challenge_id)
    )


async def _follow(request: Request, command: Command) -> bool:
    """Do what follows from it; False if there was nothing to do (an order was just filled)."""
    try:
        receipt = await request.house.dispatch(command, in_the_course_of(request))
    except Unavailable:
        raise
    except DomainError:
        return False
    request.say("x-position", str(receipt.position))
    return bool(receipt.facts)


ROUTES = (
    list_users,
    search_users,
    show_user,
    invite_user,
    suspend_user,
    reactivate_user,
    force_password_reset,
    revoke_sessions_of_user,
    erase_user,
)
