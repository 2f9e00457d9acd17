"""Whatever a company does to its shares: nothing is created, and both ways of counting agree."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commands.trading.corporate import converted
from domain.money import tidy
from domain.trading import ActionKind, CorporateAction, Lot, Position
from tests.spec.trading import NOW

EX = NOW + timedelta(days=1)
LOTS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 500), st.booleans()), min_size=1, max_size=6
)


def position(lots: list[tuple[int, int, bool]], relieved: int) -> Position:
    """Lots older than the ex-date first; the book's cost differs from theirs, as after sales."""
    ordered = sorted(lots, key=lambda lot: lot[2])
    layers = tuple(
        Lot(UUID(int=n), Decimal(q), Decimal(a), EX if late else NOW)
        for n, (q, a, late) in enumerate(ordered)
    )
    total = sum(lot.amount for lot in layers)
    cost = Decimal(max(0, int(total) - relieved))
    return Position(
        quantity=sum((lot.quantity for lot in layers), Decimal(0)),
        cost_basis=cost,
        realised_wac=cost - total,
        lots=layers,
        last_price=Decimal(60),
    )


RATIOS = st.tuples(st.integers(1, 7), st.integers(1, 7))


@given(
    LOTS,
    st.integers(0, 200),
    RATIOS,
    st.sampled_from([ActionKind.SPLIT, ActionKind.BONUS, ActionKind.MERGER]),
    st.integers(0, 100),
)
def test_units_layers_and_profits_agree_after_every_action(
    lots: list[tuple[int, int, bool]],
    relieved: int,
    ratio: tuple[int, int],
    kind: ActionKind,
    reference: int,
) -> None:
    held = position(lots, relieved)
    action = CorporateAction(
        action_id=UUID(int=1),
        kind=kind,
        symbol="ACME",
        ex_at=EX,
        numerator=Decimal(ratio[0]),
        denominator=Decimal(ratio[1]),
        reference_price=Decimal(reference),
    )
    after, fraction, cash = converted(held, action)
    assert sum(lot.quantity for lot in after.lots) == after.quantity
    assert all(lot.quantity > 0 and lot.amount >= 0 for lot in after.lots)
    assert after.cost_basis >= 0
    assert 0 <= fraction < 1
    if not after.quantity:
        assert after.cost_basis == 0
    # Realised and unrealised together are the same by weighted average and by layers.
    layered = sum((lot.amount for lot in after.lots), Decimal(0))
    assert tidy(after.realised_wac - after.cost_basis) == tidy(after.realised_fifo - layered)
    # What left the cost or came as cash is in the realised profit, and nowhere else.
    assert tidy(after.realised_wac - held.realised_wac) == tidy(
        cash - (held.cost_basis - after.cost_basis)
    )
