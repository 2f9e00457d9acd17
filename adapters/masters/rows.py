"""Rows of a broker's file as entries of ours; a row that makes no sense is named and counted."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import ValidationError

from adapters.feeds.port import Flaw, Flaws
from adapters.masters.entry import Entry

Row = dict[str, str]


class MasterError(Exception):
    """A file that is no master of this broker; the message says what was wrong with it."""


def each(
    rows: Iterable[Any], name: str, flaws: Flaws, meant: Callable[[Any], Entry]
) -> Iterator[Entry]:
    for nth, row in enumerate(rows, 1):
        try:
            yield meant(row)
        except Flaw as flaw:
            flaws.row(name, nth, row, flaw)
        except (ValidationError, KeyError, AttributeError, TypeError) as error:
            flaws.row(name, nth, row, Flaw(f"no such row: {str(error)[:80]}"))


def table(text: bytes, name: str, *needed: str) -> Iterator[Row]:
    rows = csv.DictReader(text.decode("utf-8-sig").splitlines())
    if missing := set(needed) - set(rows.fieldnames or ()):
        raise MasterError(f"{name}: no column {', '.join(sorted(missing))}")
    return rows


def of_series(exchange: str, symbol: str, series: str) -> str:
    """Shares outside the usual series trade under a name of their own, on one exchange only."""
    usual = exchange != "NSE" or series in ("EQ", "") or symbol.endswith(f"-{series}")
    return symbol if usual else f"{symbol}-{series}"
