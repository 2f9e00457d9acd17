"""The administration at work: people found, roles given, users shut out, and who did it and why."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import httpx
import psycopg
import pytest

from domain.identity import PERMISSIONS, role_id_of
from tests.e2e.service import Person, Service, eventually
from tests.security.conftest import ADMIN_EMAIL

WHY = {"reason": "as agreed on Friday"}
SUPPORT, ADMIN, RISK = map(role_id_of, ("support", "admin", "risk"))
#: The session is over, or the person is shut out: whichever is seen first.
OUT = {(401, "AUTH_INVALID"), (403, "USER_SUSPENDED")}
FACT = """
select type, actor, payload->>'reason', correlation_id::text from es.event where position = %s
"""


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def ask(who: Person, method: str, path: str, **body: object) -> httpx.Response:
    return who.http.request(method, path, json=WHY | body)


def put_role(admin: Person, who: Person, role: object, **more: object) -> Any:
    path = f"/admin/users/{who.user_id}/roles/{role}"
    return admin.ask("PUT", path, 200, json=WHY | more)


def role_named(admin: Person, *permissions: str) -> str:
    body = {"name": f"r{token_hex(4)}", "permissions": permissions, **WHY}
    return str(admin.post("/admin/roles", body)["id"])


def test_users_are_found_by_address_and_seen_in_detail(admin: Person, person: Person) -> None:
    account = person.account()
    admin.position = person.position
    (found,) = admin.ask(
        "POST",
        "/admin/users/search",
        200,
        json={"email": person.identity["email"].upper()},
        headers={"X-Min-Position": str(admin.position)},
    )["items"]
    assert (found["user_id"], found["email"]) == (person.user_id, person.identity["email"])
    seen = admin.get(f"/admin/users/{person.user_id}")
    assert [one["account_id"] for one in seen["accounts"]] == [account]
    assert seen["roles"] == []
    assert any(one["user_id"] == person.user_id for one in admin.get("/admin/users")["items"])
    (myself,) = admin.post("/admin/users/search", {"email": ADMIN_EMAIL}, 200)["items"]
    assert myself["user_id"] == admin.user_id


def test_every_power_used_is_on_the_tape_with_who_and_why_and_which_request(
    admin: Person, person: Person, db: psycopg.Connection
) -> None:
    """S69."""
    answer = admin.http.put(f"/admin/users/{person.user_id}/roles/{SUPPORT}", json=WHY)
    assert answer.status_code == 200
    fact = db.execute(FACT, [int(answer.headers["X-Position"])]).fetchone()
    request_id = answer.headers["X-Request-ID"]
    assert fact == ("RoleAssigned", f"user:{admin.user_id}", WHY["reason"], request_id)
    for bad in ({}, {"reason": "short"}, {"reason": "x" * 501}):
        path = f"/admin/users/{person.user_id}/suspend"
        assert code(admin.http.post(path, json=bad)) == (422, "VALIDATION")


def test_s49_a_role_counts_from_the_answer_on_and_no_longer(admin: Person, person: Person) -> None:
    assert code(person.http.get("/admin/users")) == (403, "ACCESS_DENIED")
    put_role(admin, person, SUPPORT)
    assert person.http.get("/admin/users").status_code == 200
    shown = admin.get(f"/admin/users/{person.user_id}/permissions")["items"]
    assert {"users:read", "tickets:write"} <= {one["permission"] for one in shown}
    assert all(one["roles"] == ["support"] for one in shown)
    admin.ask("DELETE", f"/admin/users/{person.user_id}/roles/{SUPPORT}", 200, json=WHY)
    assert code(person.http.get("/admin/users")) == (403, "ACCESS_DENIED")
    assert admin.get(f"/admin/users/{person.user_id}/permissions")["items"] == []


def test_s49_what_another_process_records_counts_within_five_seconds(
    service: Service, person: Person
) -> None:
    service.papertape("admin", "grant", person.identity["email"], "--role", "auditor")
    begun = time.monotonic()
    eventually(lambda: person.http.get("/admin/users").status_code, lambda status: status == 200)
    assert time.monotonic() - begun < 5


def test_an_expired_grant_is_none(admin: Person, person: Person) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    put_role(admin, person, SUPPORT, expires_at=soon.isoformat())
    assert person.http.get("/admin/users").status_code == 200
    time.sleep(max(0, (soon - datetime.now(UTC)).total_seconds()) + 0.1)
    assert code(person.http.get("/admin/users")) == (403, "ACCESS_DENIED")


def test_roles_are_defined_changed_and_retired(admin: Person, person: Person) -> None:
    assert {one["permission"] for one in admin.get("/admin/permissions")["items"]} == set(
        PERMISSIONS
    )
    role = role_named(admin, "users:read")
    put_role(admin, person, role)
    shown = admin.get(f"/admin/roles/{role}")
    assert (shown["permissions"], shown["holders"], shown["system"]) == (["users:read"], 1, False)
    (holder,) = admin.get(f"/admin/roles/{role}/holders")["items"]
    assert (holder["user_id"], holder["reason"]) == (person.user_id, WHY["reason"])
    admin.ask("PUT", f"/admin/roles/{role}/permissions/audit:read", 200, json=WHY)
    admin.ask("DELETE", f"/admin/roles/{role}/permissions/users:read", 200, json=WHY)
    name = f"n{token_hex(4)}"
    admin.ask("PATCH", f"/admin/roles/{role}", 200, json={"name": name, **WHY})
    shown = admin.get(f"/admin/roles/{role}")
    assert (shown["name"], shown["permissions"]) == (name, ["audit:read"])
    assert code(ask(admin, "DELETE", f"/admin/roles/{role}")) == (409, "ROLE_IN_USE")
    admin.ask("DELETE", f"/admin/users/{person.user_id}/roles/{role}", 200, json=WHY)
    admin.ask("DELETE", f"/admin/roles/{role}", 200, json=WHY)
    admin.get(f"/admin/roles/{role}", 404)
    assert code(ask(admin, "DELETE", f"/admin/roles/{ADMIN}")) == (409, "ROLE_SYSTEM")
    taken = admin.http.post("/admin/roles", json={"name": "support", **WHY})
    assert code(taken) == (409, "ROLE_NAME_TAKEN")


def test_s46_who_may_edit_roles_cannot_climb_by_editing_them(admin: Person, person: Person) -> None:
    role = role_named(admin, "roles:write", "roles:assign")
    put_role(admin, person, role)
    mine = f"/admin/users/{person.user_id}/roles"
    climbs = [
        ask(person, "PUT", f"{mine}/{ADMIN}"),
        ask(person, "PUT", f"/admin/roles/{role}/permissions/users:erase"),
        ask(person, "POST", "/admin/roles", name="mine", permissions=["system:halt"]),
        ask(person, "DELETE", f"/admin/users/{admin.user_id}/roles/{ADMIN}"),
    ]
    assert {code(answer) for answer in climbs} == {(403, "PRIVILEGE_BEYOND_OWN")}
    user = role_id_of("user")
    for answer in (
        ask(person, "PUT", f"/admin/roles/{user}/permissions/roles:write"),
        ask(person, "PUT", f"/admin/roles/{SUPPORT}/permissions/roles:write"),
    ):
        assert code(answer) == (409, "ROLE_SYSTEM")
    shown = person.ask("GET", f"/admin/roles/{role}", 403)
    assert shown["code"] == "ACCESS_DENIED"
    admin.ask("DELETE", f"{mine}/{role}", 200, json=WHY)


def test_the_last_administrator_stays_whoever_takes_the_role_away(admin: Person) -> None:
    for answer in (
        ask(admin, "DELETE", f"/admin/users/{admin.user_id}/roles/{ADMIN}"),
        ask(admin, "POST", f"/admin/users/{admin.user_id}/suspend"),
        ask(admin, "DELETE", f"/admin/users/{admin.user_id}"),
    ):
        assert code(answer) == (409, "LAST_ADMIN")
    assert admin.http.get("/admin/users").status_code == 200


def test_s99_two_administrators_who_remove_each_other_at_once_leave_one(
    admin: Person, service: Service
) -> None:
    with service.person() as ada, service.person() as ben:
        for one in (ada, ben):
            put_role(admin, one, ADMIN)
        keep = (admin, ada, ben)

        def remove(pair: tuple[Person, Person]) -> int:
            by, whom = pair
            return ask(by, "DELETE", f"/admin/users/{whom.user_id}/roles/{ADMIN}").status_code

        pairs = [(by, whom) for by in keep for whom in keep if by is not whom] * 3
        with ThreadPoolExecutor(len(pairs)) as pool:
            statuses = list(pool.map(remove, pairs))
        left = [one for one in keep if one.http.get("/admin/users").status_code == 200]
        assert len(left) >= 1
        assert set(statuses) <= {200, 403, 409}
        for one in (admin,):
            done = service.papertape("admin", "grant", one.identity["email"])
            assert done.returncode == 0
        eventually(lambda: admin.http.get("/admin/users").status_code, lambda status: status == 200)
        put_role(admin, admin, SUPPORT)  # dispatch learns what the other process has granted
        for one in (ada, ben):
            path = f"/admin/users/{one.user_id}/roles/{ADMIN}"
            removed = ask(admin, "DELETE", path)
            assert removed.status_code == 200, removed.text
        ask(admin, "DELETE", f"/admin/users/{admin.user_id}/roles/{SUPPORT}")


def test_s26_a_suspended_user_is_out_at_once_and_the_working_orders_are_taken_back(
    admin: Person, service: Service, db: psycopg.Connection
) -> None:
    with service.person() as trader:
        account = trader.account()
        orders = [trader.resting(account)["order_id"] for _ in range(3)]
        trader.get(f"/orders/{orders[-1]}")  # the clock of the house knows of them by now
        admin.post(f"/admin/users/{trader.user_id}/suspend", WHY, 200)
        order = {"account_id": account, "symbol": "RELIANCE", "side": "BUY", "quantity": "1"}
        placed = trader.http.post("/orders", json={**order, "order_type": "MARKET"})
        assert code(placed) in OUT
        assert code(trader.http.get("/accounts")) in OUT
        again = httpx.post(f"{service.api}/auth/login", json=trader.identity)
        assert code(again) == (403, "USER_SUSPENDED")
        told = """
            select actor, payload->>'reason' from es.event
             where type = 'OrderCanceled' and payload->>'order_id' = any(%s)
        """
        canceled = eventually(lambda: db.execute(told, [orders]).fetchall(), lambda all: all[2:])
        assert canceled == [("system:clock", "USER_SUSPENDED")] * 3
        ended = """
            select actor, payload->>'reason' from es.event
             where type = 'SessionsRevoked' and stream = %s
        """
        out = eventually(lambda: db.execute(ended, [f"sessions-{trader.user_id}"]).fetchall(), len)
        assert out == [("system:shutting-out", WHY["reason"])]
        assert admin.get(f"/admin/users/{trader.user_id}")["user"]["status"] == "SUSPENDED"
        admin.post(f"/admin/users/{trader.user_id}/reactivate", WHY, 200)
        assert httpx.post(f"{service.api}/auth/login", json=trader.identity).status_code == 200


def test_a_forced_reset_lets_the_password_open_nothing(
    admin: Person, person: Person, service: Service, db: psycopg.Connection
) -> None:
    admin.post(f"/admin/users/{person.user_id}/force-password-reset", WHY, 200)
    again = httpx.post(f"{service.api}/auth/login", json=person.identity)
    assert code(again) == (401, "AUTH_INVALID")
    letter = "select count(*) from es.event where type = 'PasswordResetRequested' and stream = %s"
    assert db.execute(letter, [f"user-{person.user_id}"]).fetchone() == (1,)


def test_an_invited_user_gets_a_letter_and_has_no_password(
    admin: Person, service: Service, db: psycopg.Connection
) -> None:
    email = f"{token_hex(6)}@example.com"
    user = admin.post("/admin/users", {"email": email, **WHY})["id"]
    types = "select type from es.event where stream = %s order by version"
    told = [one for (one,) in db.execute(types, [f"user-{user}"]).fetchall()]
    assert told == ["UserRegistered", "PasswordResetRequested"]
    taken = admin.http.post("/admin/users", json={"email": email, **WHY})
    assert code(taken) == (409, "USER_EMAIL_TAKEN")


def test_an_erased_user_is_shut_out_for_ever(admin: Person, person: Person) -> None:
    erased = admin.ask("DELETE", f"/admin/users/{person.user_id}", 200, json=WHY)
    assert erased["status"] == "DONE"
    assert code(person.http.get("/accounts")) in OUT
    answer = ask(admin, "POST", f"/admin/users/{person.user_id}/reactivate")
    assert code(answer) == (404, "USER_UNKNOWN")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/admin/users/{nobody}/roles/{support}"),
        ("POST", "/admin/users/{nobody}/suspend"),
        ("POST", "/admin/users/{nobody}/revoke-sessions"),
        ("DELETE", "/admin/users/{nobody}"),
        ("PUT", "/admin/roles/{nobody}/permissions/users:read"),
    ],
)
def test_who_is_not_there_is_not_found(admin: Person, method: str, path: str) -> None:
    nobody = "01a204d1-a11d-7382-ad2f-510b83abaf2f"
    answer = ask(admin, method, path.format(nobody=nobody, support=SUPPORT))
    assert answer.status_code == 404
