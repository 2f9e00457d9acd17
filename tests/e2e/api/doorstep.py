"""What strangers do at the door, and how they are refused."""

from __future__ import annotations

from typing import Any

import httpx

from adapters.ids import Ids

PASSWORD = "correct horse battery"
new_id = Ids()


def somebody() -> dict[str, str]:
    return {"email": f"{new_id().hex}@example.com", "password": PASSWORD}


def sign_up(http: httpx.Client, who: dict[str, str]) -> str:
    response = http.post("/auth/signup", json=who)
    assert response.status_code == 201, response.text
    return str(response.json()["user_id"])


def sign_in(http: httpx.Client, who: dict[str, str]) -> dict[str, Any]:
    response = http.post("/auth/login", json=who)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def renew(http: httpx.Client, token: str) -> httpx.Response:
    return http.post("/auth/refresh", json={"refresh_token": token})


def me(http: httpx.Client, token: str) -> httpx.Response:
    return http.get("/auth/me", headers={"Authorization": f"Bearer {token}"})


def refused(response: httpx.Response, status: int = 401, code: str = "AUTH_INVALID") -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/problem+json"
