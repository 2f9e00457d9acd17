"""What every door does, whatever is behind it: names, notes, protects, keeps its counsel."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.ids import Ids
from adapters.settings import Settings
from tests.contract.doors.rig import UNTOLD, Doors, doors

pytestmark = pytest.mark.anyio


ORDER = {
    "symbol": "ACME",
    "side": "BUY",
    "quantity": "10",
    "order_type": "LIMIT",
    "price": "99.95",
}


async def test_a_mistake_of_ours_gives_nothing_away(
    house: Doors, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await house.http.get("/bench/broken")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "INTERNAL"
    assert UNTOLD not in response.text
    assert "Traceback" not in response.text
    seen = capsys.readouterr()
    assert problem["request_id"] in seen.out + seen.err + caplog.text, "whoever is told finds it"


@pytest.mark.parametrize(
    "path", ["/", "/livez", "/docs", "/nowhere", "/api/v1/wallet", "/bench/broken", "/metrics"]
)
async def test_every_answer_is_made_safe(house: Doors, path: str) -> None:
    response = await house.http.get(path, headers={"Authorization": ""})
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cache-Control"] == "no-store"
    assert UUID(response.headers["X-Request-ID"]).version == 7
    assert re.fullmatch(r"\d+\.\d\dms", response.headers["X-Response-Time"])


async def test_a_request_id_that_is_one_is_kept_and_stands_on_the_tape(house: Doors) -> None:
    given = str(Ids()())
    body = {"kind": "PAPER", "currency": "INR", "opening_capital": "1"}
    headers = {"X-Request-ID": given}
    response = await house.http.post("/api/v1/accounts", json=body, headers=headers)
    assert response.headers["X-Request-ID"] == given
    assert str(house.tape.facts(0, 1)[0].meta.correlation_id) == given


@pytest.mark.parametrize("given", ["", "x", "1" * 300, "<script>", "a\tb", "{nul}"])
async def test_any_other_request_id_is_replaced(house: Doors, given: str) -> None:
    response = await house.http.get("/livez", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert UUID(response.headers["X-Request-ID"]).version == 7


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "Bearer a.b.c", "bearer e30.e30.e30"],
)
async def test_without_a_token_no_private_door_opens(house: Doors, header: str) -> None:
    for path in ("/api/v1/orders", "/api/v1/accounts", "/bench/empty"):
        response = await house.http.post(path, json={}, headers={"Authorization": header})
        assert response.status_code == 401
        assert response.json()["code"] in {"AUTH_REQUIRED", "AUTH_INVALID"}
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    open_to_all = await house.http.get("/bench/public", headers={"Authorization": header})
    assert open_to_all.status_code == 200


async def test_while_postgres_is_away_reads_say_so(house: Doors) -> None:
    response = await house.http.get("/api/v1/accounts")
    assert (response.status_code, response.json()["code"]) == (503, "TAPE_UNAVAILABLE")
    assert response.headers["Retry-After"] == "1"


async def test_nobody_waits_for_what_was_never_written(house: Doors) -> None:
    await house.account()
    headers = {"X-Min-Position": "2"}
    response = await house.http.get("/api/v1/accounts", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION")
    assert response.json()["errors"] == [
        {
            "in": "header",
            "pointer": "/X-Min-Position",
            "rule": "a position on the tape, at most 1",
        }
    ]


async def test_the_service_is_ready_when_every_part_is(keys: Path) -> None:
    state: dict[str, str | None] = {"tape": None, "nats": None}

    async def tape() -> str | None:
        return state["tape"]

    async def nats() -> str | None:
        if state["nats"] == "hangs":
            await asyncio.sleep(60)
        if state["nats"] == "raises":
            raise ConnectionError(UNTOLD)
        return state["nats"]

    async with doors(keys, checks={"tape": tape, "nats": nats}) as house:
        for path in ("/readyz", "/api/v1/health"):
            assert (await house.http.get(path)).json() == {"status": "ready"}
        for wrong, reason in (
            ("lost", "lost"),
            ("hangs", "no answer within 500 ms"),
            ("raises", "ConnectionError"),
        ):
            state["nats"] = wrong
            response = await house.http.get("/readyz")
            assert (response.status_code, response.json()["code"]) == (503, "NOT_READY")
            assert response.json()["context"] == {"nats": reason}
            assert response.headers["Retry-After"] == "1"
            assert (await house.http.get("/livez")).status_code == 200


async def test_a_feed_that_is_ill_is_a_warning_and_no_reason_to_send_nobody(keys: Path) -> None:
    async def feed() -> str | None:
        return "no quote for 60 s"

    async with doors(keys, warnings={"feed": feed}) as house:
        ready = await house.http.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "warnings": {"feed": "no quote for 60 s"}}


async def test_what_is_withheld_is_counted_by_reason(keys: Path) -> None:
    async with doors(keys, tallies={"quotes_withheld": {"jumped": 3, "crossed": 1}}) as house:
        metrics = (await house.http.get("/metrics")).text
        assert 'papertape_quotes_withheld_total{reason="jumped"} 3.0' in metrics
        assert 'papertape_quotes_withheld_total{reason="crossed"} 1.0' in metrics


async def test_only_the_origins_we_chose_may_read_our_answers(keys: Path) -> None:
    ours = "https://app.example.com"
    async with doors(keys, settings=Settings(cors_origins=(ours,))) as house:
        for origin, allowed in ((ours, ours), ("https://appXexample.com", None), ("null", None)):
            ask = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            }
            preflight = await house.http.options("/api/v1/orders", headers=ask)
            assert preflight.headers.get("Access-Control-Allow-Origin") == allowed
            answer = await house.http.get("/livez", headers={"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed


async def test_a_module_that_is_off_has_no_doors(keys: Path) -> None:
    async with doors(keys, settings=Settings(enabled_modules=("market",))) as house:
        assert (await house.http.get("/api/v1/market/instruments")).status_code == 200
        assert (await house.http.get("/api/v1/accounts")).json()["code"] == "ROUTE_UNKNOWN"
        document = (await house.http.get("/openapi.json")).json()
        assert "/api/v1/orders" not in document["paths"]


async def test_the_market_is_listed_and_quoted(house: Doors) -> None:
    found = (await house.http.get("/api/v1/market/instruments?q=works")).json()["items"]
    assert [one["symbol"] for one in found] == ["ACME"]
    assert (await house.http.get("/api/v1/market/instruments?q=zinc")).json()["items"] == []
    (quote,) = (await house.http.get("/api/v1/market/quotes?symbols=ACME")).json()["items"]
    assert (quote["bid"], quote["ask"], quote["mark"]) == ("100", "101", "100.5")
    assert quote["quality"] == "FRESH"
    assert 0 <= quote["age_ms"] < 60_000


async def test_metrics_tell_of_requests_by_route_and_of_batches(house: Doors) -> None:
    ticket = {"account_id": await house.account(), **ORDER}
    await house.http.post("/api/v1/orders", json=ticket)
    await house.http.get("/api/v1/orders/secret-in-a-path")
    await house.http.request("BREW", "/livez")
    text = (await house.http.get("/metrics")).text
    route = 'method="POST",route="/api/v1/orders"'
    assert f'papertape_http_requests_total{{{route},status="201"}} 1.0' in text
    assert f"papertape_http_request_duration_seconds_count{{{route}}} 1.0" in text
    assert 'route="/api/v1/orders/{order_id}",status="422"' in text
    assert 'method="OTHER"' in text
    assert "papertape_dispatch_batch_entries_count 2.0" in text
    assert "papertape_tape_position 3.0" in text
    assert "papertape_commands_waiting 0.0" in text
    assert "secret-in-a-path" not in text


async def test_a_client_that_leaves_is_no_mistake_of_ours(house: Doors) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    token = house.http.headers["Authorization"].encode()
    scope: Any = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/orders", "raw_path": b"/api/v1/orders", "query_string": b"",
        "root_path": "", "server": ("papertape", 80), "client": None, "state": {},
        "headers": [
            (b"authorization", token), (b"content-type", b"application/json"),
            (b"content-length", b"10"),
        ],
    }  # fmt: skip
    await house.app(scope, receive, send)
    assert sent[0]["status"] == 400
