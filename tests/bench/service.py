"""
The service with two more doors, behind the same doorman and as empty as a door can be.

    python -m tests.bench.service up                   everything, as ``papertape up``
    python -m tests.bench.service run PART... --fd N   its parts, as ``papertape run``
"""

from __future__ import annotations

import sys
from functools import partial

from litestar import get, post

from adapters.postgres import migrate
from adapters.settings import load
from api import app, serve
from api.__main__ import main
from api.up import up
from api.wiring import Request

EMPTY_POST = "/bench/empty"
SELECT_ONE = "/bench/one"


@post(EMPTY_POST)
async def empty() -> None:
    """What an authenticated request costs before it has asked for anything."""


@get(SELECT_ONE)
async def select_one(request: Request) -> dict[str, int]:
    """What a request costs that asks the database for nothing."""
    async with request.house.views.connection() as db:
        row = await (await db.execute("SELECT 1 AS one", prepare=True)).fetchone()
    assert row is not None, "one is always there"
    return {"one": row[0]}


if __name__ == "__main__":
    if sys.argv[1:] == ["up"]:
        sys.exit(up(load(), [migrate], module="tests.bench.service"))
    opened = partial(app.create_app, extra_routes=(empty, select_one))
    setattr(serve, "create_app", opened)  # noqa: B010 - the only thing that is not as it is in life
    sys.exit(main())
