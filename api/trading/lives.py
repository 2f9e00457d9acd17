"""The lives of an account: beginning anew, and ending."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from api.problems import documented
from api.wire import Amount
from api.wiring import Request
from commands.base import REASON_MAX, REASON_MIN, Receipt
from commands.trading import CloseAccount, ResetAccount
from commands.trading.closing import Listing
from domain.trading import (
    AccountClosed,
    AccountEpochClosed,
    AccountEpochOpened,
    OrderCanceled,
    OrderFilled,
)
from domain.trading.statement import plain
from projections import accounts, positions

Why = Annotated[str, Meta(min_length=REASON_MIN, max_length=REASON_MAX)]
ANSWERS = documented(404, 409, 413, 415, 422, 503)


class Reset(Struct, frozen=True, forbid_unknown_fields=True):
    """``opening_capital`` is what the account was opened with, unless said otherwise."""

    reason: Why
    opening_capital: Amount | None = None


class Ending(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Why


class Begun(Struct, frozen=True):
    """
    Life ``epoch_no`` has begun.  Of the one before: orders taken back, how many positions were
    marked out at the last price, and what it came to (GET /accounts/ID?as_of=POSITION).
    """

    account_id: UUID
    epoch_no: int
    opening_capital: str
    canceled: list[UUID]
    marked_out: int
    closed_cash: str
    closed_equity: str
    realised_wac: str
    realised_fifo: str
    fees: str
    position: int


class Ended(Struct, frozen=True):
    """``cash`` is what was there in the end; None if it had ended before."""

    account_id: UUID
    state: Literal["CLOSED"]
    cash: str | None
    position: int


@post("/accounts/{account_id:str}/reset", status_code=200, responses=ANSWERS)
async def reset_account(
    request: Request, account_id: FromPath[UUID], data: JSONBody[Reset]
) -> Begun:
    """
    Begin a paper account anew: orders are taken back, what is held is marked out at the last
    price, and the life that ends stays readable for ever.
    """
    account = await request.read_newest(accounts.one, account_id)
    held = await request.read(positions.of_account, account_id, request.marks)
    now = request.now
    command = ResetAccount(
        at=now,
        account_id=account_id,
        opening_capital=data.opening_capital or Decimal(account.opening_capital),
        session_date=now.date(),
        reason=data.reason,
        listings=tuple(
            Listing(instrument=instrument, quote=request.quote(symbol))
            for symbol in sorted({one.symbol for one in held if one.quantity != "0"})
            if (instrument := request.house.instruments.get(symbol)) is not None
        ),
    )
    return _begun(await request.dispatch(command))


def _begun(receipt: Receipt) -> Begun:
    closed, opened = receipt.facts[-2:]
    assert isinstance(closed, AccountEpochClosed), "that is what a reset records last"
    assert isinstance(opened, AccountEpochOpened), "and then a new life"
    return Begun(
        account_id=opened.account_id,
        epoch_no=opened.epoch_no,
        opening_capital=plain(opened.opening_capital),
        canceled=[fact.order_id for fact in receipt.facts if isinstance(fact, OrderCanceled)],
        marked_out=sum(isinstance(fact, OrderFilled) for fact in receipt.facts),
        closed_cash=plain(closed.cash),
        closed_equity=plain(closed.equity),
        realised_wac=plain(closed.realised_wac),
        realised_fifo=plain(closed.realised_fifo),
        fees=plain(closed.fees),
        position=receipt.position,
    )


@post("/accounts/{account_id:str}/close", status_code=200, responses=ANSWERS)
async def close_account(
    request: Request, account_id: FromPath[UUID], data: JSONBody[Ending]
) -> Ended:
    """End an account that holds nothing and has no working orders; it is only read from then on."""
    command = CloseAccount(at=request.now, account_id=account_id, reason=data.reason)
    receipt = await request.dispatch(command)
    cash = [plain(fact.cash) for fact in receipt.facts if isinstance(fact, AccountClosed)]
    return Ended(account_id, "CLOSED", next(iter(cash), None), receipt.position)


ROUTES = (reset_account, close_account)
