"""Kraken spot as a feed: frames, books with checksums, and the wire."""

from __future__ import annotations

from adapters.feeds.kraken.feed import KrakenFeed as KrakenFeed
