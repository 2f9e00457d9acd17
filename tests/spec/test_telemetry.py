"""What the service says about itself: whole lines, bounded files, and nobody's secrets."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters import telemetry
from adapters.ids import Ids
from commands.base import Entry
from domain.base import Meta
from domain.trading import (
    Balance,
    FundsDeposited,
    Order,
    OrderPlaced,
    OrderType,
    Product,
    Side,
)

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"  # pragma: allowlist secret
new_id = Ids()


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    folder = tmp_path / "logs"
    telemetry.configure("ERROR", folder)
    yield folder
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_app_log_has_everything_and_errors_log_what_is_wrong(logs: Path) -> None:
    log = structlog.get_logger()
    log.debug("detail")
    log.info("request", route="/api/v1/orders", status=201)
    log.warning("slow", ms=900)
    try:
        raise ValueError("told once")
    except ValueError:
        log.exception("broken")
    logging.getLogger("nats.aio").warning("reconnecting to %s", "a server")
    said = [line["event"] for line in lines(logs / "app.log")]
    assert said == ["request", "slow", "broken", "reconnecting to a server"]
    errors = lines(logs / "errors.log")
    assert [line["event"] for line in errors] == said[1:]
    assert "ValueError: told once" in errors[1]["exception"]
    assert errors[2]["logger"] == "nats.aio"
    assert all(datetime.fromisoformat(line["timestamp"]).tzinfo for line in errors)


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "correct-horse"},
        {"new_passwd": "correct-horse"},
        {"refresh_token": "correct-horse"},
        {"client_secret": "correct-horse"},
        {"Authorization": "correct-horse"},
        {"authorisation": "correct-horse"},
        {"e_mail": "correct-horse"},
        {"email": "correct-horse"},
        {"api_key": "correct-horse"},
        {"cookies": ["correct-horse"]},
        {"headers": {"authorization": "Bearer correct-horse"}},
        {"said": "Authorization: Bearer correct-horse"},
        {"url": "postgresql://papertape:correct-horse@localhost/papertape"},
        {"who": "correct-horse@example.com"},
        {"text": "sent to <correct-horse.b+c@mail.example.co.uk>, twice"},
    ],
)
def test_what_is_secret_or_personal_is_hidden(logs: Path, fields: dict[str, object]) -> None:
    structlog.get_logger().info("seen", **fields)
    (line,) = lines(logs / "app.log")
    assert "correct-horse" not in json.dumps(line)
    assert "[hidden]" in json.dumps(line)


def test_a_token_is_hidden_wherever_it_stands(logs: Path) -> None:
    logging.getLogger("some.library").error("refused token %s of a caller", JWT)
    (line,) = lines(logs / "errors.log")
    assert JWT not in line["event"]
    assert line["event"] == "refused token [hidden] of a caller"


def test_nobody_can_write_a_line_of_his_own(logs: Path) -> None:
    forged = 'x"}\n{"event":"all is well"}\r\n\x1b[2J\u202e'
    structlog.get_logger().info("seen", agent=forged)
    (line,) = lines(logs / "app.log")
    assert line["agent"] == forged


def test_a_file_is_put_aside_before_it_grows_too_large(tmp_path: Path) -> None:
    write = telemetry.LogFile(tmp_path / "x.log", bytes_max=1000)
    for number in range(200):
        write(f"{number:099}\n".encode())
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes == {"x.log": 1000, **{f"x.log.{n}": 1000 for n in range(1, 6)}}
    newest = (tmp_path / "x.log").read_text().splitlines()
    assert [int(line) for line in newest] == list(range(190, 200))
    assert int((tmp_path / "x.log.5").read_text().splitlines()[0]) == 140


WRITER = """
import sys
from pathlib import Path
from adapters.telemetry import LogFile
write = LogFile(Path(sys.argv[1]), bytes_max=5_000)
for number in range(400):
    write(f"{sys.argv[2]} {number:05}\\n".encode())
"""


def test_several_processes_write_one_file_and_no_line_is_torn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "x.log")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [subprocess.Popen([*command, name], env=environment) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    written = "".join(file.read_text() for file in tmp_path.iterdir()).splitlines()
    assert set(written) <= {f"{name} {number:05}" for name in "abc" for number in range(400)}
    assert len(written) == len(set(written))
    assert len(written) >= 1000


def test_a_file_that_somebody_took_away_is_made_anew(tmp_path: Path) -> None:
    write = telemetry.LogFile(tmp_path / "x.log", bytes_max=100)
    write(b"x" * 90 + b"\n")
    (tmp_path / "x.log").unlink()
    write(b"y" * 90 + b"\n")
    assert (tmp_path / "x.log").read_bytes() == b"y" * 90 + b"\n"


def test_a_disk_that_is_full_stops_no_trade(tmp_path: Path) -> None:
    write = telemetry.LogFile(Path("/dev/full"))
    write(b"nobody will read this\n")


def test_trades_log_has_a_line_for_every_fact_of_an_order(tmp_path: Path) -> None:
    account, order_id = new_id(), new_id()
    order = Order("ACME", Side.BUY, Decimal("0.00000001"), OrderType.MARKET, Product.CNC)
    placed = OrderPlaced(account_id=account, order_id=order_id, order=order)
    deposit = FundsDeposited(account, Decimal(1), "", (), Balance())
    meta = Meta(
        actor=f"user:{new_id()}",
        command_id=new_id(),
        correlation_id=new_id(),
        occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    written: list[bytes] = []
    follow = telemetry.trades_log(written.append)
    stream = f"account-{account}"
    follow([(7, Entry(stream, 1, (deposit, placed), meta)), (9, Entry(stream, 3, (placed,), meta))])
    follow([(10, Entry(stream, 4, (deposit,), meta))])
    (batch,) = written
    found = [json.loads(line) for line in batch.splitlines()]
    assert [(line["position"], line["fact"]) for line in found] == [
        (8, "OrderPlaced"),
        (9, "OrderPlaced"),
    ]
    assert found[0]["data"]["order_id"] == str(order_id)
    assert found[0]["actor"] == meta.actor
