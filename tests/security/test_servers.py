"""S90, S91, S100: our own servers are nobody else's, and we talk to nobody but them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from adapters.servers import nats_url
from tests.e2e.service import Person, Service

LOOPBACK = {"127.0.0.1", "::1"}


def family(service: Service) -> list[psutil.Process]:
    parent = psutil.Process(service.pid)
    return [parent, *parent.children(recursive=True)]


def listening(service: Service) -> Iterator[tuple[str, str, int]]:
    """The program, address and port of everything that takes connections."""
    for process in family(service):
        for one in process.net_connections(kind="inet"):
            if one.status == psutil.CONN_LISTEN:
                yield process.name(), one.laddr.ip, one.laddr.port


def ends(connection: Any) -> set[int]:
    return {connection.laddr.port, connection.raddr.port}


def test_s90_s91_nobody_on_the_network_reaches_our_servers(service: Service) -> None:
    """Postgres takes no TCP at all, NATS one port of the loopback and no monitor beside it."""
    found = list(listening(service))
    ours = httpx.URL(service.url).port
    assert {ip for _, ip, _ in found} <= LOOPBACK
    assert not [name for name, _, _ in found if "postgres" in name]
    broker = {port for _, _, port in found} - {ours}
    assert broker == {httpx.URL(nats_url(service.data.resolve())).port}


@pytest.mark.parametrize("key", [{}, {"user": "papertape", "pass": "guess"}], ids=["none", "wrong"])
def test_s91_whoever_has_no_key_hears_and_says_nothing_on_nats(
    service: Service, key: dict[str, str]
) -> None:
    """Not a subject of ours, and not what JetStream is asked by."""
    port = httpx.URL(nats_url(service.data.resolve())).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(
            b"CONNECT " + json.dumps({"verbose": False, **key}).encode() + b"\r\n"
            b"SUB papertape.> 1\r\nPUB $JS.API.STREAM.PURGE.PAPERTAPE 0\r\n\r\nPING\r\n"
        )
        heard = b""
        while more := line.recv(4096):
            heard += more
    assert b"-ERR 'Authorization Violation'" in heard
    assert b"PONG" not in heard
    assert b"MSG" not in heard


def test_s100_the_service_is_connected_to_its_own_servers_only(
    service: Service, person: Person
) -> None:
    """After it has traded, written letters and been asked for everything else."""
    account = person.account()
    person.filled(person.order(account)["order_id"])
    person.http.post("/auth/request-otp", json={"email": person.identity["email"]})
    ports = {port for _, _, port in listening(service)}
    others = [
        (process.name(), one.raddr)
        for process in family(service)
        for one in process.net_connections(kind="inet")
        if one.status == psutil.CONN_ESTABLISHED
        and (one.raddr.ip not in LOOPBACK or not ends(one) & ports)
    ]
    assert others == []
