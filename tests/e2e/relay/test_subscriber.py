"""The subscriber in README: a stranger with nothing but that page hears every fill once."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.relay import NAME, Relay
from adapters.servers import Database
from adapters.tape import AsyncTape
from domain.trading import OrderFilled
from tests.contract.history import Trading
from tests.e2e.relay.relaying import caught_up, entry, running, talking_to

pytestmark = pytest.mark.anyio
README = Path(__file__).resolve().parents[3] / "README.md"


def printed(language: str, mark: str) -> str:
    """The example in README in this language that holds these words."""
    readme = README.read_text()
    found = [b for b in re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL) if mark in b]
    assert len(found) == 1, f"README has {len(found)} examples in {language} with {mark}"
    return str(found[0])


@pytest.fixture
def clone(url: str, tmp_path: Path) -> Path:
    """Where a reader of README types: a virtual environment, and a data folder with the token."""
    (tmp_path / "data/keys").mkdir(parents=True)
    where = urlsplit(url)
    (tmp_path / "data/keys/nats").write_text(where.username or "")
    (tmp_path / "data/nats.port").write_text(str(where.port))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "fills.py").write_text(printed("python", "papertape.events.trading.OrderFilled"))
    return tmp_path


@asynccontextmanager
async def listening(clone: Path) -> AsyncIterator[asyncio.StreamReader]:
    """What it prints, line by line; at the end, Ctrl-C."""
    block = printed("sh", "fills.py")
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", block, cwd=clone, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert shell.stdout
    try:
        async with asyncio.timeout(20):
            assert await shell.stdout.readline() == b"listening, Ctrl-C stops\n"
            yield shell.stdout
    finally:
        os.killpg(shell.pid, signal.SIGINT)
        await shell.communicate()


async def all_acknowledged(url: str) -> None:
    async with talking_to(url) as stream, asyncio.timeout(20):
        while (await stream.consumer_info(NAME, "fills")).num_ack_pending:
            await asyncio.sleep(0.01)


async def test_the_subscriber_of_the_readme_runs_as_printed(
    clone: Path, database: Database, url: str, tape: AsyncTape
) -> None:
    history = [fact.event for fact in Trading().facts(300)]
    fills = [event for event in history if isinstance(event, OrderFilled)][:6]
    heard: list[bytes] = []
    async with running(Relay(database.dsn, url)) as relay:
        first = await tape.append([entry("account-readme", 0, *fills[:2])])
        await caught_up(relay, tape)
        async with listening(clone) as lines:
            heard += [await lines.readline() for _ in range(4)]
            await tape.append([entry("account-readme", 2, *fills[2:4])])
            heard += [await lines.readline() for _ in range(4)]
            await all_acknowledged(url)
        await tape.append([entry("account-readme", 4, *fills[4:])])
        async with listening(clone) as lines:
            heard += [await lines.readline() for _ in range(4)]
    assert [int(line.split()[0]) for line in heard[::2]] == [*range(first, first + 6)]
    for fill, line in zip(fills, heard[1::2], strict=True):
        said = f"{fill.side} {fill.last_qty:f} {fill.symbol} at {fill.last_px:f}"
        assert line.decode().strip() == said
