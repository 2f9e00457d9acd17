"""docker-compose.yml: every part, on loopback, with no secret of its own and nothing unpinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from api.__main__ import main
from tests.architecture.source import ROOMS, ROOT

Compose = dict[str, Any]
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|_KEY")
DEMANDED = re.compile(r"\"?\$\{[A-Z_]+:\?[^}]+\}\"?")
URL_SECRET = re.compile(r"://(?:[a-z]+:)?(?P<secret>[^@/]+)@")


@pytest.fixture(scope="module")
def compose() -> Compose:
    loaded: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def lax(compose: Compose) -> Iterator[str]:
    """What a stranger could use: open ports, known secrets, floating images, wide rights."""
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: port {port} is open to others"
        for variable, value in service.get("environment", {}).items():
            inside = URL_SECRET.search(value)
            secret = inside["secret"] if inside else value if SECRET.search(variable) else None
            if secret is not None and not DEMANDED.fullmatch(secret):
                yield f"{name}: {variable} has a secret that is known or may be left out"
        if not re.search(r":\d", service["image"]):
            yield f"{name}: {service['image']} may be anything"
        if service.get("privileged") or service.get("network_mode") == "host":
            yield f"{name}: may do what the machine may"


def test_nothing_is_open_or_known_to_strangers(compose: Compose) -> None:
    assert list(lax(compose)) == []


@pytest.mark.parametrize(
    "service",
    [
        {"image": "nats"},
        {"image": "nats:2", "ports": ["4222:4222"]},
        {"image": "nats:2", "environment": {"NATS_TOKEN": "made up"}},
        {"image": "nats:2", "environment": {"NATS_TOKEN": "${NATS_TOKEN:-made up}"}},
        {"image": "nats:2", "environment": {"NATS_URL": "nats://${NATS_TOKEN}@nats"}},
        {"image": "nats:2", "network_mode": "host"},
    ],
)
def test_a_lax_service_is_found(service: dict[str, Any]) -> None:
    assert list(lax({"services": {"nats": service}}))


def test_every_part_of_the_service_runs_once(compose: Compose) -> None:
    commands = {name: each.get("command") for name, each in compose["services"].items()}
    assert commands == {
        "postgres": None,
        "nats": ["--config", "/etc/nats/papertape.conf"],
        "migrate": ["migrate"],
        "api": ["run", "serve", "feed", "react"],
        "project": ["project"],
        "relay": ["relay"],
        "mail": ["mail"],
    }


def test_every_part_is_a_word_of_the_program(compose: Compose) -> None:
    for service in compose["services"].values():
        if service["image"].startswith("papertape"):
            with pytest.raises(SystemExit) as ended:
                main([*service["command"], "--help"])
            assert ended.value.code == 0, service["command"]


def test_nobody_waits_for_a_server_that_says_nothing_of_its_health(compose: Compose) -> None:
    for service in compose["services"].values():
        for name, waits in service.get("depends_on", {}).items():
            if waits["condition"] == "service_healthy":
                assert compose["services"][name]["healthcheck"]["test"][0] == "CMD"


def test_only_migrations_know_the_owners_password(compose: Compose) -> None:
    knows = {
        name
        for name, each in compose["services"].items()
        if "POSTGRES_PASSWORD" in str(each["environment"])
    }
    assert knows == {"postgres", "migrate"}


def test_the_broker_of_messages_keeps_what_it_confirms(compose: Compose) -> None:
    assert "sync_interval: always" in compose["configs"]["nats"]["content"]


def test_the_image_holds_the_rooms_and_only_what_the_lock_holds(compose: Compose) -> None:
    steps = compose["services"]["api"]["build"]["dockerfile_inline"].splitlines()
    copied = {step.split()[1] for step in steps if step.startswith("COPY")}
    assert copied == {*ROOMS, "pyproject.toml", "requirements.lock"}
    assert all("--no-deps" in step for step in steps if "pip install" in step)
    assert any("--require-hashes" in step for step in steps)
