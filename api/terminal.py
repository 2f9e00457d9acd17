"""Accounts in a terminal of 80 columns: money, holdings, open orders, and the curve of equity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

Point = tuple[datetime, Decimal]
Row = Mapping[str, Any]

EIGHTHS = " ▁▂▃▄▅▆▇█"
WIDTH, HEIGHT = 62, 8  # of a curve, in characters
HOLDINGS = (
    "symbol", "quantity", "average_price", "mark", "unrealised", "realised_wac", "realised_fifo",
)  # fmt: skip
MONEY = (
    "cash", "reserved_orders", "available", "positions_value", "equity", "fees_total",
    "realised_wac", "realised_fifo",
)  # fmt: skip


def money(**wallets: Row) -> Table:
    """The money of one account, one line an amount; a column for each moment by its name."""
    table = _table("wallet")
    for moment in wallets:
        _amounts(table, moment)
    for name in MONEY:
        table.add_row(_words(name), *(_shown(wallet[name]) for wallet in wallets.values()))
    return table


def holdings(rows: Iterable[dict[str, Any]]) -> Table:
    """What is held; the average price, which is a quotient, to four places."""
    shown = (row | {"average_price": _rounded(row["average_price"])} for row in rows)
    return listed("positions", shown, HOLDINGS)


def open_orders(rows: Iterable[Row]) -> Table:
    """Two lines an order: what it says, and its id."""
    table = _table("open orders")
    _amounts(table, "filled", "reserved", "status")
    for row in rows:
        price = "at the market" if row["price"] is None else f"at {row['price']}"
        says = f"{row['side']} {row['quantity']} {row['symbol']} {price} {row['tif']}"
        order = Text(says).append(f"\n{row['order_id']}", "dim")
        table.add_row(order, row["cum_qty"], row["reserved"], _words(row["status"].lower()))
    return table


def listed(title: str, rows: Iterable[Row], names: Sequence[str]) -> Table:
    """These members of each row; the first tells the rows apart."""
    table = _table(title, _words(names[0]))
    _amounts(table, *names[1:])
    for row in rows:
        table.add_row(*(_shown(row[name]) for name in names))
    return table


def curve(points: Sequence[Point]) -> Iterator[Text]:
    """
    Lines that draw these values over time, the highest first; nothing for fewer than two.

    A value stands until the next.  Green is where it began or above, red below.
    """
    if len(points) < 2:
        return
    values = _sampled(points)
    low, high = min(values), max(values)
    unit = (high - low) / (HEIGHT * 8 - 1) or Decimal(1)
    tall = [int((value - low) / unit) + 1 for value in values]
    begun = points[0][1]
    for floor in range(HEIGHT - 1, -1, -1):
        level = {HEIGHT - 1: high, 0: low}.get(floor)
        line = Text(f"{'' if level is None else format(level, '.2f'):>14} ").append("│", "dim")
        columns = zip(tall, values, strict=True)
        for up, group in groupby(columns, key=lambda column: column[1] >= begun):
            blocks = (EIGHTHS[max(0, min(8, eighths - floor * 8))] for eighths, _ in group)
            line.append("".join(blocks), "green" if up else "red")
        yield line
    first, last = (f"{points[end][0]:%H:%M:%S}" for end in (0, -1))
    yield Text(" " * 15 + "└" + "─" * WIDTH, "dim")
    yield Text(f"{'':>16}{first}{last:>{WIDTH - len(first)}}", "dim")


def _sampled(points: Sequence[Point]) -> list[Decimal]:
    """The value at each of ``WIDTH`` moments, evenly from the first to the last."""
    begun, lasted = points[0][0], points[-1][0] - points[0][0]
    values, nth = [], 0
    for column in range(WIDTH):
        moment = begun + lasted * column / (WIDTH - 1)
        while nth + 1 < len(points) and points[nth + 1][0] <= moment:
            nth += 1
        values.append(points[nth][1])
    return values


def _table(title: str, first: str = "") -> Table:
    table = Table(
        title=title,
        title_style="bold",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    table.add_column(first, no_wrap=True)
    return table


def _amounts(table: Table, *names: str) -> None:
    """Columns of numbers: one that is too long goes on in the next line, whole."""
    for name in names:
        table.add_column(_words(name), justify="right", overflow="fold")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rounded(price: str | None) -> str | None:
    return price and f"{round(Decimal(price), 4).normalize():f}"


def _shown(value: object) -> str:
    return "" if value is None else str(value)
