"""Approvals: what waits for a second person, and that person's answer."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.auth import FRESH
from api.problems import documented
from api.wiring import Request
from commands.compliance import GrantApproval, RefuseApproval
from domain.compliance import ApprovalStatus
from projections import approvals
from projections.query import LIMIT, Page


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in at least eight characters."""

    reason: str


class Decided(Struct, frozen=True):
    approval_id: UUID
    status: Literal["GRANTED", "REFUSED"]
    position: int


@get("/admin/approvals", responses=documented(422, 503))
async def list_approvals(
    request: Request,
    status: FromQuery[ApprovalStatus | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[approvals.Approval]:
    """What I asked for or could approve, newest first."""
    return await request.read_as(approvals.seen_by, status=status, limit=limit, cursor=cursor)


@get("/admin/approvals/{approval_id:str}", responses=documented(404, 422, 503))
async def show_approval(request: Request, approval_id: FromPath[UUID]) -> approvals.Approval:
    """One of them."""
    return await request.read_as(approvals.one, approval_id)


@post(
    "/admin/approvals/{approval_id:str}/approve",
    opt=FRESH,
    status_code=200,
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def approve(
    request: Request, approval_id: FromPath[UUID], data: JSONBody[Decision]
) -> Decided:
    """Let what somebody else asked be done."""
    command = GrantApproval(
        at=request.now,
        approval_id=approval_id,
        decided_by=request.user.actor,
        reason=data.reason,
    )
    receipt = await request.dispatch(command)
    return Decided(approval_id, "GRANTED", receipt.position)


@post(
    "/admin/approvals/{approval_id:str}/refuse",
    status_code=200,
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def refuse(
    request: Request, approval_id: FromPath[UUID], data: JSONBody[Decision]
) -> Decided:
    """Let it not be done; whoever asked may take it back by this."""
    command = RefuseApproval(
        at=request.now,
        approval_id=approval_id,
        decided_by=request.user.actor,
        reason=data.reason,
    )
    receipt = await request.dispatch(command)
    return Decided(approval_id, "REFUSED", receipt.position)


ROUTES = (list_approvals, show_approval, approve, refuse)
