"""How to be refused at a desk: what is done before, and the request that is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from httpx import Response

from commands.base import Entry, Stale
from commands.trading import CloseAccount, RequestCancel, SuspendOrder
from tests.contract.doors.desk import WHY, Desk
from tests.contract.doors.rig import now

Ask = Callable[[Desk], Awaitable[Response]]
NOBODY = "01a204d1-a11d-7382-ad2f-510b83abaf2f"


def placing(**change: Any) -> Ask:
    """An order that would be taken, but for this."""

    async def ask(desk: Desk) -> Response:
        return await desk.place(**change)

    return ask


def limited(limits: dict[str, Any], **change: Any) -> Ask:
    async def ask(desk: Desk) -> Response:
        assert (await desk.limit(**limits)).status_code == 200
        return await desk.place(**change)

    return ask


def twice(limits: dict[str, Any]) -> Ask:
    """The second of two orders, where only one is allowed."""

    async def ask(desk: Desk) -> Response:
        await desk.limit(**limits)
        await desk.resting()
        return await desk.place()

    return ask


def held(state: str) -> Ask:
    async def ask(desk: Desk) -> Response:
        await desk.hold(state)
        return await desk.place()

    return ask


async def lose(entries: Sequence[Entry]) -> None:
    """Somebody else is always faster."""
    raise Stale(frozenset(range(len(entries))))


# ── orders ─────────────────────────────────────────────────────────────────────────


async def same_client_id(desk: Desk) -> Response:
    await desk.resting(client_order_id="mine")
    return await desk.place(client_order_id="mine")


async def unknown_order(desk: Desk) -> Response:
    return await desk.ask("DELETE", f"orders/{NOBODY}")


async def after_the_opening(desk: Desk) -> Response:
    order = await desk.resting(tif="OPG")
    return await desk.ask("PATCH", f"orders/{order}", tif="DAY")


async def too_late(desk: Desk) -> Response:
    order = await desk.trade("BUY", "100")
    return await desk.ask("DELETE", f"orders/{order}")


async def already_pending(desk: Desk) -> Response:
    order = await desk.resting()
    await desk.let(
        RequestCancel(at=now(), account_id=UUID(desk.account), order_id=UUID(order), by="HOUSE")
    )
    return await desk.ask("PATCH", f"orders/{order}", quantity="5")


async def suspended_order(desk: Desk) -> Response:
    order = await desk.resting()
    await desk.let(
        SuspendOrder(at=now(), account_id=UUID(desk.account), order_id=UUID(order), reason=WHY)
    )
    return await desk.ask("PATCH", f"orders/{order}", quantity="5")


async def below_filled(desk: Desk) -> Response:
    order = await desk.resting(price="100")
    await desk.fill(order, "6", "100")
    return await desk.ask("PATCH", f"orders/{order}", quantity="5")


async def no_legs(desk: Desk) -> Response:
    return await desk.ask("POST", "orders/basket", account_id=desk.account, legs=[])


async def a_leg_refused(desk: Desk) -> Response:
    leg = {name: value for name, value in desk.ticket().items() if name != "account_id"}
    legs = [leg, {**leg, "symbol": "HALT"}]
    return await desk.ask(
        "POST", "orders/basket", account_id=desk.account, legs=legs, all_or_none=True
    )


async def other_side(desk: Desk) -> Response:
    body = {"stock_ticker": "ACME", "quantity": "1", "order_type": "sell"}
    return await desk.house.http.post("/api/v1/dashboard/order/buy", json=body)


# ── accounts and positions ─────────────────────────────────────────────────────────


async def closed_account(desk: Desk) -> Response:
    await desk.let(CloseAccount(at=now(), account_id=UUID(desk.account), reason=WHY))
    return await desk.place()


async def too_rich(desk: Desk) -> Response:
    path = f"accounts/{desk.account}/deposits"
    return await desk.ask("POST", path, amount="1000000000000")


def opening(**change: Any) -> Ask:
    async def ask(desk: Desk) -> Response:
        body = {"kind": "PAPER", "currency": "INR", "opening_capital": "1", **change}
        return await desk.ask("POST", "accounts", **body)

    return ask


async def flat(desk: Desk) -> Response:
    await desk.trade("BUY", "100")
    await desk.trade("SELL", "100")
    return await desk.ask("POST", f"positions/{await desk.position()}/close")


async def unknown_position(desk: Desk) -> Response:
    return await desk.ask("POST", f"positions/{NOBODY}/close")


def of_held(what: str, **body: Any) -> Ask:
    """Ten are held, four of them on offer."""

    async def ask(desk: Desk) -> Response:
        await desk.trade("BUY", "100")
        await desk.resting(side="SELL", quantity="4", price="120")
        return await desk.ask("POST", f"positions/{await desk.position()}/{what}", **body)

    return ask


async def selling_more_than_is_held(desk: Desk) -> Response:
    await desk.trade("BUY", "100")
    await desk.resting(side="SELL", quantity="4", price="120")
    return await desk.place(side="SELL", quantity="7")


async def converting_without_money(desk: Desk) -> Response:
    await desk.trade("BUY", "100", quantity="20000", product="MIS")
    path = f"positions/{await desk.position()}/convert"
    return await desk.ask("POST", path, to_product="CNC", quantity="20000")


# ── risk ───────────────────────────────────────────────────────────────────────────


async def lost_twice(desk: Desk) -> Response:
    await desk.limit(cooldown_losses=2, cooldown_minutes=30)
    for _ in range(2):
        await desk.trade("BUY", "100")
        await desk.trade("SELL", "90")
    return await desk.place()


async def lost_in_the_symbol(desk: Desk) -> Response:
    await desk.limit(symbol_lock_losses=1, symbol_lock_minutes=30)
    await desk.trade("BUY", "100")
    await desk.trade("SELL", "90")
    return await desk.place()


async def brought_too_little(desk: Desk) -> Response:
    await desk.limit(low_profit_trades=1, low_profit_amount="6", low_profit_minutes=30)
    await desk.trade("BUY", "100")
    await desk.trade("SELL", "100.5")
    return await desk.place()


async def let_go_too_soon(desk: Desk) -> Response:
    await desk.limit(daily_loss_limit="50")
    await desk.trade("BUY", "100")
    await desk.trade("SELL", "90")
    return await desk.hold("ACTIVE")
