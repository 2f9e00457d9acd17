"""Accounts and their money."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api import wire
from api.problems import documented
from api.wire import Amount
from api.wiring import Request
from commands.base import Receipt
from commands.trading import DepositVirtual, OpenAccount, WithdrawVirtual
from domain.errors import NotFound
from domain.trading import FILL_MODELS, TOP_OF_BOOK, AccountOpened, FundsDeposited, FundsWithdrawn
from domain.trading.statement import Holding, OpenOrder, Wallet, plain, statement
from projections import accounts, dashboard, equity, ledger, wallets
from projections.query import LIMIT, NEWEST, Page

MILLISECOND = timedelta(milliseconds=1)


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """``opening_capital`` is virtual money in ``currency``; ``fill_model`` as GET /fill-models."""

    kind: Literal["PAPER"]
    currency: str
    opening_capital: Amount
    label: str = ""
    fill_model: str = TOP_OF_BOOK.name
    fee_schedule: str = "ZERO"


class Opened(Struct, frozen=True):
    account_id: UUID
    kind: str
    currency: str
    opening_capital: str
    label: str
    position: int


class Transfer(Struct, frozen=True, forbid_unknown_fields=True):
    """Virtual money in the account's currency, and why."""

    amount: Amount
    reason: str = ""


class Transferred(Struct, frozen=True):
    """``cash`` is what the account has after it."""

    account_id: UUID
    amount: str
    cash: str
    position: int


class AccountThen(Struct, frozen=True):
    """An account as of ``position``, by the very fold that decides."""

    account_id: UUID
    position: int
    wallet: Wallet
    positions: tuple[Holding, ...]
    orders: tuple[OpenOrder, ...]


@post("/accounts", responses=documented(409, 413, 415, 422, 503))
async def open_account(request: Request, data: JSONBody[NewAccount]) -> Opened:
    """Open a paper account with virtual money."""
    command = OpenAccount(
        at=request.now,
        account_id=request.new_id,
        owner_id=request.user.user_id,
        kind=data.kind,
        currency=data.currency,
        opening_capital=data.opening_capital,
        label=data.label,
        fill_model=data.fill_model,
        fee_schedule=data.fee_schedule,
    )
    return _opened(await request.dispatch(command))


def _opened(receipt: Receipt) -> Opened:
    (fact,) = receipt.facts
    assert isinstance(fact, AccountOpened), "that is what opening records"
    capital = plain(fact.opening_capital)
    return Opened(fact.account_id, fact.kind, fact.currency, capital, fact.label, receipt.position)


@post("/accounts/{account_id:str}/deposits", responses=documented(404, 409, 413, 415, 422, 503))
async def deposit(
    request: Request, account_id: FromPath[UUID], data: JSONBody[Transfer]
) -> Transferred:
    """Pay virtual money in."""
    command = DepositVirtual(
        at=request.now, account_id=account_id, amount=data.amount, reason=data.reason
    )
    return _transferred(await request.dispatch(command))


@post("/accounts/{account_id:str}/withdrawals", responses=documented(404, 409, 413, 415, 422, 503))
async def withdraw(
    request: Request, account_id: FromPath[UUID], data: JSONBody[Transfer]
) -> Transferred:
    """Take virtual money out; never more than is available."""
    command = WithdrawVirtual(
        at=request.now, account_id=account_id, amount=data.amount, reason=data.reason
    )
    return _transferred(await request.dispatch(command))


def _transferred(receipt: Receipt) -> Transferred:
    (fact,) = receipt.facts
    assert isinstance(fact, FundsDeposited | FundsWithdrawn), "that is what a transfer records"
    return Transferred(
        fact.account_id, plain(fact.amount), plain(fact.balance.cash), receipt.position
    )


@get("/accounts", responses=documented(422, 503))
async def list_accounts(
    request: Request, limit: FromQuery[int] = LIMIT, cursor: FromQuery[str | None] = None
) -> Page[accounts.Account]:
    """My accounts, newest first."""
    return await request.read(accounts.of_owner, limit=limit, cursor=cursor)


@get("/accounts/{account_id:str}", responses=documented(404, 422, 503))
async def show_account(
    request: Request, account_id: FromPath[UUID], as_of: FromQuery[str | None] = None
) -> accounts.Account | AccountThen:
    """An account; with ``as_of`` (a position or an RFC 3339 time) all it had and owed then."""
    if as_of is not None:
        return await _then(request, account_id, moment(as_of))
    return await request.read(accounts.one, account_id)


async def _then(request: Request, account_id: UUID, upto: int | datetime) -> AccountThen:
    position, account = await request.house.past(account_id, upto)
    if account.owner != request.user.actor:
        raise NotFound("ACCOUNT_UNKNOWN", account_id=str(account_id))
    request.say("x-as-of-position", str(position))
    then = statement(account)
    return AccountThen(account_id, position, then.wallet, then.positions, then.orders)


def moment(text: str) -> int | datetime:
    """A position, or a time with its offset; an unescaped "+" arrives as a space."""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= NEWEST:
        return int(text)
    try:
        when = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise wire.invalid("/as_of", "a position, or an RFC 3339 time with its offset", "query")
    return when


@get("/accounts/{account_id:str}/equity", responses=documented(404, 422, 503))
async def show_equity(
    request: Request,
    account_id: FromPath[UUID],
    points: FromQuery[int | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[equity.EquityPoint]:
    """What the account was worth after each fact; with ``points`` its whole life in so many."""
    if points is not None:
        return Page(await request.read(equity.curve, account_id, points=points))
    return await request.read(equity.of_account, account_id, limit=limit, cursor=cursor)


class PublishedModel(Struct, frozen=True):
    """A fill model under its name@version, and what it assumes."""

    name: str
    says: str
    latency_ms: int
    default: bool


@get("/fill-models", responses=documented())
async def list_fill_models() -> Page[PublishedModel]:
    """The assumptions by which paper orders are filled; every fill names the one it rests on."""
    return Page(
        [
            PublishedModel(
                model.name, model.says, model.latency // MILLISECOND, model is TOP_OF_BOOK
            )
            for model in FILL_MODELS.values()
        ]
    )


@get("/wallet", responses=documented(404, 422, 503))
async def show_wallet(request: Request, account_id: FromQuery[UUID]) -> wallets.Wallet:
    """The money of an account, holdings valued at the market."""
    return await request.read(wallets.of_account, account_id, request.marks)


@get("/ledger", responses=documented(404, 422, 503))
async def show_ledger(
    request: Request,
    account_id: FromQuery[UUID],
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[ledger.LedgerLine]:
    """Every movement of money as double entry, newest first."""
    return await request.read(ledger.of_account, account_id, limit=limit, cursor=cursor)


@get("/dashboard", responses=documented(422, 503))
async def show_dashboard(request: Request) -> dashboard.Dashboard:
    """All my accounts at a glance."""
    return await request.read(dashboard.of_owner, request.marks)


ROUTES = (
    open_account,
    list_accounts,
    show_account,
    list_fill_models,
    deposit,
    withdraw,
    show_equity,
    show_wallet,
    show_ledger,
    show_dashboard,
)
