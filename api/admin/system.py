"""The house as a whole: its figures, and its read models built anew."""

from __future__ import annotations

import asyncio

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from api.admin.words import Reason, in_the_course_of
from api.auth import only
from api.problems import documented
from api.wiring import Request
from commands.base import Caller
from commands.compliance import NoteRebuilt, RebuildProjection
from domain.errors import Conflict, DomainError, NotFound
from projections import READ_MODELS, figures
from projections.figures import Figures

#: Kept until they are done, or they would be forgotten on the way.
_rebuilding: set[asyncio.Task[None]] = set()


class Rebuilding(Struct, frozen=True):
    """202: ``ProjectionRebuilt`` says on the tape how it went."""

    model: str
    position: int


@get("/admin/stats", opt=only("system:read"), responses=documented(503))
async def show_figures(request: Request) -> Figures:
    """Users, orders a minute, open interest, fees, lag, and whether the money adds up."""
    shown = await request.read_as(figures.of_the_house)
    assert shown is not None, "the door asks for the same permission"
    return shown


@post(
    "/admin/projections/{name:str}/rebuild",
    opt=only("system:rebuild"),
    status_code=202,
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def rebuild_projection(
    request: Request, name: FromPath[str], data: JSONBody[Reason]
) -> Rebuilding:
    """Build a read model anew from the whole tape, beside the one that people see."""
    if name not in READ_MODELS:
        raise NotFound("READ_MODEL_UNKNOWN", model=name)
    if request.house.back_room.busy:
        raise Conflict("BACK_ROOM_BUSY")
    command = RebuildProjection(at=request.now, model=name, reason=data.reason)
    receipt = await request.dispatch(command)
    task = asyncio.create_task(_rebuild(request, name, in_the_course_of(request)))
    _rebuilding.add(task)
    task.add_done_callback(_rebuilding.discard)
    return Rebuilding(name, receipt.position)


async def _rebuild(request: Request, name: str, by: Caller) -> None:
    house = request.house
    try:
        code = await house.back_room.rebuild(name)
    except DomainError as error:
        code = error.code
    await house.dispatch(NoteRebuilt(at=house.clock(), model=name, code=code), by)


ROUTES = (show_figures, rebuild_projection)
