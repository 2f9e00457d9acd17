"""``papertape instruments import``: a broker's list of instruments becomes ours."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from adapters import postgres, servers
from adapters.ids import Ids
from adapters.masters import Imported, MasterError, import_master
from adapters.settings import Settings
from adapters.tape import AsyncTape
from api.version import CODE
from commands.base import Caller, Receipt
from commands.dispatch import Dispatch
from commands.market import ImportInstruments
from domain.base import Role
from domain.errors import DomainError


def take_over(settings: Settings, asked: Namespace) -> int:
    """0 when the list is ours now, 1 when it was not taken over."""
    ids, now, path = Ids(), datetime.now(UTC), Path(asked.file)
    with servers.database(settings) as database, postgres.connect(database.dsn) as db:

        def record(imported: Imported) -> None:
            asyncio.run(_record(database.dsn, ids, now, imported, asked.accept_losses))

        try:
            with _progress() as progress:
                task = progress.add_task("read", rows=0, total=None)
                imported = import_master(
                    db,
                    path,
                    asked.broker,
                    import_id=ids(),
                    at=now,
                    record=record,
                    progress=lambda step, rows: progress.update(task, description=step, rows=rows),
                )
        except (DomainError, MasterError) as error:
            print(f"papertape: {error}", file=sys.stderr)
            return 1
    _say(imported)
    return 0


async def _record(
    dsn: str, ids: Ids, now: datetime, imported: Imported, accept_losses: bool
) -> Receipt:
    command = ImportInstruments(
        at=now,
        import_id=imported.import_id,
        broker=imported.broker,
        file=imported.file,
        sha256=imported.sha256,
        size=imported.size,
        kept=imported.kept,
        left_out=dict(imported.flaws.counts),
        differences=imported.differences,
        digest=imported.digest,
        as_of=imported.as_of,
        accept_losses=accept_losses,
    )
    async with AsyncTape(dsn, lambda: datetime.now(UTC), CODE) as tape:
        dispatch = Dispatch(tape, ids)
        try:
            by = Caller(actor="system:operator", roles=Role.SYSTEM, correlation_id=ids())
            return await dispatch(command, by)
        finally:
            await dispatch.close()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.fields[rows]:>9,} rows"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _say(imported: Imported) -> None:
    found = imported.differences
    print(f"{imported.broker}: {imported.kept} instruments, sha256 {imported.sha256}")
    print(
        f"listed {found.listed}, changed {found.changed}, suspended {found.suspended},"
        f" expired {found.expired}"
    )
    if imported.note:
        print(imported.note)
    if imported.flaws.counts:
        print(f"left out: {imported.flaws}")
        for line in imported.flaws.first:
            print(f"  {line}")
