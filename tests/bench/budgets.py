"""The budgets: what is measured, against what, and how much is enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct, json


class Budget(Struct, frozen=True):
    """``bound`` is of the ratio, or of the figure itself where there is nothing to compare with."""

    id: str
    what: str
    against: str | None
    unit: str
    bound: float
    at_least: bool = True


BUDGETS = {
    budget.id: budget
    for budget in (
        Budget("P1", "dispatch in process, 256 in flight", "bare es.append", "facts/s", 0.5),
        Budget("P2", "PlaceOrder over HTTP, 64 connections", "empty POST", "requests/s", 0.5),
        Budget("P3", "PlaceOrder over HTTP, 64 connections", "FastAPI peer", "requests/s", 12),
        Budget("P4", "one event a command, in process", "stock recorder", "events/s", 25),
        Budget("P5", "one hot account, in process", "P1", "orders/s", 0.3),
        Budget("P6", "rebuild of all read models", "raw read of the log", "facts/s", 0.2),
        Budget("P7", "GET positions over HTTP", "GET that selects 1", "requests/s", 0.6),
        Budget("P8", "P1 with 1,000,000 facts", "P1 on an empty tape", "facts/s", 0.9),
        Budget("P9", "fold with 10,000 open orders", "with 10", "us/fact", 1.5, at_least=False),
        Budget("P10", "venue with 10,000 resting orders", "parsing the ticks", "ticks/s", 0.3),
        Budget("TICKS", "file to candles, quotes, venue", "parsing the ticks", "ticks/s", 0.25),
        Budget("REPLAY", "a day of SPY with 1,000 orders", None, "s", 15, at_least=False),
        Budget("CHAIN", "400 options with their greeks", None, "ms", 25, at_least=False),
        Budget("CANDLES", "GET 1,000 candles", "GET that selects 1", "requests/s", 0.5),
        Budget("LAG_RM", "read models behind, p99, half of P2", None, "ms", 150, at_least=False),
        Budget("LAG_JS", "JetStream behind, p99, half of P2", None, "ms", 150, at_least=False),
        Budget("FLOOD", "PlaceOrder p99, 50 logins a second", "quiet", "ms", 2, at_least=False),
        Budget("MEM", "all processes after 1,000,000 facts", None, "MB", 500, at_least=False),
        Budget("START", "restart to /readyz, 1,000,000 facts", None, "s", 5, at_least=False),
    )
}


class Figure(Struct, frozen=True):
    """One line of build/bench.json; ``against`` and ``ratio`` are null where nothing compares."""

    id: str
    figure: float
    against: float | None
    ratio: float | None
    budget: float
    holds: bool


def figure(id_: str, ours: float) -> Figure:
    """A figure that stands alone against its bound."""
    return _judged(id_, ours, None, None)


def compared(id_: str, rounds: Sequence[tuple[float, float]]) -> Figure:
    """
    Ours and theirs, measured in turn: the median of the ratios of the rounds.

    What slows the machine down for longer than a round slows both, and cancels.
    """
    ratio = median(ours / theirs for ours, theirs in rounds)
    ours, theirs = median(ours for ours, _ in rounds), median(theirs for _, theirs in rounds)
    return _judged(id_, ours, theirs, ratio)


def _judged(id_: str, ours: float, theirs: float | None, ratio: float | None) -> Figure:
    budget = BUDGETS[id_]
    value = ours if ratio is None else ratio
    holds = value >= budget.bound if budget.at_least else value <= budget.bound
    return Figure(id_, ours, theirs, ratio, budget.bound, holds)


HEADER = ("id", "what", "figure", "against", "", "ratio", "budget", "")


def line(found: Figure) -> tuple[str, ...]:
    budget = BUDGETS[found.id]
    return (
        found.id,
        budget.what,
        f"{_number(found.figure)} {budget.unit}",
        "" if found.against is None else _number(found.against),
        budget.against or "",
        "" if found.ratio is None else f"{found.ratio:.2f}",
        f"{'>=' if budget.at_least else '<='} {budget.bound:g}",
        "holds" if found.holds else "MISSED",
    )


def table(figures: Sequence[Figure]) -> str:
    lines = [HEADER, *(line(each) for each in figures)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in lines
    )


def write(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.format(json.encode(figures)) + b"\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
