"""Numbers as recordings write them, each text turned into a decimal only once."""

from __future__ import annotations

import re
from decimal import Decimal

from adapters.feeds.port import Flaw
from domain.money import tidy

REMEMBERED_MAX = 65_536

_PLAIN = re.compile(r"[0-9]{1,13}(\.[0-9]{1,8})?")


class Amounts(dict[str, Decimal]):
    """
    Text to a number above zero: ``amounts["1674200"]``; a Flaw when it is not one.

    Plain notation only.  ``unit`` is what one stands for.  Remembers a bounded number of texts.
    """

    def __init__(self, unit: Decimal = Decimal(1)) -> None:
        super().__init__()
        self._unit = unit

    def __missing__(self, text: str) -> Decimal:
        if not _PLAIN.fullmatch(text):
            raise Flaw("not a plain number")
        value = tidy(Decimal(text) * self._unit)
        if not value:
            raise Flaw("not above zero")
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        self[text] = value
        return value
