"""
The grammar of read models: a row, how changes of it merge, and which facts change it.

A model is a module: ``TABLE`` (its row), ``project`` (a fact in, changes of rows out) and its
queries.  ``project`` is pure: no clock, no network, no table, not even its own; facts carry
what is true after them, so nothing has to be read to know what to write.

The type of ``project``'s first argument says which facts a model takes; it is never shown any
other.  A change is a partly filled row: a column left None stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    NewType,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from msgspec import Struct, json
from msgspec.structs import fields

from domain.base import Event

T = TypeVar("T")

#: Written when the row is born and never again; the first such column tells a birth.
Once = Annotated[T, "once"]
#: Added to what is there; every other column is replaced by the last value that is not None.
Sum = Annotated[T, "sum"]
#: The text of a JSON document.
Json = NewType("Json", str)

_EXPONENT = re.compile(r'"(-?\d[\d.]*E[+-]\d+)"')
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class At(Struct, frozen=True, gc=False):
    """Where a fact stands on the tape, when it happened and when it was recorded."""

    position: int
    stream: str
    occurred_at: datetime
    recorded_at: datetime


class Row(Struct, kw_only=True, array_like=True, gc=False):
    """
    A row of a read model, or a change of one.

    ``position`` and ``updated_at`` are those of the fact that changed it last, and are filled
    in by whoever folds.
    """

    key: ClassVar[tuple[str, ...]]
    indexes: ClassVar[tuple[str, ...]] = ()

    position: int = 0
    updated_at: datetime = NEVER

    @property
    def is_final(self) -> bool:
        """Nothing is expected to change it any more; a rebuild may write it and forget it."""
        return False


class Line(Row, kw_only=True, array_like=True, gc=False):
    """A row that is written once and never changed, as in a journal."""


class ReadModel(Protocol):
    """A module is one of these.  A model of money rather stops than shows a wrong number."""

    TABLE: type[Row]
    MONEY: bool

    @property
    def __name__(self) -> str: ...
    def project(self, event: Any, at: At, /) -> Sequence[Row]: ...


class Column(Struct, frozen=True):
    """``merge`` is key, once, set or sum."""

    name: str
    sql: str
    merge: str


_SQL = {
    "UUID": "uuid",
    "str": "text",
    "Json": "json",
    "int": "bigint",
    "bool": "boolean",
    "Decimal": "numeric",
    "datetime": "timestamptz",
}


def as_json(value: object) -> Json:
    """The text of a value, with every decimal written plain."""
    text = json.encode(value).decode()
    if "E-" in text or "E+" in text:
        text = _EXPONENT.sub(lambda found: f'"{Decimal(found[1]):f}"', text)
    return Json(text)


def name_of(model: ReadModel) -> str:
    """The name of a model, of its view and of its checkpoint."""
    return model.__name__.rpartition(".")[2]


@cache
def columns(table: type[Row]) -> tuple[Column, ...]:
    """In the order in which a row is encoded."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(_column(table, field.name, hints[field.name]) for field in fields(table))


def _column(table: type[Row], name: str, hint: Any) -> Column:
    merge = "once" if issubclass(table, Line) else "set"
    if get_origin(hint) is Annotated:
        hint, merge = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (kind for kind in get_args(hint) if kind is not NoneType)
    sql = _SQL.get(hint.__name__) or _SQL["str" if issubclass(hint, str) else ""]
    return Column(name, sql, "key" if name in table.key else merge)


def takes(model: ReadModel) -> tuple[type[Event], ...]:
    """The facts that concern a model, as the first argument of its ``project`` says."""
    hint = get_type_hints(model.project)["event"]
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
