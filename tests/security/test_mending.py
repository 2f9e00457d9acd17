"""A-04: a profile is mended by those who may, for a reason, and no address moves unproved."""

from __future__ import annotations

from secrets import token_hex

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import refused, sign_in
from tests.e2e.service import Person, Service
from tests.security.letters import proof
from tests.security.test_profile import NEW, everything

WHY = {"reason": "as agreed on Friday"}
TOLD = (
    "select actor, on_behalf_of, payload->>'reason' from es.event where stream = %s and type = %s"
)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_profile_is_mended_and_the_tape_says_by_whom_and_why(
    admin: Person, person: Person, db: psycopg.Connection, method: str
) -> None:
    canary = token_hex(8)
    person.ask("PATCH", "/profile", 200, json={"full_name": "Ada", "mobile": "+911234567"})
    path = f"/admin/users/{person.user_id}"
    assert admin.http.request(method, path, json={"full_name": canary}).status_code == 422
    done = admin.ask(method, path, 200, json={"full_name": canary, **WHY})
    assert done["status"] == "DONE"
    shown = person.get("/profile")
    assert (shown["full_name"], shown["mobile"]) == (canary, "+911234567")
    told = db.execute(TOLD, [f"user-{person.user_id}", "ProfileUpdated"]).fetchall()
    assert told[-1] == (f"user:{admin.user_id}", None, WHY["reason"])
    assert canary not in everything(db)
    assert admin.ask(method, path, 200, json=WHY)["status"] == "UNCHANGED"


def test_another_address_counts_once_the_person_has_read_a_letter_there(
    service: Service, stranger: httpx.Client, admin: Person, person: Person, db: psycopg.Connection
) -> None:
    new = f"{token_hex(6)}@example.com"
    admin.ask("PATCH", f"/admin/users/{person.user_id}", 200, json={"email": new, **WHY})
    told = db.execute(TOLD, [f"user-{person.user_id}", "EmailChangeRequested"]).fetchall()
    assert told == [("system:administration", f"user:{admin.user_id}", WHY["reason"])]
    moved = {**person.identity, "email": new}
    refused(stranger.post("/auth/login", json=moved))
    sign_in(stranger, person.identity)
    answer = stranger.post("/auth/confirm-email", json={"token": proof(service, new, NEW)})
    assert answer.status_code == 200, answer.text
    sign_in(stranger, moved)


def test_nobody_moves_the_address_of_somebody_more_powerful(
    service: Service, admin: Person, person: Person
) -> None:
    """Who reads the letters of an administrator could become one."""
    body = {"name": f"r{token_hex(4)}", "permissions": ["users:write", "users:read"], **WHY}
    clerk = admin.post("/admin/roles", body)["id"]
    admin.ask("PUT", f"/admin/users/{person.user_id}/roles/{clerk}", 200, json=WHY)
    with service.person() as plain:
        mine = {"email": f"{token_hex(6)}@example.com", **WHY}
        refused(
            person.http.patch(f"/admin/users/{admin.user_id}", json=mine),
            403,
            "PRIVILEGE_BEYOND_OWN",
        )
        assert person.http.patch(f"/admin/users/{plain.user_id}", json=mine).status_code == 200


def test_whoever_is_erased_is_mended_no_more(admin: Person, person: Person) -> None:
    path = f"/admin/users/{person.user_id}"
    admin.ask("DELETE", path, 200, json=WHY)
    refused(admin.http.patch(path, json={"full_name": "x", **WHY}), 404, "USER_UNKNOWN")
