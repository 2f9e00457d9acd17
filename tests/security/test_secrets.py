"""S48, S65, S67, S68: what is secret stays so, in memory, answers, logs, messages and on disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import httpx
import msgspec
import nats
import psutil
import psycopg
import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy

from adapters import credentials
from adapters.people import people
from adapters.relay import NAME, SUBJECTS
from adapters.servers import nats_url
from api import admin as administration
from api import identity
from tests.e2e.service import Person, Service, eventually
from tests.security.generated import Operation, operations

#: What a struct must not show of itself when it ends up in a log or a traceback.
SECRET_FIELDS = {
    "password", "current_password", "new_password", "token", "access_token", "refresh_token",
    "api_key", "code", "id_token", "secret", "recovery_codes", "email", "username",
}  # fmt: skip
MODULES = (identity, administration, credentials, people)
BEARERS = ("api.identity", "api.admin", "adapters.people", "adapters.credentials")


@pytest.fixture(scope="module")
def routes(service: Service) -> list[Operation]:
    return operations(service.url)


def structs(of: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    for each in of.__subclasses__():
        yield each
        yield from structs(each)


def test_s65_no_process_leaves_what_it_had_in_memory_on_disk(service: Service) -> None:
    """Not the service, not hashing, not Postgres, not NATS."""
    parent = psutil.Process(service.pid)
    family = [parent, *parent.children(recursive=True)]
    assert len(family) > 6
    for process in family:
        if process.status() != psutil.STATUS_ZOMBIE:
            assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0), process.cmdline()


def test_s65_whatever_bears_a_secret_does_not_show_it() -> None:
    """It ends up in no log and no traceback."""
    assert MODULES, "or they would not be looked at"
    showing = [
        f"{one.__module__}.{one.__name__}"
        for one in structs()
        if one.__module__.startswith(BEARERS)
        and SECRET_FIELDS & set(one.__struct_fields__)
        and one.__repr__ is msgspec.Struct.__repr__
    ]
    assert showing == []


def beyond(operation: Operation, schema: Any, value: Any, path: str = "") -> Iterator[str]:
    """Where an answer says more than its schema."""
    if "oneOf" in schema or "anyOf" in schema:
        choices = schema.get("oneOf") or schema["anyOf"]
        found = [list(beyond(operation, one, value, path)) for one in choices]
        if not any(each == [] for each in found):
            yield from min(found, key=len)
        return
    if "$ref" in schema:
        schema = operation.schemas[schema["$ref"].rpartition("/")[2]]
        yield from beyond(operation, schema, value, path)
        return
    match value:
        case dict() if "properties" in schema:
            for name, inner in value.items():
                if name in schema["properties"]:
                    yield from beyond(
                        operation, schema["properties"][name], inner, f"{path}/{name}"
                    )
                elif not schema.get("additionalProperties"):
                    yield f"{path}/{name}"
        case list() if "items" in schema:
            for inner in value:
                yield from beyond(operation, schema["items"], inner, f"{path}/*")


def test_s48_an_answer_says_what_its_schema_says_and_no_more(
    service: Service, routes: list[Operation], person: Person, admin: Person
) -> None:
    account = person.account()
    order = person.resting(account)["order_id"]
    bought = person.order(account)["order_id"]
    person.filled(bought)
    known = {"account_id": account, "order_id": order, "user_id": person.user_id}
    too_much, looked_at = [], 0
    for one in routes:
        if one.method != "GET" or not {n for n in one.ids() if n not in known} <= {"key_id"}:
            continue
        who = admin if one.permission else person
        answer = who.http.get(service.url + one.url(known), params=one.query(known), timeout=30)
        if answer.status_code != 200 or "json" not in answer.headers["Content-Type"]:
            continue
        content = one.spec["responses"]["200"]["content"]
        looked_at += 1
        (schema,) = (each["schema"] for each in content.values())
        if "ndjson" not in answer.headers["Content-Type"]:
            too_much += [f"{one.name}: {each}" for each in beyond(one, schema, answer.json())]
    assert looked_at > 20
    assert too_much == []


def planted(value: Any, canary: str) -> Any:
    """The same body with the canary in the place of every text."""
    match value:
        case dict():
            return {name: planted(inner, canary) for name, inner in value.items()}
        case list():
            return [planted(inner, canary) for inner in value]
        case str():
            return canary
        case _:
            return value


def test_s67_whatever_is_said_at_any_door_is_in_no_log(
    service: Service, routes: list[Operation], person: Person
) -> None:
    """In every text of every body, in the query, in headers, and in the place of every id."""
    canary = f"canary-{token_hex(12)}"
    for one in (one for one in routes if not one.ends_the_session):
        where = service.url + one.url(dict.fromkeys(one.ids(), canary))
        body = {} if one.body is None else {"json": planted(one.example({}), canary)}
        for headers in ({}, {"Authorization": f"Bearer {canary}"}, {"Cookie": f"a={canary}"}):
            answer = person.http.request(
                one.method,
                where,
                params={"token": canary, "password": canary},
                headers={**headers, "User-Agent": canary, "X-Device": canary},
                **body,
            )
            assert answer.status_code < 500, f"{one.name}: {answer.text}"
    for log in [*(service.data / "logs").glob("*.log*"), service.data.with_name("log")]:
        assert canary not in log.read_text(), log


def published(service: Service, upto: int) -> list[bytes]:
    """Every message that there is on NATS, headers and all, once this position is among them."""

    async def read() -> list[bytes]:
        messages: list[bytes] = []
        async with await nats.connect(nats_url(service.data.resolve())) as client:
            config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
            listening = await client.jetstream().subscribe(
                SUBJECTS, stream=NAME, ordered_consumer=True, config=config
            )
            while True:
                message = await listening.next_msg(timeout=20)
                told = f"{message.subject} {message.header}".encode()
                messages.append(told + b"\n" + message.data)
                if message.metadata.sequence.stream >= upto:
                    return messages

    return asyncio.run(read())


def test_s67_s68_nothing_secret_or_hostile_is_on_nats(
    service: Service, db: psycopg.Connection
) -> None:
    """A message is one line of JSON under a subject of ours, whoever wrote what it tells of."""
    canary, hostile = token_hex(12), "\r\nPUB x 1\r\n\x1b[2J\u202e"
    who = {"email": f"{canary}@example.com", "password": f"pass {canary} word"}
    agent = {"User-Agent": f"{canary}[2J", "X-Device": canary}
    with httpx.Client(base_url=service.api, timeout=30, headers=agent) as http:
        http.post("/auth/signup", json=who)
        tokens = http.post("/auth/login", json=who).json()
        http.post("/auth/login", json=who | {"password": canary})
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        opening = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000"}
        http.post("/accounts", json=opening, headers=bearer)
        http.post("/accounts", json=opening | {"label": hostile}, headers=bearer)
        http.post("/auth/request-otp", json={"email": who["email"]})
    query = "select max(position) from es.event where stream like 'user-%'"
    ((upto,),) = eventually(lambda: db.execute(query).fetchall(), bool)
    messages = published(service, upto)
    assert len(messages) >= upto
    for secret in (canary, tokens["access_token"], tokens["refresh_token"]):
        assert not any(secret.encode() in message for message in messages)
    for message in messages:
        head, _, data = message.partition(b"\n")
        assert head.startswith(b"papertape.events.")
        assert b"\n" not in data
        assert b"\x1b" not in data
        assert json.loads(data)["position"]


def test_s92_metrics_and_health_name_nobody(service: Service, person: Person) -> None:
    account = person.account()
    order = person.resting(account)["order_id"]
    told = "".join(httpx.get(service.url + path).text for path in ("/metrics", "/readyz", "/livez"))
    assert "/api/v1/orders" in told, "doors are counted"
    for private in (person.user_id, person.identity["email"], account, order, person.token):
        assert private not in told
