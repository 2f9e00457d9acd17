"""Passwords: signing in with one, and choosing another."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

from litestar import post
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.status_codes import HTTP_415_UNSUPPORTED_MEDIA_TYPE
from msgspec import Meta, Struct

from adapters.people.codes import Purpose
from adapters.tokens import Untrusted
from api import wire
from api.asgi import header
from api.auth import FRESH, SIGN_IN, Unauthenticated
from api.identity.afterwards import afterwards
from api.identity.asking import Asked, ask, ask_for
from api.identity.entering import enter
from api.identity.guard import WRONG, proving
from api.identity.sessions import end_sessions
from api.identity.sign_in import SignedIn
from api.identity.sign_up import by_identity
from api.identity.words import Email, Password, Token, new_password
from api.problems import documented
from api.wiring import Request
from commands.identity import (
    NotePasswordChange,
    RequestPasswordReset,
    RequestVerification,
    RevokeSessions,
)
from domain.identity import Cause, SessionsRevoked

UNPROVED = "unknown name, wrong password, or an address that is not confirmed yet"

Name = Annotated[str, Meta(min_length=1, max_length=254)]


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """``email`` or ``username``."""

    password: Password
    email: Name | None = None
    username: Name | None = None

    def __repr__(self) -> str:
        return "SignIn()"


class Forgotten(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email

    def __repr__(self) -> str:
        return "Forgotten()"


class PasswordReset(Struct, frozen=True, forbid_unknown_fields=True):
    """``token`` is what the letter says."""

    token: Token
    new_password: Password

    def __repr__(self) -> str:
        return "PasswordReset()"


class NewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    current_password: Password
    new_password: Password

    def __repr__(self) -> str:
        return "NewPassword()"


class PasswordSet(Struct, frozen=True):
    """All other sessions have ended."""

    position: int


_ANSWERS = documented(401, 403, 413, 415, 422, 503)


@post("/auth/login", opt=SIGN_IN, status_code=200, responses=_ANSWERS)
async def log_in(request: Request, data: JSONBody[SignIn]) -> SignedIn:
    """Prove who you are, and get a token to say so with every request."""
    name = data.email or data.username
    if name is None or (data.email and data.username):
        raise wire.invalid("/email", "required, or else username", "body")
    return await _log_in(request, name, data.password)


@post("/auth/signin", opt=SIGN_IN, status_code=200, responses=_ANSWERS)
async def sign_in(request: Request) -> SignedIn:
    """The same as a form (OAuth 2): ``username`` is an address or a name, and ``password``."""
    media_type = (header(request.scope, b"content-type") or "").partition(";")[0].strip()
    if media_type != "application/x-www-form-urlencoded":
        raise HTTPException(status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
    try:
        form = parse_qs((await request.body()).decode(), max_num_fields=16)
    except ValueError:
        raise wire.Broken from None
    for field in ("username", "password"):
        if len(form.get(field, ())) != 1:
            raise wire.invalid(f"/{field}", "required, once", "body")
    if form.get("grant_type", ["password"]) != ["password"]:
        raise wire.invalid("/grant_type", "password", "body")
    return await _log_in(request, form["username"][0][:254], form["password"][0])


async def _log_in(request: Request, name: str, password: str) -> SignedIn:
    credentials = request.house.credentials
    credentials.demand_room()  # before anything else is spent on it
    user_id = await credentials.find(name)
    strict = request.house.settings.require_verified_email
    wrong = UNPROVED if strict else WRONG
    async with proving(request, name, user_id, method="PASSWORD", wrong=wrong):
        person = await credentials.recognise(name, password.encode())
        if strict and not person.verified:
            # The same answer as to whoever has signed up with an address that is in use.
            letter = Purpose.VERIFY, name, request.new_id, RequestVerification
            afterwards(ask(request, *letter))
            raise Untrusted
    return await enter(request, person, "PASSWORD")


@post("/auth/password-reset", opt=SIGN_IN, status_code=202, responses=documented(413, 415, 422))
async def request_reset(request: Request, data: JSONBody[Forgotten]) -> Asked:
    """Have a letter sent that lets you choose another password, if the address is yours."""
    return await ask_for(request, Purpose.RESET, data.email, RequestPasswordReset)


@post("/auth/password-reset/confirm", opt=SIGN_IN, status_code=200, responses=_ANSWERS)
async def reset_password(request: Request, data: JSONBody[PasswordReset]) -> PasswordSet:
    """Choose another password by what the letter says; every session ends."""
    password = new_password(data.new_password, "new_password")
    codes, credentials = request.house.people.codes, request.house.credentials
    try:
        met = await codes.meet_token(Purpose.RESET, data.token)
        user_id = met.person
    except Untrusted:
        raise Unauthenticated("TOKEN_INVALID") from None
    # First nobody is in any more, then the old password opens nothing, then it is told.
    await _end_all(request, user_id)
    await credentials.set_password(user_id, password)
    await credentials.note_verified(user_id)  # who has the letter reads at the address
    note = NotePasswordChange(at=request.now, user_id=user_id, cause=Cause.RESET)
    return PasswordSet((await by_identity(request, note, user_id)).position)


@post("/profile/password", opt=FRESH, status_code=200, responses=_ANSWERS)
async def change_password(request: Request, data: JSONBody[NewPassword]) -> PasswordSet:
    """Choose another password, knowing the one there is; all other sessions end."""
    user = request.user
    names = await request.house.credentials.names_of(user.user_id)
    known_as = (names.email, names.username or "") if names else ()
    password = new_password(data.new_password, "new_password", *known_as)
    async with proving(request, str(user.user_id), user.user_id, method="PASSWORD"):
        await request.house.credentials.prove(user.user_id, data.current_password.encode())
    await end_sessions(request, user.user_id, "PASSWORD_CHANGED", keep=user.session_id)
    await request.house.credentials.set_password(user.user_id, password)
    note = NotePasswordChange(at=request.now, user_id=user.user_id, cause=Cause.CHANGE)
    return PasswordSet((await by_identity(request, note, user.user_id)).position)


async def _end_all(request: Request, user_id: UUID) -> None:
    """In the name of nobody who is signed in."""
    revoke = RevokeSessions(at=request.now, user_id=user_id, reason="PASSWORD_CHANGED")
    for fact in (await by_identity(request, revoke, user_id)).facts:
        if isinstance(fact, SessionsRevoked):
            await request.house.sessions.end(user_id, fact.sessions)


ROUTES = (log_in, sign_in, request_reset, reset_password, change_password)
