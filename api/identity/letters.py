"""Letters: proving by what one was sent that the address is one's own, or who one is."""

from __future__ import annotations

from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from adapters.people.codes import Purpose
from adapters.tokens import Untrusted
from api.auth import SIGN_IN, Unauthenticated
from api.identity.asking import Asked, ask_for
from api.identity.entering import enter
from api.identity.guard import proving
from api.identity.sign_in import SignedIn
from api.identity.sign_up import by_identity
from api.identity.words import Code, Email, Token
from api.problems import documented
from api.wiring import Request
from commands.identity import RequestOtp, RequestVerification, VerifyUser


class Address(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email

    def __repr__(self) -> str:
        return "Address()"


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    """``token`` is what the letter says."""

    token: Token

    def __repr__(self) -> str:
        return "Proof()"


class OtpSignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The code is good only with the ``transaction_id`` that was answered when it was asked for."""

    email: Email
    transaction_id: UUID
    code: Code

    def __repr__(self) -> str:
        return "OtpSignIn()"


class Verified(Struct, frozen=True):
    user_id: UUID
    position: int


_LATER = documented(413, 415, 422)


@post("/auth/request-otp", opt=SIGN_IN, status_code=202, responses=_LATER)
async def request_otp(request: Request, data: JSONBody[Address]) -> Asked:
    """Have a code sent that signs you in once, if the address is yours."""
    return await ask_for(request, Purpose.OTP, data.email, RequestOtp)


@post(
    "/auth/otp-login",
    opt=SIGN_IN,
    status_code=200,
    responses=documented(401, 403, 413, 415, 422, 503),
)
async def log_in_with_otp(request: Request, data: JSONBody[OtpSignIn]) -> SignedIn:
    """Sign in with the code that you were sent."""
    house, wrong = request.house, "the code is not valid (any more)"
    person = await house.credentials.look_up(data.email)
    user_id = person.user_id if person else None
    async with proving(request, data.email, user_id, method="OTP", wrong=wrong):
        met = await house.people.codes.meet_code(Purpose.OTP, data.transaction_id, data.code)
        if person is None or met.user_id != person.user_id:
            raise Untrusted
        await house.people.codes.spend(met.challenge_id)
    if not person.verified:  # who has the letter reads at the address
        await house.credentials.note_verified(person.user_id)
        verify = VerifyUser(at=request.now, user_id=person.user_id)
        await by_identity(request, verify, person.user_id)
    return await enter(request, person, "OTP")


@post("/auth/verify-email/request", opt=SIGN_IN, status_code=202, responses=_LATER)
async def request_verification(request: Request, data: JSONBody[Address]) -> Asked:
    """Have the letter sent again that asks whether the address is yours."""
    return await ask_for(request, Purpose.VERIFY, data.email, RequestVerification)


@post(
    "/auth/verify-email",
    opt=SIGN_IN,
    status_code=200,
    responses=documented(401, 404, 413, 415, 422, 503),
)
async def verify_email(request: Request, data: JSONBody[Proof]) -> Verified:
    """Confirm that the address is yours, by what the letter says."""
    house = request.house
    try:
        met = await house.people.codes.meet_token(Purpose.VERIFY, data.token)
        user_id = met.person
    except Untrusted:
        raise Unauthenticated("TOKEN_INVALID") from None
    await house.credentials.note_verified(user_id)
    verify = VerifyUser(at=request.now, user_id=user_id)
    return Verified(user_id, (await by_identity(request, verify, user_id)).position)


ROUTES = (request_otp, log_in_with_otp, request_verification, verify_email)
