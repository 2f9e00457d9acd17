"""Access: defining roles, giving them to people, and who is always left to do so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.tape.codec import decode_state, encode_state
from commands.base import Caller, Command
from commands.identity import (
    AssignRole,
    ChangeRole,
    DefineRole,
    EstablishRoles,
    GrantPermission,
    ReactivateUser,
    RetireRole,
    RevokeRole,
    SuspendUser,
    WithdrawPermission,
)
from domain.base import Event, Role, fold
from domain.errors import Conflict, DomainError, Forbidden, Illegal, Invalid, NotFound
from domain.identity import (
    SYSTEM_ROLES,
    Access,
    PermissionGranted,
    PermissionWithdrawn,
    RoleAssigned,
    RoleChanged,
    RoleDefined,
    RoleRetired,
    RoleRevoked,
    UserReactivated,
    UserSuspended,
    role_id_of,
)
from tests.spec.given import given

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADA, BEN, CYD = UUID(int=1), UUID(int=2), UUID(int=3)
DESK = UUID(int=21)
ADMIN, SUPPORT, RISK, USER = map(role_id_of, ("admin", "support", "risk", "user"))
WHY = "as agreed on Friday"

ROLES = EstablishRoles(at=NOW).decide(Access())
DESK_DEFINED = RoleDefined(DESK, "desk", "", ("trades:read",), False, WHY)


def role(of: UUID, to: UUID = ADA, until: datetime | None = None) -> RoleAssigned:
    return RoleAssigned(to, of, until, WHY)


def ask(command: type[Command], **fields: Any) -> Command:
    return command(**{"at": NOW, "reason": WHY, **fields})


def by(user: UUID, *facts: Event) -> Caller:
    """This person, with the permissions that the facts give."""
    permissions = fold(Access(), facts).permissions_of(user, NOW)
    return Caller(
        actor=f"user:{user}",
        roles=Role.TRADER,
        correlation_id=UUID(int=99),
        permissions=permissions,
    )


def may(command: Command, user: UUID, *facts: Event) -> bool:
    try:
        command.authorise(fold(Access(), facts), by(user, *facts))
    except Forbidden:
        return False
    return True


def test_a_release_puts_its_roles_on_the_tape_once() -> None:
    given(*ROLES).when(EstablishRoles(at=NOW)).then()
    assert [fact.name for fact in ROLES if isinstance(fact, RoleDefined)] == [
        one.name for one in SYSTEM_ROLES
    ]


def test_a_release_that_changes_a_role_says_so_on_the_tape() -> None:
    taken = PermissionWithdrawn(ADMIN, "users:erase", WHY)
    given(*ROLES, taken).when(EstablishRoles(at=NOW)).then_only(
        PermissionGranted, role_id=ADMIN, permission="users:erase"
    )
    added = PermissionGranted(SUPPORT, "users:erase", WHY)
    given(*ROLES, added).when(EstablishRoles(at=NOW)).then_only(
        PermissionWithdrawn, role_id=SUPPORT, permission="users:erase"
    )


def test_a_role_is_defined_renamed_and_retired() -> None:
    define = ask(DefineRole, role_id=DESK, name="desk", permissions=("trades:read",))
    given(*ROLES).when(define).then(DESK_DEFINED)
    rename = ask(ChangeRole, role_id=DESK, name="front-desk")
    given(*ROLES, DESK_DEFINED).when(rename).then(RoleChanged(DESK, "front-desk", "", WHY))
    retire = ask(RetireRole, role_id=DESK)
    given(*ROLES, DESK_DEFINED).when(retire).then(RoleRetired(DESK, WHY))
    assert DESK not in fold(Access(), (*ROLES, DESK_DEFINED, RoleRetired(DESK, WHY))).roles


def test_two_roles_never_share_a_name() -> None:
    define = ask(DefineRole, role_id=UUID(int=22), name="desk")
    given(*ROLES, DESK_DEFINED).when(define).then_fails(Conflict, "ROLE_NAME_TAKEN")
    rename = ask(ChangeRole, role_id=DESK, name="admin")
    given(*ROLES, DESK_DEFINED).when(rename).then_fails(Conflict, "ROLE_NAME_TAKEN")


def test_a_role_that_somebody_holds_is_not_retired() -> None:
    retire = ask(RetireRole, role_id=DESK)
    given(*ROLES, DESK_DEFINED, role(DESK, BEN)).when(retire).then_fails(Illegal, "ROLE_IN_USE")
    gone = RoleRevoked(BEN, DESK, WHY)
    given(*ROLES, DESK_DEFINED, role(DESK, BEN), gone).when(retire).then_only(RoleRetired)


@pytest.mark.parametrize(
    "command",
    [
        ask(ChangeRole, role_id=ADMIN, name="boss"),
        ask(RetireRole, role_id=SUPPORT),
        ask(GrantPermission, role_id=USER, of="roles:assign"),
        ask(WithdrawPermission, role_id=ADMIN, of="roles:assign"),
        ask(AssignRole, role_id=USER, user_id=BEN),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_role_that_came_with_the_release_is_left_as_it_is(command: Command) -> None:
    given(*ROLES).when(command).then_fails(Illegal, "ROLE_SYSTEM")


def test_a_permission_is_granted_and_withdrawn_once() -> None:
    grant = ask(GrantPermission, role_id=DESK, of="users:read")
    granted = PermissionGranted(DESK, "users:read", WHY)
    given(*ROLES, DESK_DEFINED).when(grant).then(granted)
    given(*ROLES, DESK_DEFINED, granted).when(grant).then()
    withdraw = ask(WithdrawPermission, role_id=DESK, of="users:read")
    withdrawn = PermissionWithdrawn(DESK, "users:read", WHY)
    given(*ROLES, DESK_DEFINED, granted).when(withdraw).then(withdrawn)
    given(*ROLES, DESK_DEFINED).when(withdraw).then()


def test_a_role_is_given_for_good_or_for_a_time_and_taken_away() -> None:
    given(*ROLES).when(ask(AssignRole, user_id=BEN, role_id=RISK)).then(role(RISK, BEN))
    again = ask(AssignRole, user_id=BEN, role_id=RISK, expires_at=LATER)
    given(*ROLES, role(RISK, BEN)).when(again).then(role(RISK, BEN, LATER))
    given(*ROLES, role(RISK, BEN, LATER)).when(again).then()
    revoke = ask(RevokeRole, user_id=BEN, role_id=RISK)
    given(*ROLES, role(RISK, BEN)).when(revoke).then(RoleRevoked(BEN, RISK, WHY))
    given(*ROLES).when(revoke).then()


def test_a_grant_gives_nothing_from_the_moment_it_expires() -> None:
    access = fold(Access(), (*ROLES, role(RISK, BEN, LATER)))
    assert "system:halt" in access.permissions_of(BEN, LATER - timedelta(microseconds=1))
    assert access.permissions_of(BEN, LATER) == frozenset()
    assert access.expiry_of(BEN, NOW) == LATER
    assert access.expiry_of(BEN, LATER) is None


@pytest.mark.parametrize(
    "command",
    [
        ask(RevokeRole, user_id=ADA, role_id=ADMIN),
        ask(SuspendUser, user_id=ADA),
        ask(AssignRole, user_id=ADA, role_id=ADMIN, expires_at=LATER),
    ],
    ids=lambda command: type(command).__name__,
)
def test_somebody_who_can_assign_roles_for_good_is_always_left(command: Command) -> None:
    alone = (*ROLES, role(ADMIN, ADA), role(ADMIN, CYD, LATER))
    given(*alone).when(command).then_fails(Illegal, "LAST_ADMIN")
    shut_out = (*alone, role(ADMIN, BEN), UserSuspended(BEN, WHY))
    given(*shut_out).when(command).then_fails(Illegal, "LAST_ADMIN")
    assert given(*alone, role(ADMIN, BEN)).when(command).facts()


def test_the_power_to_assign_is_protected_in_whatever_role_it_is() -> None:
    keepers = RoleDefined(DESK, "keepers", "", ("roles:assign",), False, WHY)
    withdraw = ask(WithdrawPermission, role_id=DESK, of="roles:assign")
    given(*ROLES, keepers, role(DESK, BEN)).when(withdraw).then_fails(Illegal, "LAST_ADMIN")


def test_a_person_is_shut_out_once_and_let_in_once() -> None:
    suspend, reactivate = ask(SuspendUser, user_id=BEN), ask(ReactivateUser, user_id=BEN)
    given(*ROLES).when(suspend).then(UserSuspended(BEN, WHY))
    given(*ROLES, UserSuspended(BEN, WHY)).when(suspend).then()
    given(*ROLES, UserSuspended(BEN, WHY)).when(reactivate).then(UserReactivated(BEN, WHY))
    given(*ROLES).when(reactivate).then()


def test_nobody_gives_or_takes_more_than_they_may_do_themselves() -> None:
    """S46: who may write roles cannot write themselves an administrator's."""
    writers = RoleDefined(DESK, "writers", "", ("roles:write", "roles:assign"), False, WHY)
    facts = (*ROLES, writers, role(ADMIN, ADA), role(DESK, BEN), role(RISK, CYD))
    for beyond in (
        ask(GrantPermission, role_id=DESK, of="audit:export"),
        ask(WithdrawPermission, role_id=DESK, of="audit:export"),
        ask(DefineRole, role_id=UUID(int=22), name="more", permissions=("users:erase",)),
        ask(AssignRole, user_id=BEN, role_id=ADMIN),
        ask(RevokeRole, user_id=ADA, role_id=ADMIN),
    ):
        assert not may(beyond, BEN, *facts)
        assert may(beyond, ADA, *facts)
    assert may(ask(AssignRole, user_id=CYD, role_id=DESK), BEN, *facts)
    assert not may(ask(SuspendUser, user_id=ADA), CYD, *facts)
    assert may(ask(SuspendUser, user_id=UUID(int=9)), CYD, *facts)


