"""
The guard: one attempt to prove who one is, counted before it is looked at.

Whatever can be guessed (a password, a code) is checked inside ``proving``.  What went wrong is
a fact; what the caller learns of it is the same whether the person exists or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from adapters.attempts import OF_ADDRESSES, OF_KNOWN_DEVICES, OF_STRANGERS, Count
from adapters.limits import TooMany
from adapters.tokens import Untrusted
from api.auth.addresses import bucket_of
from api.auth.words import unauthenticated
from api.wiring import Request

WRONG = "unknown name or wrong password"


@asynccontextmanager
async def proving(
    request: Request, name: str, user_id: UUID | None, *, method: str, wrong: str = WRONG
) -> AsyncIterator[None]:
    """
    One attempt as ``name`` (of ``user_id``, if that is anybody); the block may raise Untrusted.

    Raise TooMany (429 AUTH_LOCKED) when attempts have to wait, Unauthenticated (401) when it
    was wrong.
    """
    attempts, door = request.house.gate.attempts, _Door(request, name, user_id, method)
    stranger = not await attempts.knows(user_id, door.device)
    of_person, of_address = door.of_person(stranger=stranger), door.of_address()
    try:
        if stranger:
            await request.house.gate.limits.count_stranger()
        await attempts.count([of_person, *of_address])
    except TooMany:
        door.note("LOCKED")
        raise
    try:
        yield
    except Untrusted:
        door.note("WRONG")
        raise unauthenticated(wrong) from None
    except BaseException:
        await attempts.strike_off([of_person, *of_address])
        raise
    await attempts.forgive([of_person])
    await attempts.strike_off(of_address)


class _Door:
    """Under which names one attempt is counted, and noted if it fails."""

    def __init__(self, request: Request, name: str, user_id: UUID | None, method: str) -> None:
        self._gate = request.house.gate
        self._scope = request.scope
        self._whence = self._gate.whence(request.scope)
        self._user_id = user_id
        self._method = method
        self._name_hash = self._gate.digest("name", name.casefold())
        self.device = self._whence.device

    def of_person(self, *, stranger: bool) -> Count:
        who = f"{self._method} {self._user_id.hex if self._user_id else self._name_hash}"
        if stranger:
            return f"{who} stranger", OF_STRANGERS
        return f"{who} {self.device}", OF_KNOWN_DEVICES

    def of_address(self) -> list[Count]:
        if not self._gate.limits.on:
            return []
        bucket = bucket_of(self._gate.address_of(self._scope))
        return [(f"{self._method} from {self._gate.digest('address', bucket)}", OF_ADDRESSES)]

    def note(self, what: str) -> None:
        self._gate.doorbook.login_failed(
            self._scope,
            f"{self._method}_{what}",
            name_hash=self._name_hash,
            ip_hash=self._whence.ip_hash,
            device_hash=self.device,
            user_id=self._user_id,
        )
