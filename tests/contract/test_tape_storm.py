"""A storm: two writers, killed backends and cut wires, and at the end the books are compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape import AsyncTape, Reader, verify
from domain.base import Fact
from domain.errors import Unavailable
from tests.contract.tally import CODEC, Clock, claim, counts, entry
from tests.contract.wire import Cut, Wire, terminate_backends, wire_to

pytestmark = pytest.mark.anyio

STRIKES = 30
CUTS = (Cut.BEFORE, Cut.MIDST, Cut.AFTER)


class Storm:
    def __init__(self, database: Database, seed: int) -> None:
        self.over = False
        #: How many facts of each stream were acknowledged, counted from 0.
        self.acknowledged: dict[str, int] = {}
        self._database = database
        self._dice = Random(seed)

    async def trade(self, tape: AsyncTape, stream: str) -> None:
        version = 0
        while not self.over:
            facts = range(version, version + self._dice.randint(1, 3))
            key = claim(self._dice.getrandbits(200))
            try:
                await tape.append([entry(stream, version, *facts, claim=key)])
            except Unavailable:
                await asyncio.sleep(0.01)
            else:
                version = self.acknowledged[stream] = facts.stop

    async def blow(self, wires: Sequence[Wire]) -> None:
        for strike in range(STRIKES):
            wire = wires[strike % len(wires)]
            match strike % 6:
                case 0:
                    await asyncio.to_thread(terminate_backends, self._database)
                case 1:
                    await wire.fall_silent()
                case _:
                    cuts = wire.cuts
                    wire.cut = self._dice.choice(CUTS)
                    while wire.cuts == cuts:
                        await asyncio.sleep(0.001)
            await asyncio.sleep(self._dice.uniform(0, 0.02))
        self.over = True


def misfits(acknowledged: dict[str, int], facts: Sequence[Fact]) -> Iterator[str]:
    """Whatever was acknowledged and is not there, or there and was not acknowledged."""
    if [fact.position for fact in facts] != list(range(1, len(facts) + 1)):
        yield "positions"
    for stream in {fact.stream for fact in facts} | acknowledged.keys():
        stored = counts([fact for fact in facts if fact.stream == stream])
        if stored != list(range(acknowledged.get(stream, 0))):
            yield stream


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_storm_of_faults_leaves_exactly_what_was_acknowledged(
    database: Database, reader: Reader, seed: int
) -> None:
    storm = Storm(database, seed)
    async with (
        wire_to(database.dsn) as one,
        wire_to(database.dsn) as two,
        AsyncTape(one.dsn, Clock(), "one", codec=CODEC) as left,
        AsyncTape(two.dsn, Clock(), "two", codec=CODEC) as right,
    ):
        await asyncio.gather(
            storm.blow([one, two]),
            storm.trade(left, "a"),
            storm.trade(left, "b"),
            storm.trade(right, "c"),
            storm.trade(right, "d"),
        )
    assert one.cuts + two.cuts == STRIKES * 4 // 6
    facts = reader.facts(0, 1_000_000)
    assert list(misfits(storm.acknowledged, facts)) == []
    with connect(database.dsn) as connection:
        assert verify(connection).sound
    lied = storm.acknowledged | {"a": storm.acknowledged["a"] + 1}
    assert list(misfits(lied, facts)) == ["a"]
    assert list(misfits(storm.acknowledged, [*facts[:3], *facts[3:4], *facts[3:]])) != []
