"""``papertape vault``: changing the master key while the service runs."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace

from rich.console import Console
from rich.progress import Progress

from adapters import servers
from adapters.postgres import connect_async
from adapters.settings import Settings
from adapters.vault import ring_of
from adapters.vault.rotation import rotate_all
from domain.errors import Unavailable


def run(settings: Settings, asked: Namespace) -> int:
    """0 when everything is sealed under the newest master key, else 1."""
    with servers.database(settings) as database:
        try:
            version, unopened = asyncio.run(_rotate(settings, database.dsn))
        except Unavailable as error:
            print(f"papertape: {error}", file=sys.stderr)
            return 1
    if unopened:
        print(f"papertape: {unopened} keys do not open and stay as they are", file=sys.stderr)
        return 1
    print(f"everything is sealed under master key {version}; older ones are no longer used")
    return 0


async def _rotate(settings: Settings, dsn: str) -> tuple[int, int]:
    """The version that seals now, and how many keys did not open."""
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("sealing under the newest master key")
        async with await connect_async(dsn) as db:
            return await rotate_all(
                db,
                ring_of(settings),
                lambda done, total: bar.update(task, completed=done, total=total),
            )
