"""Four eyes: what one person asks is done when another agrees, and by nobody else's word (S50)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import post
from litestar.params import FromPath

from adapters.approvals import carrying_out, power_on
from adapters.reactor.reactor import caller, claim
from api.auth import only
from api.wiring import Proposed, Request
from commands.base import Caller, Receipt
from commands.compliance import GrantApproval, carried, react, written
from commands.identity import AssignRole, EstablishRoles, RevokeRole, SuspendUser
from commands.trading import DepositVirtual
from domain.base import Events, Fact, Role
from domain.compliance import ApprovalConcluded, ApprovalGranted, ApprovalRequested
from domain.errors import Forbidden, Illegal
from domain.identity import role_id_of
from domain.trading import FundsDeposited
from tests.contract.doors.rig import Doors, doors, now

pytestmark = pytest.mark.anyio

WHY = "the feed was wrong at noon"


class MakeGood(DepositVirtual, frozen=True, kw_only=True):
    """Pay in for a trader what a mistake of the house has cost."""

    permission = "trades:correct"
    needs_approval = True

    def decide(self, account: Any) -> Events:
        if self.amount > 1000:
            raise Illegal("CAPITAL_OUT_OF_RANGE")
        return super().decide(account)


def making_good(account: str, amount: str = "10", at: datetime | None = None) -> MakeGood:
    return MakeGood(
        at=at or now(), account_id=UUID(account), amount=Decimal(amount), reason="sorry"
    )


@post("/bench/made-good/{account:str}/{amount:str}", status_code=202, opt=only("trades:correct"))
async def make_good(request: Request, account: FromPath[str], amount: FromPath[str]) -> Proposed:
    """Ask for it."""
    return await request.propose(making_good(account, amount), WHY)


@dataclass
class Desk:
    """A house with a trader's account and two people of the risk desk."""

    house: Doors
    account: str
    ada: dict[str, str]
    ben: dict[str, str]

    async def ask(self, who: dict[str, str], amount: str = "10") -> str:
        path = f"/bench/made-good/{self.account}/{amount}"
        answer = await self.house.http.post(path, headers=who)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "PENDING"
        return str(answer.json()["approval_id"])

    async def decide(self, who: dict[str, str], approval: str, word: str) -> httpx.Response:
        path = f"/api/v1/admin/approvals/{approval}/{word}"
        return await self.house.http.post(path, json={"reason": "seen and agreed"}, headers=who)

    def facts(self, kind: type) -> list[Fact]:
        return [one for one in self.house.tape.facts(0, 1000) if isinstance(one.event, kind)]

    async def react(self) -> None:
        """As the reactor does, and once more, as after a crash."""
        carry_out = carrying_out(self.house.house.dispatch, power_on(self.house.tape, now))
        for _ in range(2):
            for fact in self.facts(ApprovalGranted):
                assert isinstance(fact.event, ApprovalGranted)
                for command in react(fact.event, fact.meta):
                    by = caller("approvals", fact.meta)
                    await carry_out(command, by, claim("approvals", fact.position, 0))


@pytest.fixture
async def desk(keys: Path) -> AsyncIterator[Desk]:
    async with doors(keys, make_good) as house:
        account = await house.account()
        people = [house.house.ids(), house.house.ids()]
        by = Caller(actor="system:operator", roles=Role.SYSTEM, correlation_id=house.house.ids())
        await house.house.dispatch(EstablishRoles(at=now()), by)
        for person in people:
            grant = AssignRole(
                at=now(), user_id=person, role_id=role_id_of("risk"), reason="the risk desk"
            )
            await house.house.dispatch(grant, by)
        tokens = (house.house.tokens.issue(person) for person in people)
        ada, ben = ({"Authorization": f"Bearer {token}"} for token in tokens)
        yield Desk(house, account, ada, ben)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code") or answer.json()["status"]


async def test_what_two_people_want_is_done_once_in_the_name_of_the_first(desk: Desk) -> None:
    approval = await desk.ask(desk.ada)
    assert not desk.facts(FundsDeposited)
    assert said(await desk.decide(desk.ben, approval, "approve")) == (200, "GRANTED")
    await desk.react()
    (done,) = desk.facts(FundsDeposited)
    (asked,), (granted,) = desk.facts(ApprovalRequested), desk.facts(ApprovalGranted)
    assert done.meta.actor == "system:approvals"
    assert done.meta.on_behalf_of == asked.meta.actor
    assert done.meta.causation_id == granted.meta.command_id
    assert granted.meta.actor != asked.meta.actor
    (concluded,) = desk.facts(ApprovalConcluded)
    assert concluded.event == ApprovalConcluded(UUID(approval), None)


