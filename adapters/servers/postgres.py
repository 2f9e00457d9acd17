"""The embedded Postgres: a real server on a unix socket in the data folder, never on TCP."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from adapters.servers import binaries
from adapters.servers.folder import private_for, put, secret, socket_folder
from adapters.servers.process import (
    Isolation,
    Pause,
    Process,
    ServerFailed,
    gist,
    least_privilege,
    let_in,
    owner,
)

DATABASE = "papertape"
SUPERUSER = "postgres"
LOGIN = "papertape"
PORT = 5432
LEAST_VERSION = 180000

# On the command line nothing in the cluster (postgresql.conf, ALTER SYSTEM) can undo them.
OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",  # bounds recovery after a crash to seconds
    "io_method": "sync",  # the others keep processes and memory that a small machine lacks
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and details hold values of rows: the client hears them, the log does not.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
INITDB = (
    f"--username={SUPERUSER}",
    "--auth-local=scram-sha-256",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)
# The client's PG* variables must not change what the server is.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def url(data: Path, user: str, database: str = DATABASE) -> str:
    """Where a user finds a database of the Postgres of this data folder; holds the password."""
    password = secret(data, f"postgres-{user}")
    host = quote(str(socket_folder(data)), safe="/")
    return f"postgresql://{user}:{password}@/{quote(database)}?host={host}&port={PORT}"


class Postgres(Process):
    """
    The server of a data folder that the caller holds; the cluster is made on first launch.

    ``sync=False`` leaves out the fsyncs of that making alone, for tests.
    """

    def __init__(
        self,
        data: Path,
        *,
        bin_dir: Path | None = None,
        isolation: Isolation | None = None,
        sync: bool = True,
    ) -> None:
        self.data, self.cluster = data, data / "postgres"
        self.isolation = isolation or least_privilege()
        self._programs = binaries.postgres(bin_dir, data, self.isolation)
        self._sync = sync
        options = {**OPTIONS, "unix_socket_directories": str(socket_folder(data))}
        super().__init__(
            "postgres",
            [
                str(self._programs / "postgres"),
                *("-D", str(self.cluster)),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            ending=((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)),
            orphaned=signal.SIGQUIT,  # at once, without a checkpoint: the log makes that safe
            isolation=self.isolation,
            env=ENVIRONMENT,
            folder=data,
            log=private_for(data / "logs", os.geteuid(), os.getegid()) / "postgres.log",
        )

    def launch(self, pause: Pause = time.sleep) -> None:
        let_in(self.data, self.isolation)
        if not self.cluster.exists():
            self._initialise(pause)
        private_for(self.cluster, *owner(self.isolation))
        super().launch(pause)

    def start(self) -> None:
        private_for(socket_folder(self.data), *owner(self.isolation))
        self._clear_leftovers()
        super().start()

    def answers(self) -> bool:
        try:
            psycopg.connect(url(self.data, SUPERUSER, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                keys = self.data / "keys"
                raise ServerFailed(f"postgres: {keys} does not belong to {self.cluster}") from None
            return False
        return True

    def transient(self, said: str) -> bool:
        # Children of a killed postmaster, or that postmaster itself, are still ending.
        return "pre-existing shared memory block" in said or "lock file" in said

    def end(self, hurried: Callable[[], bool] = lambda: False) -> None:
        super().end(hurried)
        if (folder := socket_folder(self.data)).parent != self.data:
            shutil.rmtree(folder, ignore_errors=True)

    def _initialise(self, pause: Pause) -> None:
        """Make the cluster under another name first, so that it is there whole or not at all."""
        making = self.data / "postgres.new"
        shutil.rmtree(making, ignore_errors=True)
        private_for(making, *owner(self.isolation))
        password = private_for(self.data / "run", *owner(self.isolation)) / "password"
        put(password, secret(self.data, f"postgres-{SUPERUSER}"))
        os.chown(password, *owner(self.isolation))
        sync = () if self._sync else ("--no-sync",)
        initdb = Process(
            "initdb",
            [
                str(self._programs / "initdb"),
                *INITDB,
                *sync,
                f"--pwfile={password}",
                f"--pgdata={making}",
            ],
            isolation=self.isolation,
            env=ENVIRONMENT,
            folder=self.data,
            log=self.log,
        )
        try:
            initdb.start()
            while (end := initdb.poll()) is None:
                pause(0.01)
        finally:
            initdb.end()
            password.unlink()
        if end != "exit code 0":
            raise ServerFailed(f"initdb failed ({end}): {gist(initdb.said())}")
        making.rename(self.cluster)

    def _clear_leftovers(self) -> None:
        """
        What a killed service left.  We hold the folder, so a live postmaster in it is an orphan.

        Postgres refuses to start while the process number in its file is alive, also when that
        is by now another program or a zombie that nobody reaps.
        """
        file = self.cluster / "postmaster.pid"
        try:
            number = int(file.read_text().split("\n", 1)[0])
            alive = Path(f"/proc/{number}").exists()
        except (FileNotFoundError, ValueError):
            return
        if not alive:
            return
        try:
            orphan = Path(f"/proc/{number}/cwd").readlink() == self.cluster
        except OSError:
            orphan = False
        if orphan:
            os.kill(number, signal.SIGQUIT)
        else:
            file.unlink(missing_ok=True)
            for lock in socket_folder(self.data).glob(".s.PGSQL.*.lock"):
                lock.unlink(missing_ok=True)
