"""The lookout of this process: it watches what the venue sees, slice by slice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters import postgres
from adapters.candles import days_of
from adapters.lookout import Lookout, Post, open_alerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from api.parts import Engine


async def lookout(engine: Engine, clock: Callable[[], datetime]) -> tuple[Post, int]:
    """The alerts that wait, and the position of the last fact that is known of them."""
    max_age = timedelta(milliseconds=engine.settings.quote_max_age_ms)
    days = days_of(engine.calendars, engine.instruments)
    post = Post(Lookout(days, max_age), engine.dispatch, clock, postgres.as_app(engine.dsn))

    def begin() -> int:
        with postgres.connect(engine.dsn) as db:
            return open_alerts(post, db)

    position = await asyncio.to_thread(begin)
    engine.board.subscribe(post.on_quote)
    return post, position
