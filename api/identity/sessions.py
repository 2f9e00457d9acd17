"""Sessions: where I am signed in, and the end of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from api.auth.cookies import without_cookies
from api.auth.origin import csrf_token
from api.problems import documented
from api.wiring import Request
from commands.identity import LogOut, RevokeSessions
from domain.errors import NotFound
from domain.identity import SessionsRevoked
from projections.query import Page


class SignedInAt(Struct, frozen=True):
    """``current`` is the session that asks; ``agent`` what its client called itself."""

    session_id: UUID
    current: bool
    began_at: datetime
    used_at: datetime
    ends_at: datetime
    methods: list[str]
    agent: str


class SignedOut(Struct, frozen=True):
    ended: list[UUID]


class CsrfToken(Struct, frozen=True):
    csrf_token: str


@get("/auth/sessions", responses=documented(503))
async def list_sessions(request: Request) -> Page[SignedInAt]:
    """Where I am signed in, the latest used first."""
    user = request.user
    found = await request.house.sessions.of_user(user.user_id)
    return Page(
        [
            SignedInAt(
                one.session_id,
                one.session_id == user.session_id,
                one.began_at,
                one.used_at,
                one.ends_at,
                one.methods,
                one.agent,
            )
            for one in found
        ]
    )


@delete("/auth/sessions/{session_id:str}", status_code=200, responses=documented(404, 422, 503))
async def end_session(request: Request, session_id: FromPath[UUID]) -> SignedOut:
    """Sign out one device."""
    ended = await log_out_of(request, request.user.user_id, session_id)
    if not ended:
        raise NotFound("SESSION_UNKNOWN", session_id=str(session_id))
    return SignedOut(ended)


@delete("/auth/sessions", status_code=200, responses=documented(503))
async def end_other_sessions(request: Request) -> SignedOut:
    """Sign out every device but this one."""
    user = request.user
    return SignedOut(
        await end_sessions(request, user.user_id, "LOGGED_OUT_ELSEWHERE", keep=user.session_id)
    )


# `all` is what the query parameter is called.
@post("/auth/logout", status_code=200, responses=documented(422, 503))
async def log_out(request: Request, all: FromQuery[bool] = False) -> SignedOut:
    """Sign out here, or everywhere; the access token is worth nothing from now on."""
    user = request.user
    for header in without_cookies():
        request.give_cookie(header)
    if all:
        return SignedOut(await end_sessions(request, user.user_id, "LOGGED_OUT_EVERYWHERE"))
    assert user.session_id is not None, "an API key gets no further than the gate"
    return SignedOut(await log_out_of(request, user.user_id, user.session_id))


@get("/auth/csrf", responses=documented())
async def show_csrf_token(request: Request) -> CsrfToken:
    """The token that a page of ours sends as ``X-CSRF-Token`` beside its cookies."""
    assert request.user.session_id is not None, "an API key gets no further than the gate"
    return CsrfToken(csrf_token(request.house.gate.csrf_key, request.user.session_id))


async def log_out_of(request: Request, user_id: UUID, session_id: UUID) -> list[UUID]:
    """End this session, if it is open: no refresh first, then no access."""
    await request.house.sessions.end(user_id, [session_id])
    command = LogOut(at=request.now, user_id=user_id, session_id=session_id)
    receipt = await request.dispatch(command)
    return [session_id] if receipt.facts else []


async def end_sessions(
    request: Request, user_id: UUID, reason: str, *, keep: UUID | None = None
) -> list[UUID]:
    """
    End all sessions of this person but one, in the name of whoever asks; those that ended.

    Before whatever it is done for (a new password): a crash between leaves nobody in.
    """
    command = RevokeSessions(at=request.now, user_id=user_id, reason=reason, keep=keep)
    receipt = await request.dispatch(command)
    ended = [
        session_id
        for fact in receipt.facts
        if isinstance(fact, SessionsRevoked)
        for session_id in fact.sessions
    ]
    await request.house.sessions.end(user_id, ended)
    return ended


ROUTES = (list_sessions, end_session, end_other_sessions, log_out, show_csrf_token)
