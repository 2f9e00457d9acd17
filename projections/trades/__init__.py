"""Trades: what was entered and left, as round trips or as matches of lots."""

from projections.trades.one import Origin as Origin
from projections.trades.report import Trade as Trade
from projections.trades.report import of_account as of_account
from projections.trades.round_trips import Method as Method
