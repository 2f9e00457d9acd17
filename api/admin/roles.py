"""Roles: defining them, what they may do, and who has them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from api.admin.words import Done, Reason, Why, done, done_to
from api.auth import only
from api.problems import documented
from api.wire import Moment
from api.wiring import Request
from commands.identity import (
    AssignRole,
    ChangeRole,
    DefineRole,
    GrantPermission,
    RetireRole,
    RevokeRole,
    WithdrawPermission,
)
from domain.identity import PERMISSIONS, RoleDefined
from projections import roles, user_roles
from projections.query import LIMIT, Page

RoleName = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,39}$(?!\n)")]
Description = Annotated[str, Meta(max_length=200)]
ANSWERS = documented(404, 409, 413, 415, 422, 503)


class NewRole(Struct, frozen=True, forbid_unknown_fields=True):
    name: RoleName
    reason: Why
    description: Description = ""
    permissions: tuple[str, ...] = ()


class RoleChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different; what is not given stays."""

    reason: Why
    name: RoleName | None = None
    description: Description | None = None


class NewGrant(Struct, frozen=True, forbid_unknown_fields=True):
    """For good, or until ``expires_at``."""

    reason: Why
    expires_at: Moment | None = None


class Permission(Struct, frozen=True):
    permission: str
    description: str


@get("/admin/permissions", opt=only("roles:read"))
async def list_permissions(request: Request) -> Page[Permission]:
    """Every permission that a role can have."""
    return Page([Permission(name, what) for name, what in PERMISSIONS.items()])


@get("/admin/roles", opt=only("roles:read"), responses=documented(422, 503))
async def list_roles(
    request: Request, limit: FromQuery[int] = LIMIT, cursor: FromQuery[str | None] = None
) -> Page[roles.Role]:
    """The roles there are, newest first."""
    return await request.read_as(roles.seen_by, limit=limit, cursor=cursor)


@get("/admin/roles/{role_id:str}", opt=only("roles:read"), responses=documented(404, 422, 503))
async def show_role(request: Request, role_id: FromPath[UUID]) -> roles.Role:
    """A role, and what it may do."""
    return await request.read_as(roles.one, role_id)


@get(
    "/admin/roles/{role_id:str}/holders",
    opt=only("roles:read"),
    responses=documented(404, 422, 503),
)
async def list_holders(
    request: Request,
    role_id: FromPath[UUID],
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[user_roles.Grant]:
    """Who has it now, newest grant first."""
    await request.read_as(roles.one, role_id)
    return await request.read_as(user_roles.of_role, role_id, limit=limit, cursor=cursor)


@post(
    "/admin/roles",
    opt=only("roles:write", fresh=True),
    responses=documented(409, 413, 415, 422, 503),
)
async def define_role(request: Request, data: JSONBody[NewRole]) -> Done:
    """Make a role that people can be given."""
    command = DefineRole(
        at=request.now,
        role_id=request.new_id,
        name=data.name,
        description=data.description,
        permissions=data.permissions,
        reason=data.reason,
    )
    receipt = await request.dispatch(command)
    (fact,) = receipt.facts
    assert isinstance(fact, RoleDefined), "that is what defining records"
    return done(fact.role_id, receipt)


@patch("/admin/roles/{role_id:str}", opt=only("roles:write", fresh=True), responses=ANSWERS)
async def change_role(
    request: Request, role_id: FromPath[UUID], data: JSONBody[RoleChange]
) -> Done:
    """Give a role another name or description."""
    command = ChangeRole(
        at=request.now,
        role_id=role_id,
        name=data.name,
        description=data.description,
        reason=data.reason,
    )
    return done(role_id, await request.dispatch(command))


@delete(
    "/admin/roles/{role_id:str}",
    opt=only("roles:write", fresh=True),
    status_code=200,
    responses=ANSWERS,
)
async def retire_role(request: Request, role_id: FromPath[UUID], data: JSONBody[Reason]) -> Done:
    """Take a role away that nobody has."""
    command = RetireRole(at=request.now, role_id=role_id, reason=data.reason)
    return done(role_id, await request.dispatch(command))


@put(
    "/admin/roles/{role_id:str}/permissions/{permission:str}",
    opt=only("roles:write", fresh=True),
    responses=ANSWERS,
)
async def grant_permission(
    request: Request, role_id: FromPath[UUID], permission: FromPath[str], data: JSONBody[Reason]
) -> Done:
    """Let everybody who has the role do one thing more."""
    command = GrantPermission(at=request.now, role_id=role_id, of=permission, reason=data.reason)
    return done(role_id, await request.dispatch(command))


@delete(
    "/admin/roles/{role_id:str}/permissions/{permission:str}",
    opt=only("roles:write", fresh=True),
    status_code=200,
    responses=ANSWERS,
)
async def withdraw_permission(
    request: Request, role_id: FromPath[UUID], permission: FromPath[str], data: JSONBody[Reason]
) -> Done:
    """Let nobody do it any more by having the role."""
    command = WithdrawPermission(at=request.now, role_id=role_id, of=permission, reason=data.reason)
    return done(role_id, await request.dispatch(command))


@put(
    "/admin/users/{user_id:str}/roles/{role_id:str}",
    opt=only("roles:assign", fresh=True),
    responses=ANSWERS,
)
async def assign_role(
    request: Request, user_id: FromPath[UUID], role_id: FromPath[UUID], data: JSONBody[NewGrant]
) -> Done:
    """Give a person a role, for good or until a time."""
    command = AssignRole(
        at=request.now,
        user_id=user_id,
        role_id=role_id,
        expires_at=data.expires_at,
        reason=data.reason,
    )
    return await done_to(request, user_id, command)


@delete(
    "/admin/users/{user_id:str}/roles/{role_id:str}",
    opt=only("roles:assign", fresh=True),
    status_code=200,
    responses=ANSWERS,
)
async def revoke_role(
    request: Request, user_id: FromPath[UUID], role_id: FromPath[UUID], data: JSONBody[Reason]
) -> Done:
    """Take a role from a person; somebody who can assign roles is always left."""
    command = RevokeRole(at=request.now, user_id=user_id, role_id=role_id, reason=data.reason)
    return done(user_id, await request.dispatch(command))


@get(
    "/admin/users/{user_id:str}/permissions",
    opt=only("roles:read"),
    responses=documented(404, 422, 503),
)
async def list_permissions_of_user(
    request: Request, user_id: FromPath[UUID]
) -> Page[user_roles.HeldPermission]:
    """What a person may do now, and by which roles."""
    return Page(await request.read_as(user_roles.permissions_of, user_id))


ROUTES = (
    list_permissions,
    list_roles,
    show_role,
    list_holders,
    define_role,
    change_role,
    retire_role,
    grant_permission,
    withdraw_permission,
    assign_role,
    revoke_role,
    list_permissions_of_user,
)
