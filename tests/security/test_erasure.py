"""S76, S77: somebody full of canaries acts at every door, is forgotten, and is nowhere any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import nats
import psycopg
import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from adapters.relay import NAME as STREAM
from tests.e2e.api.doorstep import refused, sign_in, sign_up, somebody
from tests.e2e.service import Person, Service, eventually
from tests.security.authenticator import set_up
from tests.security.generated import operations
from tests.security.letters import VERIFY, letters, proof

#: Whoever asks for these is signed out, or has no password that we know.
ENDING = ("/auth/logout", "/auth/sessions", "/auth/step-up", "/auth/signup", "/profile/password")
ERASE = "DELETE /api/v1/profile"
PAGE = 500


class Canaries:
    """Everything that names one person, each with a mark that is nowhere else."""

    def __init__(self) -> None:
        self.mark = token_hex(8)
        self.email = f"{self.mark}@canary.example"
        self.password = f"pass {self.mark} word"
        self.said = {
            "full_name": f"Name {self.mark}",
            "mobile": f"+9{int(token_hex(5), 16):014}",
            "picture": f"https://canary.example/{self.mark}.png",
        }
        self.username = f"user.{self.mark}"
        self.agent = f"Agent {self.mark}"
        self.device = f"device {self.mark}"

    @property
    def words(self) -> dict[str, str]:
        """What is said wherever a door takes something of that name."""
        passwords = dict.fromkeys(("password", "current_password", "new_password"), self.password)
        tokens = dict.fromkeys(("token", "code", "challenge", "transaction"), self.mark)
        names = {"email": self.email, "username": self.username, "q": self.mark}
        return {**passwords, **tokens, **names, **self.said}

    def seen_in(self, text: str | bytes) -> bool:
        text = text.decode(errors="replace") if isinstance(text, bytes) else text
        return self.mark in text or self.said["mobile"][1:] in text


def act_everywhere(service: Service, person: Person, canaries: Canaries) -> int:
    """Ask at every door that is not the administration's, with a canary in each word."""
    known = canaries.words | {"account_id": person.account()}
    count = 0
    for one in operations(service.url):
        if "/admin/" in one.path or one.path.endswith(ENDING) or one.name == ERASE:
            continue
        how: dict[str, Any] = {} if one.body is None else {"json": one.example(known)}
        answer = person.http.request(
            one.method, service.url + one.url(known), params=one.query(known), **how
        )
        assert answer.status_code < 500 or answer.json()["code"] != "INTERNAL", one.name
        count += 1
    return count


@pytest.fixture(scope="module")
def forgotten(service: Service) -> Iterator[tuple[Canaries, str, str]]:
    """Who they were, their id, and a token of theirs; all of it was there to be found before."""
    canaries = Canaries()
    with httpx.Client(base_url=service.api, timeout=60) as http:
        http.headers.update(
            {
                "User-Agent": canaries.agent,
                "X-Device": canaries.device,
                "Referer": f"https://canary.example/{canaries.mark}",
                "X-Forwarded-For": "203.0.113.77",
            }
        )
        who = {"email": canaries.email, "password": canaries.password}
        http.post("/auth/signup", json=who | {"username": canaries.username}).raise_for_status()
        person = Person(http, who)
        assert act_everywhere(service, person, canaries) > 60
        person.ask("PATCH", "/profile", 200, json=canaries.said)
        assert person.get("/profile")["full_name"] == canaries.said["full_name"]
        http.post("/auth/request-otp", json={"email": canaries.email}).raise_for_status()
        proof(service, canaries.email, VERIFY)
        person.resting(person.account())
        terms = {"label": canaries.mark, "scopes": ["read"], "expires_at": "2027-01-31T00:00:00Z"}
        person.post("/auth/keys", terms)
        set_up(http, person.token)
        slip = person.ask("DELETE", "/profile", 422, json={"email": "else@canary.example"})
        assert slip["errors"][0]["pointer"] == "/email"
        person.ask("DELETE", "/profile", 200, json={"email": canaries.email.upper()})
        yield canaries, person.user_id, person.token


