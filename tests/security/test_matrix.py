"""
Every route for everybody: S45 (nobody reaches what is another's), S46 (nobody does more than
their role may), S47 (nobody says more than a route asks), all made from the description.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.identity import SYSTEM_ROLES, SystemRole, role_id_of
from tests.e2e.service import Person, Service
from tests.security.generated import SOMEBODY, UNSAFE, Operation, ids_in, operations

POLICY = Path(__file__).with_name("policy.txt")
WHY = {"reason": "as agreed on Friday"}
#: An order noted by hand was placed elsewhere: its id is a word like any other.
NOTED = "/api/v1/trade/trade"
#: Decided by whom it concerns, not by one permission (see test_approvals).
CONCERNING = "/api/v1/admin/approvals"
SMUGGLED = {
    "is_admin": True, "owner_id": SOMEBODY, "filled_qty": "10", "status": "FILLED",
    "roles": ["admin"], "actor": "system:operator", "permissions": ["roles:assign"],
}  # fmt: skip


@pytest.fixture(scope="module")
def routes(service: Service) -> list[Operation]:
    return operations(service.url)


@pytest.fixture(scope="module")
def staff(service: Service, admin: Person) -> Iterator[dict[str, Person]]:
    """One person for every system role."""
    with ExitStack() as stack:
        people = {role.name: stack.enter_context(service.person()) for role in SYSTEM_ROLES}
        roles = [
            f"/admin/users/{person.user_id}/roles/{role_id_of(name)}"
            for name, person in people.items()
            if name != "user"
        ]
        for role in roles:
            admin.ask("PUT", role, 200, json=WHY)
        yield people
        for role in roles:  # the last administrator is the first again
            admin.ask("DELETE", role, 200, json=WHY)


@pytest.fixture(scope="module")
def mine(service: Service, routes: list[Operation]) -> Iterator[tuple[Person, dict[str, str]]]:
    """Somebody with one of everything, and the ids of it as their own queries name them."""
    with service.person() as ada:
        account = ada.account()
        bought = ada.order(account)["order_id"]
        ada.filled(bought)
        resting = ada.resting(account)["order_id"]
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        ada.post("/auth/keys", {"label": "mine", "scopes": ["read"], "expires_at": until})
        ids = {"account_id": account}
        for operation in routes:
            if operation.method == "GET" and "/admin/" not in operation.path:
                known = ids | {"order_id": bought}
                if operation.ids() <= known.keys():
                    answer = _ask(ada, operation, known)
                    if answer.status_code == 200 and "json" in answer.headers["Content-Type"]:
                        for name, value in ids_in(answer.json()):
                            ids.setdefault(name, value)
        yield ada, ids | {"order_id": resting, "user_id": ada.user_id}


def _ask(
    person: Person, operation: Operation, known: dict[str, str], body: Any = ...
) -> httpx.Response:
    body = operation.example(known) if body is ... else body
    how: dict[str, Any] = {} if operation.body is None else {"json": body}
    url = str(person.http.base_url).removesuffix("/api/v1/") + operation.url(known)
    return person.http.request(operation.method, url, params=operation.query(known), **how)


def test_s46_the_policy_is_the_one_that_was_agreed(routes: list[Operation]) -> None:
    """A door that loses its permission, or gets another, is a changed policy."""
    guarded = [one for one in routes if one.permission or "/admin/" in one.path]
    said = [f"{one.name}: {one.permission or 'whom it concerns'}" for one in guarded]
    written = "".join(f"{line}\n" for line in said)
    assert written == POLICY.read_text(), written
    for one in routes:
        if "/admin/" in one.path and not one.path.startswith(CONCERNING):
            assert one.permission, f"{one.name} is open to everybody"


@pytest.mark.parametrize("role", SYSTEM_ROLES, ids=lambda role: role.name)
def test_s46_a_role_opens_the_doors_of_its_permissions_and_no_other(
    routes: list[Operation], staff: dict[str, Person], role: SystemRole
) -> None:
    wrong = []
    for one in routes:
        if one.permission is None or one.path.endswith(("/verify", "/rebuild")):
            continue
        answer = _ask(staff[role.name], one, {}, body={})
        let_in = answer.json()["code"] != "ACCESS_DENIED" if answer.status_code == 403 else True
        if let_in != (one.permission in role.permissions):
            wrong.append(f"{one.name}: {answer.status_code}")
    assert wrong == []


def test_s45_nobody_reaches_anything_of_anybody_else(
    routes: list[Operation], mine: tuple[Person, dict[str, str]], person: Person
) -> None:
    """Every route that takes an id, with the ids of another person: there is no such thing."""
    ada, ids = mine
    own = {"user_id": person.user_id}
    taking = [one for one in routes if one.ids() & ids.keys() and one.permission is None]
    assert len(taking) > 15
    reached = []
    for one in taking:
        if not one.ids() & (ids.keys() - own.keys()) or one.path == NOTED:
            continue
        answer = _ask(person, one, ids)
        if answer.status_code not in {403, 404}:
            reached.append(f"{one.name}: {answer.status_code} {answer.text[:200]}")
    assert reached == [], "\n".join(reached)
    assert ada.get(f"/orders/{ids['order_id']}")["status"] == "NEW"


def test_s45_the_same_requests_are_answered_to_their_owner(
    routes: list[Operation], mine: tuple[Person, dict[str, str]]
) -> None:
    """The negative control: what was refused above was refused for whose it is."""
    ada, ids = mine
    missed = []
    for one in routes:
        if one.method == "GET" and one.permission is None and one.ids() & ids.keys():
            if not one.ids() <= ids.keys() or one.path.startswith(CONCERNING):
                continue
            answer = _ask(ada, one, ids)
            if answer.status_code != 200:
                missed.append(f"{one.name}: {answer.status_code} {answer.text[:200]}")
    assert missed == []


def test_s45_a_stranger_reaches_nothing_but_what_is_public(
    routes: list[Operation], stranger: httpx.Client, service: Service
) -> None:
    opened = []
    for one in routes:
        if one.is_public:
            continue
        answer = stranger.request(one.method, service.url + one.url({}), json={})
        if answer.status_code != 401:
            opened.append(f"{one.name}: {answer.status_code}")
    assert opened == []


def test_s47_nobody_says_more_than_a_route_asks(
    routes: list[Operation], staff: dict[str, Person], mine: tuple[Person, dict[str, str]]
) -> None:
    """Whoever may do everything may not smuggle a field either."""
    taken = []
    for one in routes:
        if one.method not in UNSAFE or one.body is None:
            continue
        example = one.example({})
        if not isinstance(example, dict):
            continue
        for name, value in SMUGGLED.items():
            if name in one.properties(one.body):  # a field of its own
                continue
            answer = _ask(staff["admin"], one, {}, body=example | {name: value})
            code = answer.json().get("code")
            if (answer.status_code, code) != (422, "VALIDATION") or name not in answer.text:
                taken.append(f"{one.name} with {name}: {answer.status_code} {code}")
    assert taken == []
