"""The benchmarks' own arithmetic, and that their parts run at all; no budget is tested here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest

from tests.bench import folding, history, market
from tests.bench.__main__ import GROUPS, main
from tests.bench.budgets import BUDGETS, compared, figure, table, write
from tests.bench.lag import p99_ms
from tests.bench.load import Plan, run
from tests.bench.stage import Stage, in_turn


def test_every_budget_is_measured_by_one_group() -> None:
    measured = [id_ for group in GROUPS for id_ in group.IDS]
    assert sorted(measured) == sorted(BUDGETS)


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    found = compared("P1", [(10, 20), (90, 100), (60, 100)])
    assert found.ratio == pytest.approx(0.6)
    assert (found.figure, found.against, found.holds) == (60, 100, True)


@pytest.mark.parametrize(("ratio", "holds"), [(1.4, True), (1.5, True), (1.6, False)])
def test_a_cost_holds_when_it_is_not_above_its_budget(ratio: float, holds: bool) -> None:
    assert compared("P9", [(ratio, 1.0)]).holds is holds


def test_a_figure_without_a_peer_is_held_against_its_bound() -> None:
    assert figure("MEM", 499).holds
    assert not figure("START", 5.1).holds


def test_measurements_are_taken_in_turn() -> None:
    clock = count()
    rounds = in_turn(lambda: next(clock), lambda: next(clock), 3)
    assert rounds == [(0, 1), (3, 2), (4, 5)]


def test_the_table_names_what_is_missed() -> None:
    shown = table([compared("P1", [(1, 10)]), figure("START", 2.0)])
    assert shown.splitlines()[1].split()[0] == "P1"
    assert shown.splitlines()[1].endswith("MISSED")
    assert shown.splitlines()[2].endswith("holds")


def test_the_figures_are_written_as_a_list_of_objects(tmp_path: Path) -> None:
    write([compared("P2", [(1, 1)]), figure("MEM", 501)], tmp_path / "build" / "bench.json")
    first, second = msgspec.json.decode((tmp_path / "build" / "bench.json").read_bytes())
    assert list(first) == ["id", "figure", "against", "ratio", "budget", "holds"]
    assert (second["against"], second["ratio"], second["holds"]) == (None, None, False)


def test_lag_counts_from_the_record_of_a_fact_to_its_first_sighting() -> None:
    at = datetime(2026, 1, 5, 9, 15, tzinfo=UTC)
    recorded = [at, at + timedelta(milliseconds=10)]
    seen = [(at.timestamp() + 0.02, 6), (at.timestamp() + 0.05, 7)]
    assert p99_ms(recorded, 5, seen) == pytest.approx(40)


def test_an_unknown_budget_is_a_wrong_call() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "P1,P99"])
    assert ended.value.code == 2


def test_a_retold_history_is_a_hundred_facts_of_one_account() -> None:
    turns = history.template()
    assert sum(map(len, turns)) == history.FACTS_PER_ACCOUNT
    assert turns[0][0].type == "AccountOpened"
    assert all(history.TAIL.encode() in told.payload for turn in turns for told in turn)


def test_folding_is_measured(tmp_path: Path) -> None:
    (found,) = folding.measure(Stage(tmp_path), frozenset({"P9"}), scale=0.01)
    assert found.figure > 0


def test_a_chain_is_measured_with_all_its_greeks(tmp_path: Path) -> None:
    (found,) = market.measure(Stage(tmp_path), frozenset({"CHAIN"}), scale=0.01)
    assert found.figure > 0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Right answers, in pieces, and a wrong one now and then."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        for nth in count(1):
            await reader.readuntil(b"\r\n\r\n")
            status = b"201 Created" if nth % 10 else b"409 Conflict"
            writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\n\r\n{")
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(b"}")
    writer.close()


def test_the_load_counts_right_answers_and_keeps_the_first_wrong_one() -> None:
    async def scenario() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        request = b"POST / HTTP/1.1\r\nHost: bench\r\n\r\n"
        plan = Plan(port, [request] * 4, 201, seconds=0.2, warmup=0.05, connections=4)
        outcome = await run(plan)
        server.close()
        await asyncio.sleep(0.1)  # both ends say goodbye
        assert outcome.answered > 0
        assert outcome.wrong > 0
        assert outcome.first_wrong.startswith("HTTP/1.1 409")

    asyncio.run(scenario())
