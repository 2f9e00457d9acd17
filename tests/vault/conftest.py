"""A real OpenBao, as far as it is installed: ``make test-vault``."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hvac
import pytest
import requests
from msgspec import Struct

TOKEN = "dev-only-root"
START_S = 30


class Bao(Struct):
    """A server in memory; ``process`` may be stopped to see what happens without it."""

    url: str
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def bao() -> Iterator[Bao]:
    program = shutil.which("bao", path=str(Path(sys.executable).parent))
    if program is None:
        # 182 MB that `make test` does not fetch; CI runs `make test-vault`, which does.
        pytest.skip("OpenBao is not installed: make test-vault")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as home:
        options = ("-dev", f"-dev-root-token-id={TOKEN}", f"-dev-listen-address={address}")
        process = subprocess.Popen(
            [program, "server", *options, "-dev-no-store-token"],
            env={"HOME": home, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Bao(_mounted(f"http://{address}"), process)
        finally:
            process.kill()
            process.wait()


def _mounted(url: str) -> str:
    client = hvac.Client(url=url, token=TOKEN)
    until = time.monotonic() + START_S
    while True:
        try:
            client.sys.enable_secrets_engine("transit")
        except (requests.RequestException, hvac.exceptions.VaultError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return url
