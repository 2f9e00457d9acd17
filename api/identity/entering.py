"""Entering: what is still wanted of somebody who has given one proof of who they are."""

from __future__ import annotations

from uuid import UUID

from adapters.credentials import Person
from adapters.people.codes import Purpose
from api.auth import Unauthenticated
from api.identity.sign_in import SignedIn, signed_in
from api.identity.sign_up import by_identity, register
from api.wiring import Request
from commands.identity import NoteRecovery


async def enter(request: Request, person: Person, method: str) -> SignedIn:
    """
    Begin a session, unless more is wanted: the code of an authenticator.

    Who is asked for a code has no token of ours yet, only a challenge that is good for nothing
    but ``/auth/totp-login``.
    """
    if person.second_factor:
        codes, challenge_id = request.house.people.codes, request.new_id
        about = method.encode()
        await codes.begin(Purpose.SECOND_FACTOR, challenge_id, person.user_id, about)
        raise Unauthenticated("TOTP_REQUIRED", challenge=codes.token(challenge_id))
    if not person.on_tape:  # the service stopped between the two steps of signing up
        await register(request, person.user_id)
    return await signed_in(request, person.user_id, method)


async def prove_second(
    request: Request, user_id: UUID, code: str | None, recovery_code: str | None
) -> str:
    """Take the code of an authenticator, or one for a lost one; Untrusted, or how it was proved."""
    authenticators = request.house.people.authenticators
    if recovery_code is None:
        await authenticators.check(user_id, code or "")
        return "TOTP"
    left = await authenticators.recover(user_id, recovery_code)
    note = NoteRecovery(at=request.now, user_id=user_id, left=left)
    await by_identity(request, note, user_id)
    return "RECOVERY"
