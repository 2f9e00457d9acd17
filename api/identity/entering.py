"""Entering: what is still wanted of somebody who has given one proof of who they are."""

from __future__ import annotations

from datetime import timedelta

from adapters.credentials import Person
from adapters.people.codes import Purpose
from api.auth import Unauthenticated
from api.identity.sign_in import SignedIn, signed_in
from api.identity.sign_up import register
from api.wiring import Request
from domain.errors import Forbidden

#: How long a proof of who one is counts for what is dangerous.
PROOF_LIFE = timedelta(minutes=5)


async def enter(request: Request, person: Person, method: str) -> SignedIn:
    """
    Begin a session, unless more is wanted: a verified address, or the code of an authenticator.

    Who is asked for a code has no token of ours yet, only a challenge that is good for nothing
    but ``/auth/totp-login``.
    """
    if request.house.settings.require_verified_email and not person.verified:
        raise Forbidden("EMAIL_NOT_VERIFIED")
    if person.second_factor:
        codes, challenge_id = request.house.people.codes, request.new_id
        about = method.encode()
        await codes.begin(Purpose.SECOND_FACTOR, challenge_id, person.user_id, about)
        raise Unauthenticated("TOTP_REQUIRED", challenge=codes.token(challenge_id))
    if not person.on_tape:  # the service stopped between the two steps of signing up
        await register(request, person.user_id)
    return await signed_in(request, person.user_id, method)


def demand_recent_proof(request: Request) -> None:
    """Raise Forbidden unless the caller has proved a moment ago who they are."""
    user = request.user
    age_s = request.now.timestamp() - user.auth_time
    if user.session_id is None or age_s > PROOF_LIFE.total_seconds():
        raise Forbidden("REAUTH_REQUIRED", "POST /auth/step-up")