def tables(db: psycopg.Connection) -> list[str]:
    found = db.execute(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    return [name for (name,) in found]


def test_s76_no_row_of_any_table_shows_who_it_was(
    db: psycopg.Connection, forgotten: tuple[Canaries, str, str]
) -> None:
    canaries, user_id, _ = forgotten
    for table in tables(db):
        rows = "\n".join(row for (row,) in db.execute(f"select t::text from {table} t").fetchall())
        assert not canaries.seen_in(rows), table
        if table.startswith("ops."):
            assert user_id not in rows, table
    facts = "select count(*) from es.event where payload->>'user_id' = %s"
    (count,) = db.execute(facts, [user_id]).fetchone() or (0,)
    assert count > 5, "what became of the person is still told, of nobody"


def test_s76_no_message_shows_who_it_was(
    service: Service, db: psycopg.Connection, forgotten: tuple[Canaries, str, str]
) -> None:
    canaries, user_id, _ = forgotten
    (head,) = db.execute("select position from es.head").fetchone() or (0,)
    messages = eventually(
        lambda: asyncio.run(_messages(service.data)), lambda them: len(them) >= head
    )
    assert any(user_id in message for message in messages)
    assert not [message for message in messages if canaries.seen_in(message)]


async def _messages(data: Path) -> list[str]:
    """Every message of the stream, whole."""
    token, port = (data / "keys" / "nats").read_text(), (data / "nats.port").read_text()
    client = await nats.connect(f"nats://{token.strip()}@127.0.0.1:{port.strip()}")
    try:
        js = client.jetstream(timeout=10)
        left = (await js.stream_info(STREAM)).state.messages
        once = ConsumerConfig(ack_policy=AckPolicy.NONE)
        reading = await js.pull_subscribe("", stream=STREAM, config=once)
        found: list[str] = []
        while len(found) < left:
            for message in await reading.fetch(min(PAGE, left - len(found)), timeout=10):
                found.append(f"{message.subject} {message.headers} {message.data.decode()}")
        return found
    finally:
        await client.close()


def test_s76_no_file_shows_who_it_was(
    service: Service, forgotten: tuple[Canaries, str, str]
) -> None:
    """Byte for byte: logs, streams, and what Postgres has written and will overwrite one day."""
    canaries, _, _ = forgotten
    folder = service.data.resolve()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"logs", "keys", "nats"} <= {path.relative_to(folder).parts[0] for path in files}
    names = (canaries.email, canaries.password, canaries.username, *canaries.said.values())
    for path in [*files, service.data.with_name("log")]:
        with suppress(FileNotFoundError):  # what was written since may be gone again
            content = path.read_bytes()
            assert not [name for name in names if name.encode() in content], path


def test_s76_neither_copies_nor_the_administration_nor_letters_show_who_it_was(
    service: Service, admin: Person, forgotten: tuple[Canaries, str, str]
) -> None:
    canaries, user_id, _ = forgotten
    for form in ("ndjson", "csv"):
        copy = admin.http.get("/admin/audit/export", params={"form": form})
        assert copy.status_code == 200
        assert user_id in copy.text
        assert not canaries.seen_in(copy.text)
    shown = admin.get(f"/admin/users/{user_id}")
    assert (shown["user"]["status"], shown["user"]["email"]) == ("ERASED", None)
    found = admin.ask("POST", "/admin/users/search", 200, json={"email": canaries.email})
    assert found["items"] == []
    assert letters(service, canaries.email) == []


def test_s76_nobody_gets_in_as_who_is_forgotten_and_the_names_are_free(
    service: Service, forgotten: tuple[Canaries, str, str]
) -> None:
    canaries, user_id, token = forgotten
    with httpx.Client(base_url=service.api, timeout=60) as http:
        answer = http.get("/profile", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in {401, 403}
        who = {"email": canaries.email, "password": canaries.password}
        refused(http.post("/auth/login", json=who))
        again = http.post("/auth/signup", json=who | {"username": canaries.username})
        assert again.json()["user_id"] != user_id
        new = Person(http, who)
        assert new.get("/profile")["full_name"] == ""
        new.ask("DELETE", "/profile", 200, json={"email": canaries.email})


def test_s77_the_chain_verifies_after_it(
    service: Service, forgotten: tuple[Canaries, str, str]
) -> None:
    verified = service.papertape("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_s76_whoever_is_forgotten_many_times_at_once_is_forgotten_once(
    service: Service, db: psycopg.Connection
) -> None:
    with service.person() as person, ThreadPoolExecutor(8) as threads:
        body = {"email": person.identity["email"]}
        answers = list(
            threads.map(
                lambda _: person.http.request("DELETE", "/profile", json=body).status_code,
                range(8),
            )
        )
        assert answers.count(200) >= 1
        assert set(answers) <= {200, 401, 403, 404}
        query = "select count(*) from es.event where type = 'UserErased' and stream = %s"
        assert db.execute(query, [f"user-{person.user_id}"]).fetchone() == (1,)


def test_s76_the_last_administrator_is_not_forgotten(strict: Service) -> None:
    """At a service of which nobody else is made an administrator."""
    with httpx.Client(base_url=strict.api, headers={"Host": "api.example.com"}) as http:
        who = somebody()
        sign_up(http, who)
        assert strict.papertape("admin", "grant", who["email"]).returncode == 0
        http.headers["Authorization"] = f"Bearer {sign_in(http, who)['access_token']}"
        eventually(lambda: http.get("/auth/me").json(), lambda me: me["is_admin"])
        answer = http.request("DELETE", "/profile", json={"email": who["email"]})
        refused(answer, 409, "LAST_ADMIN")
        assert http.get("/profile").json()["email"] == who["email"]
