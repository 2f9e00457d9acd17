"""Feeds: simulated, recorded and live markets, and the board of last quotes."""

from __future__ import annotations

from datetime import date

from adapters.feeds.board import Board as Board
from adapters.feeds.derivatives import SimMarket as SimMarket
from adapters.feeds.kraken import KrakenFeed as KrakenFeed
from adapters.feeds.port import Feed as Feed
from adapters.feeds.port import FeedError as FeedError
from adapters.feeds.port import play as play
from adapters.feeds.quarantine import REASONS as REASONS
from adapters.feeds.quarantine import Quarantine as Quarantine
from adapters.feeds.replay import ReplayFeed as ReplayFeed
from adapters.feeds.sheets import Sheets as Sheets
from adapters.feeds.sim import SimFeed as SimFeed
from adapters.settings import Settings


def feed_from(settings: Settings, today: date) -> Feed:
    """
    The feed the operator chose; FeedError when its files cannot be played.

    The simulation lists contracts that expire around ``today``.
    """
    if settings.feed == "sim":
        return SimMarket(settings.feed_seed, today)
    if settings.feed == "kraken":
        kept = settings.data / "kraken-pairs.json"
        return KrakenFeed(settings.kraken_url, settings.kraken_pairs, kept=kept)
    if settings.replay_files is None:
        raise FeedError("REPLAY_PATH must name a file or a folder when FEED is replay")
    return ReplayFeed(settings.replay_files, settings.replay_currency)


def speed_of(settings: Settings) -> float:
    """Market seconds per second: a simulated market is open now, a recorded one when we like."""
    return settings.replay_speed if settings.feed == "replay" else 1.0
