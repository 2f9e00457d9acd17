"""
Permissions: the powers that a role can hold, and the roles that every house begins with.

What is one's own (accounts, orders, settings) needs no permission.  A permission is power over
what belongs to others, so each of them names a thing and what may be done with it.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from msgspec import Struct

PERMISSIONS: dict[str, str] = {
    "users:read": "see who the users are",
    "users:write": "invite users and change their profiles",
    "users:suspend": "shut users out, and let them in again",
    "users:security": "end sessions and demand a new password",
    "users:erase": "erase a person",
    "roles:read": "see roles, permissions and who holds them",
    "roles:write": "define roles and what they may do",
    "roles:assign": "give roles to people and take them away",
    "keys:read": "see which keys users have stored, never the keys",
    "keys:disable": "disable a user's key",
    "keys:rotate": "seal all stored keys anew under another master key",
    "bots:read": "see all bots",
    "bots:control": "start and stop anybody's bot",
    "instruments:write": "announce what companies do to their shares",
    "trades:read": "see all trades",
    "trades:correct": "correct a trade, with a second person's approval",
    "trades:annul": "annul a trade, with a second person's approval",
    "orders:cancel": "cancel anybody's order",
    "tickets:read": "see all tickets",
    "tickets:write": "answer and assign tickets",
    "notifications:read": "see what was sent to whom",
    "notifications:send": "send notifications, and take them back",
    "audit:read": "read the tape",
    "audit:verify": "have the hash chain verified",
    "audit:export": "take a signed copy of the tape away",
    "system:read": "see how the whole service does",
    "system:halt": "halt trading, and let it go on",
    "system:rebuild": "build a read model anew",
}
ASSIGN = "roles:assign"

_NAMESPACE = UUID("8f0c9f3e-6f0b-5b0e-9a6e-2f1f3c1d7a55")


class SystemRole(Struct, frozen=True):
    """A role that is there from the start and is never changed by anybody but a release."""

    name: str
    description: str
    permissions: frozenset[str]

    @property
    def role_id(self) -> UUID:
        return role_id_of(self.name)


def role_id_of(name: str) -> UUID:
    """The id of a system role: the same in every house."""
    return uuid5(_NAMESPACE, name)


def _role(name: str, description: str, permissions: str) -> SystemRole:
    held = frozenset(permissions.split())
    assert held <= PERMISSIONS.keys(), "a role holds what there is"
    return SystemRole(name, description, held)


SYSTEM_ROLES: tuple[SystemRole, ...] = (
    SystemRole("admin", "may do everything", frozenset(PERMISSIONS)),
    _role(
        "support",
        "helps users",
        "users:read users:security keys:read bots:read trades:read orders:cancel"
        " tickets:read tickets:write notifications:read notifications:send",
    ),
    _role(
        "auditor",
        "sees everything and changes nothing",
        "users:read roles:read keys:read bots:read trades:read tickets:read notifications:read"
        " audit:read audit:verify audit:export system:read",
    ),
    _role(
        "risk",
        "guards the market and the house",
        "users:read users:suspend keys:read keys:disable bots:read bots:control trades:read"
        " trades:correct trades:annul orders:cancel audit:read system:read system:halt",
    ),
    _role("user", "everybody: what is one's own needs no permission", ""),
)
#: Everybody has it, so nobody is given it.
EVERYBODY = role_id_of("user")
