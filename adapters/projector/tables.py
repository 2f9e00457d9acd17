"""
The tables of read models, made from their rows.

A model's rows stand in a table of its own for each version, ``rm.orders_v3``, and are read
through the view ``rm.orders``, so that a new version can be built beside the old one.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from functools import cache

from msgspec import Struct

from projections.base import Column, Line, ReadModel, Row, columns, name_of
from projections.query import sql

SCHEMA = "rm"


class Table(Struct, frozen=True):
    """One version of a model's table, and every statement that is ever made about it."""

    model: ReadModel
    version: int

    @property
    def row(self) -> type[Row]:
        return self.model.TABLE

    @property
    def model_name(self) -> str:
        return name_of(self.model)

    @property
    def name(self) -> str:
        return f"{SCHEMA}.{self.model_name}_v{self.version}"

    @property
    def create(self) -> bytes:
        """Without indexes: a load is quicker without."""
        defined = ", ".join(f"{column.name} {_sql(column)}" for column in columns(self.row))
        room = "" if issubclass(self.row, Line) else " WITH (fillfactor = 80)"  # to update in place
        return f"CREATE TABLE {self.name} ({defined}){room}".encode()

    @property
    def index(self) -> bytes:
        key = ", ".join(self.row.key)
        made = [f"ALTER TABLE {self.name} ADD PRIMARY KEY ({key})"]
        made += [f"CREATE INDEX ON {self.name} {index}" for index in self.row.indexes]
        # The planner needs sizes, not histograms: a tenth of the usual sample, a tenth of the time.
        sample = ["SET default_statistics_target = 10", f"ANALYZE {self.name}"]
        return ";\n".join([*made, *sample]).encode()

    @property
    def drop(self) -> bytes:
        return f"DROP TABLE IF EXISTS {self.name} CASCADE".encode()

    @property
    def show(self) -> bytes:
        """Make this version the one that people see."""
        view = f"{SCHEMA}.{self.model_name}"
        names = ", ".join(column.name for column in columns(self.row))
        return sql(
            "DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS SELECT {names} FROM {table}",
            view=view,
            names=names,
            table=self.name,
        )

    @property
    def copy(self) -> bytes:
        """Rows as JSON arrays without their brackets, which is CSV with another escape."""
        return self._copy("FORMAT csv, NULL 'null', ESCAPE '\\'")

    @property
    def copy_text(self) -> bytes:
        return self._copy("FORMAT text")

    @property
    def amend(self) -> bytes:
        """Changes of rows that are there; a JSON array of objects."""
        matches = " AND ".join(f"t.{name} = c.{name}" for name in self.row.key)
        return sql(
            "UPDATE {table} t SET {merged} FROM {recordset} WHERE {matches}",
            table=self.name,
            merged=self._merged("c"),
            recordset=self._recordset,
            matches=matches,
        )

    @property
    def upsert(self) -> bytes:
        """Changes of rows that may be there."""
        return sql(
            "INSERT INTO {table} AS t ({names}) SELECT {names} FROM {recordset}"
            " ON CONFLICT ({key}) DO UPDATE SET {merged}",
            table=self.name,
            names=", ".join(self.changing),
            recordset=self._recordset,
            key=", ".join(self.row.key),
            merged=self._merged("excluded"),
        )

    @property
    def has_births(self) -> bool:
        """A change says whether the row is new; else only the database knows."""
        return any(column.merge == "once" for column in columns(self.row))

    @property
    def changing(self) -> tuple[str, ...]:
        """The columns that tell a change from others: all but those written once."""
        return tuple(column.name for column in columns(self.row) if column.merge != "once")

    def first_difference(self, other: Table) -> bytes:
        """One row that is in only one of two versions of the same shape, and in which."""
        names = ", ".join(
            f"{column.name}::text" if column.sql == "json" else column.name
            for column in columns(self.row)
        )
        return sql(
            "SELECT to_json(d)::text FROM (SELECT 'only live' AS found, * FROM"
            " (SELECT {names} FROM {live} EXCEPT ALL SELECT {names} FROM {fresh}) AS more"
            " UNION ALL SELECT 'only in the replay', * FROM"
            " (SELECT {names} FROM {fresh} EXCEPT ALL SELECT {names} FROM {live}) AS less"
            " LIMIT 1) AS d",
            names=names,
            live=self.name,
            fresh=other.name,
        )

    def _copy(self, options: str) -> bytes:
        names = ", ".join(column.name for column in columns(self.row))
        return f"COPY {self.name} ({names}) FROM STDIN WITH ({options})".encode()

    @property
    def _recordset(self) -> str:
        """The changes as rows; what is JSON arrives as its text."""
        typed = {column.name: column.sql for column in columns(self.row)}
        texts = {name for name in self.changing if typed[name] == "json"}
        defined = ", ".join(
            f"{name} {'text' if name in texts else typed[name]}" for name in self.changing
        )
        recordset = f"json_to_recordset(%s::json) AS c({defined})"
        if not texts:
            return recordset
        names = ", ".join(f"{name}::json" if name in texts else name for name in self.changing)
        return sql("(SELECT {names} FROM {rows}) AS c", names=names, rows=recordset).decode()

    def _merged(self, change: str) -> str:
        merged = {
            "set": "{0} = COALESCE({1}.{0}, t.{0})",
            "sum": "{0} = t.{0} + {1}.{0}",
        }
        return ", ".join(
            merged[column.merge].format(column.name, change)
            for column in columns(self.row)
            if column.merge in merged
        )


def fingerprint(model: ReadModel) -> str:
    """A digest of the program that makes the rows: when it changes, they are made anew."""
    return _digest(model.project.__module__)


@cache
def _digest(module: str) -> str:
    return hashlib.sha256(inspect.getsource(sys.modules[module]).encode()).hexdigest()


def _sql(column: Column) -> str:
    return f"{column.sql} NOT NULL" if column.merge in {"key", "sum"} else column.sql
