"""Indicators: what charts and bots draw over candles, exact and one candle at a time."""

from __future__ import annotations

from domain.market.indicators.averages import Bar as Bar
from domain.market.indicators.studies import INTRADAY_ONLY as INTRADAY_ONLY
from domain.market.indicators.studies import PERIOD_MAX as PERIOD_MAX
from domain.market.indicators.studies import Indicator as Indicator
from domain.market.indicators.studies import Line as Line
from domain.market.indicators.studies import Study as Study
from domain.market.indicators.studies import drawn as drawn
from domain.market.indicators.studies import line as line
from domain.market.indicators.studies import lines as lines
from domain.market.indicators.studies import study_faults as study_faults
from domain.market.indicators.studies import warm_up as warm_up
