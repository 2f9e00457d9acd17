"""What tests of the relay share: facts to publish, a relay that runs, and what it has published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import nats
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from adapters.postgres import connect
from adapters.relay import NAME, Relay
from adapters.tape import AsyncTape, Reader, Row
from commands.base import Entry
from domain.base import Event, Meta
from domain.identity import UserRegistered
from domain.trading import Balance, FundsDeposited, Posting

PATIENCE_S = 20.0


def clock() -> datetime:
    return datetime.now(UTC)


def deposited(account: UUID) -> FundsDeposited:
    amount = Decimal("0.00000001")
    return FundsDeposited(
        account_id=account,
        amount=amount,
        reason='käsh "in"',
        postings=(Posting("cash", amount), Posting("house:funding", -amount)),
        balance=Balance(cash=amount),
    )


def entry(stream: str, after: int, *facts: Event) -> Entry:
    meta = Meta(
        actor="system:test",
        command_id=uuid4(),
        correlation_id=uuid4(),
        occurred_at=clock(),
        on_behalf_of=f"user:{uuid4()}" if after else None,
        causation_id=uuid4() if after else None,
    )
    return Entry(stream, after, facts, meta)


class Trade:
    """Appends facts of a few accounts, one command after the other."""

    def __init__(self, tape: AsyncTape, accounts: int = 5) -> None:
        self._tape = tape
        self._accounts = [uuid4() for _ in range(accounts)]
        self._versions = dict.fromkeys(self._accounts, 0)
        self.facts = 0

    async def register(self) -> None:
        user = uuid4()
        await self._tape.append([entry(f"user-{user}", 0, UserRegistered(user))])
        self.facts += 1

    async def go_on(self, commands: int, pause_s: float = 0.0) -> None:
        for _ in range(commands):
            account = self._accounts[self.facts % len(self._accounts)]
            facts = [deposited(account)] * (1 + self.facts % 3)
            after = self._versions[account]
            await self._tape.append([entry(f"account-{account}", after, *facts)])
            self._versions[account] += len(facts)
            self.facts += len(facts)
            await asyncio.sleep(pause_s)

    async def go_on_at_once(self, facts: int) -> None:
        """Many facts in one append."""
        account = uuid4()
        await self._tape.append([entry(f"account-{account}", 0, *[deposited(account)] * facts)])
        self.facts += facts


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    """The relay at work; what ends it before the block does is raised."""
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(relay.run())
        yield relay
        work.cancel()


async def until(wish: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not wish():
            await asyncio.sleep(0.01)


async def caught_up(relay: Relay, tape: AsyncTape) -> None:
    head = await tape.head()
    await until(lambda: relay.position >= head.position)


def tape_rows(dsn: str) -> list[Row]:
    with connect(dsn) as db:
        return Reader(db).rows(0, 1_000_000)


@asynccontextmanager
async def talking_to(url: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def published(url: str) -> list[RawStreamMsg]:
    """Every message of the stream, in its order, as the server has stored it."""
    async with talking_to(url) as stream:
        state = (await stream.stream_info(NAME)).state
        assert state.messages == state.last_seq - state.first_seq + 1
        return [
            await stream.get_msg(NAME, sequence)
            for sequence in range(state.first_seq, state.last_seq + 1)
        ]
