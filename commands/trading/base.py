"""What every command on an account has in common."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from commands.base import Caller, Command
from domain.base import Role
from domain.errors import Illegal, Invalid, NotFound
from domain.money import is_amount
from domain.trading import Account, Working


class AccountCommand(Command, frozen=True, kw_only=True):
    """Decided by one account, against that account's own history."""

    state = Account
    allowed = Role.TRADER
    account_id: UUID

    @property
    def stream(self) -> str:
        return f"account-{self.account_id}"

    def authorise(self, state: Account, by: Caller) -> None:
        """404 for somebody else's account, so that nobody learns which accounts exist."""
        super().authorise(state, by)
        mine = (
            state.owner == by.actor
            or not by.roles & Role.TRADER
            or self.permission in by.permissions
        )
        if not (state.owner and mine):
            raise NotFound("ACCOUNT_UNKNOWN", account_id=str(self.account_id))


def demand_open(account: Account) -> None:
    """A closed account is only read."""
    if account.day.over:
        raise Illegal("ACCOUNT_CLOSED")


def demand_amount(field: str, value: Decimal) -> None:
    if not is_amount(value):
        rule = "above 0, at most 10^12, at most 8 decimal places"
        raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)


def working_order(account: Account, order_id: UUID) -> Working:
    """The order while it may still be filled; Illegal when its life is over."""
    working = account.orders.get(order_id)
    if working is not None:
        return working
    status = account.done.get(order_id)
    if status is None:
        raise NotFound("ORDER_UNKNOWN", order_id=str(order_id))
    raise Illegal("ORDER_TOO_LATE", order_id=str(order_id), status=str(status))
