"""Candles: made of what prints, kept beside the tape, asked for in any timeframe."""

from __future__ import annotations

from adapters.candles.backfill import BackfillError as BackfillError
from adapters.candles.backfill import backfill as backfill
from adapters.candles.backfill import read_actions as read_actions
from adapters.candles.builder import Builder as Builder
from adapters.candles.closing import Closing as Closing
from adapters.candles.query import Answer as Answer
from adapters.candles.query import Asked as Asked
from adapters.candles.query import Candles as Candles
from adapters.candles.query import Remembered as Remembered
from adapters.candles.recorder import Recorder as Recorder
from adapters.candles.recorder import Retention as Retention
from adapters.candles.recorder import days_of as days_of
from adapters.candles.studying import Point as Point
from adapters.candles.studying import studied as studied
