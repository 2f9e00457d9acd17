"""The rejection catalogue of trading as rows: how to be refused, and the numbers of the answer."""

from __future__ import annotations

from typing import Any, NamedTuple
from unittest.mock import ANY

from tests.contract.doors import refusing
from tests.contract.doors.desk import MARKET, STOP, WHY
from tests.contract.doors.refusing import Ask, held, limited, of_held, opening, placing, twice


class Row(NamedTuple):
    """``context`` is what the answer must bring besides its code, no more and no less."""

    code: str
    ask: Ask
    context: dict[str, Any]
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.code} {self.note}".strip()


def beyond(code: str, limits: dict[str, Any], value: str, **change: Any) -> Row:
    """An order of ten at 99.95 that passes this limit."""
    ((name, limit),) = limits.items()
    context = {"limit": str(limit), "value": value, "scope": "account"}
    return Row(code, limited(limits, **change), context, name)


TRAILING = {"order_type": "TRAILING_STOP", "price": None, "trail_amount": "1"}
PAST = "2020-01-01T00:00:00Z"
_NOTHING: dict[str, Any] = {}
_SIZES = {"lot": "1", "min": "1", "max": "1000000"}
_SHORT = {"product": "CNC", "sellable": "0", "held": "0", "in_orders": "0"}
_PART = {"sellable": "6", "held": "10", "in_orders": "4"}
_HELD = {"scope": "account", "reason": WHY, "by": "OWNER"}
_POLICY = {"scope": ANY, "reason": "daily_loss_limit", "by": "POLICY", "until": ANY}
_LOCK = {"until": ANY, "scope": "account"}

OF_TICKETS: tuple[Row, ...] = (
    Row(
        "ORDER_DUPLICATE_CLIENT_ID",
        refusing.same_client_id,
        {"client_order_id": "mine", "existing_order_id": ANY},
    ),
    Row("ORDER_PRICE_NOT_ON_TICK", placing(price="99.99"), {"tick": "0.05", "nearest": "100.00"}),
    Row(
        "ORDER_PRICE_NOT_ON_TICK",
        placing(**STOP | {"stop_price": "105.01"}),
        {"tick": "0.05", "nearest": "105.00"},
        "of a stop",
    ),
    Row("ORDER_QTY_NOT_LOT", placing(quantity="1.5"), _SIZES),
    Row("ORDER_QTY_BELOW_MIN", placing(quantity="0.5"), _SIZES),
    Row("ORDER_QTY_ABOVE_FREEZE", placing(symbol="FRZ", quantity="50"), _SIZES | {"max": "40"}),
    Row(
        "ORDER_QTY_ABOVE_FREEZE",
        placing(symbol="FRZ", quantity="801", auto_slice=True),
        {"max": "800"},
        "in slices",
    ),
    Row("ORDER_NOTIONAL_BELOW_MIN", placing(symbol="BIG", quantity="1"), {"min": "1000"}),
    Row(
        "ORDER_NOTIONAL_ABOVE_MAX",
        placing(quantity="10000", price="1000000000000"),
        {"max": "1000000000000000"},
    ),
    Row("ORDER_PRODUCT_UNSUPPORTED", placing(product="NRML"), {"allowed": "CNC, MIS"}),
    Row("ORDER_PRODUCT_UNSUPPORTED", placing(product="MTF"), {"allowed": "CNC, MIS"}, "MTF"),
    Row("ORDER_TIF_UNSUPPORTED", placing(product="MIS", tif="GTC"), {"allowed": "DAY, IOC, FOK"}),
    Row(
        "ORDER_TIF_UNSUPPORTED",
        placing(**TRAILING, tif="IOC"),
        {"allowed": "DAY, GTC, GTD"},
        "of a trailing stop",
    ),
    Row(
        "ORDER_STOP_SIDE_INVALID",
        placing(**STOP | {"symbol": "BAND", "stop_price": "95"}),
        {"last": "100", "stop": "95"},
    ),
    Row(
        "ORDER_PRICE_OUT_OF_BAND",
        placing(symbol="BAND", price="89.95"),
        {"lower": "90", "upper": "110"},
    ),
    Row("ORDER_EXPIRY_INVALID", placing(tif="GTD", expires_at=PAST), _NOTHING),
    Row("ORDER_FIELDS_CONFLICT", placing(tif="GTD"), _NOTHING, "no end"),
    Row("ORDER_FIELDS_CONFLICT", placing(stop_price="105"), _NOTHING, "a stop too many"),
    Row("ORDER_FIELDS_CONFLICT", placing(**TRAILING | {"trail_amount": None}), _NOTHING, "trail"),
    Row("ORDER_FIELDS_CONFLICT", placing(post_only=True, tif="IOC"), _NOTHING, "post only"),
    Row(
        "ORDER_FIELDS_CONFLICT",
        placing(order_type="STOP_LIMIT", price="104", stop_price="105"),
        _NOTHING,
        "a stop beyond the price",
    ),
    Row(
        "ORDER_FIELDS_CONFLICT",
        placing(symbol="COIN", notional="100", **MARKET),
        _NOTHING,
        "money and quantity",
    ),
    Row(
        "ORDER_TYPE_UNSUPPORTED",
        placing(symbol="COIN", notional="100", quantity=None),
        {"allowed": "MARKET"},
    ),
    Row(
        "ORDER_TYPE_UNSUPPORTED",
        placing(**STOP, tif="CLS"),
        {"allowed": "MARKET, LIMIT"},
        "at the close",
    ),
    Row(
        "ORDER_TIF_UNSUPPORTED",
        placing(symbol="COIN", tif="OPG"),
        {"allowed": "DAY, IOC, FOK"},
        "at the opening",
    ),
    Row(
        "ORDER_TIF_UNSUPPORTED",
        refusing.after_the_opening,
        {"allowed": "OPG"},
        "another than the opening",
    ),
    Row("VALIDATION", placing(quantity="NaN"), _NOTHING),
    Row("SIDE_MISMATCH", refusing.other_side, _NOTHING),
    Row("GROUP_INVALID", refusing.no_legs, _NOTHING),
)

