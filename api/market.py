"""The market: what is listed, what it is quoted at, what traded when, and what is made of it."""

from __future__ import annotations

from api import candles, indicators, listing, options, quotes

ROUTES = (
    *listing.ROUTES,
    *quotes.ROUTES,
    *candles.ROUTES,
    *indicators.ROUTES,
    *options.ROUTES,
)
