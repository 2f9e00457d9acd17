"""The post, at a real mail server that is choosy, slow, forged, or away and back."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool
from structlog.testing import capture_logs

from adapters.mail import post as post_of
from adapters.mail.post import LEASE
from adapters.people.people import people_of
from adapters.postgres import as_app, connect_async, migrate
from adapters.servers import Database
from adapters.settings import Settings
from tests.contract.post_office import NOW, Office
from tests.mail_server import HOST, PASSWORD, USER, Mailboxes, certificate, delivering, free_port

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path,
        smtp_host=HOST,
        smtp_port=free_port(),
        smtp_security="starttls",
        smtp_username=USER,
        smtp_password=PASSWORD,
        mail_from="desk@papertape.example",
        app_url="https://app.papertape.example",
    )


@pytest.fixture
async def office(
    database: Database,
    settings: Settings,
    tls: tuple[ssl.SSLContext, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    migrate(database.admin_dsn)
    dsn = as_app(database.dsn)
    pool = AsyncConnectionPool[Any](dsn, kwargs={"autocommit": True}, open=False, min_size=1)
    async with pool, await connect_async(dsn) as db:
        yield Office(db, people_of(settings, pool, lambda: NOW), settings)


@pytest.fixture
def boxes() -> Mailboxes:
    return Mailboxes()


@pytest.fixture
def opens(
    settings: Settings, boxes: Mailboxes, tls: tuple[ssl.SSLContext, Path]
) -> Callable[[], ExitStack]:
    """Have the mail server there, until the block is left."""

    def open_() -> ExitStack:
        stack = ExitStack()
        stack.enter_context(delivering(settings.smtp_port, boxes, tls[0]))
        return stack

    return open_


Opens = Callable[[], ExitStack]


async def test_a_letter_arrives_once_encrypted_and_by_name(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    position = await office.letter("ada@example.com", "VerificationRequested")
    with opens():
        assert await office.step()
        assert not await office.step()
    (letter,) = boxes.letters
    assert boxes.recipients == [["ada@example.com"]]
    assert boxes.users == {USER.encode()}
    assert letter["To"] == "ada@example.com"
    assert letter["From"] == "Papertape <desk@papertape.example>"
    assert letter["Message-ID"].startswith(f"<letter.{position}.")
    assert letter["Auto-Submitted"] == "auto-generated"
    token = office.people.codes.token(UUID(int=position))
    for kind in ("plain", "html"):
        body = letter.get_body((kind,))
        assert body is not None
        assert token in body.get_content()
    assert token not in str(letter["Subject"])
    assert await office.state(position) == (True, False, 1)


async def test_a_mail_server_that_is_away_delays_a_letter_and_loses_none(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    position = await office.letter("ada@example.com")
    pauses = []
    for attempt in range(1, 5):
        assert await office.step()
        assert await office.state(position) == (False, False, attempt)
        waited = 0
        while not await office.is_due(position):
            office.now += timedelta(seconds=1)
            waited += 1
        pauses.append(waited)
    assert pauses == [2, 4, 8, 16], "later and later"
    with opens():
        await office.step()
    assert len(boxes.to("ada@example.com")) == 1
    assert (await office.state(position))[0]


async def test_nobody_is_written_to_in_clear_nor_by_a_server_that_is_not_who_it_says(
    office: Office,
    boxes: Mailboxes,
    opens: Opens,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    position = await office.letter("ada@example.com")
    with delivering(office.settings.smtp_port, boxes):  # it offers no STARTTLS
        await office.step()
    office.now += timedelta(minutes=5)
    _, other = certificate(tmp_path)
    with opens(), monkeypatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(other))  # of which we trust another
        await office.step()
    assert boxes.letters == []
    assert boxes.users == set(), "and our password is told to neither"
    assert await office.state(position) == (False, False, 2)


async def test_with_a_wrong_password_letters_wait_for_the_right_one(
    office: Office, boxes: Mailboxes, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_of, "TIMEOUT_S", 1)  # this server is silent then
    position = await office.letter("ada@example.com")
    with opens():
        wrong = office.another(replace(office.settings, smtp_password="another"))
        assert await wrong.step(office.db)
        assert await office.state(position) == (False, False, 1)
        office.now += timedelta(minutes=5)
        await office.step()
    assert len(boxes.letters) == 1


async def test_an_address_that_nobody_has_is_given_up_and_one_that_is_busy_is_not(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    nobody, busy = (
        await office.letter("nobody@example.com"),
        await office.letter("busy@example.com"),
    )
    other = await office.letter("ada@example.com")
    boxes.refused = {"nobody@example.com": "550 no such user", "busy@example.com": "451 later"}
    with opens():
        for _ in range(3):
            await office.step()
        assert await office.state(nobody) == (False, True, 1)
        assert await office.state(busy) == (False, False, 1)
        assert (await office.state(other))[0]
        boxes.refused = {}
        office.now += timedelta(minutes=5)
        await office.step()
    assert [letter["To"] for letter in boxes.letters] == ["ada@example.com", "busy@example.com"]


async def test_what_is_no_address_or_several_is_nobodys_and_holds_nobody_up(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    odd = ["ada,eve@example.com", "a<eve>@example.com", "ada(eve)@example.com", "ada..@x.example"]
    positions = [await office.letter(one) for one in odd]
    good = await office.letter("ada@example.com")
    with opens():
        while await office.step():
            pass
    for position in positions:
        assert await office.state(position) == (False, True, 1)
    assert (await office.state(good))[0]
    assert boxes.recipients == [["ada@example.com"]]


async def test_a_server_that_takes_too_long_holds_nobody_up_for_long(
    office: Office, boxes: Mailboxes, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_of, "TIMEOUT_S", 0.3)
    assert timedelta(seconds=20) < LEASE
    position = await office.letter("ada@example.com")
    boxes.pause_s = 1.0
    with opens():
        await office.step()
        assert await office.state(position) == (False, False, 1)
        boxes.pause_s = 0.0
        office.now += timedelta(minutes=5)
        await office.step()
    assert (await office.state(position))[0]


async def test_a_letter_whose_sending_was_not_noted_goes_out_again_under_the_same_id(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    position = await office.letter("ada@example.com")
    with opens():
        await office.step()
        await office.db.execute(
            "update ops.letter set sent_at = null where position = %s", [position]
        )
        assert not await office.step(), "it is leased to whoever was about to send it"
        office.now += LEASE
        assert await office.step()
    first, again = boxes.letters
    assert first["Message-ID"] == again["Message-ID"]


async def test_a_letter_that_is_not_worth_sending_any_more_is_not_sent(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    position = await office.letter("ada@example.com")
    office.now += timedelta(days=1)
    with opens():
        await office.step()
    assert boxes.letters == []
    assert await office.state(position) == (False, True, 1)


async def test_no_log_tells_to_whom_a_letter_was_not_sent(
    office: Office, boxes: Mailboxes, opens: Opens
) -> None:
    await office.letter("secret.ada@example.com")
    boxes.refused = {"secret.ada@example.com": "550 secret.ada@example.com is not here"}
    with opens(), capture_logs() as logs:
        await office.step()
    (line,) = logs
    assert line["event"] == "a letter was not sent"
    assert "secret" not in str(logs)