OF_ORDERS: tuple[Row, ...] = (
    Row("ORDER_UNKNOWN", refusing.unknown_order, {"order_id": refusing.NOBODY}),
    Row("ORDER_TOO_LATE", refusing.too_late, {"order_id": ANY, "status": "FILLED"}),
    Row("ORDER_ALREADY_PENDING", refusing.already_pending, {"status": "PENDING_CANCEL"}),
    Row("ORDER_INVALID_STATE", refusing.suspended_order, {"status": "SUSPENDED"}),
    Row("ORDER_QTY_BELOW_CUM", refusing.below_filled, {"cum": "6", "status": "PARTIALLY_FILLED"}),
    Row(
        "BASKET_LEG_REJECTED",
        refusing.a_leg_refused,
        {"index": "1", "code": "INSTRUMENT_SUSPENDED"},
    ),
    Row(
        "ORDER_WOULD_TAKE",
        placing(post_only=True, price="101"),
        {"best_opposite": "101", "price": "101"},
    ),
    Row(
        "REDUCE_ONLY_NO_POSITION",
        placing(reduce_only=True, product="MIS"),
        {"held": "0", "side": "BUY"},
    ),
)

OF_MARKETS: tuple[Row, ...] = (
    Row("INSTRUMENT_UNKNOWN", placing(symbol="ACMF"), {"symbol": "ACMF", "nearest": ["ACME"]}),
    Row("INSTRUMENT_SUSPENDED", placing(symbol="HALT"), _NOTHING),
    Row("INSTRUMENT_EXPIRED", placing(symbol="GONE"), _NOTHING),
    Row("INSTRUMENT_NOT_TRADABLE", placing(symbol="NUM"), _NOTHING),
    Row("MARKET_CLOSED", placing(symbol="SHUT", **MARKET), {"next_open": ANY}),
    Row("MARKET_CLOSED", placing(symbol="SHUT", tif="FOK"), {"next_open": ANY}, "FOK"),
    Row("MARKET_NO_REFERENCE_PRICE", placing(symbol="COLD", **MARKET), {"quality": "NO_QUOTE"}),
    Row(
        "MARKET_NO_REFERENCE_PRICE",
        placing(symbol="OLD", **MARKET),
        {"quality": "STALE_QUOTE", "quote_age_ms": ANY},
        "any more",
    ),
)

