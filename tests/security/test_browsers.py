"""S31, S32, S35 to S37: what a browser is given, and what another site can have it do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.api.doorstep import refused, somebody
from tests.e2e.service import Service
from tests.security.browser import Browser

ACCOUNT = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000"}
EVIL = "https://evil.example.net"


@pytest.fixture
def browser(stranger: httpx.Client) -> Browser:
    one = Browser(stranger)
    one.sign_up()
    return one


def test_s31_no_token_of_a_browser_is_in_reach_of_a_script(browser: Browser) -> None:
    answers = [
        browser.send("POST", "/auth/login", json=browser.sign_up()),
        browser.send("POST", "/auth/refresh"),
        browser.send("GET", "/auth/me"),
        browser.send("GET", "/auth/sessions"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        for name in ("__Host-access", "__Host-refresh", "__Host-device"):
            assert browser.cookies[name] not in answer.text
            assert browser.cookies[name] not in str(answer.url)
        assert "access_token" not in answer.json()
        assert "refresh_token" not in answer.json()


def test_s32_signing_in_changes_session_and_csrf_token(browser: Browser) -> None:
    who = browser.sign_up()
    before, csrf = dict(browser.cookies), browser.csrf
    browser.sign_in(who)
    assert browser.csrf != csrf
    assert browser.cookies["__Host-access"] != before["__Host-access"]
    assert browser.cookies["__Host-refresh"] != before["__Host-refresh"]
    refused(
        browser.send("POST", "/accounts", json=ACCOUNT, headers={"X-CSRF-Token": csrf}),
        403,
        "CSRF_REJECTED",
    )


def test_s32_a_session_that_was_set_beforehand_is_not_the_one_that_is_signed_in(
    stranger: httpx.Client,
) -> None:
    attacker, victim = Browser(stranger), Browser(stranger)
    attacker.sign_up()
    victim.cookies = dict(attacker.cookies)
    who = victim.sign_up()
    me = attacker.send("GET", "/auth/me").json()
    assert me["email"] != who["email"]
    assert victim.send("GET", "/auth/me").json()["email"] == who["email"]


def test_s35_every_cookie_is_bound_to_this_host_and_out_of_reach(browser: Browser) -> None:
    browser.send("POST", "/auth/refresh")
    browser.send("POST", "/auth/logout")
    assert len(browser.set_cookies) >= 7
    for header in browser.set_cookies:
        name, *bounds = (part.strip() for part in header.split(";"))
        assert name.startswith("__Host-"), header
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(bounds), header
        assert not re.search("domain", header, re.IGNORECASE)
    assert set(browser.cookies) == {"__Host-device"}


def test_s35_no_cookie_is_set_for_those_who_did_not_ask(stranger: httpx.Client) -> None:
    who = somebody()
    answers = [stranger.post("/auth/signup", json=who), stranger.post("/auth/login", json=who)]
    token = answers[1].json()["refresh_token"]
    answers.append(stranger.post("/auth/refresh", json={"refresh_token": token}))
    for answer in answers:
        assert "set-cookie" not in answer.headers


@pytest.fixture(scope="module")
def lasting(service: Service) -> Iterator[Browser]:
    """For attacks that change nothing."""
    with httpx.Client(base_url=service.api, timeout=30) as http:
        one = Browser(http)
        one.sign_up()
        yield one


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": "\u00e4".encode().decode("latin-1")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "anything"},
        {"Sec-Fetch-Site": None, "Origin": EVIL},
        {"Sec-Fetch-Site": None, "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
        {"Sec-Fetch-Site": "cross-site", "Origin": EVIL, "X-CSRF-Token": None},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/accounts"),
        ("POST", "/orders"),
        ("DELETE", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/keys"),
    ],
)
def test_s36_s37_another_site_has_a_browser_send_something(
    lasting: Browser, method: str, path: str, headers: dict[str, str | None]
) -> None:
    refused(lasting.send(method, path, headers=headers), 403, "CSRF_REJECTED")
    assert lasting.send("GET", "/auth/me").status_code == 200


def test_s36_our_own_page_may(browser: Browser) -> None:
    """Without this the refusals above would prove nothing."""
    own = f"http://{browser.http.base_url.netloc.decode()}"
    for headers in ({}, {"Origin": own}, {"Sec-Fetch-Site": None, "Origin": own}):
        answer = browser.send("POST", "/accounts", json=ACCOUNT, headers=headers)
        assert answer.status_code == 201, answer.text
    token = browser.send("GET", "/auth/csrf").json()["csrf_token"]
    assert token == browser.csrf


def test_s36_the_token_of_another_session_is_no_token(
    browser: Browser, stranger: httpx.Client
) -> None:
    other = Browser(stranger)
    other.sign_up()
    answer = browser.send("POST", "/accounts", json=ACCOUNT, headers={"X-CSRF-Token": other.csrf})
    refused(answer, 403, "CSRF_REJECTED")


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None],
)
def test_s36_what_a_form_can_send_is_no_json(lasting: Browser, media_type: str | None) -> None:
    headers = {"Content-Type": media_type}
    answer = lasting.send("POST", "/accounts", content=json.dumps(ACCOUNT), headers=headers)
    refused(answer, 415, "MEDIA_TYPE_UNSUPPORTED")


def test_s36_a_cookie_tossed_in_beside_ours_counts_for_nothing(
    browser: Browser, stranger: httpx.Client
) -> None:
    other = Browser(stranger)
    other.sign_up()
    both = f"__Host-access={other.cookies['__Host-access']}; " + "; ".join(
        f"{name}={value}" for name, value in browser.cookies.items()
    )
    refused(browser.send("GET", "/auth/me", headers={"Cookie": both}), 401, "AUTH_REQUIRED")


def test_s36_another_site_cannot_sign_a_browser_in_as_somebody_else(
    stranger: httpx.Client,
) -> None:
    attacker = Browser(stranger)
    who = attacker.sign_up()
    victim = Browser(stranger)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": None, "Origin": EVIL},
        {"Sec-Fetch-Site": None, "Origin": "null"},
    ):
        answer = victim.send("POST", "/auth/login", json=who, headers=headers)
        refused(answer, 403, "CSRF_REJECTED")
    assert victim.cookies == {}


def test_s36_a_refresh_by_cookie_needs_the_token_as_well(browser: Browser) -> None:
    before = dict(browser.cookies)
    refused(
        browser.send("POST", "/auth/refresh", headers={"X-CSRF-Token": None}), 403, "CSRF_REJECTED"
    )
    assert browser.cookies == before
    answer = browser.send("POST", "/auth/refresh")
    assert answer.status_code == 200
    assert browser.cookies["__Host-refresh"] != before["__Host-refresh"]
    browser.csrf = answer.json()["csrf_token"]
    assert browser.send("POST", "/accounts", json=ACCOUNT).status_code == 201


def test_a_bearer_token_needs_no_cookie_and_no_csrf_token(stranger: httpx.Client) -> None:
    who = somebody()
    stranger.post("/auth/signup", json=who)
    token = stranger.post("/auth/login", json=who).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    answer = stranger.post("/accounts", json=ACCOUNT, headers=headers)
    assert answer.status_code == 201


def test_s31_a_token_in_the_query_lets_nobody_in(stranger: httpx.Client) -> None:
    who = somebody()
    stranger.post("/auth/signup", json=who)
    token = stranger.post("/auth/login", json=who).json()["access_token"]
    for name in ("access_token", "token", "Authorization"):
        refused(stranger.get("/auth/me", params={name: token}), 401, "AUTH_REQUIRED")
