"""Servers hold no more power than they need, and touch nothing outside their data folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

import adapters
from adapters.servers import (
    Nats,
    Postgres,
    ServerFailed,
    binaries,
    embedded_postgres,
    furnish,
    held,
    process,
)
from adapters.servers.process import Isolation

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="LEFT OUT: only root can become others")
HOUSE = Path(adapters.__file__).parents[1]
SITE = Path(psycopg.__file__).parents[1]
PLAIN = """
import pathlib, sys, sysconfig
from adapters.servers import embedded_nats, embedded_postgres
sysconfig.get_path = lambda name: sys.argv[2]
data = pathlib.Path(sys.argv[1])
with embedded_postgres(data / "a", sync=False), embedded_nats(data / "b"):
    print("up")
"""


@ROOT_ONLY
@pytest.mark.parametrize("isolation", ["namespace", "nobody"])
def test_root_gives_its_power_up(isolation: Isolation, cluster: Path) -> None:
    with held(cluster) as folder:
        servers = Postgres(folder, isolation=isolation), Nats(folder, isolation=isolation)
        for server in servers:
            server.launch()
            status = Path(f"/proc/{server.pid}/status").read_text()
            assert "CapEff:\t0000000000000000" in status
            if isolation == "nobody":
                assert psutil.Process(server.pid).username() == "nobody"
        furnish(folder)
        for server in servers:
            server.end()


@ROOT_ONLY
def test_root_without_user_namespaces_becomes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "runs", lambda *_: False)
    assert process.least_privilege.__wrapped__() == "nobody"


@ROOT_ONLY
def test_a_folder_changes_hands_with_the_isolation(cluster: Path) -> None:
    hands: tuple[Isolation, ...] = ("nobody", "namespace")
    for isolation in hands:
        with held(cluster) as folder:
            server = Postgres(folder, isolation=isolation)
            server.launch()
            furnish(folder)
            server.end()


@ROOT_ONLY
def test_programs_out_of_nobodys_reach_are_copied(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "runs", lambda *_: False)
    with held(data) as folder:
        for server in (
            Postgres(folder, isolation="nobody", sync=False),
            Nats(folder, isolation="nobody"),
        ):
            assert server.argv[0].startswith(str(folder / "programs"))
            server.launch()
            server.end()


@ROOT_ONLY
def test_a_folder_out_of_nobodys_reach_is_told_of(data: Path) -> None:
    data.parent.chmod(0o700)
    with pytest.raises(ServerFailed, match=f"cannot enter {data.parent}"), held(data) as folder:
        Postgres(folder, isolation="nobody").launch()


def test_no_permission_outside_the_data_folder_changes_and_no_user_is_made(data: Path) -> None:
    programs = binaries.postgres(None, data, "self")
    watched = [*data.parents, *programs.parents, programs, *programs.parent.rglob("*")]

    def permissions() -> list[tuple[int, int, int]]:
        return [(at.st_mode, at.st_uid, at.st_gid) for at in map(Path.stat, watched)]

    before, users = permissions(), Path("/etc/passwd").read_bytes()
    with embedded_postgres(data, sync=False):
        pass
    assert permissions() == before
    assert Path("/etc/passwd").read_bytes() == users
    assert {path.stat().st_mode & 0o077 for path in (data, *(data / "keys").iterdir())} == {0}


@ROOT_ONLY
def test_a_plain_user_needs_no_root(data: Path) -> None:
    house = shutil.copytree(HOUSE / "adapters", data.parent / "house" / "adapters").parent
    data.mkdir()
    shutil.chown(data, "nobody", "nogroup")

    def as_nobody(python: str, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-c", *argv],
            check=False,
            cwd="/",
            env={"PYTHONPATH": f"{house}:{SITE}", "PATH": os.defpath},
            user="nobody",
            group="nogroup",
            extra_groups=[],
            capture_output=True,
            text=True,
        )

    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            if as_nobody(python, "import psycopg, msgspec").returncode == 0:
                break
    else:
        # Our Python stands under a home that is closed to nobody: a matter of the machine.
        pytest.skip("LEFT OUT: the user nobody can reach no Python with our libraries")
    done = as_nobody(python, PLAIN, str(data), sysconfig.get_path("scripts"))
    assert (done.stdout, done.returncode) == ("up\n", 0), done.stderr
