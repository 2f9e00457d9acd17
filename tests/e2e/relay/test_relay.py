"""The relay: JetStream holds the tape, position by position, in words that anybody understands."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from structlog.testing import capture_logs

from adapters.postgres import connect_async
from adapters.relay import CONTENT_TYPE, NAME, Refused, Relay, cloudevents, parts
from adapters.servers import Database
from adapters.tape import GENESIS, AsyncTape, Codec, UnknownFact, link
from adapters.tape.chain import microseconds
from domain.base import Event
from tests import servers
from tests.e2e.relay.relaying import (
    PATIENCE_S,
    Trade,
    clock,
    entry,
    published,
    running,
    talking_to,
    tape_rows,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told(database: Database, url: str, trade: Trade) -> list[Any]:
    """The messages of a small tape: few facts, then a page at once, then few again."""
    await trade.register()
    await trade.go_on(3)
    async with running(Relay(database.dsn, url)) as relay:
        await until(lambda: relay.position == trade.facts)
        await trade.go_on_at_once(40)
        await trade.go_on(3)
        await until(lambda: relay.position == trade.facts)
    return await published(url)


async def test_a_message_is_its_fact_at_the_same_number(
    told: list[Any], database: Database
) -> None:
    rows = tape_rows(database.dsn)
    assert [message.seq for message in told] == [row.position for row in rows]
    for message, row in zip(told, rows, strict=True):
        event = json.loads(message.data)
        assert int(event["position"]) == int(event["id"]) == row.position
        assert (event["subject"], event["streamversion"]) == (row.stream, row.version)
        assert row.stream.endswith(event["streamid"])
        assert event["schemaversion"] == row.schema_version
        assert datetime.fromisoformat(event["time"]) == row.occurred_at
        assert datetime.fromisoformat(event["recordedat"]) == row.recorded_at
        assert (event["actor"], event.get("onbehalfof")) == (row.actor, row.on_behalf_of)
        assert event["commandid"] == str(row.command_id)
        assert event["correlationid"] == str(row.correlation_id)
        assert event.get("causationid") == (row.causation_id and str(row.causation_id))
        assert (event["code"], event["hash"]) == (row.code, row.hash.hex())
        assert b'"data":%s,' % row.payload.encode() in message.data, "not as it is stored"


async def test_a_subject_names_context_fact_and_stream(told: list[Any], database: Database) -> None:
    first, second = tape_rows(database.dsn)[:2]
    assert told[0].subject == f"papertape.events.identity.UserRegistered.{first.stream[5:]}"
    assert told[1].subject == f"papertape.events.trading.FundsDeposited.{second.stream[8:]}"
    assert json.loads(told[0].data)["type"] == "papertape.identity.UserRegistered"


async def test_a_subscriber_checks_the_chain_from_messages_alone(told: list[Any]) -> None:
    links = [(GENESIS.hex(), b"")] + [
        (json.loads(message.data)["hash"], message.data) for message in told
    ]
    for (before, _), (after, body) in pairwise(links):
        event = json.loads(body)
        envelope = (
            int(event["position"]), event["subject"], event["streamversion"],
            event["type"].split(".")[-1], event["schemaversion"],
            microseconds(datetime.fromisoformat(event["time"])),
            microseconds(datetime.fromisoformat(event["recordedat"])),
            event["actor"], event.get("onbehalfof"), event["commandid"], event["correlationid"],
            event.get("causationid"), event["code"],
        )  # fmt: skip
        payload = re.search(rb'"data":(\{.*\}),"position"', body)
        assert payload is not None
        assert link(bytes.fromhex(before), envelope, payload[1]).hex() == after


def as_cloud_event(body: bytes) -> CloudEvent:
    """By the library, and by what the standard says beyond what the library checks."""
    event = JSONFormat().read(CloudEvent, body)
    assert isinstance(event, CloudEvent)
    known = {"id", "source", "specversion", "type", "datacontenttype", "subject", "time"}
    for name, value in event.get_attributes().items():
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        assert name in known or isinstance(value, str | bool | int)
        assert not isinstance(value, int) or -(2**31) <= value < 2**31
    return event


async def test_every_message_is_a_cloud_event(told: list[Any]) -> None:
    for message in told:
        assert message.headers["Content-Type"] == CONTENT_TYPE
        event = as_cloud_event(message.data)
        assert event.get_source() == "papertape"
        assert event.get_datacontenttype() == "application/json"
        assert event.get_data() == json.loads(message.data)["data"]


@pytest.mark.parametrize("broken", [{"id": ""}, {"specversion": "2"}, {"source": None}])
async def test_what_is_no_cloud_event_would_be_seen(told: list[Any], broken: Any) -> None:
    body = json.dumps({**json.loads(told[0].data), **broken}).encode()
    with pytest.raises(CloudEventValidationError):
        as_cloud_event(body)


async def test_a_stream_may_begin_later_and_keeps_the_numbering(
    database: Database, url: str, trade: Trade
) -> None:
    await trade.go_on_at_once(25)
    async with running(Relay(database.dsn, url, first=11)) as relay:
        await until(lambda: relay.position == 25)
    assert [message.seq for message in await published(url)] == list(range(11, 26))


async def test_a_retired_fact_belongs_where_its_meaning_is_today(
    told: list[Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = tape_rows(database.dsn)[0]._replace(type="PersonJoined", schema_version=3)
    with pytest.raises(UnknownFact):
        cloudevents.message(row)
    upcasters = {("PersonJoined", 3): lambda payload: [("UserRegistered", 1, payload)]}
    monkeypatch.setattr(cloudevents, "CODEC", Codec(upcasters=upcasters))
    assert cloudevents.message(row).subject.startswith("papertape.events.identity.PersonJoined.")


async def test_a_stream_of_the_operator_is_taken_as_it_is_but_holes_are_reported(
    database: Database, url: str, trade: Trade
) -> None:
    await trade.go_on_at_once(5)
    async with talking_to(url) as stream:
        await stream.add_stream(name=NAME, subjects=["papertape.events.>"], allow_atomic=True)
        async with running(Relay(database.dsn, url)) as relay:
            await until(lambda: relay.position == 5)
        await stream.delete_msg(NAME, 3)
    with capture_logs() as said:
        async with running(Relay(database.dsn, url)) as relay:
            await until(lambda: relay.doing == "following")
    holes = {"event": "relay.holes", "log_level": "warning", "stream": NAME, "missing": 1}
    assert [line for line in said if line["event"] == "relay.holes"] == [holes]


class TestRefusals:
    """What a relay does not paper over."""

    async def refusal(self, database: Database, url: str) -> str:
        with pytest.raises(Refused) as refused:
            async with asyncio.timeout(PATIENCE_S):
                await Relay(database.dsn, url).run()
        async with await connect_async(database.dsn) as db:
            assert str(refused.value) in (await parts(db))["relay"].detail
        return str(refused.value)

    async def test_a_tape_that_is_the_same_is_continued(
        self, told: list[Any], database: Database, url: str, trade: Trade
    ) -> None:
        await trade.go_on(1)
        async with running(Relay(database.dsn, url)) as relay:
            await until(lambda: relay.position == trade.facts)
        assert len(await published(url)) == trade.facts > len(told)

    async def test_a_tape_that_went_another_way(
        self, told: list[Any], postgres_server: Database, url: str
    ) -> None:
        with servers.fresh_database(postgres_server) as restored:
            async with AsyncTape(restored.dsn, clock, "test") as tape:
                other = Trade(tape)
                await other.go_on_at_once(len(told) - 1)
                said = await self.refusal(restored, url)
                assert said == f"the stream reaches position {len(told)} and the tape does not"
                await other.go_on_at_once(10)
            said = await self.refusal(restored, url)
            assert said.startswith(f"stream and tape differ at position {len(told)}: ")
        assert await published(url) == told, "nothing was added to the old story"

    async def test_a_fact_that_was_tampered_with(
        self, told: list[Any], database: Database, url: str
    ) -> None:
        with psycopg.connect(database.admin_dsn) as db:
            db.execute("alter table es.event disable trigger all")
            db.execute("update es.event set hash = sha256(hash) where position = %s", [len(told)])
        assert "differ at position" in await self.refusal(database, url)

    async def test_a_message_of_a_stranger(
        self, told: list[Any], database: Database, url: str
    ) -> None:
        async with talking_to(url) as stream:
            await stream.publish("papertape.events.trading.OrderFilled.x", b"{}")
        said = await self.refusal(database, url)
        assert said == f"message {len(told) + 1} of stream {NAME} was not published by a relay"

    async def test_a_stream_that_takes_other_subjects(self, database: Database, url: str) -> None:
        async with talking_to(url) as stream:
            await stream.add_stream(name=NAME, subjects=["papertape.>"])
        assert "must take papertape.events.> alone" in await self.refusal(database, url)

    async def test_a_fact_that_this_program_has_no_words_for(
        self, database: Database, url: str
    ) -> None:
        class MoonReached(Event, frozen=True):
            on: str

        codec = Codec({"MoonReached": MoonReached})
        async with AsyncTape(database.dsn, clock, "test", codec=codec) as tape:
            await tape.append([entry(f"rocket-{uuid4()}", 0, MoonReached("time"))])
        assert "no event MoonReached" in await self.refusal(database, url)
        assert await published(url) == []
