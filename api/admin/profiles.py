"""Profiles of others: what is said of a person, and the address that they sign in from."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from litestar import patch, put
from litestar.params import FromPath, JSONBody

from api.admin.words import Done, Why, done, in_the_course_of
from api.auth import only
from api.identity.erasing import Ask
from api.identity.names import ask_to_move
from api.identity.profile import ProfileChange, profile_change
from api.identity.words import Email
from api.problems import documented
from api.wiring import Request
from commands.base import Command, Receipt
from domain.errors import Forbidden
from projections import users

_ANSWERS = documented(404, 409, 413, 415, 422, 503)


class UserChange(ProfileChange, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays; another ``email`` counts once the person has read a letter there."""

    reason: Why
    email: Email | None = None

    def __repr__(self) -> str:
        return "UserChange()"


@patch("/admin/users/{user_id:str}", opt=only("users:write", fresh=True), responses=_ANSWERS)
async def change_user(
    request: Request, user_id: FromPath[UUID], data: JSONBody[UserChange]
) -> Done:
    """Mend what a person has said of themselves, or have them prove another address."""
    return await _changed(request, user_id, data)


@put("/admin/users/{user_id:str}", opt=only("users:write", fresh=True), responses=_ANSWERS)
async def put_user(request: Request, user_id: FromPath[UUID], data: JSONBody[UserChange]) -> Done:
    """The same as PATCH, for clients that only know PUT."""
    return await _changed(request, user_id, data)


async def _changed(request: Request, user_id: UUID, change: UserChange) -> Done:
    await request.read_newest_of(user_id, users.known)
    if change.email is not None:
        _demand_no_less_power(request, user_id)
        await ask_to_move(request, user_id, change.email, _asking(request), change.reason)
    if not any(getattr(change, name) is not None for name in ProfileChange.__struct_fields__):
        status: Literal["DONE", "UNCHANGED"] = "DONE" if change.email else "UNCHANGED"
        return Done(user_id, status, await request.house.head())
    command = await profile_change(request, user_id, change, change.reason)
    return done(user_id, await request.dispatch(command))


def _demand_no_less_power(request: Request, user_id: UUID) -> None:
    """Whoever reads the letters of a person can become that person."""
    beyond = request.house.access.of(user_id).permissions - request.standing.permissions
    if beyond:
        raise Forbidden("PRIVILEGE_BEYOND_OWN", missing=", ".join(sorted(beyond)))


def _asking(request: Request) -> Ask:
    """What only the service may ask, in the course of what this administrator has decided."""

    async def ask(command: Command) -> Receipt:
        receipt = await request.house.dispatch(command, in_the_course_of(request))
        request.say("x-position", str(receipt.position))
        return receipt

    return ask


ROUTES = (change_user, put_user)
