"""Corporate actions are announced once, before their day, and on terms that can be carried out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from commands.trading import AnnounceCorporateAction
from domain.errors import Conflict, Illegal, Invalid
from domain.trading import ActionKind, CorporateActionAnnounced
from tests.contract.life_of_risk import splitting
from tests.spec.given import given
from tests.spec.trading import NOW

SPLIT = splitting(NOW)
SOME: dict[str, Any] = {"numerator": Decimal(1), "denominator": Decimal(1)}


def announcing(kind: ActionKind, **change: Any) -> AnnounceCorporateAction:
    """Without any terms but those of the change."""
    plain = {**SOME, "reference_price": Decimal(0), "kind": kind}
    return AnnounceCorporateAction(
        **{name: getattr(SPLIT, name) for name in ("at", "symbol", "ex_at", "reason")},
        **{"source": SPLIT.source, **plain, **change},
    )


def test_what_was_announced_is_not_announced_again() -> None:
    (fact,) = given().when(SPLIT).facts()
    assert isinstance(fact, CorporateActionAnnounced)
    given(fact).when(SPLIT).then()
    given(fact).when(replace(SPLIT, reason="once more, to be sure")).then()
    others = replace(SPLIT, numerator=Decimal(5))
    given(fact).when(others).then_fails(Conflict, "CORPORATE_ACTION_EXISTS")
    assert len(given(fact).when(replace(SPLIT, ex_at=SPLIT.ex_at + timedelta(days=1))).facts()) == 1


def test_nothing_is_announced_for_a_day_that_has_begun() -> None:
    given().when(replace(SPLIT, at=SPLIT.ex_at)).then_fails(Illegal, "RETROACTIVE_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (ActionKind.SPLIT, {"numerator": Decimal(2)}),
        (ActionKind.BONUS, {}),
        (ActionKind.DIVIDEND, {"cash_per_unit": Decimal("2.5")}),
        (ActionKind.SYMBOL_CHANGE, {"into": "COIN"}),
        (ActionKind.MERGER, {"into": "COIN", "cash_per_unit": Decimal(1)}),
    ],
)
def test_every_kind_has_terms_of_its_own(kind: ActionKind, terms: dict[str, Any]) -> None:
    assert len(given().when(announcing(kind, **terms)).facts()) == 1


@pytest.mark.parametrize(
    ("kind", "terms", "field"),
    [
        (ActionKind.SPLIT, {}, "numerator"),
        (ActionKind.SPLIT, {"numerator": Decimal(0)}, "numerator"),
        (ActionKind.SPLIT, {"numerator": Decimal(3), "denominator": Decimal(2)}, "reference_price"),
        (ActionKind.SPLIT, {"numerator": Decimal(2), "into": "COIN"}, "into"),
        (ActionKind.SPLIT, {"numerator": Decimal(2), "cash_per_unit": Decimal(1)}, "cash_per_unit"),
        (ActionKind.SPLIT, {"numerator": Decimal(2), "step": Decimal(-1)}, "step"),
        (ActionKind.DIVIDEND, {}, "cash_per_unit"),
        (ActionKind.DIVIDEND, {"cash_per_unit": Decimal(1), "numerator": Decimal(2)}, "numerator"),
        (ActionKind.SYMBOL_CHANGE, {}, "into"),
        (ActionKind.SYMBOL_CHANGE, {"into": "ACME"}, "into"),
        (ActionKind.BONUS, {"source": ""}, "source"),
    ],
)
def test_terms_that_cannot_be_carried_out_are_told_by_their_field(
    kind: ActionKind, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid, match="VALIDATION") as refused:
        announcing(kind, **terms)
    assert refused.value.context["field"] == field
