"""Grants: who has which role, and who is shut out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from commands.identity.access import AccessCommand, role_in
from domain.base import Events
from domain.errors import Illegal, Invalid
from domain.identity import (
    Access,
    PasswordResetForced,
    RoleAssigned,
    RoleRevoked,
    UserInvited,
    UserReactivated,
    UserSuspended,
)
from domain.identity.access import NOTHING
from domain.identity.permissions import EVERYBODY


class AssignRole(AccessCommand, frozen=True, kw_only=True):
    """Give a person a role, for good or until a time."""

    permission = "roles:assign"

    user_id: UUID
    role_id: UUID
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.expires_at is not None and self.expires_at <= self.at:
            rule = "in the future"
            raise Invalid("VALIDATION", f"expires_at: {rule}", field="expires_at", rule=rule)

    def disposes_of(self, access: Access) -> frozenset[str]:
        return _permissions(access, self.role_id)

    def change(self, access: Access) -> Events:
        role = role_in(access, self.role_id)
        if self.role_id == EVERYBODY:
            raise Illegal("ROLE_SYSTEM", "everybody has it", role=role.name)
        held = access.grants.get(self.user_id)
        if held is not None and held.get(self.role_id, self.at) == self.expires_at:
            return ()
        return (RoleAssigned(self.user_id, self.role_id, self.expires_at, self.reason),)


class RevokeRole(AccessCommand, frozen=True, kw_only=True):
    """Take a role from a person."""

    permission = "roles:assign"

    user_id: UUID
    role_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return _permissions(access, self.role_id)

    def change(self, access: Access) -> Events:
        role_in(access, self.role_id)
        if self.role_id not in access.grants.get(self.user_id, {}):
            return ()
        return (RoleRevoked(self.user_id, self.role_id, self.reason),)


class SuspendUser(AccessCommand, frozen=True, kw_only=True):
    """Shut a person out, at once."""

    permission = "users:suspend"
    urgent = True

    user_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return access.permissions_of(self.user_id, self.at)

    def change(self, access: Access) -> Events:
        if self.user_id in access.suspended:
            return ()
        return (UserSuspended(self.user_id, self.reason),)


class ReactivateUser(AccessCommand, frozen=True, kw_only=True):
    """Let a person in again who was shut out."""

    permission = "users:suspend"

    user_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return access.permissions_of(self.user_id, self.at)

    def change(self, access: Access) -> Events:
        if self.user_id not in access.suspended:
            return ()
        return (UserReactivated(self.user_id, self.reason),)


class InviteUser(AccessCommand, frozen=True, kw_only=True):
    """Make somebody a user who did not sign up themselves."""

    permission = "users:write"

    user_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return NOTHING

    def change(self, access: Access) -> Events:
        return (UserInvited(self.user_id, self.reason),)


class ForcePasswordReset(AccessCommand, frozen=True, kw_only=True):
    """Let a password open nothing any more, so that its owner must choose another."""

    permission = "users:security"
    urgent = True

    user_id: UUID

    def disposes_of(self, access: Access) -> frozenset[str]:
        return access.permissions_of(self.user_id, self.at)

    def change(self, access: Access) -> Events:
        return (PasswordResetForced(self.user_id, self.reason),)


def _permissions(access: Access, role_id: UUID) -> frozenset[str]:
    role = access.roles.get(role_id)
    return role.permissions if role else NOTHING
