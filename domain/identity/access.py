"""
Access: which roles there are, who holds them, and who is shut out.

All of it is one stream, so that "there is always somebody who can assign roles" is decided in
one place, however many administrators remove each other at the same moment.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from immutables import Map
from msgspec import Struct, field
from msgspec.structs import replace

from domain.base import Event, State
from domain.identity.permissions import ASSIGN

NOTHING: frozenset[str] = frozenset()


class RoleDefined(Event, frozen=True):
    """``system`` roles come with a release and are changed by none but a release."""

    role_id: UUID
    name: str
    description: str
    permissions: tuple[str, ...]
    system: bool
    reason: str


class RoleChanged(Event, frozen=True):
    role_id: UUID
    name: str
    description: str
    reason: str


class RoleRetired(Event, frozen=True):
    role_id: UUID
    reason: str


class PermissionGranted(Event, frozen=True):
    role_id: UUID
    permission: str
    reason: str


class PermissionWithdrawn(Event, frozen=True):
    role_id: UUID
    permission: str
    reason: str


class RoleAssigned(Event, frozen=True):
    """From now until ``expires_at``, for good if there is none."""

    user_id: UUID
    role_id: UUID
    expires_at: datetime | None
    reason: str


class RoleRevoked(Event, frozen=True):
    user_id: UUID
    role_id: UUID
    reason: str


class UserSuspended(Event, frozen=True):
    user_id: UUID
    reason: str


class UserReactivated(Event, frozen=True):
    user_id: UUID
    reason: str


class UserInvited(Event, frozen=True):
    """Somebody else has made them a user; a letter lets them choose a password."""

    user_id: UUID
    reason: str


class PasswordResetForced(Event, frozen=True):
    """The password opens nothing any more; a letter lets the person choose another."""

    user_id: UUID
    reason: str


class AccessRole(Struct, frozen=True):
    name: str
    description: str
    permissions: frozenset[str]
    system: bool


class Standing(Struct, frozen=True):
    """What one person may do, as long as no grant begins, ends or expires."""

    user_id: UUID
    permissions: frozenset[str] = NOTHING
    suspended: bool = False

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"

    def may(self, permission: str) -> bool:
        return permission in self.permissions


Grants = Map[UUID, datetime | None]


class Access(State, frozen=True):
    """``grants`` are by user, then by role: until when."""

    roles: Map[UUID, AccessRole] = field(default_factory=Map)
    grants: Map[UUID, Grants] = field(default_factory=Map)
    suspended: frozenset[UUID] = frozenset()

    def evolve(self, event: Event) -> Access:
        match event:
            case RoleDefined():
                role = AccessRole(
                    event.name, event.description, frozenset(event.permissions), event.system
                )
                return replace(self, roles=self.roles.set(event.role_id, role))
            case RoleChanged(role_id=role_id):
                role = replace(self.roles[role_id], name=event.name, description=event.description)
                return replace(self, roles=self.roles.set(role_id, role))
            case RoleRetired(role_id=role_id):
                return replace(self, roles=self.roles.delete(role_id))
            case PermissionGranted(role_id=role_id, permission=one):
                return self._with(role_id, self.roles[role_id].permissions | {one})
            case PermissionWithdrawn(role_id=role_id, permission=one):
                return self._with(role_id, self.roles[role_id].permissions - {one})
            case RoleAssigned(user_id=user_id):
                held = self.grants.get(user_id, Map()).set(event.role_id, event.expires_at)
                return replace(self, grants=self.grants.set(user_id, held))
            case RoleRevoked(user_id=user_id):
                held = self.grants[user_id].delete(event.role_id)
                left = self.grants.set(user_id, held) if held else self.grants.delete(user_id)
                return replace(self, grants=left)
            case UserSuspended(user_id=user_id):
                return replace(self, suspended=self.suspended | {user_id})
            case UserReactivated(user_id=user_id):
                return replace(self, suspended=self.suspended - {user_id})
            case _:
                return self

    def _with(self, role_id: UUID, permissions: frozenset[str]) -> Access:
        role = replace(self.roles[role_id], permissions=permissions)
        return replace(self, roles=self.roles.set(role_id, role))

    def role_named(self, name: str) -> UUID | None:
        """Capital and small letters are the same."""
        folded = name.casefold()
        return next((id_ for id_, one in self.roles.items() if one.name.casefold() == folded), None)

    def holders(self, role_id: UUID) -> list[UUID]:
        """Whoever has this role, also if the grant has expired since."""
        return [user_id for user_id, held in self.grants.items() if role_id in held]

    def permissions_of(self, user_id: UUID, at: datetime) -> frozenset[str]:
        """Everything that this person's roles allow at this time, shut out or not."""
        live = (
            role_id
            for role_id, until in self.grants.get(user_id, Map()).items()
            if until is None or at < until
        )
        return NOTHING.union(*(self.roles[role_id].permissions for role_id in live))

    def expiry_of(self, user_id: UUID, at: datetime) -> datetime | None:
        """When the next of this person's grants runs out."""
        ends = (until for until in self.grants.get(user_id, Map()).values() if until is not None)
        return min((until for until in ends if at < until), default=None)

    @property
    def guardians(self) -> frozenset[UUID]:
        """Who can assign roles now and for good: neither shut out nor by a grant that expires."""
        return frozenset(
            user_id
            for user_id, held in self.grants.items()
            if user_id not in self.suspended
            and any(
                until is None and ASSIGN in self.roles[role_id].permissions
                for role_id, until in held.items()
            )
        )
