"""``papertape up`` keeps everything running, ends it in order, and goes on where it stopped."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nats
import psutil
import psycopg
import pytest

from adapters.servers import nats_url, secret
from adapters.settings import Settings
from api.up import update
from tests import servers

ROOT = Path(__file__).parents[2]


class Parent:
    """A parent with the stand-in's parts; ended by its own number when the block is left."""

    def __init__(self, data: Path, **env: str) -> None:
        variables = {"PAPERTAPE_DATA": str(data), "PAPERTAPE_PORT": "0", **env}
        self.banner: list[str] = []
        self.errors = data.with_name("stderr").open("w+")
        self.parent = psutil.Popen(
            [sys.executable, "-m", "tests.e2e.stand_in", "up"],
            env={**os.environ, **variables},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def __enter__(self) -> Parent:
        return self

    def __exit__(self, *_: object) -> None:
        if self.parent.poll() is None:
            self.parent.terminate()
        self.parent.communicate(timeout=90)
        self.errors.close()

    def await_banner(self) -> list[str]:
        assert self.parent.stdout is not None
        lines: list[str] = []
        for line in self.parent.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                self.host, self.port = lines[-1].removeprefix("ready http://").split(":")
                return lines
        raise AssertionError(self.said())

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read()

    def child(self, word: str) -> psutil.Process:
        return next(p for p in self.parent.children() if word in " ".join(p.cmdline()))

    def has(self, word: str) -> bool:
        return any(word in " ".join(p.cmdline()) for p in self.parent.children())

    def ask(self, method: str = "POST", path: str = "/") -> tuple[int, dict[str, int]]:
        client = http.client.HTTPConnection(self.host, int(self.port), timeout=20)
        try:
            client.request(method, path)
            answer = client.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            client.close()


@contextmanager
def running(data: Path, **env: str) -> Iterator[Parent]:
    with Parent(data, **env) as service:
        service.banner = service.await_banner()
        yield service


def eventually(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that process 1 has yet to reap does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_it_starts_says_where_everything_is_and_goes_on_after_a_stop(data: Path) -> None:
    with running(data) as service:
        everyone = service.parent.children(recursive=True)
        text = "\n".join(service.banner)
        for path in ("/api/v1", "/docs", "/redoc", "/metrics"):
            assert f"http://127.0.0.1:{service.port}{path}\n" in text
        assert str(data) in text
        assert secret(data, "nats") not in text
        assert service.ask() == (200, {"rows": 1, "pid": service.child("run serve").pid})
        service.parent.terminate()
        assert service.parent.wait(90) == 0
        assert not any(map(lives, everyone))
        assert service.said() == ""
    log = (data / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log
    with running(data) as again:
        assert again.ask()[1]["rows"] == 2
    assert "recover" not in (data / "logs" / "postgres.log").read_text().removeprefix(log)


def test_whoever_is_killed_is_started_again_and_the_service_goes_on(cluster: Path) -> None:
    async def answers() -> bool:
        client = await nats.connect(nats_url(cluster), connect_timeout=10)
        await client.close()
        return True

    with running(cluster) as service:
        for rows, word in enumerate(("bin/postgres", "nats-server", "run serve", "run project"), 1):
            assert service.ask()[1]["rows"] == rows
            killed = service.child(word)
            killed.send_signal(signal.SIGKILL)
            killed.wait(5)
            # A request finds an open door even while the server behind it is being restarted.
            assert service.ask("GET")[0] in {200, 503}
            assert eventually(lambda: service.ask("GET") != (503, {}))
            assert eventually(partial(service.has, word))
        assert asyncio.run(answers())
        assert [line.split()[1:3] for line in service.said().splitlines()] == [
            [name, "ended"] for name in ("postgres", "nats", "serve", "project")
        ]


def test_a_killed_parent_takes_everything_along_and_the_next_one_goes_on(cluster: Path) -> None:
    with running(cluster) as service:
        port = service.port
        service.ask()
        everyone = service.parent.children(recursive=True)
        assert len(everyone) > len(service.parent.children()) == 4, "and those of Postgres"
        service.parent.kill()
        assert eventually(lambda: not any(map(lives, everyone)), 2.0)
    with running(cluster, PAPERTAPE_PORT=port) as again:
        assert again.ask()[1]["rows"] == 2


def test_a_parent_killed_again_and_again_leaves_a_folder_that_starts(cluster: Path) -> None:
    for rows in range(1, 4):
        with running(cluster) as service:
            assert service.ask()[1]["rows"] == rows
            service.parent.kill()


def test_a_postgres_killed_while_it_is_prepared_does_not_end_the_start(cluster: Path) -> None:
    with running(cluster, STAND_IN_KILLS_POSTGRES="1") as service:
        assert service.ask()[1]["rows"] == 1


def test_a_signal_during_the_start_ends_it(data: Path) -> None:
    with Parent(data) as service:
        assert eventually((data / "postgres.new").exists)
        service.parent.terminate()
        assert service.parent.wait(90) == 0
    with running(data) as again:
        assert again.ask()[1]["rows"] == 1


def test_a_second_start_on_the_folder_is_refused_and_hurts_nobody(cluster: Path) -> None:
    with running(cluster) as service:
        with Parent(cluster) as second:
            assert second.parent.wait(90) == 1
            assert f"in use by process {service.parent.pid}" in second.said()
            assert len(second.said().splitlines()) == 1
        assert service.ask()[0] == 200


def test_a_port_in_use_is_one_clear_line(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Parent(data, PAPERTAPE_PORT=str(port)) as service:
            assert service.parent.wait(90) == 1
            said = f"papertape: cannot listen on 127.0.0.1:{port}: Address already in use\n"
            assert service.said() == said


def test_a_part_that_keeps_ending_before_it_was_ready_ends_the_start(data: Path) -> None:
    with servers.postgres() as own, servers.nats() as url:
        given = {"DATABASE_URL": own.dsn, "DATABASE_ADMIN_URL": own.admin_dsn, "NATS_URL": url}
        with Parent(data, STAND_IN_FAILS="1", **given) as service:
            assert service.parent.wait(90) == 1
            last = service.said().splitlines()[-1]
            assert re.fullmatch("papertape: the part (serve|project) keeps ending.*", last)


def test_servers_of_somebody_else_are_used_as_they_are(data: Path) -> None:
    with servers.postgres() as own, servers.nats() as url:
        given = {"DATABASE_URL": own.dsn, "DATABASE_ADMIN_URL": own.admin_dsn, "NATS_URL": url}
        with running(data, **given) as service:
            assert service.ask() == (200, {"rows": 1, "pid": service.child("run serve").pid})
            assert len(service.parent.children()) == 2
            assert url.partition("@")[2] in "\n".join(service.banner)
            assert url not in "\n".join(service.banner)


def test_a_database_is_brought_up_to_date_without_a_service(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with servers.postgres() as own:
        given = Settings(data=data, database_url=own.dsn, database_admin_url=own.admin_dsn)
        assert [update(given, Namespace()), update(given, Namespace())] == [0, 0]
        with psycopg.connect(own.dsn) as db:
            assert db.execute("select position from es.head").fetchone() == (0,)
            db.rollback()
        with psycopg.connect(own.admin_dsn) as db:
            db.execute("update ops.migration set checksum = 'other'")
        assert update(given, Namespace()) == 1
    assert capsys.readouterr().err.startswith("papertape: ")
