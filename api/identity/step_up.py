"""Stepping up: proving once more who one is, for what would be dangerous in the wrong hands."""

from __future__ import annotations

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from adapters.people.google import ISSUER
from api import wire
from api.auth.words import unauthenticated
from api.identity.entering import prove_second
from api.identity.google import GoogleProof, vouched_by_google
from api.identity.guard import proving
from api.identity.sign_in import SignedIn, signed_in
from api.identity.totp import demand_one
from api.identity.words import Code, Password
from api.problems import documented
from api.wiring import Request
from domain.errors import NotFound

WRONG = "wrong password"
WRONG_CODE = "wrong code"


class FreshProof(Struct, frozen=True, forbid_unknown_fields=True):
    """
    ``password``, or ``google`` for whoever signs in so.

    ``code`` (or ``recovery_code``) as well, where an authenticator is set up.
    """

    password: Password | None = None
    google: GoogleProof | None = None
    code: Code | None = None
    recovery_code: Code | None = None

    def __repr__(self) -> str:
        return "FreshProof()"


@post(
    "/auth/step-up",
    opt={"limit": "sign-in"},
    status_code=200,
    responses=documented(404, 413, 415, 422, 503),
)
async def step_up(request: Request, data: JSONBody[FreshProof]) -> SignedIn:
    """Prove once more who you are; another session takes the place of this one."""
    user = request.user
    names = await request.house.credentials.names_of(user.user_id)
    if names is None:
        raise NotFound("USER_UNKNOWN")
    if names.second_factor:
        demand_one(data.code, data.recovery_code)
    elif data.code or data.recovery_code:
        raise wire.invalid("/code", "no authenticator is set up", "body")
    methods = [await _first_proof(request, data)]
    if names.second_factor:
        who = str(user.user_id)
        async with proving(request, who, user.user_id, method="TOTP", wrong=WRONG_CODE):
            second = await prove_second(request, user.user_id, data.code, data.recovery_code)
        methods.append(second)
    return await signed_in(request, user.user_id, *methods, replaces=user.session_id)


async def _first_proof(request: Request, data: FreshProof) -> str:
    """How it was proved that this very person asks; Unauthenticated if it was not."""
    user_id, credentials = request.user.user_id, request.house.credentials
    if (data.password is None) == (data.google is None):
        raise wire.invalid("/password", "required, or else google", "body")
    if data.google is not None:
        vouched = await vouched_by_google(request, data.google)
        if await credentials.vouched_for(ISSUER, vouched.subject) != user_id:
            raise unauthenticated("Google vouches for somebody else")
        return "GOOGLE"
    async with proving(request, str(user_id), user_id, method="PASSWORD", wrong=WRONG):
        await credentials.prove(user_id, (data.password or "").encode())
    return "PASSWORD"


ROUTES = (step_up,)
