"""Every door of trading that the register of endpoints names (trading.md §1.2) is there."""

from __future__ import annotations

import pytest

from tests.contract.doors.test_openapi import described

NOW, OLD = "/api/v1", "/api"
#: The seeds' own paths, by the row of the register.
SEEDS = """
E-18 GET /v1/dashboard
E-18 GET /v1/dashboard/stats
E-18 GET /v1/dashboard/recent-trades
E-18 GET /v1/dashboard/equity
E-20 GET /v1/dashboard/dashboard
E-22 POST /v1/dashboard/order/buy
E-22 POST /v1/dashboard/order/sell
E-23 POST /v1/trade/trade
E-24 GET /v1/trade/trades
E-24 GET /trades
E-25 GET /v1/trade/trade/{trade_id}
E-26 PUT /v1/trade/trade/{trade_id}
E-26 PUT /trades
E-27 DELETE /trades
E-32 POST /paper-trading/orders
E-33 GET /paper-trading/orders
E-34 GET /paper-trading/positions
E-35 DELETE /paper-trading/positions/{position_id}
E-36 GET /paper-trading/wallet
"""
#: What they are called today, and what a domain of trading needs besides.
CANONICAL = """
E-18 GET /dashboard
E-23 POST /trades
E-24 GET /trades
E-25 GET /trades/{trade_id}
E-25 GET /trades/{trade_id}/history
E-26 PUT /trades/{trade_id}
E-27 DELETE /trades/{trade_id}
E-32 POST /orders
E-33 GET /orders
E-33 GET /orders/{order_id}
E-34 GET /positions
E-35 DELETE /positions/{position_id}
E-35 POST /positions/{position_id}/close
E-36 GET /wallet
A-31 GET /admin/trades/{trade_id}
A-32 POST /admin/trades/{trade_id}/correct
A-33 POST /admin/trades/{trade_id}/annul
more PATCH /orders/{order_id}
more DELETE /orders/{order_id}
more DELETE /orders
more GET /fills
more GET /holdings
more GET /ledger
more POST /accounts
more POST /accounts/{account_id}/reset
more POST /accounts/{account_id}/close
more GET /accounts/{account_id}/equity
more PUT /accounts/{account_id}/risk-limits
more PUT /accounts/{account_id}/trading-state
"""
DEPRECATED = "Deprecated: "


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = described(tmp_path_factory.mktemp("keys"))[
        "paths"
    ]
    return found


@pytest.mark.parametrize("row", SEEDS.strip().splitlines())
def test_a_path_of_the_seeds_is_a_door(row: str, paths: dict[str, dict[str, object]]) -> None:
    _, method, path = row.split()
    assert method.lower() in paths[OLD + path]


@pytest.mark.parametrize("row", CANONICAL.strip().splitlines())
def test_a_path_of_today_is_a_door(row: str, paths: dict[str, dict[str, object]]) -> None:
    _, method, path = row.split()
    assert method.lower() in paths[NOW + path]


def test_whatever_is_only_kept_for_old_clients_says_so(
    paths: dict[str, dict[str, dict[str, str]]],
) -> None:
    told = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if operation["description"].startswith(DEPRECATED)
    }
    assert {path for path in paths if not path.startswith(NOW) and path.startswith(OLD)} <= told
