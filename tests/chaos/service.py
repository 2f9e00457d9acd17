"""The service under attack: started, killed part by part, started again, and ended for good."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from adapters.servers import located
from adapters.settings import Settings, environment
from tests.chaos.history import Target

ROOT = Path(__file__).resolve().parents[2]
FIND_S = 60.0
END_S = 60.0
#: How a part is known among the children of the parent.
WORDS: dict[Target, str] = {
    "serve": "run serve",
    "project": "run project",
    "postgres": "bin/postgres",
    "nats": "nats-server",
}
WRITER = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND query LIKE 'SELECT es.append(%'
"""


class Service:
    """``papertape up`` in a folder of its own, on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.logs = folder, folder / "data", folder / "data" / "logs"
        self.said = folder / "said"
        self.port = _free_port()
        self.ended: list[str] = []  # what the parent said each time that it ended by itself
        self._parent: psutil.Popen | None = None

    def start(self) -> None:
        settings = Settings(
            rate_limit_scale=0,  # all load comes from one address
            data=self.data,
            port=self.port,
            log_files=True,
            access_token_expire_minutes=1440,
        )
        with self.said.open("ab") as said:
            self._parent = psutil.Popen(
                [sys.executable, "-P", "-m", "api", "up"],
                cwd=self.folder,  # there is no .env of a developer's
                env={**environment(settings), "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def tend(self) -> None:
        """Start it again if it has ended, which it never should by itself."""
        if self._parent is not None and self._parent.poll() is not None:
            self.ended.append(self.last_words(300))
            self.start()

    async def kill(self, target: Target) -> float:
        """kill -9, as soon as there is somebody to kill; returns the moment on the clock."""
        until = time.monotonic() + FIND_S
        while True:
            self.tend()
            victim = await self._find(target)
            if victim is not None:
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                return self._killed(target)
            if time.monotonic() > until:
                raise AssertionError(f"there is no {target} to kill")
            await asyncio.sleep(0.02)

    def _killed(self, target: Target) -> float:
        at = time.monotonic()
        if target == "service":
            assert self._parent is not None
            self._parent.wait(5)
            self.start()
        return at

    async def _find(self, target: Target) -> int | None:
        assert self._parent is not None
        if target == "service":
            return int(self._parent.pid)
        if target == "backend":
            return await self._writer()
        for child in self._parent.children():
            try:
                if WORDS[target] in " ".join(child.cmdline()) and child.status() != "zombie":
                    return int(child.pid)
            except psutil.NoSuchProcess:
                continue
        return None

    async def _writer(self) -> int | None:
        """The process of Postgres that serves the one connection which writes the tape."""
        try:
            async with await psycopg.AsyncConnection.connect(
                located(self.data).admin_dsn, connect_timeout=2
            ) as db:
                row = await (await db.execute(WRITER)).fetchone()
        except psycopg.OperationalError:
            return None
        return row[0] if row else None

    def stop(self) -> None:
        """SIGTERM; what does not end in time is an error."""
        assert self._parent is not None
        self._parent.terminate()
        code = self._parent.wait(END_S)
        assert code == 0, f"the service ended with {code}: {self.last_words()}"
        self._parent = None

    def last_words(self, length: int = 2000) -> str:
        return self.said.read_text(errors="replace")[-length:]

    def abandon(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._parent is None:
            return
        everyone = [self._parent, *self._parent.children(recursive=True)]
        self._parent.kill()
        self._parent.wait(10)
        _, left = psutil.wait_procs(everyone[1:], 10)
        for process in left:
            process.kill()


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    folder.chmod(0o755)  # the user nobody may have to enter
    under_attack = Service(folder)
    try:
        under_attack.start()
        yield under_attack
    finally:
        under_attack.abandon()


def _free_port() -> int:
    # Below the range of outgoing connections, so that no client of ours ever sits on it while
    # the service is away.
    for port in range(20_000 + os.getpid() % 5000, 32_000):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
