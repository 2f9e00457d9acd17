"""
The seeds' design: FastAPI, SQLAlchemy and asyncpg, with current state in tables.

Each order is one transaction that checks and reserves the wallet, keeps the position, and
writes the order and an audit row.  Run by uvicorn in build/bench-venv; PEER_DATABASE_URL names
the database, PEER_SECRET signs the tokens (HS256, the cheaper kind).
"""
# mypy: ignore-errors
# ^ its tools are not installed where ours are

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import JSON, DateTime, Numeric, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    os.environ["PEER_DATABASE_URL"], pool_size=16, max_overflow=0, pool_timeout=60
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
SECRET = os.environ["PEER_SECRET"]
Money = Annotated[Decimal, mapped_column(Numeric(28, 8))]
Time = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallets"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    currency: Mapped[str]
    cash: Mapped[Money]
    reserved: Mapped[Money]
    updated_at: Mapped[Time]


class Position(Base):
    __tablename__ = "positions"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[Money]
    in_orders: Mapped[Money]
    updated_at: Mapped[Time]


class TradeOrder(Base):
    __tablename__ = "orders"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(index=True)
    symbol: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    quantity: Mapped[Money]
    price: Mapped[Money]
    status: Mapped[str]
    created_at: Mapped[Time]


class AuditLog(Base):
    __tablename__ = "audit_logs"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[UUID] = mapped_column(index=True)
    action: Mapped[str]
    details: Mapped[dict] = mapped_column(JSON)
    created_at: Mapped[Time]


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderIn(BaseModel):
    account_id: UUID
    symbol: str
    side: Side
    quantity: Decimal = Field(gt=0)
    order_type: str = "LIMIT"
    price: Decimal = Field(gt=0)


class OrderOut(BaseModel):
    order_id: UUID
    status: str
    message: str


async def session():
    async with sessions() as opened:
        yield opened


def user(given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> UUID:
    try:
        return UUID(jwt.decode(given.credentials, SECRET, algorithms=["HS256"])["sub"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "invalid token") from None


app = FastAPI()


@app.post("/orders", status_code=201)
async def place_order(
    order: OrderIn,
    user_id: Annotated[UUID, Depends(user)],
    db: Annotated[AsyncSession, Depends(session)],
) -> OrderOut:
    now = datetime.now(UTC)
    wallets = select(Wallet).where(Wallet.account_id == order.account_id).with_for_update()
    wallet = (await db.scalars(wallets)).one_or_none()
    if wallet is None or wallet.user_id != user_id:
        raise HTTPException(404, "account not found")
    cost = order.quantity * order.price
    if wallet.cash - wallet.reserved < cost:
        raise HTTPException(409, "insufficient funds")
    position = await db.get(Position, (order.account_id, order.symbol))
    if position is None:
        position = Position(account_id=order.account_id, symbol=order.symbol)
        position.quantity = position.in_orders = Decimal(0)
        db.add(position)
    position.in_orders += order.quantity
    position.updated_at = wallet.updated_at = now
    wallet.reserved += cost
    placed = TradeOrder(order_id=uuid4(), status="OPEN", created_at=now, **order.model_dump())
    detail = order.model_dump(mode="json")
    audit = AuditLog(user_id=user_id, action="ORDER_PLACED", details=detail, created_at=now)
    db.add_all([placed, audit])
    await db.commit()
    return OrderOut(order_id=placed.order_id, status=placed.status, message="order placed")


@app.on_event("startup")
async def create_tables() -> None:
    async with engine.begin() as db:
        await db.run_sync(Base.metadata.create_all)
