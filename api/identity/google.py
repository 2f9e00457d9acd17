"""
Google: signing in as whoever Google says one is.

Whom Google calls by a subject is one person here for good; the address is only what a new person
begins with.  An account that is there already is linked by its owner, signed in, and only if
Google has verified the very address that the account has.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from adapters.credentials import same_name
from adapters.people.codes import Purpose
from adapters.people.google import ISSUER, Google, Vouched, nonce_of
from api.auth import FRESH, SIGN_IN
from api.identity.entering import enter
from api.identity.guard import proving
from api.identity.sign_in import SignedIn
from api.identity.sign_up import by_identity
from api.identity.words import Token
from api.problems import documented
from api.wiring import Request
from commands.identity import LinkIdentity, RegisterUser, VerifyUser
from domain.errors import Conflict, Illegal, NotFound

WRONG = "Google does not vouch for this, or not any more"


class GoogleBegun(Struct, frozen=True):
    """``nonce`` is for Google, ``transaction`` for us alone; both are good for ``expires_in`` s."""

    transaction: str
    nonce: str
    client_id: str
    expires_in: int


class GoogleProof(Struct, frozen=True, forbid_unknown_fields=True):
    """The ID token that Google gave for the nonce of this transaction."""

    id_token: Annotated[str, Meta(min_length=1, max_length=8192)]
    transaction: Token

    def __repr__(self) -> str:
        return "GoogleProof()"


class GoogleLinked(Struct, frozen=True):
    user_id: UUID
    position: int


@post("/auth/google/begin", opt=SIGN_IN, status_code=200, responses=documented(404, 413, 415, 422))
async def begin_with_google(request: Request) -> GoogleBegun:
    """What a page needs to ask Google who somebody is."""
    google, codes = _google(request), request.house.people.codes
    challenge_id = request.new_id
    await codes.begin(Purpose.NONCE, challenge_id, None)
    transaction = codes.token(challenge_id)
    life_s = int(codes.life(Purpose.NONCE).total_seconds())
    return GoogleBegun(transaction, nonce_of(transaction), google.client_id, life_s)


@post(
    "/auth/google",
    opt=SIGN_IN,
    status_code=200,
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
)
async def log_in_with_google(request: Request, data: JSONBody[GoogleProof]) -> SignedIn:
    """Sign in as whoever Google vouches for; who is new here becomes a user."""
    credentials = request.house.credentials
    vouched = await vouched_by_google(request, data)
    user_id = await credentials.vouched_for(ISSUER, vouched.subject)
    if user_id is None:
        user_id = await _welcome(request, vouched)
    person = await credentials.person(user_id)
    if person is None:
        raise NotFound("USER_UNKNOWN")
    if not person.on_tape:
        await _record(request, user_id)
        person = await credentials.person(user_id) or person
    return await enter(request, person, "GOOGLE")


@post(
    "/auth/google/link",
    opt=FRESH,
    status_code=200,
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def link_google(request: Request, data: JSONBody[GoogleProof]) -> GoogleLinked:
    """Sign in with Google as well from now on, if Google knows you under the same address."""
    user_id, credentials = request.user.user_id, request.house.credentials
    vouched = await vouched_by_google(request, data)
    email = await credentials.email_of(user_id)
    if email is None:
        raise NotFound("USER_UNKNOWN")
    if not same_name(email, vouched.email):
        raise Illegal("GOOGLE_EMAIL_DIFFERS")
    if await credentials.vouched_for(ISSUER, vouched.subject) != user_id:
        await credentials.vouch(user_id, ISSUER, vouched.subject)
    await credentials.note_verified(user_id)
    await by_identity(request, VerifyUser(at=request.now, user_id=user_id), user_id)
    link = LinkIdentity(at=request.now, user_id=user_id, issuer=ISSUER)
    return GoogleLinked(user_id, (await by_identity(request, link, user_id)).position)


async def vouched_by_google(request: Request, proof: GoogleProof) -> Vouched:
    """Whom Google vouches for, in answer to this transaction, once; Unauthenticated if nobody."""
    google, codes = _google(request), request.house.people.codes
    async with proving(request, proof.transaction, None, method="GOOGLE", wrong=WRONG):
        met = await codes.meet_token(Purpose.NONCE, proof.transaction, use=False)
        vouched = await google.check(proof.id_token, nonce_of(proof.transaction))
        await codes.spend(met.challenge_id)
    return vouched


def _google(request: Request) -> Google:
    google = request.house.people.google
    if google is None:
        raise NotFound("GOOGLE_NOT_OFFERED", "GOOGLE_CLIENT_ID is not set")
    return google


async def _welcome(request: Request, vouched: Vouched) -> UUID:
    """Make somebody a user whom Google knows and we do not."""
    credentials, user_id = request.house.credentials, request.new_id
    who = ISSUER, vouched.subject
    try:
        await credentials.add(user_id, vouched.email, None, vouched=who)
    except Conflict:
        at_once = await credentials.vouched_for(*who)  # by the same person, twice
        if at_once is None:
            raise Illegal("GOOGLE_LINK_REQUIRED", "POST /auth/google/link") from None
        return at_once
    return user_id


async def _record(request: Request, user_id: UUID) -> None:
    """Tell the tape of a person whom Google vouches for; what it knows is not told twice."""
    at = request.now
    for command in (
        RegisterUser(at=at, user_id=user_id),
        VerifyUser(at=at, user_id=user_id),
        LinkIdentity(at=at, user_id=user_id, issuer=ISSUER),
    ):
        await by_identity(request, command, user_id)
    await request.house.credentials.note_on_tape(user_id)


ROUTES = (begin_with_google, log_in_with_google, link_google)
