"""The command line: help, exit codes, proof, and the past, beside a running service."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres import connect
from adapters.servers import located
from api.forgery import _copy
from projections import READ_MODELS
from tests.e2e.service import Person, Service, environment, papertape, started

WORDS = (
    "up", "serve", "feed", "react", "project", "relay", "run", "migrate", "verify", "replay",
    "rebuild", "check", "candles", "catalogue", "admin", "keys", "vault", "mail", "demo",
    "bench",
)  # fmt: skip
SOUND = re.compile(r"(\d+) facts, chain ok, head ([0-9a-f]{64})\n").fullmatch


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path / "data")


def test_help_lists_every_word_and_each_has_its_own(nowhere: dict[str, str]) -> None:
    menu = papertape("--help", env=nowhere)
    assert menu.returncode == 0
    listed = re.findall(r"\n  (\w+) +\S", menu.stdout)
    assert sorted(listed) == sorted(WORDS), "those are tried here"


@pytest.mark.parametrize("word", WORDS)
def test_a_word_explains_itself(nowhere: dict[str, str], word: str) -> None:
    told = papertape(word, "--help", env=nowhere)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"usage: papertape {word}")
    assert told.stdout.count(".\n") >= 1, "a sentence says what it does"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("trade",), "invalid choice: 'trade'"),
        (("run", "everything"), "invalid choice: 'everything'"),
        (("replay",), "the following arguments are required: ACCOUNT"),
        (("replay", "nobody"), "papertape: ACCOUNT must be an account id"),
        (("replay", "01a20500-32b1-7110-b0df-31c046566ccd", "--at", "noon"), "RFC 3339"),
        (("replay", "01a20500-32b1-7110-b0df-31c046566ccd", "--at", "9" * 19), "RFC 3339"),
        (("rebuild", "everything"), "NAME must be all or one of accounts, "),
    ],
)
def test_a_word_used_wrongly_is_told_in_a_line(
    nowhere: dict[str, str], words: tuple[str, ...], says: str
) -> None:
    told = papertape(*words, env=nowhere)
    assert told.returncode == 2
    assert says in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("part", ["serve", "feed", "react", "project", "relay"])
def test_a_part_alone_says_what_it_needs(nowhere: dict[str, str], part: str) -> None:
    told = papertape(part, env=nowhere)
    assert told.returncode == 1
    assert told.stderr == (
        "papertape: set DATABASE_URL and NATS_URL, or start everything: papertape up\n"
    )


def test_every_bad_setting_is_named_at_once(nowhere: dict[str, str]) -> None:
    bad = {"PAPERTAPE_PORT": "70000", "FEED": "rumours", "QUEUE_MAX": "0"}
    told = papertape("verify", env=nowhere | bad)
    assert told.returncode == 2
    assert len(told.stderr.splitlines()) == 3
    for name in bad:
        assert f"papertape: {name} must be " in told.stderr


def test_the_tape_verifies_beside_the_service_that_writes_it(
    service: Service, trader: Person
) -> None:
    trader.account()
    sound = SOUND(service.papertape("verify").stdout)
    assert sound, "the line that others read"
    assert int(sound[1]) >= trader.position


def test_the_first_forged_position_of_a_copy_is_named(service: Service, trader: Person) -> None:
    account = trader.account("777777")
    forged = trader.position
    trader.post(f"/accounts/{account}/deposits", {"amount": "1"})
    with copied(service) as env:
        assert papertape("verify", env=env).returncode == 0
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as db:
            db.execute(
                "update es.event set payload = replace(payload::text, '777777', '777778')::json "
                "where position = %s",
                (forged,),
            )
        told = papertape("verify", env=env)
    assert told.returncode == 1
    assert told.stdout.startswith(f"position {forged}: ")


@contextmanager
def copied(service: Service) -> Iterator[dict[str, str]]:
    """The settings of a copy of the tape without its guards."""
    with _copy(located(service.data).admin_dsn) as dsn:
        yield service.env | {"DATABASE_URL": dsn}


def test_replay_says_what_the_service_says_at_any_moment(service: Service, trader: Person) -> None:
    account = trader.account()
    opened = trader.position
    order = trader.filled(trader.order(account)["order_id"])
    trader.resting(account)
    head = trader.position
    for at in (opened, order["position"], head, order["filled_at"]):
        told = replayed(service, account, "--at", str(at))
        asked = trader.get(f"/accounts/{account}", as_of=at)
        assert {name: told[name] for name in asked} == asked
    assert replayed(service, account, "--at", str(head)) == replayed(service, account)


def test_replay_at_the_head_says_what_the_read_models_say(service: Service, trader: Person) -> None:
    account = trader.account()
    trader.filled(trader.order(account)["order_id"])
    trader.filled(trader.order(account, side="SELL", quantity="4")["order_id"])
    trader.resting(account, client_order_id="waits")
    told = replayed(service, account)
    wallet = trader.get("/wallet", account_id=account)
    at_the_mark = {"equity", "positions_value"}
    for name in told["wallet"].keys() - at_the_mark:
        assert told["wallet"][name] == wallet[name], name
    (held,) = told["positions"]
    (position,) = trader.get("/positions", account_id=account)["items"]
    for name in held.keys() - {"mark", "unrealised"}:
        assert held[name] == position[name], name
    assert held["mark"] == position["last_price"]
    (open_order,) = told["orders"]
    report = trader.get(f"/orders/{open_order['order_id']}")
    assert {name: report[name] for name in open_order} == open_order


def test_replay_fits_a_terminal(service: Service, trader: Person) -> None:
    account = trader.account("123456789012.12345678")
    trader.filled(trader.order(account, symbol="BTCINR", quantity="0.12345")["order_id"])
    order = trader.resting(account)["order_id"]
    told = papertape("replay", account, env=service.env | {"COLUMNS": "80"})
    assert told.returncode == 0
    assert "…" not in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80
    for shown in (account, order, "0.12345", "wallet", "open orders"):
        assert shown in told.stdout


def test_an_account_that_is_not_there_is_told_in_a_line(service: Service) -> None:
    told = service.papertape("replay", "01a20500-32b1-7110-b0df-31c046566ccd")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "papertape: ACCOUNT_UNKNOWN: no such account at that moment\n"


def replayed(service: Service, account: str, *words: str) -> dict[str, Any]:
    told = service.papertape("replay", account, *words, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    document: dict[str, Any] = json.loads(told.stdout)
    assert document.keys() >= {"wallet", "positions", "orders"}
    return document


def test_read_models_are_made_anew_while_orders_come_in(service: Service, trader: Person) -> None:
    account = trader.account("1000000000")
    over = threading.Event()
    placed: list[str] = []

    def trade() -> None:
        while not over.is_set():
            placed.append(trader.order(account, quantity="1")["order_id"])
            trader.get("/wallet", account_id=account)

    trading = threading.Thread(target=trade)
    trading.start()
    try:
        rebuilt = service.papertape("rebuild", "all")
        checked = service.papertape("check")
        one = service.papertape("rebuild", "orders")
    finally:
        over.set()
        trading.join()
    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    assert "100%" in rebuilt.stdout
    assert one.returncode == 0
    assert checked.returncode == 0
    assert f"I-16 ok   all {len(READ_MODELS)} read models equal a fresh replay\n" in checked.stdout
    assert "FAIL" not in checked.stdout
    assert len(placed) > 10, "orders came in meanwhile"
    for order_id in placed:
        trader.filled(order_id)
    assert service.papertape("check").returncode == 0


def test_a_read_model_that_tells_a_lie_is_found(service: Service, trader: Person) -> None:
    account = trader.account()
    trader.get("/wallet", account_id=account)
    with connect(located(service.data).dsn) as db:
        db.autocommit = True
        change = "update rm.wallets set cash = cash + %s where account_id = %s"
        db.execute(change, (1, account))
        told = service.papertape("check")
        db.execute(change, (-1, account))
    assert told.returncode == 1
    assert "I-16 FAIL" in told.stdout
    assert "wallets (live, position " in told.stdout
    assert account in told.stdout
    assert service.papertape("check").returncode == 0


def test_proof_needs_no_running_service(data: Path) -> None:
    with started(data) as service, service.person() as person:
        account = person.account()
        running = service.papertape("verify").stdout
    stopped = service.papertape("verify")
    assert (stopped.returncode, stopped.stdout) == (0, running)
    assert replayed(service, account)["wallet"]["cash"] == "1000000"
    assert service.papertape("rebuild", "all").returncode == 0
    assert service.papertape("check").returncode == 0
