"""How a refusal reads: a problem, with the field and the rule."""

from __future__ import annotations

from typing import Any

import httpx

JSON = {"Content-Type": "application/json"}
UNKNOWN = "01a204d1-a11d-7382-ad2f-510b83abaf2f"


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.keys() >= {"type", "title", "status", "code", "detail", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem


def names(problem: dict[str, Any], pointer: str, rule: str) -> None:
    (fault,) = problem["errors"]
    assert fault["pointer"] == pointer
    assert rule in fault["rule"]


def ticket(account: str, **changes: object) -> dict[str, object]:
    """An order that would be taken, but for what is changed; None leaves a field out."""
    order = {
        "account_id": account,
        "symbol": "RELIANCE",
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "price": "1000.05",
    }
    return {name: value for name, value in (order | changes).items() if value is not None}
