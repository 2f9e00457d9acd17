"""What the office sees: requests for approval, by those whom they concern."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from adapters.servers import Database
from domain.base import Fact
from domain.compliance import ApprovalRequested
from domain.errors import NotFound
from domain.identity import Standing
from projections import approvals
from projections.query import Db
from tests.contract import views as views_of
from tests.contract.history import Trading
from tests.contract.views import NOBODY

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return Trading(seed=11).facts(200)


@pytest.fixture(scope="module")
def projected(postgres_server: Database, facts: list[Fact]) -> Iterator[Database]:
    with views_of.projected(postgres_server, facts) as database:
        yield database


@pytest.fixture
async def views(projected: Database) -> AsyncIterator[Db]:
    async with views_of.looking(projected) as db:
        yield db


def may(*permissions: str) -> Standing:
    return Standing(NOBODY, frozenset(permissions))


async def test_a_request_is_seen_by_those_who_could_approve_it_and_by_nobody_else(
    views: Db,
) -> None:
    seen = (await approvals.seen_by(views, may("trades:correct", "users:read"))).items
    assert [one.status for one in seen] == ["REFUSED", "FAILED", "DONE"]
    assert [one.code for one in seen] == [None, "ORDER_TOO_LATE", None]
    assert seen[0].arguments == {"exec_id": str(seen[0].approval_id), "price": "100.05"}
    done = await approvals.seen_by(views, may("trades:correct"), status="DONE")
    assert [one.approval_id for one in done.items] == [seen[2].approval_id]
    assert await approvals.one(views, may("trades:correct"), seen[0].approval_id) == seen[0]
    for viewer in (may(), may("trades:annul", "users:read")):
        assert not (await approvals.seen_by(views, viewer)).items
        with pytest.raises(NotFound, match="APPROVAL_UNKNOWN"):
            await approvals.one(views, viewer, seen[0].approval_id)


async def test_whoever_asked_sees_what_became_of_it(views: Db, facts: list[Fact]) -> None:
    asked = next(one for one in facts if isinstance(one.event, ApprovalRequested))
    asker = Standing(UUID(asked.meta.actor.removeprefix("user:")))
    first = await approvals.seen_by(views, asker, limit=2)
    assert len(first.items) == 2
    assert first.next is not None
    rest = await approvals.seen_by(views, asker, limit=2, cursor=first.next)
    assert len(rest.items) == 1
