"""Authenticators: a second proof of who one is, and codes for the day on which it is lost."""

from __future__ import annotations

from contextlib import suppress

from litestar import delete, post
from litestar.params import JSONBody
from msgspec import Struct

from adapters.people.codes import Purpose
from adapters.tokens import Untrusted
from api import wire
from api.auth import FRESH, SIGN_IN
from api.auth.words import unauthenticated
from api.identity.entering import prove_second
from api.identity.guard import proving
from api.identity.sessions import end_sessions
from api.identity.sign_in import SignedIn, signed_in
from api.identity.sign_up import by_identity
from api.identity.words import Code, Token
from api.problems import documented
from api.wiring import Request
from commands.identity import DisableTotp, EnableTotp
from commands.identity.people import PersonCommand
from domain.errors import Illegal, NotFound

WRONG = "the code is not the one that the authenticator shows, or was used before"
_AGAIN = "the challenge is not valid (any more): sign in again"


class Offered(Struct, frozen=True):
    """Told this once: ``uri`` (otpauth) is the same as ``secret``, for a QR code."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "Offered()"


class Shown(Struct, frozen=True, forbid_unknown_fields=True):
    """``code`` is what the authenticator shows."""

    code: Code

    def __repr__(self) -> str:
        return "Shown()"


class RecoveryCodes(Struct, frozen=True):
    """Told this once: each signs in once in the place of a lost authenticator."""

    recovery_codes: list[str]

    def __repr__(self) -> str:
        return "RecoveryCodes()"


class SecondProof(Struct, frozen=True, forbid_unknown_fields=True):
    """``challenge`` as the first proof was answered; ``code``, or else ``recovery_code``."""

    challenge: Token
    code: Code | None = None
    recovery_code: Code | None = None

    def __repr__(self) -> str:
        return "SecondProof()"


class TotpDropped(Struct, frozen=True):
    second_factor: bool


@post("/auth/totp", opt=FRESH, responses=documented(404, 409, 503))
async def offer_totp(request: Request) -> Offered:
    """Have a secret made for an authenticator; it counts once its code is confirmed."""
    user_id, people = request.user.user_id, request.house.people
    names = await people.credentials.names_of(user_id)
    if names is None:
        raise NotFound("USER_UNKNOWN")
    return Offered(*await people.authenticators.offer(user_id, names.email))


@post(
    "/auth/totp/confirm",
    opt=FRESH,
    status_code=200,
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def confirm_totp(request: Request, data: JSONBody[Shown]) -> RecoveryCodes:
    """Show that the authenticator has the secret: it is asked for from now on."""
    user = request.user
    async with proving(request, str(user.user_id), user.user_id, method="TOTP", wrong=WRONG):
        codes = await request.house.people.authenticators.confirm(user.user_id, data.code)
    await end_sessions(request, user.user_id, "TOTP_ENABLED", keep=user.session_id)
    await _tell(request, EnableTotp(at=request.now, user_id=user.user_id))
    return RecoveryCodes([*codes])


@post("/auth/totp/recovery-codes", opt=FRESH, status_code=200, responses=documented(404, 409, 503))
async def renew_recovery_codes(request: Request) -> RecoveryCodes:
    """Have other codes for a lost authenticator; the old ones open nothing any more."""
    return RecoveryCodes([*await request.house.people.authenticators.renew(request.user.user_id)])


@delete("/auth/totp", opt=FRESH, status_code=200, responses=documented(404, 409, 503))
async def drop_totp(request: Request) -> TotpDropped:
    """Have no authenticator asked for any more."""
    user_id = request.user.user_id
    await request.house.people.authenticators.drop(user_id)
    await _tell(request, DisableTotp(at=request.now, user_id=user_id))
    return TotpDropped(second_factor=False)


@post(
    "/auth/totp-login",
    opt=SIGN_IN,
    status_code=200,
    responses=documented(401, 403, 413, 415, 422, 503),
)
async def log_in_with_totp(request: Request, data: JSONBody[SecondProof]) -> SignedIn:
    """Sign in with the second proof, after the first one was answered TOTP_REQUIRED."""
    demand_one(data.code, data.recovery_code)
    codes = request.house.people.codes
    try:
        met = await codes.meet_token(Purpose.SECOND_FACTOR, data.challenge, use=False)
        user_id = met.person
    except Untrusted:
        raise unauthenticated(_AGAIN) from None
    async with proving(request, str(user_id), user_id, method="TOTP", wrong=WRONG):
        second = await prove_second(request, user_id, data.code, data.recovery_code)
        await codes.spend(met.challenge_id)
    return await signed_in(request, user_id, (met.about or b"").decode(), second)


def demand_one(code: str | None, recovery_code: str | None) -> None:
    """Raise Invalid unless there is exactly one of both."""
    if (code is None) == (recovery_code is None):
        raise wire.invalid("/code", "required, or else recovery_code", "body")


async def _tell(request: Request, command: PersonCommand) -> None:
    """What the tape knows already (the service stopped between two steps) is not told twice."""
    with suppress(Illegal):
        await by_identity(request, command, command.user_id)


ROUTES = (offer_totp, confirm_totp, renew_recovery_codes, drop_totp, log_in_with_totp)
