"""A few accounts and what each of them was asked, as facts on a tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

from commands.base import Command
from commands.trading import OpenAccount
from domain.base import Event, Fact, Meta, fold
from domain.trading import Account
from tests.spec.trading import ME

CAPITAL = Decimal(100_000)


def told(
    histories: Iterable[tuple[UUID, Sequence[Command]]], opened_at: datetime
) -> Iterator[Fact]:
    """The facts of each account, opened with 100,000 and then asked one after the other."""
    position, ids = 0, count(1 << 32)
    for account_id, commands in histories:
        opening = OpenAccount(
            at=opened_at,
            account_id=account_id,
            owner_id=ME,
            kind="PAPER",
            currency="INR",
            opening_capital=CAPITAL,
        )
        account, version = Account(), 0
        for command in (opening, *commands):
            facts: tuple[Event, ...] = command.decide(account)
            account = fold(account, facts)
            for fact in facts:
                position, version = position + 1, version + 1
                meta = Meta(
                    actor="system:clock",
                    command_id=UUID(int=next(ids)),
                    correlation_id=account_id,
                    occurred_at=command.at,
                )
                yield Fact(position, f"account-{account_id}", version, fact, meta, command.at)
