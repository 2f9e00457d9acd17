"""A campaign: load, a plan of deaths drawn from a seed, and the wait until all is well again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random

import nats
import nats.errors
import psycopg
from msgspec import Struct

from adapters.relay import NAME
from adapters.servers import located, nats_url
from tests.chaos.door import Door
from tests.chaos.history import HARD, History, Kill, Target
from tests.chaos.load import Manners, Person, Trader, opened, prices, ready, signed_up
from tests.chaos.service import Service, service

REACHED = "SELECT coalesce(min(position), 0) FROM rm.checkpoint WHERE state <> 'building'"


class Plan(Struct, frozen=True):
    """
    Who is killed how often.  At first only those whose death must cost no command at all, then
    everybody.  ``hurry`` is the share of deaths that do not wait until the one before is over,
    ``rest_s`` the longest time between two, ``between`` the most commands that are acknowledged
    meanwhile.  ``level`` is whether the mirrors are waited for at the end.
    """

    seed: int
    kills: dict[Target, int]
    traders: int = 24
    accounts: int = 8
    people: int = 4
    hurry: float = 0.25
    rest_s: float = 0.8
    between: int = 50
    level: bool = True
    patience_s: float = 90.0  # with whatever has to come back
    manners: Manners = Manners()

    def order(self) -> list[Target]:
        rng = Random(f"{self.seed} order")
        soft = [target for target in self.kills for _ in range(self.kills[target])]
        hard = [target for target in soft if target in HARD]
        soft = [target for target in soft if target not in HARD]
        rng.shuffle(soft)
        early = (len(soft) + 1) // 2
        late = [*hard, *soft[early:]]
        rng.shuffle(late)
        return [*soft[:early], *late]


class Aftermath(Struct):
    """What is left of a campaign: the history, the folder of the stopped service, the secrets."""

    history: History
    folder: Path
    people: list[Person]
    level: bool

    @property
    def data(self) -> Path:
        return self.folder / "data"


def run(
    folder: Path,
    plan: Plan,
    say: Callable[[str], None] = lambda _: None,
    sabotage: Callable[[Path], None] = lambda _: None,
) -> Aftermath:
    """
    Start a service in this folder, attack it, wait until its mirrors are level, and stop it.

    ``sabotage`` is given the data folder before the attack, to break what must not hold then.
    """
    with service(folder) as under_attack:
        aftermath = asyncio.run(Campaign(under_attack, plan, say, sabotage).run())
        under_attack.stop()
    return aftermath


class Campaign:
    def __init__(
        self,
        under_attack: Service,
        plan: Plan,
        say: Callable[[str], None],
        sabotage: Callable[[Path], None],
    ) -> None:
        self._service, self._plan, self._say, self._sabotage = under_attack, plan, say, sabotage
        self._rng = Random(f"{plan.seed} moments")
        self._history = History()

    async def run(self) -> Aftermath:
        people, traders = await self._prepare()
        self._sabotage(self._service.data)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for trader in traders:
                group.create_task(trader.trade(over))
            await self._more(2 * self._plan.between)
            await self._attack()
            over.set()
        if self._plan.level:
            self._history.catch_up_s = await self._levelled(self._history.reached)
        self._history.misfortunes += [f"the parent ended: {said}" for said in self._service.ended]
        return Aftermath(self._history, self._service.folder, people, self._plan.level)

    async def _prepare(self) -> tuple[list[Person], list[Trader]]:
        plan, port = self._plan, self._service.port
        door = Door("127.0.0.1", port)
        await ready(door)
        people = [await signed_up(door) for _ in range(plan.people)]
        owners = [people[nth % plan.people] for nth in range(plan.accounts)]
        accounts = [(person, await opened(door, person)) for person in owners]
        market = await prices(door, people[0])
        await door.close()
        traders = [
            Trader(
                door=Door("127.0.0.1", port),
                person=person,
                account_id=account_id,
                market=market,
                history=self._history,
                rng=Random(f"{plan.seed} trader {nth}"),
                manners=plan.manners,
            )
            for nth, (person, account_id) in zip(range(plan.traders), cycle(accounts), strict=False)
        ]
        return people, traders

    async def _attack(self) -> None:
        waits: list[asyncio.Task[None]] = []
        for target in self._plan.order():
            if self._rng.random() >= self._plan.hurry:
                await asyncio.gather(*waits)
                await self._more(self._rng.randrange(self._plan.between))
            await asyncio.sleep(self._rng.uniform(0, self._plan.rest_s))
            kill = Kill(target, await self._service.kill(target))
            self._history.killed(kill)
            waits.append(asyncio.create_task(self._back(kill, self._history.reached)))
        await asyncio.gather(*waits)

    async def _more(self, commands: int) -> None:
        """Wait until so many more commands have been acknowledged."""
        goal = self._history.told + commands
        while self._history.told < goal:
            self._service.tend()
            await asyncio.sleep(0.01)

    async def _back(self, kill: Kill, reached: int) -> None:
        """Wait until what this death stopped goes on."""
        if kill.target in HARD:
            until = time.monotonic() + self._plan.patience_s
            while kill.back_after is None and time.monotonic() < until:
                self._service.tend()
                await asyncio.sleep(0.02)
        elif (seconds := await self._levelled(reached + 1)) is not None:
            kill.back_after = seconds
        if kill.back_after is None:
            self._history.misfortunes.append(f"nothing came back after the death of {kill.target}")
        self._say(f"{kill.target} killed, back after {kill.back_after or -1:.2f} s")

    async def _levelled(self, position: int) -> float | None:
        """Seconds until read models and JetStream have reached a position."""
        began = time.monotonic()
        while time.monotonic() - began < self._plan.patience_s:
            with suppress(psycopg.Error, nats.errors.Error, OSError):
                if min(await self._shown(), await self._published()) >= position:
                    return time.monotonic() - began
            self._service.tend()
            await asyncio.sleep(0.05)
        return None

    async def _shown(self) -> int:
        dsn = located(self._service.data).dsn
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=2) as db:
            row = await (await db.execute(REACHED)).fetchone()
        return row[0] if row else 0

    async def _published(self) -> int:
        client = await nats.connect(
            nats_url(self._service.data),
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=2,
            error_cb=_unsaid,
        )
        try:
            return (await client.jetstream(timeout=2).stream_info(NAME)).state.last_seq
        finally:
            await client.close()


async def _unsaid(_: Exception) -> None:
    """What goes wrong is raised where it matters."""
