"""
Fills as they count now: what was corrected is as it should have been, what was annulled is gone.

A fill tells what was held after it, as was known when it was booked: corrections that came
before it are in that figure, later ones are not.  Between two fills what is held changes by
such a correction, or by a split, which changes all that was held in the same proportion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.money import ZERO, tidy
from projections.trades.round_trips import Fill

ONE = Decimal(1)


class Version(Struct, frozen=True, array_like=True):
    """What counted from ``position`` on: nothing where there is no price."""

    position: int
    quantity: Decimal
    price: Decimal | None


class Booked(Struct, frozen=True):
    """A fill as it was booked, the versions that followed, and all fees of its order by now."""

    fill: Fill
    order_id: UUID
    order_fees: Decimal
    versions: tuple[Version, ...] = ()

    @property
    def sign(self) -> int:
        return 1 if self.fill.signed > 0 else -1


class _Chain(Struct):
    """One position: ``held`` as the books had it, ``counted`` as it should have been."""

    held: Decimal = ZERO
    counted: Decimal = ZERO
    factor: Decimal = ONE


def counted(booked: Iterable[Booked]) -> list[Fill]:
    """In the order in which they were booked."""
    fills = list(booked)
    if not any(each.versions for each in fills):
        return [each.fill for each in fills]
    return _with_fees(fills, dict(_told_again(fills)))


def _told_again(fills: list[Booked]) -> Iterator[tuple[UUID, Fill]]:
    chains: dict[tuple[str, str], _Chain] = {}
    split: dict[UUID, Decimal] = {}
    for position, nth in sorted(_moments(fills)):
        each = fills[nth]
        fill = each.fill
        chain = chains.setdefault((fill.symbol, fill.product), _Chain())
        if position > fill.position:
            change = each.sign * (_known(each, position) - _known(each, position - 1))
            chain.held += change * chain.factor / split[fill.exec_id]
            continue
        before = fill.held - fill.signed
        if chain.held and before != chain.held:
            ratio = before / chain.held
            chain.factor, chain.counted = chain.factor * ratio, chain.counted * ratio
        last = each.versions[-1] if each.versions else None
        quantity = abs(fill.signed) if last is None else last.quantity
        chain.held = fill.held
        chain.counted = tidy(chain.counted + each.sign * quantity)
        split[fill.exec_id] = chain.factor
        if quantity:
            yield fill.exec_id, _as_it_counts(each, quantity, chain.counted)


def _moments(fills: list[Booked]) -> Iterator[tuple[int, int]]:
    """Where each fill was booked and where it was told otherwise, and which fill it is."""
    for nth, each in enumerate(fills):
        yield each.fill.position, nth
        yield from ((version.position, nth) for version in each.versions)


def _known(each: Booked, position: int) -> Decimal:
    """Its quantity as far as was told up to there."""
    told = [version.quantity for version in each.versions if version.position <= position]
    return told[-1] if told else abs(each.fill.signed)


def _as_it_counts(each: Booked, quantity: Decimal, held: Decimal) -> Fill:
    fill, price = each.fill, each.fill.price
    if each.versions and each.versions[-1].price is not None:
        price = each.versions[-1].price
    gross = fill.gross if not each.versions else tidy(quantity * price * fill.multiplier)
    return replace(fill, signed=each.sign * quantity, price=price, gross=gross, held=held)


def _with_fees(fills: list[Booked], told: dict[UUID, Fill]) -> list[Fill]:
    """What a correction has changed in the fees of its order goes to the last of its fills."""
    restated = {each.order_id: each.order_fees for each in fills if each.versions}
    for order_id, fees in restated.items():
        mine = [each.fill.exec_id for each in fills if each.order_id == order_id]
        left = [told[exec_id] for exec_id in mine if exec_id in told]
        if left:
            more = fees - sum((fill.fee for fill in left), ZERO)
            last = left[-1]
            told[last.exec_id] = replace(last, fee=tidy(last.fee + more))
    return list(told.values())
