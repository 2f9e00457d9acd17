"""Orders that are taken back by the house, before it does what it must."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from commands.trading.groups import Course
from domain.trading import Account, Working


def every(_: UUID, __: Working) -> bool:
    return True


def taken_back(
    account: Account,
    account_id: UUID,
    reason: str,
    meant: Callable[[UUID, Working], bool] = every,
) -> Course:
    """A cancel for each order that is meant, oldest first; what comes next goes on from there."""
    course = Course(account, account_id)
    for order_id, working in sorted(account.orders.items(), key=lambda item: item[0]):
        if meant(order_id, working):
            course.cancel(order_id, reason)
    return course