async def test_nobody_approves_what_they_asked_for_themselves(desk: Desk) -> None:
    approval = await desk.ask(desk.ada)
    assert said(await desk.decide(desk.ada, approval, "approve")) == (403, "APPROVAL_OWN")
    assert said(await desk.decide(desk.ada, approval, "refuse")) == (200, "REFUSED")
    assert said(await desk.decide(desk.ben, approval, "approve")) == (409, "APPROVAL_DECIDED")
    await desk.react()
    assert not desk.facts(FundsDeposited)


async def test_only_those_who_could_have_asked_may_approve(desk: Desk) -> None:
    approval = await desk.ask(desk.ada)
    for word in ("approve", "refuse"):
        trader = await desk.decide({}, approval, word)
        assert said(trader) == (404, "APPROVAL_UNKNOWN")


async def test_what_was_approved_and_cannot_be_done_is_said_to_have_failed(desk: Desk) -> None:
    approval = await desk.ask(desk.ada, "5000")
    await desk.decide(desk.ben, approval, "approve")
    await desk.react()
    assert not desk.facts(FundsDeposited)
    (concluded,) = desk.facts(ApprovalConcluded)
    assert concluded.event == ApprovalConcluded(UUID(approval), "CAPITAL_OUT_OF_RANGE")


@pytest.mark.parametrize("what", ["takes the role back", "shuts the person out"])
async def test_whoever_asked_must_still_be_allowed_to_when_it_is_done(
    desk: Desk, what: str
) -> None:
    approval = await desk.ask(desk.ada)
    await desk.decide(desk.ben, approval, "approve")
    (asked,) = desk.facts(ApprovalRequested)
    ada = UUID(asked.meta.actor.removeprefix("user:"))
    by = Caller(actor="system:operator", roles=Role.SYSTEM, correlation_id=ada)
    of: dict[str, Any] = {"at": now(), "user_id": ada, "reason": "left the risk desk"}
    taken = RevokeRole(**of, role_id=role_id_of("risk"))
    await desk.house.house.dispatch(taken if "role" in what else SuspendUser(**of), by)
    await desk.react()
    assert not desk.facts(FundsDeposited)
    (concluded,) = desk.facts(ApprovalConcluded)
    assert concluded.event == ApprovalConcluded(UUID(approval), "ACCESS_DENIED")


async def test_two_answers_at_once_are_one(desk: Desk) -> None:
    approval = await desk.ask(desk.ada)
    words = ("approve", "refuse", "approve", "refuse")
    answers = await asyncio.gather(*(desk.decide(desk.ben, approval, word) for word in words))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_request_that_nobody_answered_in_time_is_not_approved(desk: Desk) -> None:
    approval = await desk.ask(desk.ada)
    (asked,) = desk.facts(ApprovalRequested)
    assert isinstance(asked.event, ApprovalRequested)
    assert asked.event.expires_at - asked.meta.occurred_at == timedelta(hours=24)
    late = desk.house.house.clock() + timedelta(hours=24, seconds=1)
    other = UUID(int=7)
    grant = GrantApproval(
        at=late, approval_id=UUID(approval), decided_by=f"user:{other}", reason="seen and agreed"
    )
    by = Caller(
        actor=f"user:{other}",
        roles=Role.TRADER,
        correlation_id=other,
        permissions=frozenset({"trades:correct"}),
    )
    with pytest.raises(Illegal, match="APPROVAL_EXPIRED"):
        await desk.house.house.dispatch(grant, by)


async def test_the_command_itself_is_refused_at_every_door_without_approval(desk: Desk) -> None:
    by = Caller(
        actor="user:x",
        roles=Role.TRADER,
        correlation_id=desk.house.house.ids(),
        permissions=frozenset({"trades:correct"}),
    )

    async def sent(caller: Caller) -> Receipt:
        return await desk.house.house.dispatch(making_good(desk.account), caller)

    with pytest.raises(Forbidden, match="APPROVAL_REQUIRED"):
        await sent(by)


async def test_what_is_approved_is_what_was_asked(desk: Desk) -> None:
    asked = making_good(desk.account, "0.00000001")
    name, arguments = written(asked)
    assert carried(name, arguments, asked.at) == asked
    later = asked.at + timedelta(hours=1)
    assert carried(name, arguments, later) == making_good(desk.account, "0.00000001", later)
