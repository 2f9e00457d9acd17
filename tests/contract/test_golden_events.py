"""
What was stored once can be read for ever: one golden file for every fact and version.

A changed file is a changed contract.  A new fact or version needs a new file; ``python -m
tests.contract.test_golden_events`` writes those that are missing, and never touches another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Struct, json
from msgspec.structs import fields

from adapters.tape import CODEC
from commands.identity import (
    IssueApiKey,
    LogIn,
    LogOut,
    ReportAccessDenied,
    ReportLoginFailed,
    ReportSigningKeys,
    RevokeApiKey,
    RevokeSessions,
    RevokeTokenFamily,
)
from commands.market import CloseMarketDataDay
from commands.trading import DepositVirtual, ExpireOrder, WithdrawVirtual
from domain import EVENTS
from domain.base import Event, fold
from domain.identity import Refusals, Sessions, SigningKeys
from domain.market import InstrumentMaster, MarketData
from domain.trading import Side
from tests.contract.life_of_alerts import of_alerts
from tests.contract.life_of_day import of_days
from tests.contract.life_of_orders import of_orders
from tests.contract.life_of_people import of_people
from tests.contract.life_of_risk import of_risk
from tests.contract.office import of_the_office
from tests.spec.test_masters import importing
from tests.spec.trading import (
    FIRST,
    ME,
    MINE,
    NOW,
    SECOND,
    THIRD,
    cancel,
    change,
    fill,
    history,
    place,
    quote,
    ticket,
)

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def name_of(event: type[Event]) -> str:
    return f"{event.__name__}.v{event.schema_version}.json"


def test_every_fact_has_a_golden_file() -> None:
    present = {file.name for file in FILES}
    assert {name_of(event) for event in EVENTS.values()} <= present
    assert {file.name.split(".")[0] for file in FILES} <= set(EVENTS), "no fact is ever forgotten"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_fact_is_still_understood(file: Path) -> None:
    name, version, _ = file.name.split(".")
    stored = file.read_bytes().rstrip(b"\n")
    events = CODEC.decode(name, int(version[1:]), stored.decode())
    assert events
    if file.name == name_of(EVENTS[name]):
        (event,) = events
        assert keeps(whole(event), json.decode(stored)), "something stored has got another meaning"
        assert CODEC.decode(name, int(version[1:]), CODEC.encode(event)) == events


def whole(value: Any) -> Any:
    """The fact as JSON with every field in it, those too that are left out for their default."""
    if isinstance(value, Struct):
        return {one.encode_name: whole(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [whole(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.decode(json.encode(value))


def keeps(now: Any, stored: Any) -> bool:
    """All that was stored is there with the value it had; a new field may stand beside it."""
    if isinstance(stored, dict) and isinstance(now, dict):
        return all(name in now and keeps(now[name], value) for name, value in stored.items())
    if isinstance(stored, list) and isinstance(now, list):
        return len(now) == len(stored) and all(map(keeps, now, stored))
    return bool(now == stored)


def test_a_default_that_changed_its_meaning_would_be_noticed() -> None:
    stored = {"order": {"tif": "DAY"}, "lots": [{"amount": "1"}]}
    assert keeps({"order": {"tif": "DAY", "new": None}, "lots": [{"amount": "1"}]}, stored)
    assert not keeps({"order": {"tif": "GTC"}, "lots": [{"amount": "1"}]}, stored)
    assert not keeps({"order": {"tif": "DAY"}, "lots": []}, stored)
    assert not keeps({"order": {}, "lots": [{"amount": "1"}]}, stored)


def a_life() -> tuple[Event, ...]:
    """Every kind of fact at least once, out of the commands that make them."""
    return (
        *of_people(),
        *of_the_office(),
        *of_the_doors(),
        *of_risk(),
        *of_alerts(),
        *of_days(),
        *of_orders(),
        *importing().decide(InstrumentMaster()),
        *CloseMarketDataDay(at=NOW, source="sim", day=NOW.date(), rows=2, sha256="ab" * 32).decide(
            MarketData()
        ),
        *history(
            DepositVirtual(at=NOW, account_id=MINE, amount=Decimal("0.00000001"), reason="gift"),
            WithdrawVirtual(at=NOW, account_id=MINE, amount=Decimal("10.5"), reason="spent"),
            place(ticket(price=None), client_order_id="my-1", at_quote=quote()),
            change(quantity="9"),
            fill("4", "100"),
            cancel(),
            place(ticket(Side.SELL, "3", "101"), SECOND),
            fill("3", "101.05", SECOND, UUID(int=102)),
            place(ticket(Side.SELL, "100", "101"), THIRD),
            place(ticket(), UUID(int=14)),
            ExpireOrder(at=NOW, account_id=MINE, order_id=UUID(int=14)),
        ),
    )


def of_the_doors() -> Iterator[Event]:
    """Signing in and out in every way, and what goes wrong at it."""
    sessions = Sessions()
    mine: dict[str, Any] = {"at": NOW, "user_id": ME}
    seen: dict[str, Any] = {"ip_hash": "a1", "device_hash": "d1"}
    first, second, third, key_id = (UUID(int=n) for n in range(31, 35))
    for command in (
        LogIn(**mine, **seen, session_id=first, methods=("PASSWORD",)),
        LogIn(**mine, **seen, session_id=second, methods=("PASSWORD", "TOTP"), replaces=first),
        LogOut(**mine, session_id=second),
        LogIn(**mine, **seen, session_id=first, methods=("PASSWORD",)),
        LogIn(**mine, **seen, session_id=third, methods=("PASSWORD",)),
        RevokeTokenFamily(**mine, **seen, session_id=third, reason="REUSED"),
        RevokeSessions(**mine, reason="PASSWORD_CHANGED"),
        IssueApiKey(**mine, key_id=key_id, scopes=("read",), expires_at=NOW + timedelta(days=1)),
        RevokeApiKey(**mine, key_id=key_id),
    ):
        facts = command.decide(sessions)
        sessions = fold(sessions, facts)
        yield from facts
    mine["ip_hash"] = "a1"
    failed = ReportLoginFailed(**mine, reason="WRONG", name_hash="n1", device_hash="d1")
    denied = ReportAccessDenied(**mine, code="AUTH_INVALID", method="GET", route="/", unrecorded=3)
    for report in (failed, denied):
        yield from report.decide(Refusals())
    yield from ReportSigningKeys(at=NOW, trusted=("a", "b"), signs="b").decide(SigningKeys())


def test_a_life_has_every_kind_of_fact() -> None:
    assert {type(event) for event in a_life()} == set(EVENTS.values())
    assert FIRST != SECOND


def write_missing() -> None:
    for event in a_life():
        file = GOLDEN / name_of(type(event))
        if not file.exists():
            file.write_bytes(json.format(CODEC.encode(event), indent=2) + b"\n")


if __name__ == "__main__":
    write_missing()
