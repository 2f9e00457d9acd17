"""Alerts that waited are watched for by the next process, and told once however often it dies."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.calendars import calendars
from adapters.ids import Ids
from adapters.lookout import Lookout, Post, open_alerts
from adapters.postgres import connect
from adapters.projector import Projector
from adapters.servers import Database
from adapters.tape import AsyncTape, Reader
from commands.base import Entry
from commands.dispatch import Dispatch
from domain.base import Event, Meta
from domain.identity import UserErased
from domain.market import AlertCancelled, AlertTriggered, Quote
from domain.market.candle import trading_day
from tests.contract.life_of_alerts import of_alerts
from tests.spec.trading import ME, NOW, quote

META = Meta(actor="test", command_id=UUID(int=1), correlation_id=UUID(int=1), occurred_at=NOW)
LIFE = tuple(of_alerts())  # four were set: one was told, one cancelled, one has expired
WAITS = UUID(int=64)
LATER = NOW + timedelta(minutes=1)


def reaching() -> Quote:
    return replace(quote("105.5", "105.6"), symbol="SPY", at=LATER, received_at=LATER)


def facts_of(database: Database) -> list[Event]:
    with connect(database.dsn) as db:
        return [fact.event for fact in Reader(db).facts(0, 100)]


def opened(dispatch: Dispatch, dsn: str) -> Post:
    days = partial(trading_day, calendars().of("XNYS"))
    post = Post(Lookout(lambda _: days), dispatch, lambda: LATER, dsn)
    with connect(dsn) as db:
        open_alerts(post, db)
    return post


async def answered(post: Post) -> None:
    running = asyncio.create_task(post.run())
    await post.drained()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("projected", [0, 1, 4, 5, len(LIFE)])
async def test_what_waits_is_watched_for_and_told_once(database: Database, projected: int) -> None:
    async with AsyncTape(database.dsn, lambda: NOW, "test") as tape:
        for facts, after in ((LIFE[:projected], 0), (LIFE[projected:], projected)):
            if facts:
                await tape.append([Entry(f"alerts-{ME}", after, facts, META)])
            if projected and not after:
                Projector(database.dsn).catch_up()
        dispatch = Dispatch(tape, Ids())
        first, second = (opened(dispatch, database.dsn) for _ in range(2))
        assert len(first.lookout) == 1
        for post in (first, second):  # as if the first had died before it learnt of its success
            post.on_quote(reaching())
            await answered(post)
        await dispatch.close()
    (told,) = facts_of(database)[len(LIFE) :]
    assert isinstance(told, AlertTriggered)
    assert told.alert_id == WAITS


async def test_the_alerts_of_a_person_end_with_the_person(database: Database) -> None:
    async with AsyncTape(database.dsn, lambda: NOW, "test") as tape:
        await tape.append([Entry(f"alerts-{ME}", 0, LIFE, META)])
        await tape.append([Entry(f"user-{ME}", 0, (UserErased(ME),), META)])
        dispatch = Dispatch(tape, Ids())
        post = opened(dispatch, database.dsn)
        await answered(post)
        await dispatch.close()
    cancelled = AlertCancelled(alert_id=WAITS, user_id=ME)
    assert facts_of(database)[len(LIFE) :] == [UserErased(ME), cancelled]
