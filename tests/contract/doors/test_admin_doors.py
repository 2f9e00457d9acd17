"""The administration has every door of its plan that is not another context's, each by its name."""

from __future__ import annotations

from typing import Any

from tests.contract.doors.test_openapi import document as document

PLAN = """
A-01 GET    /users                                    users:read
A-02 POST   /users                                    users:write
A-03 GET    /users/{user_id}                          users:read
A-04 PATCH  /users/{user_id}                          users:write
A-04 PUT    /users/{user_id}                          users:write
A-05 POST   /users/{user_id}/suspend                  users:suspend
A-06 POST   /users/{user_id}/reactivate               users:suspend
A-07 POST   /users/{user_id}/force-password-reset     users:security
A-08 POST   /users/{user_id}/revoke-sessions          users:security
A-09 DELETE /users/{user_id}                          users:erase
A-10 GET    /roles                                    roles:read
A-11 POST   /roles                                    roles:write
A-12 GET    /roles/{role_id}                          roles:read
A-13 PATCH  /roles/{role_id}                          roles:write
A-14 DELETE /roles/{role_id}                          roles:write
A-15 PUT    /users/{user_id}/roles/{role_id}          roles:assign
A-16 DELETE /users/{user_id}/roles/{role_id}          roles:assign
A-17 GET    /permissions                              roles:read
A-18 PUT    /roles/{role_id}/permissions/{permission} roles:write
A-19 DELETE /roles/{role_id}/permissions/{permission} roles:write
A-20 GET    /users/{user_id}/permissions              roles:read
A-21 GET    /keys                                     keys:read
A-22 GET    /keys/{key_id}                            keys:read
A-23 POST   /keys/{key_id}/disable                    keys:disable
A-24 POST   /keys/rotate-encryption                   keys:rotate
A-42 GET    /audit/events                             audit:read
A-43 GET    /audit/events/{position}                  audit:read
A-44 GET    /audit/verify                             audit:verify
A-45 GET    /audit/export                             audit:export
A-46 GET    /stats                                    system:read
A-47 PUT    /trading-state                            system:halt
A-48 POST   /projections/{name}/rebuild               system:rebuild
"""


def test_the_administration_has_every_door_of_its_plan(document: dict[str, Any]) -> None:
    missing = []
    for number, method, path, permission in map(str.split, PLAN.strip().splitlines()):
        door = document["paths"].get(f"/api/v1/admin{path}", {}).get(method.lower(), {})
        if door.get("x-permission") != permission:
            missing.append(f"{number} {method} {path}: {door.get('x-permission')}")
    assert missing == []


def test_whoever_changes_something_says_why(document: dict[str, Any]) -> None:
    """Every door of the plan that changes something takes a reason."""
    schemas, silent = document["components"]["schemas"], []
    for number, method, path, _ in map(str.split, PLAN.strip().splitlines()):
        if method == "GET":
            continue
        door = document["paths"][f"/api/v1/admin{path}"][method.lower()]
        body = door["requestBody"]["content"]["application/json"]["schema"]
        named = schemas[body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        if "reason" not in named.get("required", ()):
            silent.append(f"{number} {method} {path}")
    assert silent == []