def test_a_trader_may_do_nothing_of_all_this() -> None:
    for command in (
        ask(DefineRole, role_id=DESK, name="desk"),
        ask(AssignRole, user_id=BEN, role_id=ADMIN),
        ask(SuspendUser, user_id=ADA),
        EstablishRoles(at=NOW),
    ):
        assert not may(command, BEN, *ROLES, role(ADMIN, ADA))
    assert not may(EstablishRoles(at=NOW), ADA, *ROLES, role(ADMIN, ADA))


@pytest.mark.parametrize("reason", ["", "because", "       x       ", "x" * 501])
def test_power_over_others_is_used_for_a_reason(reason: str) -> None:
    with pytest.raises(Invalid):
        ask(SuspendUser, user_id=BEN, reason=reason)


@pytest.mark.parametrize(
    ("command", "fields", "error", "code"),
    [
        (DefineRole, {"name": "Desk"}, Invalid, "VALIDATION"),
        (DefineRole, {"name": "d"}, Invalid, "VALIDATION"),
        (DefineRole, {"name": "desk", "description": "x" * 201}, Invalid, "VALIDATION"),
        (DefineRole, {"name": "desk", "permissions": ("all",)}, Invalid, "PERMISSION_UNKNOWN"),
        (GrantPermission, {"of": "*"}, Invalid, "PERMISSION_UNKNOWN"),
        (AssignRole, {"user_id": BEN, "expires_at": NOW}, Invalid, "VALIDATION"),
        (AssignRole, {"user_id": BEN}, NotFound, "ROLE_UNKNOWN"),
        (RevokeRole, {"user_id": BEN}, NotFound, "ROLE_UNKNOWN"),
        (RetireRole, {}, NotFound, "ROLE_UNKNOWN"),
    ],
)
def test_nonsense_leaves_no_trace(
    command: type[Command], fields: dict[str, Any], error: type[DomainError], code: str
) -> None:
    with pytest.raises(error) as caught:
        ask(command, role_id=DESK, **fields).decide(fold(Access(), ROLES))
    assert caught.value.code == code


def test_the_state_of_access_is_kept_as_it_is() -> None:
    facts = (*ROLES, DESK_DEFINED, role(DESK, BEN, LATER), role(ADMIN), UserSuspended(CYD, WHY))
    access = fold(Access(), facts)
    assert decode_state(encode_state(access), Access) == access
