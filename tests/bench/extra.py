"""Two doors that are as empty as a door can be, behind the same doorman as all others."""

from __future__ import annotations

from functools import partial

from litestar import get, post

from api import app, serve
from api.wiring import Request
from tests.bench.service import EMPTY_POST, SELECT_ONE


@post(EMPTY_POST)
async def empty() -> None:
    """What an authenticated request costs before it has asked for anything."""


@get(SELECT_ONE)
async def select_one(request: Request) -> dict[str, int]:
    """What a request costs that asks the database for nothing."""
    async with request.house.views.connection() as db:
        row = await (await db.execute("SELECT 1 AS one", prepare=True)).fetchone()
    assert row is not None, "one is always there"
    return {"one": row["one"] if isinstance(row, dict) else row[0]}


def open_them() -> None:
    """Have the service make its application with these as well."""
    opened = partial(app.create_app, extra_routes=(empty, select_one))
    setattr(serve, "create_app", opened)  # noqa: B010 - the only thing that is not as it is in life
