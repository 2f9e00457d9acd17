"""Keys: which ones people have made, and the master key under which what is stored is sealed."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from adapters.api_keys import KeyOfUser
from api.admin.words import Done, Reason, done, in_the_course_of
from api.auth import only
from api.problems import documented
from api.wiring import Request
from commands.base import Caller
from commands.compliance import NoteRotation, RotateMasterKey
from commands.identity import RevokeApiKey
from domain.errors import Conflict, DomainError, NotFound
from projections.query import LIMIT, LIMIT_MAX, Page

#: Kept until they are done, or they would be forgotten on the way.
_rotating: set[asyncio.Task[None]] = set()


class Rotating(Struct, frozen=True):
    """202: ``MasterKeyRotated`` says on the tape how it went."""

    position: int


@get("/admin/keys", opt=only("keys:read"), responses=documented(422, 503))
async def list_keys(
    request: Request,
    user_id: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT,
    cursor: FromQuery[UUID | None] = None,
) -> Page[KeyOfUser]:
    """Everybody's API keys, newest first: what they are good for, never the keys."""
    keys = request.house.gate.api_keys
    found = await keys.of_all(user_id=user_id, before=cursor, limit=limit + 1)
    more = len(found) > limit
    return Page(found[:limit], str(found[limit - 1].key_id) if more else None)


@get("/admin/keys/{key_id:str}", opt=only("keys:read"), responses=documented(404, 422, 503))
async def show_key(request: Request, key_id: FromPath[UUID]) -> KeyOfUser:
    """One of them: its scopes, from where it is good, and when it was used last."""
    return await _known(request, key_id)


@post(
    "/admin/keys/{key_id:str}/disable",
    opt=only("keys:disable"),
    status_code=200,
    responses=documented(404, 413, 415, 422, 503),
)
async def disable_key(request: Request, key_id: FromPath[UUID], data: JSONBody[Reason]) -> Done:
    """Let a key open nothing any more, at once."""
    key = await _known(request, key_id)
    command = RevokeApiKey(at=request.now, user_id=key.user_id, key_id=key_id, reason=data.reason)
    receipt = await request.dispatch(command)
    await request.house.gate.api_keys.remove(key.user_id, key_id)
    return done(key_id, receipt)


@post(
    "/admin/keys/rotate-encryption",
    opt=only("keys:rotate", fresh=True),
    status_code=202,
    responses=documented(409, 413, 415, 422, 503),
)
async def rotate_encryption(request: Request, data: JSONBody[Reason]) -> Rotating:
    """Seal every stored key anew under another master key; asked again, it goes on."""
    if request.house.back_room.busy:
        raise Conflict("BACK_ROOM_BUSY")
    command = RotateMasterKey(at=request.now, reason=data.reason)
    receipt = await request.dispatch(command)
    task = asyncio.create_task(_rotate(request, in_the_course_of(request)))
    _rotating.add(task)
    task.add_done_callback(_rotating.discard)
    return Rotating(receipt.position)


async def _rotate(request: Request, by: Caller) -> None:
    house, version, unopened, code = request.house, 0, 0, None
    try:
        version, unopened = await house.back_room.rotate(house.settings)
    except DomainError as error:
        code = error.code
    note = NoteRotation(at=house.clock(), version=version, unopened=unopened, code=code)
    await house.dispatch(note, by)


async def _known(request: Request, key_id: UUID) -> KeyOfUser:
    found = await request.house.gate.api_keys.of_all(key_id=key_id)
    if not found:
        raise NotFound("API_KEY_UNKNOWN", key_id=str(key_id))
    return found[0]


ROUTES = (list_keys, show_key, disable_key, rotate_encryption)
