"""
Masters: that a broker's list of instruments was taken over, and what it changed.

A list holds two hundred thousand rows, so that the fact holds hashes: of the file, and of the
differences that it made, which stand as rows beside it and can be checked against it for ever.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.base import Event, State


class Differences(Struct, frozen=True):
    """How many instruments were new, on other terms, no longer listed, or past their expiry."""

    listed: int = 0
    changed: int = 0
    suspended: int = 0
    expired: int = 0


class InstrumentsImported(Event, frozen=True):
    """
    A broker's file became our list of its instruments, as the ``version``-th of this broker.

    ``left_out`` counts the rows that made no sense, by reason.  ``digest`` is the SHA-256 over
    one line a difference, ``kind instrument_id before after``, ordered by kind and id.
    """

    import_id: UUID
    broker: str
    version: int
    file: str
    sha256: str
    size: int
    kept: int
    left_out: dict[str, int]
    differences: Differences
    digest: str
    as_of: date


class InstrumentMaster(State, frozen=True):
    """The list of one broker: how often it was imported, and from which file last."""

    version: int = 0
    sha256: str = ""
    active: int = 0

    def evolve(self, event: Event) -> InstrumentMaster:
        match event:
            case InstrumentsImported():
                return replace(self, version=event.version, sha256=event.sha256, active=event.kept)
            case _:
                return self
