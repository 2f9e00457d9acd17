"""Corporate actions: what companies have announced, and from when on it counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.trading import CorporateActionAnnounced
from projections.base import At, Row
from projections.query import LIMIT_MAX, Amount, Db, Page, columns_for, rows, sql

MONEY: bool = False


class CorporateActionRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("action_id",)
    indexes = ("(ex_at)",)

    action_id: UUID
    kind: str
    symbol: str
    ex_at: datetime
    numerator: Decimal
    denominator: Decimal
    cash_per_unit: Decimal
    reference_price: Decimal
    step: Decimal
    source: str
    announced_at: datetime
    into_symbol: str | None = None


TABLE: type[Row] = CorporateActionRow


def project(event: CorporateActionAnnounced, at: At) -> Sequence[Row]:
    action = event.action
    return (
        CorporateActionRow(
            action_id=action.action_id,
            kind=action.kind,
            symbol=action.symbol,
            ex_at=action.ex_at,
            numerator=action.numerator,
            denominator=action.denominator,
            cash_per_unit=action.cash_per_unit,
            reference_price=action.reference_price,
            step=action.step,
            source=event.source,
            announced_at=at.occurred_at,
            into_symbol=action.into,
        ),
    )


class CorporateAction(Struct, frozen=True):
    """
    ``numerator`` new units for ``denominator`` old ones, ``cash_per_unit`` for each of them.

    It counts from ``ex_at`` on, for who held before; ``into_symbol`` replaces the instrument.
    """

    action_id: UUID
    kind: str
    symbol: str
    ex_at: datetime
    numerator: Amount
    denominator: Amount
    cash_per_unit: Amount
    reference_price: Amount
    step: Amount
    source: str
    announced_at: datetime
    into_symbol: str | None
    position: int


_OF = sql(
    "SELECT {columns} FROM rm.corporate_actions c WHERE (%s::text IS NULL OR symbol = %s)"
    " ORDER BY ex_at DESC, action_id LIMIT %s",
    columns=columns_for(CorporateAction, "c"),
)


async def announced(db: Db, _: UUID, symbol: str | None = None) -> Page[CorporateAction]:
    """Of one instrument or of all, the latest 500 of them; everybody may know."""
    found = await rows(db, _OF, (symbol, symbol, LIMIT_MAX))
    return Page([CorporateAction(**row) for row in found])
