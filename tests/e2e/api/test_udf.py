"""A chart shows its owner where they have traded, and nobody else."""

from __future__ import annotations

from typing import Any

from tests.e2e.service import Person, Service


def marks(person: Person, symbol: str, **span: int) -> dict[str, list[Any]]:
    headers = {"X-Min-Position": str(person.position)}
    url = str(person.http.base_url).replace("/api/v1", "/udf/marks")
    answer = person.http.get(url, params={"symbol": symbol, **span}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[Any]] = answer.json()
    return found


def test_where_somebody_has_traded_is_marked_on_their_charts(service: Service) -> None:
    with service.person() as ada, service.person() as eve:
        ada.filled(ada.order(ada.account(), symbol="TCS", quantity="2")["order_id"])
        found = marks(ada, "SIM:TCS")
        assert (found["label"], found["color"]) == (["B"], ["green"])
        assert found["text"][0].startswith("Buy 2 at ")
        assert len({len(column) for column in found.values()}) == 1
        (at,) = found["time"]
        assert marks(ada, "TCS", **{"from": at, "to": at + 1}) == found
        for nothing in (marks(ada, "TCS", to=at), marks(ada, "ITC"), marks(eve, "TCS")):
            assert nothing["id"] == []
