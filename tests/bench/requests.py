"""Requests as bytes, made before anything is measured."""

from __future__ import annotations

from uuid import UUID

from msgspec import json

from tests.bench import people


def order(account_id: UUID) -> dict[str, str]:
    """The body that both services take: a buy far below the market."""
    return {
        "account_id": str(account_id),
        "symbol": people.SHARE.symbol,
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "price": "50",
    }


def post(path: str, body: object, token: str) -> bytes:
    content = json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
