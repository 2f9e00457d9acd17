"""I-22: read models are made with nothing but the database: no network, no file, no program."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres import connect
from adapters.projector import check_against_replay, rebuild
from adapters.servers import Database
from projections import READ_MODELS
from tests import servers
from tests.contract.history import Trading, record
from tests.contract.views import project

#: What reaches out of the program; Postgres is spoken to by its own library, which tells nobody.
OUTWARD = ("socket.", "subprocess.", "os.system", "os.exec", "smtplib.", "urllib.", "ctypes.dlopen")
_watching: list[str] | None = None


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _watching is None:
        return
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event.startswith(OUTWARD):
        _watching.append(f"{event} {args[:1]}")


sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[str]]:
    """What reached out meanwhile."""
    global _watching  # noqa: PLW0603 - a hook cannot be taken away again
    seen: list[str] = []
    _watching = seen
    try:
        yield seen
    finally:
        _watching = None


def test_read_models_reach_for_nothing_but_the_database(postgres_server: Database) -> None:
    facts = Trading(seed=5).facts(250)
    with servers.fresh_database(postgres_server) as database:
        with connect(database.dsn) as db:
            record(db, facts)
        with watched() as seen:
            with connect(database.dsn) as db:
                project(db, page=100)
            rebuild(database.dsn, list(READ_MODELS))
            findings = check_against_replay(database.dsn)
        assert seen == []
        assert all(each.agrees for each in findings)


@pytest.mark.parametrize("reach", ["socket", "program", "file"])
def test_whoever_reaches_out_is_seen(reach: str, tmp_path: Path) -> None:
    with watched() as seen:
        match reach:
            case "socket":
                with socket.socket(socket.AF_UNIX) as line, pytest.raises(FileNotFoundError):
                    line.connect(str(tmp_path / "nobody"))
            case "program":
                subprocess.run([sys.executable, "-c", ""], check=True)
            case _:
                (tmp_path / "letter").write_text("hello")
    assert seen
