"""The audit: finding facts, explaining one, verifying the tape, and taking a signed copy away."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from msgspec import Struct

from api import wire
from api.admin.copies import FORMS, copy_of
from api.auth import only
from api.problems import documented
from api.wiring import Request
from commands.compliance import ExportTape
from projections import audit
from projections.audit import AuditedFact, Explained, Sought
from projections.query import LIMIT, Page

TypeOfFact = Annotated[str | None, QueryParameter(name="type", pattern="^[A-Za-z]{1,64}$")]


class TapeVerdict(Struct, frozen=True):
    """
    How far the tape is sound: ``position`` and ``hash`` of the last good fact.

    ``bad`` is the first position that is not what it should be, and ``reason`` why.
    """

    sound: bool
    position: int
    hash: str
    bad: int | None
    reason: str


def _sought(
    actor: str | None,
    subject: UUID | None,
    type_: str | None,
    correlation_id: UUID | None,
    period: tuple[datetime | None, datetime | None],
) -> Sought:
    for name, moment in zip(("since", "until"), period, strict=True):
        if moment is not None and moment.tzinfo is None:
            raise wire.invalid(f"/{name}", "an RFC 3339 time with its offset", "query")
    return Sought(
        actor=actor,
        subject=subject,
        type=type_,
        correlation_id=correlation_id,
        since=period[0],
        until=period[1],
    )


@get("/admin/audit/events", opt=only("audit:read"), responses=documented(422, 503))
async def list_facts(
    request: Request,
    *,
    actor: FromQuery[str | None] = None,
    subject: FromQuery[UUID | None] = None,
    type_: TypeOfFact = None,
    correlation_id: FromQuery[UUID | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[AuditedFact]:
    """Facts by who made them true, whom or what they are about, kind, time, or correlation."""
    sought = _sought(actor, subject, type_, correlation_id, (since, until))
    return await request.read_as(audit.search, sought, limit=limit, cursor=cursor)


@get("/admin/audit/events/{position:int}", opt=only("audit:read"), responses=documented(404, 503))
async def show_fact(request: Request, position: FromPath[int]) -> Explained:
    """A fact, what led to it, and what followed from it."""
    return await request.read_as(audit.one, position)


@get("/admin/audit/verify", opt=only("audit:verify"), responses=documented(409, 503))
async def verify_tape(request: Request) -> TapeVerdict:
    """Walk the hash chain from the first fact to the last; takes a while on a long tape."""
    verdict = await request.house.back_room.verify()
    head = verdict.head
    return TapeVerdict(verdict.sound, head.position, head.hash.hex(), verdict.bad, verdict.reason)


@get("/admin/audit/export", opt=only("audit:export", fresh=True), responses=documented(422, 503))
async def export_facts(
    request: Request,
    *,
    form: FromQuery[Literal["ndjson", "csv"]] = "ndjson",
    actor: FromQuery[str | None] = None,
    subject: FromQuery[UUID | None] = None,
    type_: TypeOfFact = None,
    correlation_id: FromQuery[UUID | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Stream:
    """The same as a file, oldest first; its last line is a manifest with count, hash, signature."""
    sought = _sought(actor, subject, type_, correlation_id, (since, until))
    upto = await request.house.head()
    await request.house.seen(upto)  # whose accounts are whose, as of then
    named = {
        name: str(value)
        for name in sought.__struct_fields__
        if (value := getattr(sought, name)) is not None
    }
    await request.dispatch(ExportTape(at=request.now, form=form, sought=named, upto=upto))
    media_type, ending = FORMS[form]
    headers = {"Content-Disposition": f'attachment; filename="tape-{upto}.{ending}"'}
    content = copy_of(request, sought, named, upto, form)
    return Stream(content, media_type=media_type, headers=headers)


ROUTES = (list_facts, show_fact, verify_tape, export_facts)
