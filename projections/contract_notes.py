"""Contract notes: what an account dealt in on one day, fill by fill, and what it cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, json

from domain.money import ZERO, tidy
from domain.trading import Product, Side
from projections.daily_pnl import FIRST_DAY, LAST_DAY, day_of
from projections.query import Amount, Db, of_known_account, plain, sql


class NoteLine(Struct, frozen=True):
    """One execution; ``fees`` by component, of the schedule that was in force."""

    exec_id: UUID
    order_id: UUID
    symbol: str
    product: Product
    side: Side
    quantity: Amount
    price: Amount
    gross: Amount
    fees: dict[str, Amount]
    fee: Amount
    fee_schedule: str


class ContractNote(Struct, frozen=True):
    """
    A day (UTC) of dealing.

    ``net`` is what the account receives for it (below zero: pays): sold less bought less fees.
    The rates are samples and the note is NOT FOR TAX USE.
    """

    day: str
    bought: Amount
    sold: Amount
    fees: dict[str, Amount]
    fees_total: Amount
    net: Amount
    lines: list[NoteLine]


_OF_ACCOUNT = sql(
    """
SELECT f.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT f.exec_id, f.order_id, f.symbol, f.product, f.side, f.quantity, f.price, f.gross,
           f.fees::text AS fees, f.fee, f.fee_schedule, f.position,
           (f.executed_at AT TIME ZONE 'UTC')::date::text AS day
      FROM rm.fills f WHERE f.account_id = a.account_id
       AND (f.executed_at AT TIME ZONE 'UTC')::date BETWEEN %s AND %s) f ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY f.position
"""
)
_fees_in = json.Decoder(dict[str, Amount]).decode


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, since: str | None = None, until: str | None = None
) -> list[ContractNote]:
    """A note for each day with executions, oldest first."""
    first, last = day_of(since, "since", FIRST_DAY), day_of(until, "until", LAST_DAY)
    found = await of_known_account(db, account_id, _OF_ACCOUNT, (first, last, account_id, owner))
    days: dict[str, list[NoteLine]] = {}
    for row in found:
        days.setdefault(row["day"], []).append(_line(row))
    return [_note(day, lines) for day, lines in days.items()]


def _line(row: dict[str, Any]) -> NoteLine:
    shown = {name: row[name] for name in NoteLine.__struct_fields__ if name != "fees"}
    return NoteLine(**shown, fees=_fees_in(row["fees"]))


def _note(day: str, lines: list[NoteLine]) -> ContractNote:
    bought, sold = (
        sum((Decimal(line.gross) for line in lines if line.side == side), ZERO) for side in Side
    )
    fees: dict[str, Decimal] = {}
    for line in lines:
        for name, amount in line.fees.items():
            fees[name] = fees.get(name, ZERO) + Decimal(amount)
    total = sum((Decimal(line.fee) for line in lines), ZERO)
    return ContractNote(
        day=day,
        bought=plain(bought),
        sold=plain(sold),
        fees={name: plain(tidy(amount)) for name, amount in fees.items()},
        fees_total=plain(total),
        net=plain(tidy(sold - bought - total)),
        lines=lines,
    )
