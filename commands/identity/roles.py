"""Roles: defining them, and what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

from commands.base import Command
from commands.identity.access import ACCESS_STREAM, AccessCommand, own_role
from domain.base import Event, Events, Role
from domain.errors import Conflict, Illegal, Invalid
from domain.identity import (
    PERMISSIONS,
    SYSTEM_ROLES,
    Access,
    PermissionGranted,
    PermissionWithdrawn,
    RoleChanged,
    RoleDefined,
    RoleRetired,
    SystemRole,
)
from domain.identity.access import NOTHING

DESCRIPTION_MAX = 200
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}").fullmatch
_RELEASE = "as this release defines it"


class EstablishRoles(Command, frozen=True, kw_only=True):
    """Put on the tape what the system roles of this release may do, where it says otherwise."""

    state = Access
    allowed = Role.SYSTEM

    @property
    def stream(self) -> str:
        return ACCESS_STREAM

    def decide(self, access: Access) -> Events:
        return tuple(fact for role in SYSTEM_ROLES for fact in _differences(access, role))


class DefineRole(AccessCommand, frozen=True, kw_only=True):
    """Make a role that people can be given."""

    permission = "roles:write"

    role_id: UUID
    name: str
    description: str = ""
    permissions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _demand_words(self.name, self.description)
        for one in self.permissions:
            _demand_known(one, "permissions")

    def disposes_of(self, access: Access) -> frozenset[str]:
        return frozenset(self.permissions)

    def change(self, access: Access) -> Events:
        if self.role_id in access.roles:
            raise Conflict("ROLE_NAME_TAKEN", role_id=str(self.role_id))
        _demand_free(access, self.name, self.role_id)
        permissions = tuple(sorted(set(self.permissions)))
        return (
            RoleDefined(self.role_id, self.name, self.description, permissions, False, self.reason),
        )


class ChangeRole(AccessCommand, frozen=True, kw_only=True):
    """Give a role another name or description."""

    permission = "roles:write"

    role_id: UUID
    name: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _demand_words(self.name, self.description)

    def disposes_of(self, access: Access) -> frozenset[str]:
        return NOTHING

    def change(self, access: Access) -> Events:
        role = own_role(access, self.role_id)
        name = role.name if self.name is None else self.name
        description = role.description if self.description is None else self.description
        _demand_free(access, name, self.role_id)
        if (name, description) == (role.name, role.description):
            return ()
        return (RoleChanged(self.role_id, name, description, self.reason),)


class RetireRole(AccessCommand, frozen=True, kw_only=True):
    """Take a role away that nobody holds."""

    permission = "roles:write"

    role_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return NOTHING

    def change(self, access: Access) -> Events:
        role = own_role(access, self.role_id)
        if holders := access.holders(self.role_id):
            raise Illegal("ROLE_IN_USE", role=role.name, holders=len(holders))
        return (RoleRetired(self.role_id, self.reason),)


class PermissionCommand(AccessCommand, frozen=True, kw_only=True):
    """One permission of one role."""

    permission = "roles:write"

    role_id: UUID
    of: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _demand_known(self.of, "permission")

    def disposes_of(self, access: Access) -> frozenset[str]:
        return frozenset((self.of,))


class GrantPermission(PermissionCommand, frozen=True, kw_only=True):
    """Let everybody who has the role do one thing more."""

    def change(self, access: Access) -> Events:
        if self.of in own_role(access, self.role_id).permissions:
            return ()
        return (PermissionGranted(self.role_id, self.of, self.reason),)


class WithdrawPermission(PermissionCommand, frozen=True, kw_only=True):
    """Let nobody do it any more by having the role."""

    def change(self, access: Access) -> Events:
        if self.of not in own_role(access, self.role_id).permissions:
            return ()
        return (PermissionWithdrawn(self.role_id, self.of, self.reason),)


def _differences(access: Access, role: SystemRole) -> Iterator[Event]:
    """What must be said so that the tape has this role as the release has it."""
    known, id_ = access.roles.get(role.role_id), role.role_id
    if known is None:
        permissions = tuple(sorted(role.permissions))
        yield RoleDefined(id_, role.name, role.description, permissions, True, _RELEASE)
        return
    for one in sorted(role.permissions - known.permissions):
        yield PermissionGranted(id_, one, _RELEASE)
    for one in sorted(known.permissions - role.permissions):
        yield PermissionWithdrawn(id_, one, _RELEASE)


def _demand_words(name: str | None, description: str | None) -> None:
    if name is not None and not _NAME(name):
        rule = "2 to 40 small letters, digits and hyphens, a letter first"
        raise Invalid("VALIDATION", f"name must be {rule}", field="name", rule=rule)
    if description is not None and len(description) > DESCRIPTION_MAX:
        rule = f"at most {DESCRIPTION_MAX} characters"
        raise Invalid("VALIDATION", f"description: {rule}", field="description", rule=rule)


def _demand_known(permission: str, field: str) -> None:
    if permission not in PERMISSIONS:
        raise Invalid("PERMISSION_UNKNOWN", field=field, rule="one of GET /admin/permissions")


def _demand_free(access: Access, name: str, role_id: UUID) -> None:
    if access.role_named(name) not in {None, role_id}:
        raise Conflict("ROLE_NAME_TAKEN", name=name)
