"""``papertape candles``: candles of an exchange's own record, and what changed prices since."""

from __future__ import annotations

import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from adapters import postgres, servers
from adapters.calendars import calendars
from adapters.candles import BackfillError, backfill, read_actions
from adapters.candles.shelf import keep_actions
from adapters.feeds.port import Flaws
from adapters.settings import Settings
from domain.market.candle import trading_day


def run(settings: Settings, asked: Namespace) -> int:
    """0 when all was read, 1 when nothing was written, and what was left out by reason."""
    path, flaws = Path(asked.path), Flaws()
    days = partial(trading_day, calendars().of(asked.exchange))
    try:
        with servers.database(settings) as database, postgres.connect(database.dsn) as db:
            if asked.what == "actions":
                told = keep_actions(db, read_actions(path))
            else:
                told = backfill(db, path, lambda _: days, flaws)
    except BackfillError as error:
        print(f"papertape: {error}", file=sys.stderr)
        return 1
    print(f"{told} {asked.what if asked.what == 'actions' else 'candles'} written", end="")
    print(f"; left out: {flaws}" if flaws.counts else "")
    for row in flaws.first:
        print(f"  {row}", file=sys.stderr)
    return 0