OF_MONEY: tuple[Row, ...] = (
    Row(
        "FUNDS_INSUFFICIENT",
        placing(quantity="20000"),
        {
            "need": "1999000",
            "available": "1000000",
            "short_by": "999000",
            "reserved_for_orders": "0",
        },
    ),
    Row(
        "FUNDS_INSUFFICIENT",
        refusing.converting_without_money,
        {"need": "1600000", "available": "600000", "short_by": "1000000"},
        "to convert",
    ),
    Row(
        "MARGIN_INSUFFICIENT",
        placing(quantity="60000", product="MIS"),
        {
            "need": "1199400",
            "available": "1000000",
            "short_by": "199400",
            "reserved_for_orders": "0",
            "margin_used": "0",
        },
    ),
    Row("POSITION_FLAT", refusing.flat, {"symbol": "ACME"}),
    Row("POSITION_UNKNOWN", refusing.unknown_position, {"position_id": refusing.NOBODY}),
    Row("POSITION_INSUFFICIENT_QTY", of_held("close", quantity="7"), _PART, "to close"),
    Row(
        "POSITION_INSUFFICIENT_QTY",
        of_held("convert", to_product="MIS", quantity="7"),
        _PART,
        "to convert",
    ),
    Row(
        "POSITION_INSUFFICIENT_QTY",
        refusing.selling_more_than_is_held,
        {"product": "CNC", **_PART},
        "to sell",
    ),
    Row(
        "CONVERT_NOT_ALLOWED",
        of_held("convert", to_product="NRML", quantity="1"),
        {"source": "CNC", "target": "NRML", "held": "10"},
    ),
    Row("SHORT_NOT_ALLOWED", placing(side="SELL"), _SHORT),
    Row(
        "SHORT_NOT_ALLOWED",
        placing(symbol="SHY", product="MIS", side="SELL"),
        _SHORT | {"product": "MIS"},
        "within the day",
    ),
    Row("ACCOUNT_UNKNOWN", placing(account_id=refusing.NOBODY), {"account_id": refusing.NOBODY}),
    Row("ACCOUNT_CLOSED", refusing.closed_account, _NOTHING),
    Row("CAPITAL_OUT_OF_RANGE", refusing.too_rich, {"max": "1000000000000"}),
    Row("MODEL_UNKNOWN", opening(fill_model="KIND@1"), _NOTHING),
    Row("FEE_SCHEDULE_UNKNOWN", opening(fee_schedule="GIFT@1"), _NOTHING),
)

OF_RISK: tuple[Row, ...] = (
    beyond("RISK_MAX_ORDER_QTY", {"max_order_qty": "9"}, "10"),
    beyond("RISK_MAX_ORDER_NOTIONAL", {"max_order_notional": "999"}, "999.50"),
    beyond("RISK_MAX_POSITION", {"max_position_qty": "9"}, "10"),
    beyond("RISK_MAX_POSITION", {"max_position_notional": "999"}, "999.50"),
    beyond("RISK_MAX_EXPOSURE", {"max_gross_exposure": "999"}, "999.50"),
    beyond("RISK_CONCENTRATION", {"max_concentration_pct": "0.05"}, "0.10"),
    Row(
        "RISK_MAX_OPEN_ORDERS",
        twice({"max_open_orders": 1}),
        {"limit": "1", "value": "2", "scope": "account"},
    ),
    Row(
        "RISK_MAX_ORDERS_DAY",
        twice({"max_orders_per_day": 1}),
        {"limit": "1", "value": "2", "scope": "account"},
    ),
    Row(
        "RISK_RATE_LIMIT",
        twice({"max_orders_per_second": 1}),
        {"limit": "1", "retry_after": "1", "scope": "account"},
    ),
    Row(
        "RISK_PRICE_DEVIATION",
        limited({"price_deviation_pct": "1"}, price="110"),
        {"reference": "100.5", "price": "110", "pct": "9.45", "limit": "1", "scope": "account"},
    ),
    Row(
        "RISK_INSTRUMENT_BLOCKED",
        limited({"never": ["ACME"]}),
        {"rule": "never", "symbol": "ACME", "scope": "account"},
    ),
    Row(
        "RISK_PROTECTION_LOCK",
        refusing.lost_twice,
        _LOCK | {"rule": "cooldown", "losses": "2"},
        "cooldown",
    ),
    Row(
        "RISK_PROTECTION_LOCK",
        refusing.lost_in_the_symbol,
        _LOCK | {"rule": "symbol_lock", "losses": "1", "symbol": "ACME"},
        "symbol",
    ),
    Row(
        "RISK_PROTECTION_LOCK",
        refusing.brought_too_little,
        _LOCK | {"rule": "low_profit", "trades": "1", "profit": "5", "symbol": "ACME"},
        "low profit",
    ),
    Row("RISK_LOOSEN_COOLOFF", refusing.let_go_too_soon, _POLICY),
    Row("TRADING_HALTED", held("HALTED"), _HELD),
    Row("TRADING_REDUCING_ONLY", held("REDUCING"), _HELD),
)

ROWS = (*OF_TICKETS, *OF_ORDERS, *OF_MARKETS, *OF_MONEY, *OF_RISK)
