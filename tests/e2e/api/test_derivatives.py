"""Derivatives of the simulation at the door: a chain, and a future held over night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.service import Person


def test_a_chain_is_shown_with_what_is_held_open(someone: Person) -> None:
    shown = someone.get("/market/options/chain", symbol="NIFTY")
    assert len(shown["rows"]) == 5
    assert all(shown[name] for name in ("forward", "atm_strike", "max_pain", "pcr_oi"))
    legs = [leg for row in shown["rows"] for leg in (row["ce"], row["pe"])]
    assert all(leg["oi"] and leg["volume"] for leg in legs if leg["ltp"])


def test_a_future_is_held_over_night_on_margin(someone: Person, account: str) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    symbol = f"NIFTY-{tomorrow:%y%m%d}-FUT"
    order = someone.order(account, symbol=symbol, quantity="75")
    assert someone.filled(order["order_id"])["product"] == "NRML"
    (held,) = someone.get("/positions", account_id=account)["items"]
    assert (held["symbol"], held["product"], held["quantity"]) == (symbol, "NRML", "75")
    assert float(held["margin"]) > 0
    refused = someone.order(account, 409, symbol="NIFTY", quantity="75")
    assert refused["code"] == "INSTRUMENT_NOT_TRADABLE"
