"""What README shows works as printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import ROOT, Service, running

README = (ROOT / "README.md").read_text()


def printed(mark: str, language: str) -> str:
    """The first block in this language after a mark."""
    _, found, rest = README.partition(f"<!-- {mark} -->\n")
    assert found, f"README has no {mark}"
    block = re.search(rf"```{language}\n(.*?)```", rest, re.DOTALL)
    assert block
    return block[1]


@pytest.fixture(scope="module")
def empty() -> Iterator[Service]:
    """The session says what stands at position 3, so nobody has been here before."""
    with running() as service:
        yield service


def test_the_session_runs_as_printed(empty: Service, tmp_path: Path) -> None:
    assert shutil.which("curl"), "the session needs curl"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", printed("session", "sh")],
        env={"PATH": os.environ["PATH"], "API": empty.api},
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    user, instruments, quotes, order, positions, wallet, changed, taken_back, then = _documents(
        done.stdout
    )
    assert user.keys() == {"user_id"}
    assert "RELIANCE" in {one["symbol"] for one in instruments["items"]}
    assert [quote["symbol"] for quote in quotes["items"]] == ["RELIANCE"]
    assert order["status"] == "FILLED", "the comment above it promises that"
    assert [held["quantity"] for held in positions["items"]] == ["10"]
    assert float(wallet["cash"]) < 1_000_000
    assert (changed["status"], taken_back["status"]) == ("REPLACED", "CANCELED")
    assert then["position"] == order["placed"]
    assert then["wallet"]["cash"] == "1000000"


def test_the_subscriber_hears_every_fill_as_printed(empty: Service) -> None:
    folder = empty.data.parent
    (folder / "fills.py").write_text(printed("nats", "python"))
    (folder / ".venv").symlink_to(sys.prefix)
    with (
        empty.person() as person,
        subprocess.Popen(
            ["bash", "-euc", "exec 2>&1\n" + printed("nats", "sh")],
            env={"PATH": os.environ["PATH"]},
            cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True,
        ) as subscriber,
    ):  # fmt: skip
        try:
            assert subscriber.stdout is not None
            assert subscriber.stdout.readline().startswith("listening")
            account = person.account()
            order = person.filled(person.order(account)["order_id"])
            heard = []
            for line in subscriber.stdout:
                heard.append(line.rstrip())
                if heard[-1].startswith(f"{order['position']} "):
                    heard.append(subscriber.stdout.readline().rstrip())
                    break
        finally:
            os.killpg(subscriber.pid, signal.SIGINT)
    assert subscriber.returncode in (0, 130, -signal.SIGINT)
    assert re.fullmatch(r"    BUY 10 RELIANCE at [\d.]+", heard[-1]), heard


def _documents(text: str) -> list[dict[str, Any]]:
    """The JSON documents of a text, one after another."""
    decoder, documents = json.JSONDecoder(), []
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        documents.append(document)
        text = text[end:]
    return documents
