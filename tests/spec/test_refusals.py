"""Every code that is raised anywhere stands in the rejection catalogue, with its status."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from api.refusals import REFUSALS

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "commands", "projections", "adapters", "api")
#: What each kind of error says, unless the catalogue knows better.
STATUS = {
    "Invalid": 422,
    "Forbidden": 403,
    "NotFound": 404,
    "Illegal": 409,
    "Conflict": 409,
    "Unavailable": 503,
    "Unauthenticated": 401,
    "Refusal": None,
}
#: Met by a venue or an operator, never by a client.
INTERNAL = {
    "EXEC_OVERFILL",
    "EXEC_PRICE_OUTSIDE_LIMIT",
    "READ_MODEL_BUSY",
    "READ_MODEL_UNKNOWN",
    "REBUILD_RUNNING",
}
#: A race lost too often is a Conflict to us, and a reason to try again to the client; what HTTP
#: has a status of its own for is answered with that.
OTHER_STATUS = {
    "CONFLICT_RETRY_EXHAUSTED",
    "TRADE_CREATED_BY_ENGINE_ONLY",
    "VERSION_REQUIRED",
    "VERSION_STALE",
}


def raised() -> Iterator[tuple[str, str, str]]:
    """(code, kind of error, where) of every error that is made with its code as a constant."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Name(id=kind), args=[ast.Constant(value=str(code)), *_]
                    ) if kind in STATUS:
                        yield code, kind, f"{file.relative_to(ROOT)}:{node.lineno}"


CODES = sorted(raised())


def test_there_is_something_to_check() -> None:
    assert len(CODES) > 25


@pytest.mark.parametrize(("code", "kind", "where"), CODES)
def test_a_code_is_in_the_catalogue(code: str, kind: str, where: str) -> None:
    if code in INTERNAL:
        return
    assert code in REFUSALS, where
    wanted = STATUS[kind]
    if wanted is not None and code not in OTHER_STATUS:
        assert REFUSALS[code].status == wanted, where


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_the_catalogue_is_in_good_order(code: str) -> None:
    refusal = REFUSALS[code]
    assert code == code.upper()
    assert HTTPStatus(refusal.status) >= HTTPStatus.BAD_REQUEST
    assert refusal.title
    assert not refusal.title.endswith(".")
