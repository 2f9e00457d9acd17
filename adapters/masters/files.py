"""A broker's file, packed or not: its hash, and its entries, none of them twice."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import DecodeError, Struct

from adapters.feeds.port import Flaw, Flaws
from adapters.masters import groww, kraken, upstox, zerodha
from adapters.masters.entry import Entry
from adapters.masters.rows import MasterError as MasterError

#: A text, its name and the flaws in it, as what had to be found out about it and its entries.
Reading = Callable[[bytes, str, Flaws], tuple[str, Iterator[Entry]]]
BROKERS: dict[str, Reading] = {
    "zerodha": zerodha.entries,
    "upstox": upstox.entries,
    "groww": groww.entries,
    "kraken": kraken.entries,
}


class Master(Struct, frozen=True):
    """A file: its entries are read once; ``note`` says what had to be found out about it."""

    sha256: str
    size: int
    entries: Iterator[Entry]
    note: str = ""


def read(path: Path, broker: str, flaws: Flaws) -> Master:
    """The entries of a broker's file; MasterError when it is not one at all."""
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        note, entries = BROKERS[broker](text, path.name, flaws)
    except (OSError, EOFError, DecodeError, UnicodeDecodeError, csv.Error) as error:
        raise MasterError(f"{path}: cannot be read: {error}") from error
    return Master(hashlib.sha256(raw).hexdigest(), len(raw), _once(entries, path.name, flaws), note)


def _once(entries: Iterator[Entry], name: str, flaws: Flaws) -> Iterator[Entry]:
    """No instrument and no key of the broker twice in one file."""
    seen: set[object] = set()
    for nth, entry in enumerate(entries, 1):
        if entry.instrument_id in seen or entry.key in seen:
            flaws.row(name, nth, entry.symbol, Flaw("listed twice"))
            continue
        seen.update((entry.instrument_id, entry.key))
        yield entry
