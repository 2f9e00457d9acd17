"""Recordings written for a test, played, and told in short."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

from adapters.feeds import ReplayFeed
from domain.market import Quote

NEVER = datetime(2026, 11, 23, tzinfo=UTC)


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def zipped(folder: Path, member: str, *lines: str) -> Path:
    path = folder / member.replace(".csv", ".zip")
    with ZipFile(path, "w") as archive:
        archive.writestr(member, "\n".join(lines))
    return path


def played(path: Path) -> tuple[list[Quote], ReplayFeed]:
    feed = ReplayFeed(path)
    return list(feed.slices(NEVER)), feed


def told(quote: Quote) -> str:
    """What one sees of a slice, in short."""
    book = f"{quote.bid_size}@{quote.bid} {quote.ask_size}@{quote.ask}"
    return f"{quote.at:%H:%M:%S.%f} {quote.symbol} {book} last {quote.last_size}@{quote.last}"


LEAN_TRADES = (
    "14400000,1674100,100,P,20002000,0",
    "14400464,1674200,1400,P,20002000,0",
    "14400464,9999900,100,P,0,1",
)
