"""One service for all attacks, with an administrator from the start."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from adapters.servers import located
from tests.e2e.service import Person, Service, running
from tests.security.vouching import CLIENT_ID, StandInGoogle, vouching

ADMIN_EMAIL = "admin@example.com"
#: Well within the life of an access token, and of a proof of who one is.
ANEW_S = 120


class Anew(httpx.Auth):
    """Signs a person in again now and then, as long as a test says nothing else of who asks."""

    requires_response_body = True

    def __init__(self, who: Person) -> None:
        self._who = who
        self._since = time.monotonic()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        mine = request.headers.get("Authorization") == f"Bearer {self._who.token}"
        if mine and time.monotonic() - self._since > ANEW_S:
            url = request.url.copy_with(raw_path=b"/api/v1/auth/login")
            answer = yield httpx.Request("POST", url, json=self._who.identity)
            self._since = time.monotonic()
            self._who.token = answer.json()["access_token"]
            self._who.http.headers["Authorization"] = f"Bearer {self._who.token}"
            request.headers["Authorization"] = f"Bearer {self._who.token}"
        yield request


@pytest.fixture(scope="session")
def google() -> Iterator[StandInGoogle]:
    with vouching() as one:
        yield one


@pytest.fixture(scope="session")
def service(google: StandInGoogle) -> Iterator[Service]:
    with running(
        LOG_FILES="true",
        FEED_SEED="7",
        ADMIN_EMAIL=ADMIN_EMAIL,
        GOOGLE_CLIENT_ID=CLIENT_ID,
        GOOGLE_JWKS_URL=google.url,
    ) as one:
        yield one


@pytest.fixture(scope="session")
def db(service: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(located(service.data.resolve()).admin_dsn, autocommit=True) as db:
        yield db


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.api, timeout=30) as http:
        yield http


@pytest.fixture
def person(service: Service) -> Iterator[Person]:
    with service.person() as one:
        yield one


@pytest.fixture(scope="session")
def admin(service: Service) -> Iterator[Person]:
    """The administrator whom the service made itself."""
    password = (service.data / "keys" / "admin").read_text()
    with service.known(ADMIN_EMAIL, password) as one:
        one.http.auth = Anew(one)
        yield one


@pytest.fixture(scope="session")
def keys(service: Service) -> Path:
    return service.data / "keys"


@pytest.fixture(scope="session")
def strict() -> Iterator[Service]:
    """As strangers would find it: limits, hosts and origins by name, no pages."""
    with running(
        PRODUCTION="true",
        ALLOWED_HOSTS="api.example.com",
        CORS_ORIGINS="https://app.example.com,https://desk.example.com:8443",
        RATE_LIMIT_SCALE="1",
        FEED_SEED="7",
    ) as one:
        yield one
