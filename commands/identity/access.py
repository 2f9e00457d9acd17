"""What every command on roles and grants has in common."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from commands.base import Caller, Command, demand_reason
from domain.base import Events, Role, fold
from domain.errors import Forbidden, Illegal, NotFound
from domain.identity import Access, AccessRole

ACCESS_STREAM = "access-control"


class AccessCommand(Command, frozen=True, kw_only=True):
    """
    Decided against all roles and grants at once.

    Nobody disposes of more than they may do themselves, and somebody who can assign roles for
    good is always left.
    """

    state = Access
    allowed = Role.SYSTEM

    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    @property
    def stream(self) -> str:
        return ACCESS_STREAM

    def authorise(self, state: Access, by: Caller) -> None:
        super().authorise(state, by)
        beyond = self.disposes_of(state) - by.permissions
        if beyond and not by.roles & Role.SYSTEM:
            raise Forbidden("PRIVILEGE_BEYOND_OWN", missing=", ".join(sorted(beyond)))

    def disposes_of(self, access: Access) -> frozenset[str]:
        """The permissions that this gives or takes away."""
        raise NotImplementedError

    def decide(self, access: Any) -> Events:
        facts = self.change(access)
        if access.guardians and not fold(access, facts).guardians:
            raise Illegal("LAST_ADMIN", "somebody must be left who can assign roles for good")
        return facts

    def change(self, access: Access) -> Events:
        """The facts, if somebody who can assign roles is left after them."""
        raise NotImplementedError


def role_in(access: Access, role_id: UUID) -> AccessRole:
    role = access.roles.get(role_id)
    if role is None:
        raise NotFound("ROLE_UNKNOWN", role_id=str(role_id))
    return role


def own_role(access: Access, role_id: UUID) -> AccessRole:
    """A role that the house has defined itself; Illegal for one that came with the release."""
    role = role_in(access, role_id)
    if role.system:
        raise Illegal("ROLE_SYSTEM", role=role.name)
    return role
