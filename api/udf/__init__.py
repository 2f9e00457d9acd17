"""
TradingView's UDF: the datafeed protocol that charting libraries speak, over our own data.

Answers are what the protocol says and nothing else: times in seconds since 1970, prices as JSON
numbers, errors as ``{"s": "error"}``.  Sessions are the exchange's hours in its own time zone.
"""

from __future__ import annotations

from api.udf.charts import show_history, show_marks, show_udf_quotes
from api.udf.symbols import search_symbols, show_config, show_symbol, show_time

PREFIX = "/udf"
ROUTES = (
    show_config,
    show_time,
    show_symbol,
    search_symbols,
    show_history,
    show_udf_quotes,
    show_marks,
)
