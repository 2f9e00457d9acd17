"""A service that listens to Kraken: its quotes are traded on, and a cut wire is told."""

from __future__ import annotations

from decimal import Decimal

import httpx
from anyio.from_thread import start_blocking_portal

from tests.contract.kraken_fake import SNAPSHOT, book, kraken
from tests.e2e.service import Person, Service, eventually, running

ASK = Decimal("101.0")
WRONG = book("update", [("100.9", "1.00000000")], [], 1)


def ready(service: Service) -> dict[str, str]:
    answer = httpx.get(f"{service.url}/readyz")
    assert answer.status_code == 200, answer.text
    warnings: dict[str, str] = answer.json().get("warnings", {})
    return warnings


def quote(person: Person) -> dict[str, object]:
    found: dict[str, object] = person.get("/market/ticker/BTC-USD")
    return found


def test_the_market_of_kraken_is_traded_on_and_a_cut_wire_is_told() -> None:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(kraken()) as fake,
        running(FEED="kraken", KRAKEN_URL=fake.url, KRAKEN_PAIRS="BTC/USD") as service,
        service.person() as person,
    ):
        shown = eventually(lambda: quote(person), lambda quote: quote["ask"])
        assert (shown["ask"], shown["source"], len(shown["asks"])) == ("101", "kraken", 3)
        (pair,) = person.get("/market/pairs")["items"]
        assert (pair["symbol"], pair["base"], pair["quote"]) == ("BTC-USD", "BTC", "USD")
        opening = {"kind": "PAPER", "currency": "USD", "opening_capital": "1000"}
        account_id = person.post("/accounts", opening)["account_id"]
        portal.call(fake.say, SNAPSHOT)  # nobody buys from a book that is old
        order = person.order(account_id, symbol="BTC-USD", quantity="0.5")

        def report() -> dict[str, object]:
            portal.call(fake.say, SNAPSHOT)
            found: dict[str, object] = person.get(f"/orders/{order['order_id']}")
            return found

        filled = eventually(report, lambda found: found["status"] == "FILLED")
        assert filled["avg_px"] == "101"
        assert ready(service) == {}

        fake.book = '{"channel":"heartbeat"}'
        portal.call(fake.say, WRONG)
        warnings = eventually(lambda: ready(service), lambda told: told)
        assert warnings == {"feed": "no book of BTC-USD"}
        assert (quote(person)["ask"], quote(person)["last"]) == (None, "100.5")
        metrics = httpx.get(f"{service.url}/metrics").text
        assert 'papertape_quotes_withheld_total{reason="no checksum"} 1.0' in metrics
        portal.call(fake.hang_up)
        eventually(lambda: ready(service), lambda told: "not connected" in told.get("feed", ""))
        fake.book = SNAPSHOT
        eventually(lambda: ready(service), lambda told: not told)
