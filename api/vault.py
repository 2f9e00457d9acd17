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
from adapters.vault.rotation import left, rotate, target
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
    ring = ring_of(settings)
    async with await connect_async(dsn) as db:
        version = await target(db, ring)
        with Progress(console=Console(stderr=True)) as bar:
            while total := await left(db, version):
                task = bar.add_task(f"sealing under master key {version}", total=total)
                passed = (0, 0)
                async for passed in rotate(db, ring, version):
                    bar.update(task, completed=passed[0])
                if passed[0] == 0:  # nobody writes under an older one, and these are beyond us
                    return version, passed[1]
    return version, 0
