"""S38, S39, S41, S87, S88: what every answer says, and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.doors.conftest import house, keys  # noqa: F401 - fixtures
from tests.contract.doors.rig import UNTOLD, Doors
from tests.e2e.api.doorstep import refused
from tests.e2e.service import Person, Service
from tests.security.generated import operations
from tests.security.raw import answered

OURS = "api.example.com"
APP = "https://app.example.com"


@pytest.fixture(scope="module")
def public(strict: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=strict.url, headers={"Host": OURS}, timeout=30) as http:
        yield http


def demand_safe_headers(answer: httpx.Response) -> None:
    said = answer.headers
    seconds = re.match(r"max-age=(\d+)", said["Strict-Transport-Security"])
    assert seconds is not None
    assert int(seconds[1]) >= 31_536_000
    policy = said["Content-Security-Policy"]
    for directive in ("frame-ancestors 'none'", "base-uri 'none'", "default-src 'none'"):
        assert directive in policy
    assert "unsafe-eval" not in policy
    assert said["X-Content-Type-Options"] == "nosniff"
    assert said["X-Frame-Options"] == "DENY"
    assert said["Referrer-Policy"] == "no-referrer"
    assert said["Cross-Origin-Opener-Policy"] == "same-origin"
    assert said["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "server" not in said


def test_s41_every_route_answers_with_safe_headers(service: Service) -> None:
    with httpx.Client(base_url=service.url, timeout=30) as http:
        document: dict[str, Any] = http.get("/openapi.json").json()
        pages = [
            "/docs",
            "/redoc",
            "/openapi.json",
            "/metrics",
            "/nowhere",
            "/.well-known/jwks.json",
        ]
        asked = [("GET", page) for page in pages]
        for path, methods in document["paths"].items():
            concrete = re.sub(r"\{[^}]*\}", "01a204d1-a11d-7382-ad2f-510b83abaf2f", path)
            asked += [(method.upper(), concrete) for method in methods]
            asked.append(("TRACE", concrete))
        assert len(asked) > 60
        for method, path in asked:
            answer = http.request(method, path)
            demand_safe_headers(answer)
            if path.startswith("/api/"):
                assert answer.headers["Cache-Control"] == "no-store", path


def test_s41_what_never_becomes_a_request_is_answered_no_less_safely(service: Service) -> None:
    two_hosts = b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    head, _, body = answered(service, two_hosts).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    said = httpx.Headers(
        [(name, value.strip()) for name, _, value in (x.partition(":") for x in lines)]
    )
    answer = httpx.Response(int(status.split()[1]), headers=said, content=body)
    refused(answer, 400, "REQUEST_MALFORMED")
    demand_safe_headers(answer)


@pytest.mark.parametrize("origin", [APP, "https://desk.example.com:8443"])
def test_s38_a_named_origin_may_ask(public: httpx.Client, origin: str) -> None:
    answer = public.get("/", headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = public.options("/api/v1/orders", headers=ask)
    assert preflight.status_code < 300
    assert preflight.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://appXexample.com",
        "https://app.example.com.evil.net",
        "https://evil.app.example.com",
        "https://app.example.com:444",
        "http://app.example.com",
        "https://desk.example.com",
        "https://example.com",
        "https://app.example.com@evil.net",
        "https://evil.net#https://app.example.com",
        "https://APP.example.com.",
        "null",
        "*",
        "",
    ],
)
def test_s38_no_other_origin_may(public: httpx.Client, origin: str) -> None:
    for answer in (
        public.get("/", headers={"Origin": origin}),
        public.options(
            "/api/v1/orders", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
        ),
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") in (None, ""), origin


def test_s38_without_a_setting_no_origin_may(stranger: httpx.Client) -> None:
    answer = stranger.get("/auth/me", headers={"Origin": APP})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        (OURS, True),
        ("API.example.com", True),
        (f"{OURS}:443", True),
        ("evil.example.net", False),
        (f"{OURS}.evil.example.net", False),
        ("apiXexample.com", False),
        (f"evil.example.net#{OURS}", False),
        (f"{OURS}:evil", False),
        (f"{OURS}@evil.example.net", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_s39_only_hosts_of_ours_are_answered_for(strict: Service, host: str, taken: bool) -> None:
    forwarded = {"X-Forwarded-Host": OURS, "X-Host": OURS, "Forwarded": f"host={OURS}"}
    answer = httpx.get(f"{strict.url}/", headers={"Host": host, **forwarded})
    if taken:
        assert answer.status_code == 200
    else:
        refused(answer, 400, "HOST_UNKNOWN")
        demand_safe_headers(answer)


def test_s39_no_answer_repeats_a_host(public: httpx.Client) -> None:
    for headers in ({"X-Forwarded-Host": "evil.example.net"}, {"X-Original-URL": "/evil"}):
        for path in ("/", "/problems", "/nowhere", "/api/v1/auth/me"):
            answer = public.get(path, headers=headers)
            assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_s88_there_are_no_pages_in_production(
    public: httpx.Client, service: Service, path: str
) -> None:
    refused(public.get(path), 404, "ROUTE_UNKNOWN")
    assert path not in public.get("/").text
    assert httpx.get(f"{service.url}{path}").status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "PUT"])
def test_s88_methods_that_nobody_needs_are_refused(service: Service, method: str) -> None:
    with httpx.Client(base_url=service.url) as http:
        answer = http.request(method, "/api/v1/auth/login", headers={"X-Canary": "c4n4ry"})
    assert answer.status_code in (400, 405), method
    assert "c4n4ry" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/.env", "/.git/config", "/data/keys/access-1.pem", "/debug", "/admin", "/server-status"],
)
def test_s88_there_is_nothing_beside_the_doors(service: Service, path: str) -> None:
    refused(httpx.get(f"{service.url}{path}"), 404, "ROUTE_UNKNOWN")


@pytest.mark.anyio
async def test_s87_a_mistake_of_ours_says_nothing_but_its_number(house: Doors) -> None:  # noqa: F811
    answer = await house.http.get("/bench/broken")
    assert answer.status_code == 500
    problem = answer.json()
    assert (problem["code"], problem["request_id"]) == ("INTERNAL", answer.headers["X-Request-ID"])
    for word in (UNTOLD, "Traceback", "RuntimeError", ".py", "rig"):
        assert word not in answer.text
    demand_safe_headers(answer)


EVIL = [
    "//evil.example.net", "https://evil.example.net", "\\\\evil.example.net", "/\\evil.example.net",
    "https://api.example.com@evil.example.net", "%0d%0aLocation:%20//evil.example.net",
    "javascript:alert(1)",
]  # fmt: skip
WHERETO = ("next", "redirect", "redirect_uri", "redirect_url", "return_to", "returnTo", "url")


def test_s18_nobody_is_sent_to_where_somebody_else_says(service: Service, person: Person) -> None:
    """No door redirects, whatever its query asks, and no header of an answer names the place."""
    asked = dict(zip(WHERETO, EVIL, strict=True))
    for one in operations(service.url):
        if not one.ends_the_session:
            answer = person.http.request(
                one.method, service.url + one.url({}), params=asked, json={}
            )
            assert not answer.is_redirect, one.name
            assert "evil" not in str(answer.headers), one.name
