"""
A query that names a position never goes back behind it, whatever Postgres forgets when it dies.

Under load the next commit carries everything before it to the disk; so here it is quiet.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.chaos.door import Door, Lost
from tests.chaos.load import API, opened, ready, signed_up
from tests.chaos.service import Service, service

KILLS = 3
WATCH_S, EVERY_S = 3.0, 0.05
ORDER = {"symbol": "ITC", "side": "BUY", "quantity": "1", "order_type": "LIMIT", "price": "1"}


async def _statuses(port: int, path: str, headers: dict[str, str]) -> list[int]:
    """What is answered to requests sent one after another, without waiting for each other."""

    async def asked() -> int | None:
        door = Door("127.0.0.1", port)
        try:
            return (await door.ask("GET", path, headers)).status
        except Lost:
            return None
        finally:
            await door.close()

    until, asking = time.monotonic() + WATCH_S, []
    while time.monotonic() < until:
        asking.append(asyncio.create_task(asked()))
        await asyncio.sleep(EVERY_S)
    return [status for status in await asyncio.gather(*asking) if status is not None]


async def _killed_once_shown(under_attack: Service) -> set[int]:
    door, found = Door("127.0.0.1", under_attack.port), set[int]()
    await ready(door)
    person = await signed_up(door)
    account_id = await opened(door, person)
    headers = {"Authorization": f"Bearer {person.token}"}
    for _ in range(KILLS):
        answer = await door.ask(
            "POST", f"{API}/orders", headers, {"account_id": account_id} | ORDER
        )
        assert answer.status == 201, answer
        path = f"{API}/orders/{answer.json()['order_id']}"
        shown = headers | {"X-Min-Position": answer.headers["x-position"]}
        assert (await door.ask("GET", path, shown)).status == 200
        await under_attack.kill("postgres")
        found |= set(await _statuses(under_attack.port, path, shown))
        await ready(door)
    await door.close()
    return found


def test_what_was_shown_once_is_shown_again_after_postgres_died() -> None:
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder, service(Path(folder)) as own:
        found = asyncio.run(_killed_once_shown(own))
        assert 200 in found
        assert found <= {200, 503}, "something older was shown"
        own.stop()
