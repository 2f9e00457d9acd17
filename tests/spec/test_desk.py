"""What a desk decides about the risk of many accounts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.desks import DesksInMemory
from commands.base import Caller, Entry
from commands.trading import (
    ActivateDeskKillSwitch,
    ReleaseDeskKillSwitch,
    ReleaseUserKillSwitch,
    SetDeskLimits,
    SetDeskState,
)
from domain.base import Events, Fact, Meta, Role, fold
from domain.errors import Forbidden, Illegal, Invalid, Unavailable
from domain.trading import (
    Desks,
    KillSwitchActivated,
    Limits,
    Party,
    RiskLimitsSet,
    TradingState,
    TradingStateChanged,
)
from tests.spec.given import given
from tests.spec.trading import ME, NOW

TOMORROW = NOW + timedelta(days=1)
MINE = f"user:{ME}"
TRADER = Caller(actor=MINE, roles=Role.TRADER, correlation_id=ME)
RISK = Caller(
    actor="user:9",
    roles=Role.TRADER,
    correlation_id=ME,
    permissions=frozenset({"system:halt"}),
)
LOOSE, STRICT = Limits(max_order_qty=Decimal(100)), Limits(max_order_qty=Decimal(10))


def limit(limits: Limits, party: Party = Party.OWNER, scope: str = MINE) -> SetDeskLimits:
    return SetDeskLimits(
        at=NOW, scope=scope, limits=limits, next_session=TOMORROW, party=party, reason=""
    )


def hold(state: TradingState, party: Party = Party.OWNER, **more: object) -> SetDeskState:
    command = SetDeskState(
        at=NOW, scope=MINE, trading_state=state, reason="enough for today", party=party
    )
    return replace(command, **more)


def kill(**more: object) -> ActivateDeskKillSwitch:
    command = ActivateDeskKillSwitch(at=NOW, scope="platform", reason="prices are wrong")
    return replace(command, **more)


def known(*commands: object) -> Events:
    facts: Events = ()
    for command in commands:
        facts += command.decide(fold(Desks(), facts))  # type: ignore[attr-defined]  # a command
    return facts


def test_a_stricter_limit_counts_at_once() -> None:
    given(*known(limit(LOOSE))).when(limit(STRICT)).then_only(
        RiskLimitsSet, limits=STRICT, later=None
    )


def test_a_looser_limit_of_the_owner_waits_for_the_next_session() -> None:
    case = given(*known(limit(STRICT))).when(limit(LOOSE))
    case.then_only(RiskLimitsSet, limits=STRICT, later=LOOSE, later_from=TOMORROW)
    risk = fold(Desks(), known(limit(STRICT), limit(LOOSE))).risk_of(MINE)
    assert risk.limits_at(NOW) == STRICT
    assert risk.limits_at(TOMORROW) == LOOSE


def test_the_house_loosens_at_once() -> None:
    facts = known(limit(STRICT, Party.HOUSE))
    given(*facts).when(limit(LOOSE, Party.HOUSE)).then_only(RiskLimitsSet, limits=LOOSE, later=None)


def test_the_owner_cannot_loosen_what_the_house_has_limited() -> None:
    facts = known(limit(STRICT, Party.HOUSE), limit(LOOSE))
    assert fold(Desks(), facts).risk_of(MINE).limits_at(TOMORROW) == STRICT


def test_setting_what_is_set_changes_nothing() -> None:
    given(*known(limit(STRICT))).when(limit(STRICT)).then()
    given(*known(limit(STRICT), limit(LOOSE))).when(limit(LOOSE)).then()


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(max_order_qty=Decimal(0)), "max_order_qty"),
        (Limits(max_open_orders=-1), "max_open_orders"),
        (Limits(cooldown_losses=2), "cooldown_losses"),
        (Limits(daily_loss_limit=Decimal("0.000000001")), "daily_loss_limit"),
    ],
)
def test_a_limit_makes_sense(limits: Limits, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        limit(limits)
    assert caught.value.context["field"] == field


def test_trading_is_as_open_as_the_strictest_hold() -> None:
    facts = known(
        hold(TradingState.REDUCING, Party.HOUSE),
        hold(TradingState.HALTED),
        hold(TradingState.ACTIVE),
    )
    risk = fold(Desks(), facts).risk_of(MINE)
    assert risk.state_at(NOW) is TradingState.REDUCING


def test_a_hold_ends_by_itself_when_its_time_is_over() -> None:
    facts = known(hold(TradingState.HALTED, until=TOMORROW))
    risk = fold(Desks(), facts).risk_of(MINE)
    assert risk.state_at(TOMORROW - timedelta(microseconds=1)) is TradingState.HALTED
    assert risk.state_at(TOMORROW) is TradingState.ACTIVE


def test_nobody_undoes_the_hold_of_another() -> None:
    facts = known(hold(TradingState.HALTED, Party.HOUSE))
    error = given(*facts).when(hold(TradingState.ACTIVE)).then_fails(Illegal, "TRADING_HALTED")
    assert error.context["by"] == "HOUSE"


def test_what_a_policy_holds_back_is_not_let_go_before_the_next_session() -> None:
    facts = known(hold(TradingState.REDUCING, Party.POLICY, until=TOMORROW))
    error = given(*facts).when(hold(TradingState.ACTIVE)).then_fails(Illegal, "RISK_LOOSEN_COOLOFF")
    assert error.context["until"] == TOMORROW.isoformat()


def test_a_kill_switch_halts_before_anything_else() -> None:
    halt, switch = given().when(kill()).facts()
    assert isinstance(halt, TradingStateChanged)
    assert (halt.new, halt.party) == (TradingState.HALTED, Party.KILL_SWITCH)
    assert isinstance(switch, KillSwitchActivated)


def test_a_kill_switch_pulled_twice_is_pulled_once() -> None:
    given(*known(kill())).when(kill()).then()
    given(*known(kill(flatten=True))).when(kill()).then()


def test_a_kill_switch_pulled_again_may_ask_for_more_but_never_for_less() -> None:
    facts = given(*known(kill(cancel_orders=True))).when(kill(flatten=True)).facts()
    switch = facts[-1]
    assert isinstance(switch, KillSwitchActivated)
    assert (switch.cancel_orders, switch.flatten) == (True, True)


def test_a_released_kill_switch_lets_trading_go_on() -> None:
    release = ReleaseDeskKillSwitch(at=NOW, scope="platform", reason="prices are right")
    facts = known(kill(), release)
    risk = fold(Desks(), facts).risk_of("platform")
    assert risk.state_at(NOW) is TradingState.ACTIVE
    assert risk.switch is None
    given(*facts).when(release).then()


def test_a_trader_decides_about_his_own_accounts_and_no_others() -> None:
    limit(STRICT).authorise(Desks(), TRADER)
    with pytest.raises(Forbidden):
        limit(STRICT, scope="platform").authorise(Desks(), TRADER)
    with pytest.raises(Forbidden):
        limit(STRICT, scope=f"user:{UUID(int=2)}").authorise(Desks(), TRADER)
    with pytest.raises(Forbidden):
        kill().authorise(Desks(), TRADER)


def test_nobody_speaks_for_another_party() -> None:
    with pytest.raises(Forbidden):
        limit(LOOSE, Party.HOUSE).authorise(Desks(), TRADER)
    with pytest.raises(Forbidden):
        limit(STRICT).authorise(Desks(), RISK)
    limit(LOOSE, Party.HOUSE).authorise(Desks(), RISK)


def test_to_let_the_platform_go_on_needs_a_second_person() -> None:
    release = ReleaseDeskKillSwitch(at=NOW, scope="platform", reason="prices are right")
    with pytest.raises(Forbidden, match="APPROVAL_REQUIRED"):
        release.authorise(Desks(), RISK)
    release.authorise(Desks(), replace(RISK, approved=True))
    ReleaseUserKillSwitch(at=NOW, scope=MINE, reason="calm again").authorise(Desks(), TRADER)


@pytest.mark.parametrize("scope", ["", "planet", "user:x", "account:1", "symbol:", "SYMBOL:A"])
def test_a_scope_is_one_of_the_known_kinds(scope: str) -> None:
    with pytest.raises(Invalid):
        kill(scope=scope)


async def nothing_more(version: int) -> list[Fact]:
    return []


@pytest.mark.anyio
async def test_the_desks_in_memory_tell_what_every_scope_says() -> None:
    desks = DesksInMemory(nothing_more, house=STRICT)
    with pytest.raises(Unavailable):
        desks.bounds(MINE)  # nobody knows yet whether trading is halted
    await desks.look()
    (platform,) = desks.bounds(MINE)
    assert platform.risk.limits_at(NOW) == STRICT
    facts = known(limit(LOOSE))
    desks.committed([(1, Entry("desks", 0, facts, meta()))])
    assert [bound.scope for bound in desks.bounds(MINE, "symbol:ACME")] == ["platform", MINE]
    desks.committed([(1, Entry("desks", 0, facts, meta()))])
    assert len(desks.bounds(MINE)) == 2, "the same facts told twice"


def meta() -> Meta:
    return Meta(actor=MINE, command_id=ME, correlation_id=ME, occurred_at=NOW)
