"""
The first administrator: nobody can give what nobody has, so this one comes from the operator.

``papertape admin grant EMAIL`` makes a user one; with ``ADMIN_EMAIL`` the service sees to it
itself that there is one, whose password it keeps in ``data/keys/admin``.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from argparse import Namespace
from datetime import UTC, datetime
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters import servers
from adapters.credentials import Credentials
from adapters.ids import Ids
from adapters.keys import kept
from adapters.passwords import Passwords
from adapters.postgres import as_app
from adapters.settings import Settings
from adapters.tape import AsyncTape
from adapters.vault import ring_of
from api.house import House
from api.version import CODE
from commands.base import Caller, Command, Receipt
from commands.dispatch import Dispatch
from commands.identity import AssignRole, EstablishRoles, RegisterUser
from domain.base import Role
from domain.errors import DomainError, NotFound
from domain.identity import role_id_of

BY_HAND = "granted on the command line by the operator"
BY_SETTING = "ADMIN_EMAIL names the administrator of this service"
ADMIN = role_id_of("admin")


def grant(settings: Settings, asked: Namespace) -> int:
    """0 if the user has the role now, else 1."""
    with servers.database(settings) as database:
        try:
            user_id = asyncio.run(_grant(settings, database.dsn, asked.email, asked.role))
        except DomainError as error:
            print(f"papertape: {error}", file=sys.stderr)
            return 1
    print(f"user {user_id} is {asked.role}")
    return 0


async def _grant(settings: Settings, dsn: str, email: str, role: str) -> UUID:
    def clock() -> datetime:
        return datetime.now(UTC)

    ids = Ids()
    async with (
        AsyncConnectionPool(as_app(dsn), open=False, min_size=1, max_size=1) as pool,
        AsyncTape(dsn, clock, CODE) as tape,
    ):
        credentials = Credentials(
            pool, settings.data / "keys", Passwords(), clock, ring_of(settings)
        )
        user_id = await credentials.find(email)
        if user_id is None:
            raise NotFound("USER_UNKNOWN", "nobody has signed up with this address")
        dispatch = Dispatch(tape, ids)
        try:
            role_id = role_id_of(role)
            given = AssignRole(at=clock(), user_id=user_id, role_id=role_id, reason=BY_HAND)
            await _appoint(dispatch, ids, given)
        finally:
            await dispatch.close()
    return user_id


async def _appoint(dispatch: Dispatch, ids: Ids, grant: AssignRole) -> None:
    """Give a role by the operator's power, with the roles of this release established."""
    await _ask(dispatch, ids, EstablishRoles(at=grant.at))
    await _ask(dispatch, ids, grant)


async def establish(house: House) -> None:
    """What must be so before the doors open: roles as this release has them, and the admin."""
    if house.access.access.roles:
        await _ask(house.dispatch, house.ids, EstablishRoles(at=house.clock()))
    email = house.settings.admin_email
    if email is not None:
        user_id = await house.credentials.find(email) or await _sign_up(house, email)
        if ADMIN not in house.access.access.grants.get(user_id, {}):
            now = house.clock()
            given = AssignRole(at=now, user_id=user_id, role_id=ADMIN, reason=BY_SETTING)
            await _appoint(house.dispatch, house.ids, given)


async def _sign_up(house: House, email: str) -> UUID:
    user_id = house.ids()
    file = house.settings.data / "keys" / "admin"
    password = kept(file, lambda: secrets.token_urlsafe(18).encode())
    await house.credentials.add(user_id, email, password)
    await _ask(house.dispatch, house.ids, RegisterUser(at=house.clock(), user_id=user_id))
    await house.credentials.note_on_tape(user_id)
    return user_id


async def _ask(dispatch: Dispatch, ids: Ids, command: Command) -> Receipt:
    by = Caller(actor="system:operator", roles=Role.SYSTEM, correlation_id=ids())
    return await dispatch(command, by)
