"""The eventsourcing library on our tape: its own conformance tests, and what it builds on them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from threading import Thread
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)
from eventsourcing.utils import get_topic
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape import AsyncTape, MemoryTape, Reader, foreign, verify
from adapters.tape.memory_recorder import MemoryRecorder
from adapters.tape.recorder import TapeRecorder
from tests import servers
from tests.contract.tally import entry
from tests.contract.wire import Cut, wire_to


class Conformance:
    """Where the library's test cases get their recorder from, a fresh one each time."""

    id_type: Any = "uuid"

    @pytest.fixture(autouse=True)
    def _server(self, postgres_server: Database) -> Iterator[None]:
        with (
            servers.fresh_database(postgres_server) as fresh,
            datastore(fresh, self.id_type) as self.datastore,
        ):
            yield

    def create_recorder(self) -> TapeRecorder:
        return TapeRecorder(self.datastore)


class TestRecorderWithUuids(Conformance, ApplicationRecorderTestCase):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestRecorderWithTexts(TestRecorderWithUuids):
    id_type = "text"

    def new_originator_id(self) -> str:
        return f"order-{uuid4()}"


class TestRecorderDoesNotInterleave(Conformance, NonInterleavingNotificationIDsBaseCase):
    insert_num = 100


class TestMemoryRecorder(ApplicationRecorderTestCase):
    def create_recorder(self) -> MemoryRecorder:
        return MemoryRecorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase


def datastore(database: Database, id_type: Any = "uuid") -> PostgresDatastore:
    given = {name: str(value) for name, value in conninfo_to_dict(database.dsn).items()}
    return PostgresDatastore(
        given["dbname"],
        given["host"],
        given.get("port", "5432"),
        given["user"],
        given["password"],
        pool_size=4,
        max_overflow=8,
        originator_id_type=id_type,
    )


class Order(Aggregate):
    INITIAL_VERSION = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.fills = 0

    @staticmethod
    def create_id(name: str) -> UUID:
        return uuid5(NAMESPACE_URL, name)

    @event("Filled")
    def fill(self, quantity: int) -> None:
        self.fills += quantity


class Orders(Application[UUID]):
    name = "orders"

    def place(self, name: str) -> int | None:
        return self.save(Order(name), actor="user:ann")[-1].notification.id

    def fill(self, name: str, quantity: int) -> int | None:
        order: Order = self.repository.get(Order.create_id(name))
        order.fill(quantity)
        return self.save(order, actor="venue:paper")[-1].notification.id


class Filled(PostgresTrackingRecorder):
    total = 0


class Fills(Projection[Filled]):
    topics = (get_topic(Order.Filled),)  # type: ignore[attr-defined]

    def process_event(self, domain_event: Any, tracking: Any) -> None:
        self.view.total += domain_event.quantity
        self.view.insert_tracking(tracking)


def environment(database: Database) -> dict[str, str]:
    given = {name: str(value) for name, value in conninfo_to_dict(database.dsn).items()}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "APPLICATION_RECORDER_TOPIC": "adapters.tape.recorder:TapeRecorder",
        "POSTGRES_SCHEMA": "rm",
        "POSTGRES_DBNAME": given["dbname"],
        "POSTGRES_HOST": given["host"],
        "POSTGRES_PORT": given.get("port", "5432"),
        "POSTGRES_USER": given["user"],
        "POSTGRES_PASSWORD": given["password"],
    }


def test_an_application_of_the_library_lives_on_the_tape(
    database: Database, reader: Reader
) -> None:
    with Orders(environment(database)) as app:
        assert app.place("x") == 1
        assert app.fill("x", 3) == 2
        assert app.repository.get(Order.create_id("x")).fills == 3
        assert [n.id for n in app.notification_log["1,10"].items] == [1, 2]
    first, second = reader.rows(0, 10)
    assert (first.actor, second.actor) == ("user:ann", "venue:paper")
    assert first.stream == str(Order.create_id("x"))
    with connect(database.dsn) as connection:
        assert verify(connection).sound


def test_a_projection_of_the_library_follows_the_tape(database: Database) -> None:
    with ProjectionRunner(
        application_class=Orders,
        projection_class=Fills,
        view_class=Filled,
        env=environment(database),
    ) as runner:
        runner.app.place("x")
        last = [runner.app.fill("x", quantity) for quantity in (1, 2, 3)][-1]
        runner.wait(last, timeout=10)
        assert runner.projection.view.total == 6


def test_a_subscription_wakes_up_for_what_others_write(database: Database) -> None:
    with (
        datastore(database) as mine,
        datastore(database) as theirs,
        TapeRecorder(mine).subscribe() as subscription,
    ):
        writer = TapeRecorder(theirs)
        received: list[int] = []
        listener = Thread(target=lambda: received.extend(n.id for n in subscription))
        listener.start()
        for version in range(1, 6):
            writer.insert_events([StoredEvent(uuid4(), version, "Seen", b"{}")])
        while len(received) < 5:
            listener.join(0.01)
            assert listener.is_alive(), "the subscription ended"
        subscription.stop()
        listener.join()
    assert received == [1, 2, 3, 4, 5]


@pytest.mark.anyio
@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.MIDST, Cut.AFTER])
async def test_what_a_recorder_stores_is_stored_once_though_the_answer_is_lost(
    database: Database, reader: Reader, cut: Cut
) -> None:
    def record() -> list[Sequence[int] | None]:
        with datastore(Database(wire.dsn, "")) as store:
            recorder, stream, stored = TapeRecorder(store), uuid4(), []
            for version in range(1, 4):
                wire.cut = cut
                event = StoredEvent(stream, version, "Seen", b"{}")
                stored.append(recorder.insert_events([event]))
            return stored

    async with wire_to(database.dsn) as wire:
        assert await asyncio.to_thread(record) == [[1], [2], [3]]
    assert wire.cuts == 3
    assert [row.version for row in reader.rows(0, 10)] == [1, 2, 3]


@pytest.mark.anyio
async def test_a_recorder_and_a_writer_share_a_tape(tape: AsyncTape, database: Database) -> None:
    def record() -> None:
        recorder = TapeRecorder(store)
        for _ in range(50):
            recorder.insert_events([StoredEvent(uuid4(), 1, "Seen", b"{}")])

    with datastore(database) as store:
        recording = asyncio.create_task(asyncio.to_thread(record))
        for after in range(50):
            await tape.append([entry("a", after, after)])
        await recording
    with connect(database.dsn) as connection:
        assert str(verify(connection)).startswith("100 facts, chain ok")


def test_a_recorder_in_memory_sees_what_others_write_on_its_tape() -> None:
    tape = MemoryTape()
    mine, theirs = MemoryRecorder(tape), MemoryRecorder(tape)
    stream = uuid4()
    assert theirs.insert_events([StoredEvent(stream, 1, "Seen", b"{}")]) == [1]
    with mine.subscribe() as subscription:
        assert next(subscription).id == 1
    with pytest.raises(IntegrityError):
        mine.insert_events([StoredEvent(stream, 1, "Seen", b"{}")])


def test_tracking_is_refused_rather_than_dropped(database: Database) -> None:
    with datastore(database) as store, pytest.raises(AssertionError, match="tracking"):
        TapeRecorder(store).insert_events([], tracking=object())


@given(st.binary() | st.text().map(str.encode))
@example(b'{"a": 1}')
@example(b'{"a')
@example(b'{"\xff":1}')
def test_any_state_of_the_library_comes_back_as_it_went(state: bytes) -> None:
    payload = foreign.payload(state)
    assert foreign.state(payload.decode()) == state
