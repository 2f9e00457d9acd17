"""The embedded servers: durable, private, and content with whatever user they find."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nats
import psutil
import psycopg
import pytest

from adapters.servers import (
    Database,
    FolderInUse,
    Nats,
    Postgres,
    ServerFailed,
    adopt,
    attach,
    database,
    embedded_nats,
    embedded_postgres,
    furnish,
    held,
    nats_url,
    secret,
)
from adapters.servers.postgres import OPTIONS, SUPERUSER, url
from adapters.settings import Settings
from tests import servers


@pytest.fixture(scope="module")
def running() -> Iterator[Database]:
    with servers.postgres() as database:
        yield database


def rows(data: Path) -> list[tuple[int]]:
    with psycopg.connect(url(data, SUPERUSER)) as db:
        return db.execute("select row from kept").fetchall()


def socket_of(database: Database) -> Path:
    return Path(urlsplit(database.dsn).query.split("&")[0].removeprefix("host="))


class TestPostgres:
    def test_a_password_is_asked_for(self, running: Database) -> None:
        wrong = running.dsn.replace(urlsplit(running.dsn).password or "", "wrong")
        for dsn in (wrong, f"postgresql://postgres@/postgres?host={socket_of(running)}"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(dsn, passfile="/dev/null")
        with psycopg.connect(running.admin_dsn) as db:
            methods = db.execute("select distinct type, auth_method from pg_hba_file_rules")
            assert set(methods) == {("local", "scram-sha-256"), ("host", "reject")}
            verifier = db.execute("select rolpassword from pg_authid where rolname = 'papertape'")
            assert str(verifier.fetchone()).startswith("('SCRAM-SHA-256$")

    def test_nobody_finds_it_on_the_network_or_enters_its_folder(self, running: Database) -> None:
        with psycopg.connect(running.dsn) as db:
            assert db.execute("show listen_addresses").fetchone() == ("",)
        assert stat.S_IMODE(socket_of(running).stat().st_mode) == 0o700

    def test_the_application_is_no_owner(self, running: Database) -> None:
        with psycopg.connect(running.dsn) as db, pytest.raises(psycopg.Error, match="denied"):
            db.execute("create schema mine")

    def test_it_checks_its_pages_and_keeps_what_it_confirms(self, running: Database) -> None:
        names = ("data_checksums", "fsync", "full_page_writes", "synchronous_commit")
        with psycopg.connect(running.dsn) as db:
            settings = [db.execute(f"show {name}").fetchone() for name in names]
            encoding = db.execute("show server_encoding").fetchone()
        assert (settings, encoding) == ([("on",)] * 4, ("UTF8",))

    def test_the_cluster_cannot_switch_durability_off(self, cluster: Path) -> None:
        conf = cluster / "postgres" / "postgresql.auto.conf"
        conf.write_text("fsync = off\nfull_page_writes = off\nlisten_addresses = '*'\n")
        with embedded_postgres(cluster) as database, psycopg.connect(database.dsn) as db:
            assert db.execute("show fsync").fetchone() == ("on",)
            assert db.execute("show listen_addresses").fetchone() == ("",)

    @pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
    def test_a_server_that_may_forget_is_refused(
        self, name: str, cluster: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(OPTIONS, name, "off")
        with pytest.raises(ServerFailed, match=f"{name} is off"), embedded_postgres(cluster):
            pass

    def test_a_role_that_may_forget_is_refused(self, cluster: Path) -> None:
        with embedded_postgres(cluster) as database:
            with psycopg.connect(database.admin_dsn) as db:
                db.execute("alter role papertape set synchronous_commit = off")
            with pytest.raises(ServerFailed, match="synchronous_commit is off"):
                furnish(cluster)

    def test_a_row_outlives_a_killed_postmaster(self, cluster: Path) -> None:
        with held(cluster) as data:
            server = Postgres(data)
            server.launch()
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            while server.poll() is None:
                time.sleep(0.001)
            server.launch()  # at once: its orphans may still hold the shared memory
            assert rows(data) == [(42,)]
            server.end()

    def test_a_number_in_the_pid_file_that_is_a_strangers_does_not_stop_it(
        self, cluster: Path
    ) -> None:
        file = cluster / "postgres" / "postmaster.pid"
        file.write_text(f"{os.getpid()}\n{cluster / 'postgres'}\n0\n5432\n\n\n0 0\n")
        with embedded_postgres(cluster):
            assert rows(cluster) == [(42,)]

    def test_an_orphan_in_the_folder_is_ended(self, cluster: Path) -> None:
        orphan = Postgres(cluster)
        orphan.launch()
        with embedded_postgres(cluster):
            assert rows(cluster) == [(42,)]
            assert orphan.poll() is not None

    def test_a_long_path_gets_a_short_socket(self, tmp_path: Path) -> None:
        with embedded_postgres(tmp_path / ("deep" * 20), sync=False) as database:
            folder = socket_of(database)
            assert folder.parent == Path(tempfile.gettempdir())
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not folder.exists()

    def test_keys_of_another_cluster_are_told_of(self, cluster: Path) -> None:
        (cluster / "keys" / "postgres-postgres").write_text("lost")
        with pytest.raises(ServerFailed, match="keys does not belong"), embedded_postgres(cluster):
            pass

    def test_a_cluster_half_made_is_made_again(self, data: Path) -> None:
        (data / "postgres.new").mkdir(parents=True)
        (data / "postgres.new" / "PG_VERSION").touch()
        with embedded_postgres(data, sync=False):
            assert not (data / "postgres.new").exists()
            assert not (data / "run" / "password").exists()

    def test_programs_that_are_none_are_told_of(self, data: Path, tmp_path: Path) -> None:
        with pytest.raises(ServerFailed, match="holds no postgres"), held(data) as folder:
            Postgres(folder, bin_dir=tmp_path)

    def test_an_old_postgres_is_refused(self, data: Path, tmp_path: Path) -> None:
        for name in ("postgres", "initdb"):
            (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n")
            (tmp_path / name).chmod(0o755)
        with pytest.raises(ServerFailed, match="18 or newer"), held(data) as folder:
            Postgres(folder, bin_dir=tmp_path)

    def test_a_server_of_somebody_else_gets_the_login_it_lacks_and_keeps_the_one_it_has(
        self, running: Database
    ) -> None:
        with servers.fresh_database(running) as own:
            theirs = Database(own.dsn.replace("papertape:", "somebody:"), own.admin_dsn)
            adopt(theirs)
            other = Database(theirs.dsn.replace("somebody:", "somebody:not"), own.admin_dsn)
            with pytest.raises(psycopg.OperationalError, match="password"):
                adopt(other)
            with psycopg.connect(theirs.dsn) as db:
                member = "select pg_has_role('papertape_app', 'usage')"
                assert db.execute(member).fetchone() == (True,)

    def test_a_server_that_does_not_answer_is_told_of_without_its_password(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attach, "EXTERNAL_WAIT", 0.1)
        word = "swordfish"
        url = f"postgresql://me:{word}@/d?host={data}"
        with pytest.raises(ServerFailed, match="does not answer") as failed:
            adopt(Database(url, url))
        assert word not in str(failed.value)

    def test_a_command_beside_a_running_service_uses_its_database(self, cluster: Path) -> None:
        settings = Settings(data=cluster)
        with database(settings) as own, database(settings) as found, psycopg.connect(found.dsn):
            assert found == own


class TestNats:
    def test_messages_outlive_a_killed_server_on_the_same_port(self, data: Path) -> None:
        async def publish(url: str) -> None:
            client = await nats.connect(url)
            stream = client.jetstream()
            await stream.add_stream(name="T", subjects=["t"])
            await stream.publish("t", b"kept")
            await client.close()

        async def read(url: str) -> bytes | None:
            client = await nats.connect(url)
            message = await client.jetstream().get_msg("T", 1)
            await client.close()
            return message.data

        with held(data) as folder:
            server = Nats(folder)
            server.launch()
            where = nats_url(folder)
            asyncio.run(publish(where))
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            while server.poll() is None:
                time.sleep(0.001)
            server.launch()
            assert nats_url(folder) == where
            assert asyncio.run(read(where)) == b"kept"
            server.end()

    def test_a_stranger_is_not_let_in(self, data: Path) -> None:
        async def knock(url: str) -> None:
            await nats.connect(url, allow_reconnect=False, error_cb=lambda _: asyncio.sleep(0))

        with embedded_nats(data) as where:
            for stranger in (f"nats://{urlsplit(where).netloc.split('@')[1]}", "nats://x@"):
                with pytest.raises((nats.errors.Error, OSError)):
                    asyncio.run(knock(stranger))
            server = next(p for p in psutil.Process().children() if p.name() == "nats-server")
            assert secret(data, "nats") not in " ".join(server.cmdline())
            assert {c.laddr.ip for c in server.net_connections()} == {"127.0.0.1"}

    def test_a_port_that_was_taken_meanwhile_is_given_up(self, data: Path) -> None:
        with embedded_nats(data / "other") as other:
            taken = urlsplit(other).port
            (data / "nats.port").write_text(str(taken))
            with embedded_nats(data) as where:
                assert urlsplit(where).port != taken


def test_a_folder_is_held_by_one_service_at_a_time(data: Path) -> None:
    with held(data), pytest.raises(FolderInUse, match=f"by process {os.getpid()}"), held(data):
        pass
    with held(data):
        pass


def test_a_test_may_have_a_database_of_its_own(running: Database) -> None:
    with servers.fresh_database(running) as own:
        with psycopg.connect(own.admin_dsn) as db:
            db.execute("create table mine ()")
        with servers.fresh_database(running) as other, psycopg.connect(other.dsn) as db:
            assert db.execute("select to_regclass('mine')").fetchone() == (None,)
